//! HTTP on connections: requests, responses, and the ways in which they fail. Nothing here knows of flows, users or
//! measured times.

pub mod address;
pub mod dial;
pub mod events;
pub mod http1;
pub mod http2;
pub mod tls;
pub mod websocket;

use std::fmt;
use std::time::Instant;

use bytes::Bytes;

use events::Stream;

/// One request, ready to be encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingRequest {
    pub method: http::Method,
    /// The path and query, as they are written in the request line.
    pub target: String,
    /// The headers, with names in lower case, without `content-length` and those of the connection. A `host` is here
    /// only where the scenario sets one; it then replaces the base's.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl OutgoingRequest {
    /// A request to be filled in.
    pub fn empty() -> Self {
        Self {
            method: http::Method::GET,
            target: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}

/// Which parts of a response are needed. The others are read and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub headers: bool,
    pub body: bool,
}

/// One response. Headers and body are empty where they are not wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    pub status: u16,
    /// The headers in the order in which they came, with names in lower case.
    pub headers: Vec<(String, Bytes)>,
    pub body: Bytes,
    /// The number of bytes of the body, as it was sent.
    pub received: u64,
    /// The number of bytes of the head, where the protocol sends it as text.
    pub head: u64,
    /// When its head was there.
    pub begun: Option<Instant>,
    /// Its events, where it was heard while it came; the body is then their data.
    pub stream: Option<Box<Stream>>,
}

/// The kinds of failure of a request, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    Connect,
    Tls,
    Timeout,
    /// The connection was closed half-way or reset, or the response was not HTTP.
    Broken,
    Status,
    Check,
    /// A value that a later step needs was not in the response.
    Capture,
    /// The request was under way when the run ended.
    Unfinished,
    /// The request was due and never sent.
    Dropped,
    /// This machine could not send it, as it had no free port, no file handle, or no memory. It is not a fault of the
    /// service.
    Local,
}

impl FailureKind {
    pub const ALL: [Self; 10] = [
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Broken,
        Self::Status,
        Self::Check,
        Self::Capture,
        Self::Unfinished,
        Self::Dropped,
        Self::Local,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Status => "status",
            Self::Check => "check",
            Self::Capture => "capture",
            Self::Unfinished => "unfinished",
            Self::Dropped => "dropped",
            Self::Local => "local",
        }
    }
}

/// One failure. Failures are counted by kind and by message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub what: String,
    /// The service's own words, where they help to understand the failure.
    pub example: Option<String>,
}

impl Failure {
    pub fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            example: None,
        }
    }

    #[must_use]
    pub fn example(mut self, said: String) -> Self {
        self.example = Some(said);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.what)
    }
}

impl std::error::Error for Failure {}
