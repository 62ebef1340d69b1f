//! Requests on connections: what goes out, what comes back, and what can go wrong on the way. Nothing here knows
//! of flows, users or times.

pub mod address;
pub mod dial;
pub mod http1;
pub mod http2;
pub mod tls;
pub mod websocket;

use std::fmt;

use bytes::Bytes;

/// One request, ready to be encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub method: http::Method,
    /// Path and query, as they stand in the request line.
    pub target: String,
    /// Without `content-length` and what belongs to the connection; names in lower case. A `host` is here only where
    /// the scenario sets one, and then it is sent in place of the base's.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// How much of an answer somebody will look at; the rest is read and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub headers: bool,
    pub body: bool,
}

/// One answer. Headers and body are empty where they were not wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// In the order they came, names in lower case.
    pub headers: Vec<(String, Bytes)>,
    pub body: Bytes,
    /// Of the body, as it was sent.
    pub received: u64,
}

/// Why a request did not succeed; the order is that of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Connect,
    Tls,
    Timeout,
    /// Closed in the middle, reset, or no HTTP.
    Broken,
    Status,
    Check,
    /// A value that a later step needs was not in the answer.
    Capture,
    /// Under way when the run ended.
    Unfinished,
    /// Due and never sent.
    Dropped,
    /// This machine could not send it: it had no free port, no file handle, no memory. No fault of the service.
    Local,
}

impl Kind {
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

/// One failure: its kind is counted, and so is each distinct sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    pub what: String,
    /// What the service said, where that helps to understand it.
    pub example: Option<String>,
}

impl Failure {
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
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
