//! What one request costs: perfgate's own HTTP/1.1 client against a minimal client of hyper, on the same server.
//!
//! Usage: `cargo bench --bench http_client`
//!
//! A server in a thread of its own answers 200 with 16 bytes on loopback. Each client keeps 50 connections busy from one
//! thread and sends the same GET. What is compared is the CPU time (user and system) of the client's thread for each
//! request, in turns, over several rounds: it is steadier than seconds, and it is what a load generator takes from the
//! cores of the machine.
//!
//! `cargo bench --bench http_client -- perfgate 20000` (or `hyper 20000`) sends so many requests with one of them and
//! prints nothing, to be counted from outside, as `perf stat -e instructions:u` and `valgrind --tool=callgrind` do.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise and prints its result"
)]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use perfgate::load::clock::thread_cpu;
use perfgate::load::http::{OutgoingRequest, Wanted, http1};
use perfgate::load::scenario::{Base, Scheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::task::spawn_local;

const CONNECTIONS: usize = 50;
const ROUNDS: usize = 15;
const REQUESTS: usize = 50_000;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nserver: bench\r\ndate: Sat, 28 Nov 2026 05:00:00 GMT\r\n\
    content-type: text/plain\r\ncontent-length: 16\r\n\r\n0123456789abcdef";

#[derive(Clone, Copy, PartialEq)]
enum Client {
    Perfgate,
    Hyper,
}

fn main() {
    let address = start_server();
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("perfgate"), Some(requests)) => {
            cpu_of(Client::Perfgate, address, requests.parse().unwrap());
        }
        (Some("hyper"), Some(requests)) => {
            cpu_of(Client::Hyper, address, requests.parse().unwrap());
        }
        _ => compare(address),
    }
}

fn compare(address: SocketAddr) {
    let mut rounds: Vec<[f64; 2]> = (0..=ROUNDS)
        .map(|round| {
            // Who goes first takes turns, too.
            let mut pair = [Client::Perfgate, Client::Hyper];
            pair.rotate_left(round % 2);
            let mut cpu = pair.map(|client| micros(cpu_of(client, address, REQUESTS)));
            cpu.rotate_right(round % 2);
            cpu
        })
        .collect();
    // The first round warms up.
    rounds.remove(0);
    let median = |of: &dyn Fn(&[f64; 2]) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap()
    };
    println!("CPU time for each request, median of {ROUNDS} rounds of {REQUESTS} requests");
    println!("perfgate  {:.2} us", median(&|[ours, _]| *ours));
    println!("hyper     {:.2} us", median(&|[_, hyper]| *hyper));
    println!("ratio     {:.2}", median(&|[ours, hyper]| ours / hyper));
}

#[expect(clippy::cast_precision_loss, reason = "few requests")]
fn micros(cpu: Duration) -> f64 {
    cpu.as_secs_f64() * 1e6 / REQUESTS as f64
}

fn runtime() -> LocalRuntime {
    let mut builder = Builder::new_current_thread();
    let options = LocalOptions::default();
    builder.enable_all().build_local(options).unwrap()
}

fn start_server() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                spawn_local(answer(stream));
            }
        });
    });
    address
}

/// Every request is small, so that it comes in one piece.
async fn answer(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer).await {
        stream.write_all(ANSWER).await.ok();
    }
}

/// The CPU time of a new thread that sends so many requests over all its connections.
fn cpu_of(client: Client, address: SocketAddr, requests: usize) -> Duration {
    let thread = std::thread::spawn(move || {
        runtime().block_on(async {
            let users: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    let requests = requests / CONNECTIONS;
                    match client {
                        Client::Perfgate => spawn_local(send_with_perfgate(address, requests)),
                        Client::Hyper => spawn_local(send_with_hyper(address, requests)),
                    }
                })
                .collect();
            for user in users {
                user.await.unwrap();
            }
        });
        thread_cpu()
    });
    thread.join().unwrap()
}

async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn send_with_perfgate(address: SocketAddr, requests: usize) {
    let base = Base {
        scheme: Scheme::Http,
        host: "127.0.0.1".to_owned(),
        port: address.port(),
        prefix: String::new(),
    };
    let request = OutgoingRequest {
        method: http::Method::GET,
        target: "/".to_owned(),
        headers: vec![("accept".to_owned(), "*/*".to_owned())],
        body: Bytes::new(),
    };
    let mut bytes = Vec::new();
    http1::encode(&request, &base, &mut bytes);
    let mut connection = http1::Connection::new(connect(address).await);
    for _ in 0..requests {
        let exchanged = connection.exchange(&bytes, &request.method, Wanted::default());
        let answer = exchanged.await.unwrap();
        assert!(answer.status == 200 && answer.received == 16);
    }
}

async fn send_with_hyper(address: SocketAddr, requests: usize) {
    let io = TokioIo::new(connect(address).await);
    let (mut sender, connection) = handshake(io).await.unwrap();
    spawn_local(connection);
    let request = http::Request::builder()
        .uri("/")
        .header("host", address.to_string())
        .header("accept", "*/*")
        .body(Empty::<Bytes>::new())
        .unwrap();
    for _ in 0..requests {
        sender.ready().await.unwrap();
        let answer = sender.send_request(request.clone()).await.unwrap();
        assert!(answer.status() == 200);
        let mut body = answer.into_body();
        let mut received = 0;
        while let Some(frame) = body.frame().await {
            received += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        assert!(received == 16);
    }
}
