//! As much of an HTTP/1.1 server as a client of ours needs: one thread a connection, connections kept open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Half of the body and then nothing.
    pub(crate) cut: bool,
    pub(crate) late: Duration,
}

/// Serves until the process ends; answers the port.
pub(crate) fn serve(
    tls: Option<Arc<rustls::ServerConfig>>,
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, tls) = (Arc::clone(&answer), tls.clone());
            thread::spawn(move || match tls {
                None => talk(stream, &*answer),
                Some(config) => {
                    let session = rustls::ServerConnection::new(config).unwrap();
                    talk(rustls::StreamOwned::new(session, stream), &*answer);
                }
            });
        }
    });
    port
}

fn talk(stream: impl Read + Write, answer: &dyn Fn(&Request) -> Response) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream) {
        let response = answer(&request);
        if !write(stream.get_mut(), &response) {
            return;
        }
    }
}

fn read(stream: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method,
        target,
        headers,
        body: String::new(),
    };
    if request.header("transfer-encoding").is_some() {
        request.body = chunked(stream)?;
    } else {
        let length = request.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().ok()?];
        stream.read_exact(&mut body).ok()?;
        request.body = String::from_utf8(body).ok()?;
    }
    Some(request)
}

fn chunked(stream: &mut impl BufRead) -> Option<String> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return String::from_utf8(body).ok();
        }
        body.extend(&chunk[..length]);
    }
}

/// Whether the connection can be used again.
fn write(stream: &mut impl Write, response: &Response) -> bool {
    thread::sleep(response.late);
    let mut head = format!("HTTP/1.1 {} X\r\n", response.status);
    for (name, value) in &response.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if response.status != 204 {
        let length = response.body.len();
        head += "content-type: application/json; charset=utf-8\r\n";
        head += &format!("content-length: {length}\r\n");
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend(response.body.as_bytes());
    if response.cut {
        bytes.truncate(bytes.len() - response.body.len() / 2);
    }
    stream
        .write_all(&bytes)
        .and_then(|()| stream.flush())
        .is_ok()
        && !response.cut
}

/// For what has to fail to connect: nobody listens here.
pub(crate) fn nobody() -> String {
    let port = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    drop(TcpStream::connect(("127.0.0.1", port)));
    format!("http://127.0.0.1:{port}")
}
