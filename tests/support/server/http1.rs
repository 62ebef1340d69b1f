//! HTTP/1.1 as the script has it, right and wrong.

use std::io;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::room::{Room, Turn};
use super::script::{Act, Answer, Asked, Body, Ending};
use super::{Io, socket};

/// What follows an answer.
#[derive(PartialEq)]
enum Next {
    Request,
    End,
    Reset,
}

pub(super) async fn serve(mut io: Box<dyn Io>, room: &Room, connection: u64) {
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    let mut requests = 0;
    while let Ok(Some(mut asked)) = request(&mut io, &mut buffer).await {
        let arrived = Instant::now();
        requests += 1;
        asked.connection = connection;
        let head_only = asked.method == "HEAD";
        let key = asked.header("sec-websocket-key").map(str::to_owned);
        let leaves = asked.header("connection") == Some("close");
        let last = room.keep_alive.is_some_and(|limit| requests >= limit);
        let turn = room.take(asked, arrived);
        room.wait(&turn).await;
        if let Act::Socket(echo) = turn.act {
            if let Some(key) = key {
                socket::serve(io, &key, echo, room).await;
            }
            return;
        }
        let framing = Framing {
            head_only,
            says_close: leaves || (last && room.announced),
        };
        match act(&mut io, room, &turn, &framing).await {
            Ok(Next::Request) if !leaves && !last => {}
            Ok(Next::Reset) => {
                // Dropped at once, with nothing said before.
                let _ = io.tcp().set_zero_linger();
                return;
            }
            _ => break,
        }
    }
    let _ = io.shutdown().await;
}

struct Framing {
    head_only: bool,
    says_close: bool,
}

async fn act(
    io: &mut Box<dyn Io>,
    room: &Room,
    turn: &Turn,
    framing: &Framing,
) -> io::Result<Next> {
    match &turn.act {
        Act::Answer(answer) => return send(io, room, turn, (answer, framing)).await,
        Act::Raw(bytes) => io.write_all(bytes).await?,
        Act::Reset => return Ok(Next::Reset),
        Act::HangUp | Act::Socket(_) => {}
        // Whatever still comes is taken and not looked at.
        Act::Silence => while io.read(&mut [0; 1024]).await? > 0 {},
    }
    Ok(Next::End)
}

async fn send(
    io: &mut Box<dyn Io>,
    room: &Room,
    turn: &Turn,
    (answer, framing): (&Answer, &Framing),
) -> io::Result<Next> {
    let mut out = head(answer, framing);
    if framing.head_only {
        room.answers(turn);
        io.write_all(&out).await?;
        return Ok(Next::Request);
    }
    match &answer.body {
        Body::Nothing => {}
        Body::Whole(bytes) => out.extend_from_slice(bytes),
        Body::UntilClose(bytes) => {
            out.extend_from_slice(bytes);
            room.answers(turn);
            io.write_all(&out).await?;
            return Ok(Next::End);
        }
        Body::Chunked(chunks) => {
            for chunk in chunks {
                out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                out.extend_from_slice(chunk);
                out.extend_from_slice(b"\r\n");
                io.write_all(&out).await?;
                out.clear();
            }
            out.extend_from_slice(b"0\r\n");
            out.extend_from_slice(&lines(&answer.trailers));
            out.extend_from_slice(b"\r\n");
        }
        Body::Slow { bytes, pause } => {
            for byte in bytes {
                io.write_all(&out).await?;
                room.clock.until(Instant::now() + *pause).await;
                out = vec![*byte];
            }
        }
        Body::Paced { chunks, ends } => {
            io.write_all(&out).await?;
            for (pause, chunk) in chunks {
                room.clock.until(Instant::now() + *pause).await;
                let size = format!("{:x}\r\n", chunk.len());
                let framed = [size.as_bytes(), chunk, b"\r\n"].concat();
                io.write_all(&framed).await?;
                io.flush().await?;
            }
            if !ends {
                while io.read(&mut [0; 1024]).await? > 0 {}
                return Ok(Next::End);
            }
            out = b"0\r\n\r\n".to_vec();
        }
        Body::Cut { sent, ending, .. } => {
            out.extend_from_slice(sent);
            io.write_all(&out).await?;
            io.flush().await?;
            return Ok(match ending {
                Ending::Close => Next::End,
                Ending::Reset => Next::Reset,
            });
        }
        Body::Endless => {
            let chunk = [b"4000\r\n".to_vec(), vec![b'x'; 0x4000], b"\r\n".to_vec()].concat();
            loop {
                io.write_all(&out).await?;
                out.clone_from(&chunk);
            }
        }
    }
    room.answers(turn);
    io.write_all(&out).await?;
    io.flush().await?;
    Ok(Next::Request)
}

fn head(answer: &Answer, framing: &Framing) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(answer.status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Other");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", answer.status).into_bytes();
    head.extend_from_slice(&lines(&answer.headers));
    let length = match &answer.body {
        Body::Whole(bytes) | Body::Slow { bytes, .. } => Some(bytes.len()),
        Body::Cut { promised, .. } => Some(*promised),
        _ => None,
    };
    if let Some(length) = length {
        head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    if matches!(
        answer.body,
        Body::Chunked(_) | Body::Paced { .. } | Body::Endless
    ) {
        head.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    if framing.says_close || matches!(answer.body, Body::UntilClose(_)) {
        head.extend_from_slice(b"connection: close\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn lines(headers: &[(String, String)]) -> Vec<u8> {
    let line = |(name, value): &(String, String)| format!("{name}: {value}\r\n");
    headers.iter().map(line).collect::<String>().into_bytes()
}

/// The next request with its whole body, or none where the client has gone.
async fn request(io: &mut Box<dyn Io>, buffer: &mut BytesMut) -> io::Result<Option<Asked>> {
    let mut asked = loop {
        if let Some((asked, length)) = parsed(buffer)? {
            buffer.advance(length);
            break asked;
        }
        if io.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    if asked.header("transfer-encoding") == Some("chunked") {
        asked.body = chunked(io, buffer).await?;
    } else if let Some(length) = asked.header("content-length") {
        let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        fill(io, buffer, length).await?;
        asked.body = buffer.split_to(length).freeze();
    }
    Ok(Some(asked))
}

/// The head at the start of the buffer, where it is whole, and how long it is.
fn parsed(buffer: &[u8]) -> io::Result<Option<(Asked, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let status = request.parse(buffer).map_err(io::Error::other)?;
    let httparse::Status::Complete(length) = status else {
        return Ok(None);
    };
    let target = request.path.unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |header: &httparse::Header<'_>| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    };
    let asked = Asked {
        number: 0,
        connection: 0,
        method: request.method.unwrap().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: request.headers.iter().map(header).collect(),
        body: Bytes::new(),
    };
    Ok(Some((asked, length)))
}

async fn chunked(io: &mut Box<dyn Io>, buffer: &mut BytesMut) -> io::Result<Bytes> {
    let mut body = BytesMut::new();
    loop {
        let (start, length) = loop {
            match httparse::parse_chunk_size(buffer) {
                Ok(httparse::Status::Complete((start, length))) => {
                    break (start, usize::try_from(length).unwrap());
                }
                Ok(httparse::Status::Partial) => fill(io, buffer, buffer.len() + 1).await?,
                Err(_) => return Err(io::ErrorKind::InvalidData.into()),
            }
        };
        fill(io, buffer, start + length + 2).await?;
        buffer.advance(start);
        body.extend_from_slice(&buffer.split_to(length));
        buffer.advance(2);
        if length == 0 {
            return Ok(body.freeze());
        }
    }
}

async fn fill(io: &mut Box<dyn Io>, buffer: &mut BytesMut, length: usize) -> io::Result<()> {
    while buffer.len() < length {
        if io.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
