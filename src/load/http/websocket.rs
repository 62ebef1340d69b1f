//! WebSockets: a message is sent, and the response that ends its round trip is awaited.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, Uri};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::http1::authority;
use super::{Failure, FailureKind};
use crate::load::scenario::{Base, Scheme};

/// The largest message that is read.
const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;

/// How long the service may take to answer the closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// An open WebSocket.
pub struct WebSocket<S>(WebSocketStream<S>);

/// What went over a WebSocket.
#[derive(Clone, Copy, Debug)]
pub enum Word<'a> {
    Said(&'a str),
    Heard(&'a [u8]),
}

/// A message with its values inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMessage {
    pub send: String,
    /// The text that the response has to contain. Without it, the next message is the response.
    pub awaits: Option<String>,
    pub times: NonZeroUsize,
}

/// Asks for the upgrade. `path` is the target of the request line, with the base's prefix.
pub async fn connect<S>(
    stream: S,
    base: &Base,
    path: &str,
    headers: &[(String, String)],
) -> Result<WebSocket<S>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = upgrade(base, path, headers)?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    match client_async_with_config(request, stream, Some(limits)).await {
        Ok((socket, _)) => Ok(WebSocket(socket)),
        Err(Error::Http(answer)) => {
            let status = answer.status().as_u16();
            let what = format!("the service answered the upgrade with status {status}");
            Err(Failure::new(FailureKind::Status, what))
        }
        Err(error) => Err(broken(format!(
            "upgrade to a WebSocket: {}",
            describe(&error)
        ))),
    }
}

impl<S> WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Makes the round trips of all messages one after another. Those before a failed one are in `trips`, too.
    pub async fn talk(
        &mut self,
        messages: &[RenderedMessage],
        trips: &mut Vec<Duration>,
        words: &mut dyn FnMut(Word<'_>),
    ) -> Result<(), Failure> {
        for message in messages {
            for _ in 0..message.times.get() {
                let start = Instant::now();
                let awaits = message.awaits.as_deref();
                self.heard(&message.send, awaits, words).await?;
                trips.push(start.elapsed());
            }
        }
        Ok(())
    }

    /// Sends a message and reads until a response that contains `awaits`, or any where it is `None`. Pings are
    /// answered.
    pub async fn round_trip(&mut self, send: &str, awaits: Option<&str>) -> Result<(), Failure> {
        self.heard(send, awaits, &mut |_| {}).await
    }

    async fn heard(
        &mut self,
        send: &str,
        awaits: Option<&str>,
        words: &mut dyn FnMut(Word<'_>),
    ) -> Result<(), Failure> {
        words(Word::Said(send));
        let sent = self.0.send(Message::text(send)).await;
        sent.map_err(|error| broken(format!("send a message: {}", describe(&error))))?;
        loop {
            let message = match self.0.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    return Err(broken(format!("await an answer: {}", describe(&error))));
                }
                None => return Err(broken("the service ended the WebSocket")),
            };
            let data = match &message {
                Message::Text(text) => text.as_bytes(),
                Message::Binary(bytes) => bytes,
                Message::Close(frame) => return Err(broken(closed(frame.as_ref()))),
                // The pong is sent with the next read.
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
            words(Word::Heard(data));
            if awaits.is_none_or(|words| contains(data, words.as_bytes())) {
                return Ok(());
            }
        }
    }

    /// Closes the WebSocket. Failures no longer count.
    pub async fn close(mut self) {
        let closing = async {
            if self.0.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
    }
}

fn upgrade(base: &Base, path: &str, headers: &[(String, String)]) -> Result<Request, Failure> {
    let scheme = match base.scheme {
        Scheme::Http => "ws",
        Scheme::Https => "wss",
    };
    let mut request = Uri::builder()
        .scheme(scheme)
        .authority(authority(base))
        .path_and_query(path)
        .build()
        .map_err(|_| impossible(format!("`{path}` cannot be a path")))?
        .into_client_request()
        .map_err(|error| impossible(describe(&error)))?;
    for (name, value) in headers {
        let known: HeaderName = name
            .parse()
            .map_err(|_| impossible(format!("`{name}` cannot be the name of a header")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| impossible(format!("header `{name}`: its value cannot be sent")))?;
        if !is_of_the_handshake(&known) {
            request.headers_mut().append(known, value);
        } else if known == http::header::HOST {
            request.headers_mut().insert(known, value);
        }
    }
    Ok(request)
}

/// Whether the handshake sets this header itself.
fn is_of_the_handshake(name: &HeaderName) -> bool {
    let known = [
        "host",
        "connection",
        "upgrade",
        "sec-websocket-key",
        "sec-websocket-version",
    ];
    known.contains(&name.as_str())
}

fn contains(data: &[u8], words: &[u8]) -> bool {
    words.is_empty() || data.windows(words.len()).any(|window| window == words)
}

fn closed(frame: Option<&CloseFrame>) -> String {
    match frame {
        Some(frame) if !frame.reason.is_empty() => {
            let code = u16::from(frame.code);
            format!("the service closed the WebSocket: {code}, {}", frame.reason)
        }
        Some(frame) => {
            let code = u16::from(frame.code);
            format!("the service closed the WebSocket: {code}")
        }
        None => "the service closed the WebSocket".to_owned(),
    }
}

fn describe(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

fn broken(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Broken, what)
}

fn impossible(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Check, what)
}
