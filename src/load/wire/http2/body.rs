//! The body of an answer: each piece is given back to the service's window as it comes.

use bytes::{Bytes, BytesMut};
use h2::RecvStream;

use crate::load::wire::{Failure, Kind};

/// Of a body that somebody will look at.
const MOST_BODY: u64 = 16 * 1024 * 1024;

/// How much of a body is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Nothing,
    /// Of an error's body the first piece, which says what was wrong.
    Beginning,
    All,
}

pub struct Received {
    /// Empty where it was not wanted.
    pub kept: Bytes,
    pub bytes: u64,
}

/// Until its end; trailers are not looked at.
pub async fn receive(
    mut body: RecvStream,
    wanted: Part,
) -> Result<Result<Received, Failure>, h2::Error> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut bytes = 0;
    while let Some(piece) = body.data().await {
        let piece = piece?;
        bytes += u64::try_from(piece.len()).unwrap_or_default();
        body.flow_control().release_capacity(piece.len())?;
        if wanted == Part::Nothing || (wanted == Part::Beginning && !first.is_empty()) {
            continue;
        }
        if bytes > MOST_BODY {
            let what = "a body of more than 16 MiB cannot be looked at";
            return Ok(Err(Failure::new(Kind::Broken, what)));
        }
        if first.is_empty() {
            // Most bodies come in one piece and are never copied.
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
    Ok(Ok(Received { kept, bytes }))
}
