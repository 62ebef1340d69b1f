//! WebSockets: a message goes out, and the answer that ends its round trip comes back.

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
use super::{Failure, Kind};
use crate::load::scenario::{Base, Scheme};

/// Of one message.
const MOST_MESSAGE: usize = 16 * 1024 * 1024;

/// How long the service may take to answer our goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// An open WebSocket.
pub struct Socket<S>(WebSocketStream<S>);

/// One message, its values put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub send: String,
    /// The next answer that contains this; the very next one where nobody said.
    pub awaits: Option<String>,
    pub times: NonZeroUsize,
}

/// Asks for the upgrade; `path` is what stands in the request line, with the base's prefix.
pub async fn connect<S>(
    stream: S,
    base: &Base,
    path: &str,
    headers: &[(String, String)],
) -> Result<Socket<S>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = upgrade(base, path, headers)?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MOST_MESSAGE))
        .max_frame_size(Some(MOST_MESSAGE));
    match client_async_with_config(request, stream, Some(limits)).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(Error::Http(answer)) => {
            let status = answer.status().as_u16();
            let what = format!("the service answered the upgrade with status {status}");
            Err(Failure::new(Kind::Status, what))
        }
        Err(error) => Err(broken(format!("upgrade to a WebSocket: {}", told(&error)))),
    }
}

impl<S> Socket<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Each message's round trips one behind the other; what they took is there also where a later one fails.
    pub async fn talk(
        &mut self,
        messages: &[Rendered],
        trips: &mut Vec<Duration>,
    ) -> Result<(), Failure> {
        for message in messages {
            for _ in 0..message.times.get() {
                let start = Instant::now();
                let awaits = message.awaits.as_deref();
                self.round_trip(&message.send, awaits).await?;
                trips.push(start.elapsed());
            }
        }
        Ok(())
    }

    /// Sends, and reads until the answer that contains `awaits`, or any where nobody said. Pings are answered.
    pub async fn round_trip(&mut self, send: &str, awaits: Option<&str>) -> Result<(), Failure> {
        let sent = self.0.send(Message::text(send)).await;
        sent.map_err(|error| broken(format!("send a message: {}", told(&error))))?;
        loop {
            let message = match self.0.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    return Err(broken(format!("await an answer: {}", told(&error))));
                }
                None => return Err(broken("the service ended the WebSocket")),
            };
            let data = match &message {
                Message::Text(text) => text.as_bytes(),
                Message::Binary(bytes) => bytes,
                Message::Close(frame) => return Err(broken(closed(frame.as_ref()))),
                // The answer to a ping goes out with the next read.
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
            if awaits.is_none_or(|words| contains(data, words.as_bytes())) {
                return Ok(());
            }
        }
    }

    /// Says goodbye and waits for the service's; what goes wrong now no longer counts.
    pub async fn close(mut self) {
        let goodbye = async {
            if self.0.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
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
        .map_err(|error| impossible(told(&error)))?;
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

/// What the handshake itself says.
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

fn told(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

fn broken(what: impl Into<String>) -> Failure {
    Failure::new(Kind::Broken, what)
}

fn impossible(what: impl Into<String>) -> Failure {
    Failure::new(Kind::Check, what)
}
