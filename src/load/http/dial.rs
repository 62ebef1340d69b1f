//! Opens connections: to the first address that answers, with TLS where the scheme asks for it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::tls::{Alpn, Connector};
use super::{Failure, FailureKind};
use crate::load::scenario::{Base, Scheme, Tls};

/// A connection to the service.
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Opens connections to one service, from any thread.
pub struct Dialer {
    addresses: Vec<SocketAddr>,
    connector: Option<Connector>,
}

impl Dialer {
    /// Reads the certificates that it needs. No connection is opened.
    pub fn new(base: &Base, tls: &Tls, addresses: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let connector = match base.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Connector::new(base, tls)?),
        };
        Ok(Self {
            addresses,
            connector,
        })
    }

    pub async fn connect(&self, alpn: Alpn) -> Result<Stream, Failure> {
        let tcp = self.tcp().await?;
        match &self.connector {
            None => Ok(Stream::Plain(tcp)),
            Some(connector) => {
                let stream = connector.connect(tcp, alpn).await?;
                Ok(Stream::Tls(Box::new(stream)))
            }
        }
    }

    async fn tcp(&self) -> Result<TcpStream, Failure> {
        let mut last = Failure::new(FailureKind::Connect, "the host has no address");
        for address in &self.addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Without this, small requests wait for the acknowledgement of earlier ones.
                    stream.set_nodelay(true).ok();
                    return Ok(stream);
                }
                Err(error) => {
                    let kind = match is_ours(&error) {
                        true => FailureKind::Local,
                        false => FailureKind::Connect,
                    };
                    last = Failure::new(kind, format!("connect to {address}: {error}"));
                }
            }
        }
        Err(last)
    }
}

/// Whether this machine could not connect: it has no free port, no file handle, or no memory for a socket.
fn is_ours(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable, OutOfMemory};
    matches!(error.kind(), AddrNotAvailable | AddrInUse | OutOfMemory) || is_at_a_limit(error)
}

/// The limits of the machine that have no `ErrorKind`.
#[cfg(unix)]
fn is_at_a_limit(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let limits = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    limits
        .iter()
        .any(|limit| error.raw_os_error() == Some(limit.raw_os_error()))
}

/// The limits of the machine that have no `ErrorKind`: `WSAENOBUFS` and `WSAEMFILE`.
#[cfg(not(unix))]
fn is_at_a_limit(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(10055 | 10024))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_at_its_limits_is_no_service_that_refuses() {
        for ours in [io::ErrorKind::AddrNotAvailable, io::ErrorKind::OutOfMemory] {
            assert!(is_ours(&ours.into()), "{ours}");
        }
        #[cfg(target_os = "linux")]
        for ours in [24, 23, 105, 12, 99] {
            assert!(is_ours(&io::Error::from_raw_os_error(ours)), "{ours}");
        }
        for theirs in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::ConnectionReset,
        ] {
            assert!(!is_ours(&theirs.into()), "{theirs}");
        }
    }
}
