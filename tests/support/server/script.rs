//! What the server does: routes, and the reply to each request.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::tls::Leaf;

type Route = Box<dyn FnMut(&Asked) -> Reply + Send>;

/// Everything that the server does, said before it starts.
pub(crate) struct Script {
    pub(super) routes: Vec<(String, Route)>,
    pub(super) stalls: Vec<Range<Duration>>,
    pub(super) tls: Option<Leaf>,
    pub(super) keep_alive: Option<u64>,
    pub(super) announced: bool,
    pub(super) streams: Option<u32>,
    pub(super) http2: bool,
    pub(super) awake: bool,
    pub(super) port: u16,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// How many of this route were asked before.
    pub number: u64,
    pub connection: u64,
    pub method: String,
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// From the last byte of the request to the first of the answer, exactly.
    pub after: Duration,
    pub act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Answer(Answer),
    /// These bytes and nothing else, then the end. On HTTP/2: GOAWAY with PROTOCOL_ERROR.
    Raw(Bytes),
    /// RST on HTTP/1, RST_STREAM on HTTP/2.
    Reset,
    /// The connection ends without an answer.
    HangUp,
    /// Nothing, until the client goes.
    Silence,
    Socket(Echo),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// Behind a chunked body, or any on HTTP/2.
    pub trailers: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Body {
    /// No body, nor a length: as for 204.
    #[default]
    Nothing,
    /// With its length, in one write with the head.
    Whole(Bytes),
    Chunked(Vec<Bytes>),
    /// Without a length: the end of the connection is its end.
    UntilClose(Bytes),
    /// With its length, byte by byte, each behind a pause.
    Slow {
        bytes: Bytes,
        pause: Duration,
    },
    /// Chunks, each behind a pause of its own; behind the last one the end of the body, or nothing any more.
    Paced {
        chunks: Vec<(Duration, Bytes)>,
        ends: bool,
    },
    /// Less than was promised, then the end.
    Cut {
        sent: Bytes,
        promised: usize,
        ending: Ending,
    },
    /// As much as the client takes.
    Endless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    Reset,
}

/// A WebSocket that sends back what it is sent; pings are answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Echo {
    pub delay: Duration,
    /// Said before each echo.
    pub preamble: Vec<String>,
    /// Pings the client before each echo and waits for its pong.
    pub pings: bool,
    /// Closes the socket instead of the echo of this number, counted from 0.
    pub closes_at: Option<u64>,
}

impl Script {
    /// Answers 404 to everything.
    pub(crate) fn new() -> Self {
        Self {
            routes: Vec::new(),
            stalls: Vec::new(),
            tls: None,
            keep_alive: None,
            announced: true,
            streams: None,
            http2: true,
            awake: false,
            port: 0,
        }
    }

    /// What is answered at this path, or below it where it ends in `*`; the first route that fits is taken.
    pub(crate) fn on(
        mut self,
        path: &str,
        reply: impl FnMut(&Asked) -> Reply + Send + 'static,
    ) -> Self {
        self.routes.push((path.to_owned(), Box::new(reply)));
        self
    }

    /// No answer begins in this time, counted from the first request's arrival; those that would are given at its end.
    pub(crate) fn stall(mut self, window: Range<Duration>) -> Self {
        self.stalls.push(window);
        self
    }

    pub(crate) fn tls(mut self, leaf: Leaf) -> Self {
        self.tls = Some(leaf);
        self
    }

    /// Each connection takes so many requests, and the last answer says that it is the last.
    pub(crate) fn keep_alive(mut self, requests: u64) -> Self {
        self.keep_alive = Some(requests);
        self.announced = true;
        self
    }

    /// Each connection takes so many requests, and ends behind the last answer without having said so. HTTP/2 always
    /// says so.
    pub(crate) fn leaves_silently_after(mut self, requests: u64) -> Self {
        self.keep_alive = Some(requests);
        self.announced = false;
        self
    }

    /// No more streams than this at once on an HTTP/2 connection.
    pub(crate) fn streams(mut self, streams: u32) -> Self {
        self.streams = Some(streams);
        self
    }

    /// HTTP/2 is neither offered in TLS nor understood.
    pub(crate) fn only_http1(mut self) -> Self {
        self.http2 = false;
        self
    }

    /// At this port of loopback, for a server whose client cannot ask it.
    pub(crate) fn at(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Never sleeps, so that it sees a request at once: takes a whole core.
    pub(crate) fn awake(mut self) -> Self {
        self.awake = true;
        self
    }
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split("; ");
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// A value of the query, as it was sent.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Reply {
    pub(crate) fn text(body: &str) -> Self {
        Self::bytes(200, "text/plain", Bytes::copy_from_slice(body.as_bytes()))
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::bytes(status, "application/json", value.to_string().into())
    }

    pub(crate) fn bytes(status: u16, kind: &str, body: Bytes) -> Self {
        Self::of(status, Body::Whole(body)).header("content-type", kind)
    }

    /// With the status as its body.
    pub(crate) fn status(status: u16) -> Self {
        Self::bytes(status, "text/plain", status.to_string().into())
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::of(status, Body::Whole(Bytes::new())).header("location", location)
    }

    pub(crate) fn body(body: Body) -> Self {
        Self::of(200, body)
    }

    pub(crate) fn raw(bytes: &str) -> Self {
        Self::from(Act::Raw(Bytes::copy_from_slice(bytes.as_bytes())))
    }

    pub(crate) fn reset() -> Self {
        Self::from(Act::Reset)
    }

    pub(crate) fn hang_up() -> Self {
        Self::from(Act::HangUp)
    }

    pub(crate) fn silence() -> Self {
        Self::from(Act::Silence)
    }

    pub(crate) fn socket(echo: Echo) -> Self {
        Self::from(Act::Socket(echo))
    }

    pub(crate) fn of(status: u16, body: Body) -> Self {
        Self::from(Act::Answer(Answer {
            status,
            body,
            ..Answer::default()
        }))
    }

    pub(crate) fn after(mut self, latency: Duration) -> Self {
        self.after = latency;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Act::Answer(answer) = &mut self.act {
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub(crate) fn trailer(mut self, name: &str, value: &str) -> Self {
        if let Act::Answer(answer) = &mut self.act {
            answer.trailers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

impl From<Act> for Reply {
    fn from(act: Act) -> Self {
        Self {
            after: Duration::ZERO,
            act,
        }
    }
}
