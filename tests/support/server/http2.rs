//! HTTP/2 as the script has it.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::Io;
use super::room::{Room, Turn};
use super::script::{Act, Answer, Asked, Body, Ending};

/// What a stream asks of its connection.
enum Order {
    HangUp,
    GoAway,
}

/// Whether the client's first bytes are those of HTTP/2.
pub(super) async fn begins(stream: &TcpStream) -> bool {
    let mut start = [0; 3];
    loop {
        match stream.peek(&mut start).await {
            Ok(3) => return &start == b"PRI",
            Ok(0) | Err(_) => return false,
            Ok(read) if start[..read] != b"PRI"[..read] => return false,
            Ok(_) => tokio::task::yield_now().await,
        }
    }
}

pub(super) async fn serve(io: impl Io, room: &std::rc::Rc<Room>, connection: u64) {
    let mut builder = h2::server::Builder::new();
    if let Some(streams) = room.streams {
        builder.max_concurrent_streams(streams);
    }
    let Ok(mut session) = builder.handshake::<_, Bytes>(io).await else {
        return;
    };
    let (orders, mut ordered) = unbounded_channel();
    let mut requests = 0;
    loop {
        tokio::select! {
            order = ordered.recv() => match order {
                Some(Order::GoAway) => session.abrupt_shutdown(Reason::PROTOCOL_ERROR),
                Some(Order::HangUp) | None => return,
            },
            accepted = session.accept() => {
                let Some(Ok((request, respond))) = accepted else {
                    return;
                };
                requests += 1;
                if room.keep_alive.is_some_and(|limit| requests >= limit) {
                    session.graceful_shutdown();
                }
                let (room, orders) = (room.clone(), orders.clone());
                tokio::task::spawn_local(async move {
                    // The client has gone, or wants no more of it.
                    let _ = stream(request, respond, &room, (connection, orders)).await;
                });
            }
        }
    }
}

async fn stream(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    room: &Room,
    (connection, orders): (u64, UnboundedSender<Order>),
) -> Result<(), h2::Error> {
    let asked = asked(request, connection).await?;
    let arrived = Instant::now();
    let turn = room.take(asked, arrived);
    room.wait(&turn).await;
    match &turn.act {
        Act::Answer(answer) => {
            if let Some(out) = send(answer, respond, room, &turn).await? {
                let _ = orders.send(Order::HangUp);
                keep(out).await;
            }
        }
        Act::Reset | Act::Socket(_) => respond.send_reset(Reason::INTERNAL_ERROR),
        Act::Raw(_) => {
            let _ = orders.send(Order::GoAway);
            keep(respond).await;
        }
        Act::HangUp => {
            let _ = orders.send(Order::HangUp);
            keep(respond).await;
        }
        Act::Silence => {
            let _ = std::future::poll_fn(|context| respond.poll_reset(context)).await;
        }
    }
    Ok(())
}

/// Dropping it would say that it is the stream that ends, and not the connection.
async fn keep<T>(stream: T) {
    std::future::pending::<()>().await;
    drop(stream);
}

async fn asked(request: Request<RecvStream>, connection: u64) -> Result<Asked, h2::Error> {
    let (parts, mut stream) = request.into_parts();
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let mut headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    // So that a script sees the same under both protocols.
    if let Some(authority) = parts.uri.authority() {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    Ok(Asked {
        number: 0,
        connection,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.freeze(),
    })
}

/// What is left open where the script wants the connection to end.
async fn send(
    answer: &Answer,
    mut respond: SendResponse<Bytes>,
    room: &Room,
    turn: &Turn,
) -> Result<Option<SendStream<Bytes>>, h2::Error> {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap();
    *response.headers_mut() = map(&answer.headers);
    let empty = matches!(answer.body, Body::Nothing);
    if empty {
        room.answers(turn);
    }
    let length = match &answer.body {
        Body::Whole(bytes) | Body::Slow { bytes, .. } => Some(bytes.len()),
        Body::Cut { promised, .. } => Some(*promised),
        _ => None,
    };
    if let Some(length) = length {
        let length = HeaderValue::from(length);
        response.headers_mut().insert("content-length", length);
    }
    let mut out = respond.send_response(response, empty)?;
    match &answer.body {
        Body::Nothing => return Ok(None),
        Body::Whole(bytes) | Body::UntilClose(bytes) => {
            room.answers(turn);
            out.send_data(bytes.clone(), answer.trailers.is_empty())?;
        }
        Body::Chunked(chunks) => {
            for chunk in chunks {
                out.send_data(chunk.clone(), false)?;
                tokio::task::yield_now().await;
            }
            room.answers(turn);
            if answer.trailers.is_empty() {
                out.send_data(Bytes::new(), true)?;
            }
        }
        Body::Slow { bytes, pause } => {
            for at in 0..bytes.len() {
                room.clock.until(Instant::now() + *pause).await;
                if at + 1 == bytes.len() {
                    room.answers(turn);
                }
                let last = at + 1 == bytes.len() && answer.trailers.is_empty();
                out.send_data(bytes.slice(at..=at), last)?;
            }
        }
        Body::Paced { chunks, ends } => {
            for (pause, chunk) in chunks {
                room.clock.until(Instant::now() + *pause).await;
                out.send_data(chunk.clone(), false)?;
            }
            room.answers(turn);
            if !ends {
                std::future::poll_fn(|context| out.poll_reset(context)).await?;
                return Ok(None);
            }
            if answer.trailers.is_empty() {
                out.send_data(Bytes::new(), true)?;
            }
        }
        Body::Cut { sent, ending, .. } => {
            out.send_data(sent.clone(), false)?;
            // What is not on its way yet would be taken back.
            let soon = Instant::now() + std::time::Duration::from_millis(5);
            room.clock.until(soon).await;
            if *ending == Ending::Close {
                return Ok(Some(out));
            }
            out.send_reset(Reason::INTERNAL_ERROR);
            return Ok(None);
        }
        Body::Endless => return endless(out).await,
    }
    if !answer.trailers.is_empty() {
        out.send_trailers(map(&answer.trailers))?;
    }
    Ok(None)
}

async fn endless(mut out: SendStream<Bytes>) -> Result<Option<SendStream<Bytes>>, h2::Error> {
    let chunk = Bytes::from(vec![b'x'; 0x4000]);
    loop {
        out.reserve_capacity(chunk.len());
        match std::future::poll_fn(|context| out.poll_capacity(context)).await {
            Some(capacity) => out.send_data(chunk.slice(..capacity?.min(chunk.len())), false)?,
            None => return Ok(None),
        }
    }
}

fn map(headers: &[(String, String)]) -> HeaderMap {
    let pair = |(name, value): &(String, String)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    headers.iter().map(pair).collect()
}
