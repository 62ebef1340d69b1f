//! The WebSocket that sends back what it is sent.

use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::Io;
use super::room::Room;
use super::script::Echo;

/// `key` is that of the request that asked for the upgrade.
pub(super) async fn serve(mut io: Box<dyn Io>, key: &str, echo: Echo, room: &Room) {
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    );
    if io.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    let mut number = 0;
    while let Some(Ok(message)) = socket.next().await {
        if !message.is_text() && !message.is_binary() {
            continue;
        }
        let due = Instant::now() + echo.delay;
        if echo.pings {
            let _ = socket.send(Message::Ping("there?".into())).await;
            while !matches!(socket.next().await, Some(Ok(Message::Pong(_))) | None) {}
        }
        room.clock.until(due).await;
        if echo.closes_at == Some(number) {
            let frame = CloseFrame {
                code: CloseCode::Away,
                reason: "enough".into(),
            };
            let _ = socket.close(Some(frame)).await;
            continue;
        }
        number += 1;
        for words in &echo.preamble {
            let _ = socket.send(Message::text(words.as_str())).await;
        }
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
