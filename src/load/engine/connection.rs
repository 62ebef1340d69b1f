//! A user's connection: one of its own with HTTP/1.1, a share in one with HTTP/2. It is opened when it is needed, and
//! again when it was lost.

use std::cell::RefCell;
use std::rc::Rc;

use http::Method;
use tokio::sync::Mutex;

use super::script::EncodedRequest;
use crate::load::http::dial::Dialer;
use crate::load::http::events::Listener;
use crate::load::http::tls::Alpn;
use crate::load::http::{Failure, FailureKind, Response, Wanted, http1, http2};
use crate::load::scenario::{PerHost, Protocol, Scenario};

/// How often a request is sent again that the service has not looked at: it may close several connections at once.
const MOST_RETRIES: u32 = 3;

pub enum ConnectionHandle {
    Http1(Option<Box<http1::Connection>>),
    Http2 {
        shared: Rc<SharedConnection>,
        own: Option<NumberedConnection>,
    },
}

/// An HTTP/2 connection that several users share.
#[derive(Default)]
pub struct SharedConnection {
    current: RefCell<Option<NumberedConnection>>,
    /// The number of connections opened so far. The lock lets only one user open the next.
    opened: Mutex<u64>,
}

/// A connection, and which of those that one group of users opened it is.
type NumberedConnection = (u64, http2::Connection);

impl ConnectionHandle {
    pub fn is_open(&self) -> bool {
        match self {
            // A connection whose exchange was given up half-way is still here, but not open.
            Self::Http1(connection) => connection.as_ref().is_some_and(|one| one.is_open()),
            Self::Http2 { shared, own } => match (&*shared.current.borrow(), own) {
                (Some((current, _)), Some((number, connection))) => {
                    current == number && connection.is_open()
                }
                _ => false,
            },
        }
    }

    /// The handle of requests of the same user at the same time: a connection of their own, or the shared one.
    pub fn beside(&self) -> Self {
        match self {
            Self::Http1(_) => Self::Http1(None),
            Self::Http2 { shared, .. } => Self::Http2 {
                shared: Rc::clone(shared),
                own: None,
            },
        }
    }

    /// Opens the connection unless it is open.
    pub async fn open(&mut self, dialer: &Dialer) -> Result<(), Failure> {
        if self.is_open() {
            return Ok(());
        }
        match self {
            Self::Http1(connection) => {
                let stream = dialer.connect(Alpn::Http1).await?;
                *connection = Some(Box::new(http1::Connection::new(stream)));
            }
            Self::Http2 { shared, own } => *own = Some(shared.open(dialer).await?),
        }
        Ok(())
    }

    /// How often the last request, which failed, may be sent again.
    ///
    /// With HTTP/2 the service says that it has not looked at a request. HTTP/1.1 has no word for that: a connection
    /// that was idle and ends without a response was most likely closed while the request was on its way, as services
    /// do with idle connections. One retry on a new connection is safe for an idempotent request, and a service that
    /// crashes on the request crashes again.
    pub fn retries(&self, method: &Method) -> u32 {
        match self {
            Self::Http2 {
                own: Some((_, connection)),
                ..
            } if connection.was_stale() => MOST_RETRIES,
            Self::Http1(Some(connection)) if connection.was_stale() && method.is_idempotent() => 1,
            _ => 0,
        }
    }

    /// Drops a connection that cannot be used again.
    pub fn drop_unusable(&mut self) {
        if let Self::Http1(connection) = self
            && connection
                .as_mut()
                .is_some_and(|one| !one.is_open() || !one.is_quiet())
        {
            *connection = None;
        }
    }

    /// Ends a connection that no other request is to use.
    pub fn end(&mut self) {
        if let Self::Http1(connection) = self {
            *connection = None;
        }
    }

    /// Sends a request on an open connection and reads its response.
    pub async fn exchange(
        &mut self,
        request: &EncodedRequest,
        wanted: Wanted,
    ) -> Result<Response, Failure> {
        match (self, &request.http2) {
            (Self::Http1(Some(connection)), _) => {
                let method = &request.outgoing.method;
                connection.exchange(&request.http1, method, wanted).await
            }
            (
                Self::Http2 {
                    own: Some((_, connection)),
                    ..
                },
                Some(prepared),
            ) => connection.send(prepared, wanted).await,
            (Self::Http1(None) | Self::Http2 { .. }, _) => Err(not_open()),
        }
    }

    /// Sends a request on an open connection, and has somebody hear its response.
    pub async fn listen(
        &mut self,
        request: &EncodedRequest,
        listener: &mut dyn Listener,
    ) -> Result<Response, Failure> {
        match (self, &request.http2) {
            (Self::Http1(Some(connection)), _) => {
                let method = &request.outgoing.method;
                connection.listen(&request.http1, method, listener).await
            }
            (
                Self::Http2 {
                    own: Some((_, connection)),
                    ..
                },
                Some(prepared),
            ) => connection.listen(prepared, listener).await,
            (Self::Http1(None) | Self::Http2 { .. }, _) => Err(not_open()),
        }
    }
}

fn not_open() -> Failure {
    Failure::new(FailureKind::Connect, "no connection")
}

impl SharedConnection {
    async fn open(&self, dialer: &Dialer) -> Result<NumberedConnection, Failure> {
        let mut opened = self.opened.lock().await;
        if let Some(current) = &*self.current.borrow()
            && current.1.is_open()
        {
            return Ok(current.clone());
        }
        let stream = dialer.connect(Alpn::Http2).await?;
        let connection = http2::open(stream).await?;
        *opened += 1;
        *self.current.borrow_mut() = Some((*opened, connection.clone()));
        Ok((*opened, connection))
    }
}

/// The connections of one user.
pub type UserConnections = PerHost<ConnectionHandle>;

/// The connection that new users share, and how many have it.
type Sharing = RefCell<(usize, Rc<SharedConnection>)>;

/// Makes the handles of new users: each has a connection of its own to each host, or a fixed number of users share one.
pub struct ConnectionHandles {
    protocol: Protocol,
    base: Sharing,
    hosts: Vec<Sharing>,
}

impl ConnectionHandles {
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            protocol: scenario.protocol,
            base: Sharing::default(),
            hosts: scenario.hosts.iter().map(|_| Sharing::default()).collect(),
        }
    }

    pub fn next(&self) -> UserConnections {
        let hosts = self.hosts.iter().map(|host| self.handle(host));
        UserConnections::new(self.handle(&self.base), hosts.collect())
    }

    fn handle(&self, sharing: &Sharing) -> ConnectionHandle {
        match self.protocol {
            Protocol::Http1 => ConnectionHandle::Http1(None),
            Protocol::Http2 { streams } => {
                let mut shared = sharing.borrow_mut();
                if shared.0 >= streams.get() {
                    *shared = Default::default();
                }
                shared.0 += 1;
                ConnectionHandle::Http2 {
                    shared: Rc::clone(&shared.1),
                    own: None,
                }
            }
        }
    }
}
