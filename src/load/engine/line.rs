//! A user's connection: its own, or a share in one. Opened when it is needed, and again when it was lost.

use std::cell::RefCell;
use std::rc::Rc;

use http::Method;
use tokio::sync::Mutex;

use super::script::Letter;
use crate::load::wire::dial::{Alpn, Dialer};
use crate::load::wire::{Answer, Failure, Kind, Wanted, http1, http2};

/// How often a request is sent again that nobody looked at: a service may close several connections at once.
const AGAIN: u32 = 3;

pub enum Line {
    Http1(Option<Box<http1::Connection>>),
    Http2 {
        shared: Rc<Shared>,
        mine: Option<(u64, http2::Connection)>,
    },
}

/// An HTTP/2 connection that several users have together.
#[derive(Default)]
pub struct Shared {
    now: RefCell<Option<(u64, http2::Connection)>>,
    /// So that only one of them opens it.
    opening: Mutex<u64>,
}

impl Line {
    pub fn is_open(&self) -> bool {
        match self {
            // One whose exchange was given up in its middle is there and not open.
            Self::Http1(connection) => connection.as_ref().is_some_and(|one| one.is_open()),
            Self::Http2 { shared, mine } => {
                let now = shared.now.borrow();
                match (&*now, mine) {
                    (Some((current, _)), Some((own, connection))) => {
                        current == own && connection.is_open()
                    }
                    _ => false,
                }
            }
        }
    }

    /// Opens it where it is not.
    pub async fn open(&mut self, dialer: &Dialer) -> Result<(), Failure> {
        if self.is_open() {
            return Ok(());
        }
        match self {
            Self::Http1(connection) => {
                let stream = dialer.connect(Alpn::Http1).await?;
                *connection = Some(Box::new(http1::Connection::new(stream)));
            }
            Self::Http2 { shared, mine } => *mine = Some(shared.open(dialer).await?),
        }
        Ok(())
    }

    /// How often the last request may be sent again, which failed. The service of HTTP/2 says that it has not looked at
    /// it. HTTP/1.1 has no word for that: a connection that was idle and ends without a word was most likely closed
    /// while the request was on its way, as services do with connections that idle. Once more on a new connection is
    /// safe for a request that may be made twice, and a service that dies of it dies again.
    pub fn may_again(&self, method: &Method) -> u32 {
        match self {
            Self::Http2 {
                mine: Some((_, connection)),
                ..
            } if connection.was_stale() => AGAIN,
            Self::Http1(Some(connection)) if connection.was_stale() && method.is_idempotent() => 1,
            _ => 0,
        }
    }

    /// Drops what cannot serve again.
    pub fn tidy(&mut self) {
        if let Self::Http1(connection) = self
            && connection
                .as_mut()
                .is_some_and(|one| !one.is_open() || !one.is_quiet())
        {
            *connection = None;
        }
    }

    /// On an open line.
    pub async fn exchange(&mut self, letter: &Letter, wanted: Wanted) -> Result<Answer, Failure> {
        match (self, &letter.prepared) {
            (Self::Http1(Some(connection)), _) => {
                let method: &Method = &letter.outgoing.method;
                connection.exchange(&letter.bytes, method, wanted).await
            }
            (
                Self::Http2 {
                    mine: Some((_, connection)),
                    ..
                },
                Some(prepared),
            ) => connection.send(prepared, wanted).await,
            (Self::Http1(None) | Self::Http2 { .. }, _) => {
                Err(Failure::new(Kind::Connect, "no connection"))
            }
        }
    }
}

impl Shared {
    async fn open(&self, dialer: &Dialer) -> Result<(u64, http2::Connection), Failure> {
        let mut generation = self.opening.lock().await;
        if let Some(known) = &*self.now.borrow()
            && known.1.is_open()
        {
            return Ok(known.clone());
        }
        let stream = dialer.connect(Alpn::Http2).await?;
        let connection = http2::open(stream).await?;
        *generation += 1;
        *self.now.borrow_mut() = Some((*generation, connection.clone()));
        Ok((*generation, connection))
    }
}
