//! An answer that is heard while it comes, and may be left before its end.

use std::time::Instant;

use bytes::Bytes;
use tokio::time::timeout_at;

use super::body::{KeptPart, receive};
use super::{Connection, PreparedRequest, in_order};
use crate::load::http::events::Listener;
use crate::load::http::{Failure, Response};

impl Connection {
    /// Sends a prepared request, and has somebody hear its response. One that is left before its end is taken back, and
    /// the connection stays.
    pub async fn listen(
        &mut self,
        prepared: &PreparedRequest,
        listener: &mut dyn Listener,
    ) -> Result<Response, Failure> {
        self.stale = false;
        let attempt = self.attempt_to_listen(prepared, listener).await;
        self.told(attempt)
    }

    async fn attempt_to_listen(
        &mut self,
        prepared: &PreparedRequest,
        listener: &mut dyn Listener,
    ) -> Result<Result<Response, Failure>, h2::Error> {
        let (head, mut body) = self.ask(prepared).await?.into_parts();
        let mut answer = Response {
            status: head.status.as_u16(),
            headers: in_order(&head.headers),
            begun: Some(Instant::now()),
            ..Response::default()
        };
        match listener.begins(&answer) {
            Err(failure) => return Ok(Err(failure)),
            Ok(true) => {}
            Ok(false) => {
                let received = receive(body, KeptPart::All).await?;
                return Ok(received.map(|received| Response {
                    body: received.kept,
                    received: received.bytes,
                    ..answer
                }));
            }
        }
        loop {
            let piece = match listener.leaves_at() {
                None => body.data().await,
                Some(at) if at <= Instant::now() => return Ok(Ok(answer)),
                Some(at) => match timeout_at(at.into(), body.data()).await {
                    Ok(piece) => piece,
                    Err(_) => return Ok(Ok(answer)),
                },
            };
            let Some(piece) = piece else {
                return Ok(Ok(answer));
            };
            let piece: Bytes = piece?;
            body.flow_control().release_capacity(piece.len())?;
            answer.received += u64::try_from(piece.len()).unwrap_or_default();
            if let Err(failure) = listener.hears(&piece) {
                return Ok(Err(failure));
            }
        }
    }
}
