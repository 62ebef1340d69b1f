//! An answer that is heard while it comes, and may be left before its end.

use std::time::Instant;

use http::Method;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout_at;

use super::chunked::{Chunked, Piece};
use super::head::Framing;
use super::{Connection, broken};
use crate::load::http::events::Listener;
use crate::load::http::{Failure, Response, Wanted};

/// What is sent is not known before its head is there.
const ALL: Wanted = Wanted {
    headers: true,
    body: true,
};

/// Takes a body out of its framing, piece by piece. Pure.
#[derive(Debug)]
enum Unframed {
    Length { left: u64, of: u64 },
    Chunked(Chunked),
    UntilClose,
}

impl Unframed {
    fn of(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length {
                left: length,
                of: length,
            },
            Framing::Chunked => Self::Chunked(Chunked::new()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Reads the next piece; `bytes` is moved forward past what was used.
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Piece<'a>, &'static str> {
        match self {
            Self::Chunked(chunked) => chunked.next(bytes),
            Self::Length { left: 0, .. } => Ok(Piece::End(bytes)),
            _ if bytes.is_empty() => Ok(Piece::More),
            Self::UntilClose => Ok(Piece::Data(std::mem::take(bytes))),
            Self::Length { left, .. } => {
                let here = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let (data, rest) = bytes.split_at_checked(here).unwrap_or((bytes, &[]));
                *bytes = rest;
                *left -= u64::try_from(data.len()).unwrap_or(*left);
                Ok(Piece::Data(data))
            }
        }
    }

    /// What the end of the connection means.
    fn cut(&self) -> Result<(), Failure> {
        match self {
            Self::UntilClose => Ok(()),
            Self::Chunked(_) => Err(broken("closed in the middle of a chunked body")),
            Self::Length { left, of } => {
                let got = of - left;
                Err(broken(format!(
                    "closed in the middle of the body: {got} of {of} bytes"
                )))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Sends an encoded request, and has somebody hear its response. The connection cannot be used again where it was
    /// left before the end, or if the future is dropped.
    pub async fn listen(
        &mut self,
        bytes: &[u8],
        method: &Method,
        listener: &mut dyn Listener,
    ) -> Result<Response, Failure> {
        self.begin();
        self.send(bytes).await?;
        let mut answer = Response::default();
        let head = self.head(method, ALL, &mut answer).await?;
        answer.status = head.status;
        answer.begun = Some(Instant::now());
        let has_ended = match listener.begins(&answer)? {
            false => {
                self.body(head, ALL, &mut answer).await?;
                true
            }
            true => {
                answer.head = u64::try_from(head.length).unwrap_or_default();
                self.hear(head.framing, listener, &mut answer.received)
                    .await?
            }
        };
        self.end(head.keep && has_ended);
        Ok(answer)
    }

    /// Whether the body came to its end.
    async fn hear(
        &mut self,
        framing: Framing,
        listener: &mut dyn Listener,
        received: &mut u64,
    ) -> Result<bool, Failure> {
        let mut body = Unframed::of(framing);
        let came = self.filled;
        let mut end = heard(&mut body, self.received(), listener, received)?;
        self.consume(came);
        loop {
            if let Some(behind) = end {
                // Surplus bytes after the end: the connection is not used again.
                self.filled = behind.min(self.buffer.len());
                return Ok(true);
            }
            let leaves = listener.leaves_at();
            let piece = self.piece(u64::MAX, |piece| {
                heard(&mut body, piece, listener, received)
            });
            let piece = match leaves {
                None => piece.await,
                Some(at) if at <= Instant::now() => return Ok(false),
                Some(at) => match timeout_at(at.into(), piece).await {
                    Ok(piece) => piece,
                    Err(_) => return Ok(false),
                },
            };
            match piece? {
                Some(told) => end = told?,
                None => return body.cut().map(|()| true),
            }
        }
    }
}

/// Gives the listener what is in a piece; how many bytes stand behind the body, where it has ended.
fn heard(
    body: &mut Unframed,
    mut bytes: &[u8],
    listener: &mut dyn Listener,
    received: &mut u64,
) -> Result<Option<usize>, Failure> {
    loop {
        match body.next(&mut bytes).map_err(broken)? {
            Piece::Data(data) => {
                *received += u64::try_from(data.len()).unwrap_or_default();
                listener.hears(data)?;
            }
            Piece::More => return Ok(None),
            Piece::End(rest) => return Ok(Some(rest.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[derive(Default)]
    struct Ear {
        heard: Vec<u8>,
        /// Enough was heard when so many bytes were.
        enough: usize,
    }

    impl Listener for Ear {
        fn begins(&mut self, answer: &Response) -> Result<bool, Failure> {
            Ok(answer.status == 200)
        }
        fn hears(&mut self, piece: &[u8]) -> Result<(), Failure> {
            self.heard.extend_from_slice(piece);
            Ok(())
        }
        fn leaves_at(&self) -> Option<Instant> {
            (self.heard.len() >= self.enough).then(Instant::now)
        }
    }

    /// What is heard of an answer that comes in these pieces, after which the connection ends, and whether it may be used
    /// again.
    async fn answered(pieces: &[&str], enough: usize) -> (Result<String, String>, bool) {
        let (near, mut far) = tokio::io::duplex(64);
        let mut connection = Connection::new(near);
        let mut ear = Ear {
            enough,
            ..Ear::default()
        };
        let serving = async {
            let mut request = [0; 18];
            far.read_exact(&mut request).await.unwrap();
            for piece in pieces {
                far.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(far);
        };
        let asking = connection.listen(b"GET / HTTP/1.1\r\n\r\n", &Method::GET, &mut ear);
        let (_, answer) = tokio::join!(serving, asking);
        let heard = String::from_utf8(ear.heard).unwrap();
        let told = answer.map_err(|failure| failure.what).map(|answer| {
            let all = heard.len() + answer.body.len();
            assert_eq!(answer.received, all as u64);
            heard + &String::from_utf8_lossy(&answer.body)
        });
        (told, connection.is_open())
    }

    #[tokio::test(flavor = "current_thread")]
    async fn each_framing_ends_as_it_does_elsewhere() {
        let endless = usize::MAX;
        for (pieces, said, open) in [
            (
                &[
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
                    "c\r\n2\r\nde\r\n0\r\n",
                    "\r\n",
                ][..],
                Ok("abcde"),
                true,
            ),
            (
                &["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", "cde"],
                Ok("abcde"),
                true,
            ),
            (&["HTTP/1.1 200 OK\r\n\r\nab", "cde"], Ok("abcde"), false),
            (
                &["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"],
                Err("closed in the middle of the body: 2 of 5 bytes"),
                false,
            ),
            (
                &["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"],
                Err("closed in the middle of a chunked body"),
                false,
            ),
            (
                &["HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcunasked"],
                Ok("abc"),
                false,
            ),
            (
                &["HTTP/1.1 503 Away\r\ncontent-length: 4\r\n\r\nwa", "it"],
                Ok("wait"),
                true,
            ),
        ] {
            let (told, is_open) = answered(pieces, endless).await;
            let told = told.as_deref().map_err(String::as_str);
            assert_eq!((told, is_open), (said, open), "{pieces:?}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_body_that_is_left_before_its_end_takes_its_connection_with_it() {
        let pieces = [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "3\r\ndef\r\n",
            "3\r\nghi\r\n0\r\n\r\n",
        ];
        let (told, is_open) = answered(&pieces, 4).await;
        assert_eq!((told.as_deref(), is_open), (Ok("abcdef"), false));
        let (told, is_open) = answered(&pieces, 9).await;
        assert_eq!((told.as_deref(), is_open), (Ok("abcdefghi"), true));
    }
}
