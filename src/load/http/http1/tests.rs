//! A connection against responses of every shape, cut at every byte, and against hostile ones.

use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::*;

const ALL: Wanted = Wanted {
    headers: true,
    body: true,
};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// The response to one GET where the server sends `pieces` one by one and then closes.
async fn said(pieces: &[&[u8]], wanted: Wanted) -> (Result<Response, Failure>, bool) {
    let (client, mut server) = duplex(1 << 20);
    let mut connection = Connection::new(client);
    let talk = async {
        for piece in pieces {
            server.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        drop(server);
    };
    let exchange = connection.exchange(b"GET / HTTP/1.1\r\n\r\n", &Method::GET, wanted);
    let (answer, ()) = tokio::join!(exchange, talk);
    (answer, connection.is_open())
}

fn answer(text: &[u8]) -> Result<Response, Failure> {
    block_on(said(&[text], ALL)).0
}

const ANSWERS: [(&[u8], u16, &[u8], bool); 6] = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", 200, b"hello", true),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, b"hello", true),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", 404, b"no", true),
    (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end", false),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", true),
    (b"HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", 503, b"", false),
];

#[test]
fn answers_are_the_same_wherever_they_are_cut() {
    block_on(async {
        for (text, status, body, open) in ANSWERS {
            for cut in 0..=text.len() {
                let (a, b) = text.split_at(cut);
                let (answer, is_open) = said(&[a, b], ALL).await;
                let answer = answer.unwrap();
                assert_eq!(
                    (answer.status, &answer.body[..]),
                    (status, body),
                    "at {cut}"
                );
                assert_eq!(answer.received, body.len() as u64);
                assert_eq!(is_open, open, "{status} at {cut}");
            }
        }
    });
}

#[test]
fn a_connection_with_bytes_behind_a_long_body_is_not_used_again() {
    let mut text = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n".to_vec();
    text.resize(text.len() + 5_000, b'x');
    let (answer, is_open) = block_on(said(&[&text], ALL));
    assert_eq!((answer.unwrap().received, is_open), (5_000, true));
    text.extend_from_slice(b"HTTP");
    let (answer, is_open) = block_on(said(&[&text], ALL));
    assert_eq!((answer.unwrap().received, is_open), (5_000, false));
}

#[test]
fn what_nobody_wants_is_counted_and_not_kept() {
    let (text, ..) = ANSWERS[0];
    let (answer, open) = block_on(said(&[text], Wanted::default()));
    let answer = answer.unwrap();
    assert!(answer.begun.is_some());
    let expected = Response {
        status: 200,
        received: 5,
        head: text.len() as u64 - 5,
        begun: answer.begun,
        ..Response::default()
    };
    assert_eq!((answer, open), (expected, true));
}

#[test]
fn an_answer_cut_short_is_a_failure_that_says_where() {
    block_on(async {
        let (text, ..) = ANSWERS[1];
        for cut in 0..text.len() {
            let (answer, open) = said(&[&text[..cut]], ALL).await;
            let failure = answer.unwrap_err();
            assert_eq!(
                (failure.kind, open),
                (FailureKind::Broken, false),
                "at {cut}"
            );
            assert!(failure.what.contains("closed"), "{failure}");
        }
    });
    let failure = answer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfour").unwrap_err();
    assert!(failure.what.contains("4 of 9 bytes"), "{failure}");
}

#[test]
fn hostile_answers_are_failures_and_cost_no_memory() {
    let huge = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 2 * LARGEST]].concat();
    let failure = answer(&huge).unwrap_err();
    assert!(failure.what.contains("64 KiB"), "{failure}");
    for text in [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\nhello",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"* OK IMAP4rev1 Service Ready\r\n",
    ] {
        assert_eq!(answer(text).unwrap_err().kind, FailureKind::Broken);
    }
}

/// Sends zeroes until nobody reads them.
async fn endless(mut server: DuplexStream) {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n";
    server.write_all(head).await.unwrap();
    while server.write_all(&[0; 65536]).await.is_ok() {}
}

#[test]
fn a_body_without_end_is_given_up_where_it_is_too_large_to_be_looked_at() {
    block_on(async {
        let (client, server) = duplex(1 << 20);
        let mut connection = Connection::new(client);
        let talk = tokio::spawn(endless(server));
        let answer = connection.exchange(b"GET", &Method::GET, ALL).await;
        assert!(answer.unwrap_err().what.contains("16 MiB"));
        drop(connection);
        talk.await.unwrap();
    });
}

#[test]
fn a_connection_that_the_server_left_or_speaks_on_is_not_quiet() {
    block_on(async {
        for speaks in [false, true] {
            let (client, mut server) = duplex(1 << 20);
            let mut connection = Connection::new(client);
            server.write_all(ANSWERS[0].0).await.unwrap();
            connection
                .exchange(b"GET", &Method::GET, ALL)
                .await
                .unwrap();
            assert!(connection.is_open() && connection.is_quiet());
            if speaks {
                server.write_all(b"H").await.unwrap();
            } else {
                drop(server);
            }
            assert!(!connection.is_quiet());
        }
    });
}

#[test]
fn a_head_that_is_said_again_means_the_same_only_for_the_same_method() {
    block_on(async {
        let (client, mut server) = duplex(1 << 20);
        let mut connection = Connection::new(client);
        let wanted = Wanted {
            headers: false,
            body: true,
        };
        for (text, method, status, body) in [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab",
                Method::GET,
                200,
                "ab",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\ncd",
                Method::GET,
                200,
                "cd",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
                Method::HEAD,
                200,
                "",
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nef",
                Method::GET,
                200,
                "ef",
            ),
            (
                "HTTP/1.1 404 No\r\ncontent-length: 1\r\n\r\nx",
                Method::GET,
                404,
                "x",
            ),
            (
                "HTTP/1.1 404 No\r\ncontent-length: 1\r\n\r\ny",
                Method::GET,
                404,
                "y",
            ),
        ] {
            server.write_all(text.as_bytes()).await.unwrap();
            let answer = connection.exchange(b"x", &method, wanted).await.unwrap();
            assert_eq!((answer.status, &answer.body[..]), (status, body.as_bytes()));
            assert!(answer.headers.is_empty() && connection.is_open());
        }
        for _ in 0..2 {
            let text = "HTTP/1.1 302 Found\r\nlocation: /a\r\ncontent-length: 0\r\n\r\n";
            server.write_all(text.as_bytes()).await.unwrap();
            let answer = connection
                .exchange(b"x", &Method::GET, wanted)
                .await
                .unwrap();
            assert_eq!(answer.headers[0].0, "location");
        }
    });
}

#[test]
fn bytes_behind_an_answer_close_the_connection() {
    let (answer, open) = block_on(said(
        &[b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab"],
        ALL,
    ));
    assert!(answer.is_ok() && !open);
}

#[test]
fn a_dropped_exchange_leaves_the_connection_closed() {
    block_on(async {
        let (client, _server) = duplex(1 << 20);
        let mut connection = Connection::new(client);
        let exchange = connection.exchange(b"GET", &Method::GET, ALL);
        let patience = Duration::from_millis(1);
        assert!(tokio::time::timeout(patience, exchange).await.is_err());
        assert!(!connection.is_open());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_end_in_an_answer_or_a_failure(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        start in prop::sample::select(vec!["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]),
    ) {
        answer(&[start.as_bytes(), &bytes].concat()).ok();
    }
}

/// A stream that counts how often it was read.
struct Counted<S>(S, std::rc::Rc<std::cell::Cell<usize>>);

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.1.set(self.1.get() + 1);
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[test]
fn a_large_body_is_read_in_few_pieces_and_needs_no_room_where_nobody_looks() {
    const MILLION: usize = 1_000_000;
    let body = vec![b'x'; MILLION];
    let sized = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n",
        &body[..],
    ]
    .concat();
    let chunked = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nf4240\r\n",
        &body[..],
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    for text in [sized, chunked] {
        for wanted in [Wanted::default(), ALL] {
            let reads = std::rc::Rc::default();
            let (client, mut server) = duplex(2 * MILLION);
            let mut connection = Connection::new(Counted(client, std::rc::Rc::clone(&reads)));
            let answer = block_on(async {
                server.write_all(&text).await.unwrap();
                connection.exchange(b"x", &Method::GET, wanted).await
            });
            let answer = answer.unwrap();
            assert_eq!(answer.received, 1_000_000);
            assert_eq!(answer.body.len(), if wanted.body { MILLION } else { 0 });
            assert!(reads.get() < 20, "{} reads", reads.get());
            assert!(connection.is_open() && connection.buffer.len() <= SMALLEST);
        }
    }
}
