//! Reads the body of a response and gives each piece back to the service's flow-control window.

use bytes::{Bytes, BytesMut};
use h2::RecvStream;

use crate::load::http::{Failure, FailureKind};

/// The largest body that can be examined.
const LARGEST_BODY: u64 = 16 * 1024 * 1024;

/// How much of a body is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptPart {
    Nothing,
    /// The first piece, which says of an error what was wrong.
    Beginning,
    All,
}

pub struct ReceivedBody {
    /// The kept part of the body.
    pub kept: Bytes,
    pub bytes: u64,
}

/// Reads a body to its end. Trailers are ignored.
pub async fn receive(
    mut body: RecvStream,
    wanted: KeptPart,
) -> Result<Result<ReceivedBody, Failure>, h2::Error> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut bytes = 0;
    while let Some(piece) = body.data().await {
        let piece = piece?;
        bytes += u64::try_from(piece.len()).unwrap_or_default();
        body.flow_control().release_capacity(piece.len())?;
        if wanted == KeptPart::Nothing || (wanted == KeptPart::Beginning && !first.is_empty()) {
            continue;
        }
        if bytes > LARGEST_BODY {
            let what = "a body of more than 16 MiB cannot be looked at";
            return Ok(Err(Failure::new(FailureKind::Broken, what)));
        }
        if first.is_empty() {
            // Most bodies come in one piece, which is not copied.
            first = piece;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&first);
            }
            more.extend_from_slice(&piece);
        }
    }
    let kept = if more.is_empty() {
        first
    } else {
        more.freeze()
    };
    Ok(Ok(ReceivedBody { kept, bytes }))
}
