//! A small real server on loopback whose answers, times and failures are scripted, and which writes down what it did.
//!
//! ```ignore
//! let server = Server::start(
//!     Script::new()
//!         .on("/fast", |_| Reply::text("hello").after(Duration::from_millis(2)))
//!         .on("/flaky", |asked| match asked.number % 10 {
//!             9 => Reply::status(503),
//!             _ => Reply::text("fine"),
//!         }),
//! );
//! let url = server.url("/fast");
//! // … load it …
//! let p99 = server.log().of("/fast").quantile(0.99);
//! ```
//!
//! HTTP/1.1 and HTTP/2 on the same port, by the client's first bytes or by ALPN; with `Script::tls` all of it in TLS;
//! `Reply::socket` for WebSockets. It stops when it is dropped, and with it every connection.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is built here is known"
)]

pub(crate) mod clock;
mod http1;
mod http2;
pub(crate) mod log;
mod room;
pub(crate) mod script;
pub(crate) mod site;
mod socket;
pub(crate) mod spread;
pub(crate) mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;

pub(crate) use log::Log;
use log::Record;
use room::Room;
pub(crate) use script::{Asked, Body, Echo, Ending, Reply, Script};
pub(crate) use spread::Spread;
pub(crate) use tls::Leaf;

/// Runs in a thread of its own until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    secure: bool,
    record: Record,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(script: Script) -> Self {
        let record = Record::default();
        let (stop, stopped) = oneshot::channel();
        let (here, address) = mpsc::channel();
        let secure = script.tls.is_some();
        let recorded = record.clone();
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build_local(LocalOptions::default())
                .unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = listen(script, recorded, here) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: address.recv().unwrap(),
            secure,
            record,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// What came and what was answered until now.
    pub(crate) fn log(&self) -> Log {
        self.record.entries()
    }

    /// How many connections were accepted until now.
    pub(crate) fn connections(&self) -> u64 {
        self.record.accepted()
    }

    /// How many connections are open now.
    pub(crate) fn open(&self) -> u64 {
        self.record.open()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panicked: its message stands in the output, and the test fails by what it did not get.
            let _ = thread.join();
        }
    }
}

/// An address of loopback at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

async fn listen(script: Script, record: Record, here: mpsc::Sender<SocketAddr>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket
        .bind((Ipv4Addr::LOCALHOST, script.port).into())
        .unwrap();
    let listener = socket.listen(4096).unwrap();
    here.send(listener.local_addr().unwrap()).unwrap();
    if script.awake {
        tokio::task::spawn_local(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }
    let acceptor = script.tls.map(|leaf| tls::acceptor(leaf, script.http2));
    let room = Rc::new(Room::new(script, record));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (room, acceptor) = (room.clone(), acceptor.clone());
        tokio::task::spawn_local(async move {
            let connection = room.record.accept();
            match acceptor {
                None => {
                    if room.speaks_http2() && http2::begins(&stream).await {
                        http2::serve(stream, &room, connection.number).await;
                    } else {
                        http1::serve(Box::new(stream), &room, connection.number).await;
                    }
                }
                Some(acceptor) => {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        http2::serve(stream, &room, connection.number).await;
                    } else {
                        http1::serve(Box::new(stream), &room, connection.number).await;
                    }
                }
            }
        });
    }
}

/// Bytes to and from a client, over TLS or not.
trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Io for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Io for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}
