//! A user's connection: its own, or a share in one. Opened when it is needed, and again when it was lost.

use std::cell::RefCell;
use std::rc::Rc;

use http::Method;
use tokio::sync::Mutex;

use crate::load::scenario::Base;
use crate::load::wire::dial::{Alpn, Dialer};
use crate::load::wire::{Answer, Failure, Kind, Outgoing, Wanted, http1, http2};

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

/// One request in the forms that a line may need.
pub struct Parcel<'a> {
    pub outgoing: &'a Outgoing,
    /// Encoded for HTTP/1.1.
    pub bytes: &'a [u8],
    pub wanted: Wanted,
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

    /// Whether the service said of the last request that it has not looked at it. HTTP/1.1 has no word for that: there
    /// a connection that ends behind a request is a failure, lest a service that dies of requests looks well.
    pub fn was_stale(&self) -> bool {
        matches!(self, Self::Http2 { mine: Some((_, connection)), .. } if connection.was_stale())
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
    pub async fn exchange(&mut self, parcel: &Parcel<'_>, base: &Base) -> Result<Answer, Failure> {
        match self {
            Self::Http1(Some(connection)) => {
                let method: &Method = &parcel.outgoing.method;
                connection
                    .exchange(parcel.bytes, method, parcel.wanted)
                    .await
            }
            Self::Http2 {
                mine: Some((_, connection)),
                ..
            } => {
                connection
                    .exchange(parcel.outgoing, base, parcel.wanted)
                    .await
            }
            Self::Http1(None) | Self::Http2 { mine: None, .. } => {
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
