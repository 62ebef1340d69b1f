//! HTTP/1.1 on one connection: a request is sent in one write, and parts of the response that nobody needs are not
//! kept.
//!
//! It is written by hand because it is the hot path of the load generator: `cargo bench --bench http_client` compares
//! what it costs with hyper.

mod chunked;
mod encode;
mod head;
mod listen;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::dial::Stream;
use super::{Failure, FailureKind, Response, Wanted};
use chunked::{Chunked, Piece};
use head::{Framing, Head};

pub use encode::{authority, encode};

/// The idle time after which a service may have closed the connection.
const IDLE: Duration = Duration::from_millis(20);
/// The initial size of a connection's buffer; there may be thousands of them.
const SMALLEST: usize = 2 * 1024;
/// The largest size of a connection's buffer, into which a head must fit.
const LARGEST: usize = 64 * 1024;
/// The size of the buffer for bodies, which all connections of a thread share.
const PIECE: usize = 128 * 1024;

thread_local! {
    static SHARED_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into_boxed_slice());
}
/// How much is kept of an error's body, which says what was wrong.
const ERROR_EXCERPT: usize = 4 * 1024;
/// The largest body that can be examined.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// One connection, on which requests follow each other.
pub struct Connection<S = Stream> {
    stream: S,
    buffer: Vec<u8>,
    /// The number of bytes in the buffer that came from the server and were not used yet.
    filled: usize,
    open: bool,
    /// Whether any byte of the current response has arrived.
    has_begun: bool,
    /// When the last response had arrived.
    answered: Option<Instant>,
    /// Whether the connection was idle for `REST` when the current request was sent.
    was_idle: bool,
    last: Option<Box<CachedHead>>,
}

/// The previous head. Most services send the same head again and again, until the second of its date changes; the same
/// bytes in response to the same method mean the same.
struct CachedHead {
    bytes: Vec<u8>,
    method: Method,
    head: Head,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: vec![0; SMALLEST],
            filled: 0,
            open: true,
            has_begun: false,
            answered: None,
            was_idle: false,
            last: None,
        }
    }

    /// Whether another request can be sent. This is false also after an exchange that was given up half-way.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the last failure was that of an idle connection that ended before any byte of the response. A connection
    /// that ends while it is in use is the service's failure.
    pub fn was_stale(&self) -> bool {
        self.was_idle && !self.has_begun
    }

    /// Whether the server has sent nothing since its last response. Where it has closed the connection, or sent
    /// something unasked, the next request needs another connection: it would fail here without being the service's
    /// fault. A connection that ends after the request was sent is the service's fault.
    pub fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let mut byte = [0];
        let mut byte = ReadBuf::new(&mut byte);
        Pin::new(&mut self.stream)
            .poll_read(&mut context, &mut byte)
            .is_pending()
    }

    /// Sends an encoded request and reads its response. The headers of a redirect are always kept. If the future is
    /// dropped, the connection counts as closed.
    pub async fn exchange(
        &mut self,
        bytes: &[u8],
        method: &Method,
        wanted: Wanted,
    ) -> Result<Response, Failure> {
        self.begin();
        self.send(bytes).await?;
        let mut answer = Response::default();
        let head = self.head(method, wanted, &mut answer).await?;
        answer.status = head.status;
        answer.begun = Some(Instant::now());
        self.body(head, wanted, &mut answer).await?;
        self.end(head.keep);
        Ok(answer)
    }

    /// Before a request.
    fn begin(&mut self) {
        self.open = false;
        self.has_begun = false;
        self.was_idle = self.answered.is_some_and(|at| at.elapsed() >= IDLE);
        self.filled = 0;
    }

    /// Behind its response, after which the connection is kept or not.
    fn end(&mut self, keep: bool) {
        // Surplus bytes would be read as the next response.
        self.open = keep && self.filled == 0;
        self.answered = Some(Instant::now());
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match sent.await {
            Ok(()) => Ok(()),
            // A server may respond and close before it has read the whole request; its response can still be read.
            Err(error) if closed(&error) => Ok(()),
            Err(error) => Err(broken(format!("send the request: {error}"))),
        }
    }

    /// Reads more bytes into the buffer. Returns how many were read, which is zero at the end of the stream.
    async fn fill(&mut self) -> io::Result<usize> {
        if self.filled == self.buffer.len() && self.filled < LARGEST {
            self.buffer.resize((self.filled * 4).min(LARGEST), 0);
        }
        let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let read = self.stream.read(space).await?;
        self.filled += read;
        self.has_begun |= read > 0;
        Ok(read)
    }

    fn received(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Removes the first bytes of the buffer.
    fn consume(&mut self, count: usize) {
        self.buffer
            .copy_within(count.min(self.filled)..self.filled, 0);
        self.filled = self.filled.saturating_sub(count);
    }

    /// Reads the head of the response, past informational ones. The buffer then begins with the body.
    async fn head(
        &mut self,
        method: &Method,
        wanted: Wanted,
        answer: &mut Response,
    ) -> Result<Head, Failure> {
        loop {
            if self.filled > 0 {
                if !wanted.headers
                    && let Some(head) = self.same_head(method)
                {
                    self.consume(head.length);
                    return Ok(head);
                }
                let headers = head::Headers {
                    always: wanted.headers,
                    kept: &mut answer.headers,
                };
                let head = head::read(self.received(), method, headers).map_err(broken)?;
                match head {
                    Some(head) if head.status == 101 => {
                        return Err(broken("101 Switching Protocols, which nobody asked for"));
                    }
                    Some(head) => {
                        self.remember(head, method);
                        self.consume(head.length);
                        if head.status >= 200 {
                            return Ok(head);
                        }
                        continue;
                    }
                    None if self.filled >= LARGEST => {
                        return Err(broken("an answer whose head is larger than 64 KiB"));
                    }
                    None => {}
                }
            }
            match self.fill().await {
                Ok(0) if self.has_begun => {
                    return Err(broken("closed in the middle of the answer's head"));
                }
                Ok(0) => return Err(broken("closed by the server before it answered")),
                Ok(_) => {}
                Err(error) => return Err(broken(format!("read the answer: {error}"))),
            }
        }
    }

    /// The previous head, where this one has the same bytes.
    fn same_head(&self, method: &Method) -> Option<Head> {
        let last = self.last.as_ref()?;
        (self.received().starts_with(&last.bytes) && last.method == method).then_some(last.head)
    }

    fn remember(&mut self, head: Head, method: &Method) {
        // Redirects are left out because their headers are needed, informational heads because another head follows.
        let is_plain = head.status >= 200 && !(300..400).contains(&head.status);
        let Some(bytes) = self.buffer.get(..head.length).filter(|_| is_plain) else {
            return;
        };
        match &mut self.last {
            Some(last) => {
                last.bytes.clear();
                last.bytes.extend_from_slice(bytes);
                last.method.clone_from(method);
                last.head = head;
            }
            None => {
                self.last = Some(Box::new(CachedHead {
                    bytes: bytes.to_vec(),
                    method: method.clone(),
                    head,
                }));
            }
        }
    }

    async fn body(
        &mut self,
        head: Head,
        wanted: Wanted,
        answer: &mut Response,
    ) -> Result<(), Failure> {
        let mut kept = BodyBuffer {
            most: match wanted.body {
                true => LARGEST_BODY,
                false if head.status >= 400 => ERROR_EXCERPT,
                false => 0,
            },
            wanted: wanted.body,
            bytes: Vec::new(),
            received: 0,
        };
        match head.framing {
            Framing::Length(length) => self.sized(length, &mut kept).await?,
            Framing::Chunked => self.chunked(&mut kept).await?,
            Framing::UntilClose => self.until_close(&mut kept).await?,
        }
        answer.received = kept.received;
        answer.head = u64::try_from(head.length).unwrap_or_default();
        answer.body = Bytes::from(kept.bytes);
        Ok(())
    }

    /// Reads the next piece of a body and passes it to `take`; `None` at the end of the stream.
    async fn piece<T>(
        &mut self,
        most: u64,
        mut take: impl FnMut(&[u8]) -> T,
    ) -> Result<Option<T>, Failure> {
        let most = usize::try_from(most).unwrap_or(PIECE).min(PIECE);
        let read = poll_fn(|context| {
            SHARED_BUFFER.with_borrow_mut(|shared| {
                let mut buffer = ReadBuf::new(shared.get_mut(..most).unwrap_or_default());
                ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
                let read = buffer.filled();
                Poll::Ready(io::Result::Ok((!read.is_empty()).then(|| take(read))))
            })
        });
        read.await.map_err(|error| body_failure(&error))
    }

    async fn sized(&mut self, length: u64, kept: &mut BodyBuffer) -> Result<(), Failure> {
        let here = usize::try_from(length).map_or(self.filled, |length| length.min(self.filled));
        kept.expect(length);
        kept.take(self.received().get(..here).unwrap_or_default())?;
        self.consume(here);
        while kept.received < length {
            let left = length - kept.received;
            // One byte more than is missing: a read that is not filled tells that nothing else has arrived, and the next
            // request need not ask for that.
            let piece = self.piece(left.saturating_add(1), |piece| {
                let own = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
                let (own, behind) = piece.split_at(own);
                kept.take(own).map(|()| behind.len())
            });
            match piece.await? {
                // Surplus bytes after the end: the connection is not used again.
                Some(behind) => self.filled = behind?,
                None => {
                    let got = kept.received;
                    return Err(broken(format!(
                        "closed in the middle of the body: {got} of {length} bytes"
                    )));
                }
            }
        }
        Ok(())
    }

    async fn chunked(&mut self, kept: &mut BodyBuffer) -> Result<(), Failure> {
        let mut chunked = Chunked::new();
        if let Some(behind) = kept.chunks(&mut chunked, self.received())? {
            self.consume(self.filled - behind);
            return Ok(());
        }
        self.filled = 0;
        loop {
            let more = self.piece(u64::MAX, |piece| kept.chunks(&mut chunked, piece));
            match more.await? {
                Some(end) => {
                    if let Some(behind) = end? {
                        // Surplus bytes after the end: the connection is not used again.
                        self.filled = behind.min(self.buffer.len());
                        return Ok(());
                    }
                }
                None => return Err(broken("closed in the middle of a chunked body")),
            }
        }
    }

    async fn until_close(&mut self, kept: &mut BodyBuffer) -> Result<(), Failure> {
        kept.take(self.received())?;
        self.filled = 0;
        while let Some(taken) = self.piece(u64::MAX, |piece| kept.take(piece)).await? {
            taken?;
        }
        Ok(())
    }
}

/// The part of a body that is kept.
struct BodyBuffer {
    wanted: bool,
    /// How many bytes are kept of a body that is not wanted.
    most: usize,
    bytes: Vec<u8>,
    received: u64,
}

impl BodyBuffer {
    /// Reserves memory for a body of this length, within a limit, because a service may announce a wrong length.
    fn expect(&mut self, length: u64) {
        if self.wanted {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.bytes.reserve_exact(length.min(PIECE * 8));
        }
    }

    /// Takes chunks. Returns how many bytes follow the body, once it has ended.
    fn chunks(
        &mut self,
        chunked: &mut Chunked,
        mut bytes: &[u8],
    ) -> Result<Option<usize>, Failure> {
        loop {
            match chunked.next(&mut bytes).map_err(broken)? {
                Piece::Data(data) => self.take(data)?,
                Piece::More => return Ok(None),
                Piece::End(rest) => return Ok(Some(rest.len())),
            }
        }
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Failure> {
        self.received += u64::try_from(data.len()).unwrap_or_default();
        if !self.wanted {
            let room = self.most.saturating_sub(self.bytes.len()).min(data.len());
            let begin = data.get(..room).unwrap_or_default();
            self.bytes.extend_from_slice(begin);
            return Ok(());
        }
        if self.bytes.len() + data.len() > LARGEST_BODY {
            return Err(broken("a body of more than 16 MiB cannot be looked at"));
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

fn broken(what: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Broken, what)
}

fn body_failure(error: &io::Error) -> Failure {
    broken(format!("read the answer's body: {error}"))
}

fn closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
