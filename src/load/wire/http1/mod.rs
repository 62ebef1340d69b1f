//! HTTP/1.1 on one connection: a request goes out in one write, its answer is read without keeping what nobody
//! looks at.

mod chunked;
mod encode;
mod head;

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
use super::{Answer, Failure, Kind, Wanted};
use chunked::{Chunked, Piece};
use head::{Framing, Head};

pub use encode::{authority, encode};

/// A connection that was idle for so long may have been closed for that.
const REST: Duration = Duration::from_millis(20);
/// Thousands of connections each have one of these.
const SMALLEST: usize = 2 * 1024;
/// A head must fit in.
const LARGEST: usize = 64 * 1024;
/// Bodies are read in pieces of this size, into room that all connections of a thread have together.
const PIECE: usize = 128 * 1024;

thread_local! {
    static ROOM: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into_boxed_slice());
}
/// Of an error's body, which says what was wrong.
const SHOWN: usize = 4 * 1024;
/// Of a body that somebody looks at.
const MOST_BODY: usize = 16 * 1024 * 1024;

/// One connection, on which requests follow each other.
pub struct Connection<S = Stream> {
    stream: S,
    buffer: Vec<u8>,
    /// So much of the buffer has come from the server and is not dealt with.
    filled: usize,
    open: bool,
    /// Whether anything of the present answer has come.
    begun: bool,
    /// When its last answer had come.
    answered: Option<Instant>,
    /// Whether it had rested when the present request was sent.
    rested: bool,
    last: Option<Box<Last>>,
}

/// The head before this one. Most services say the same head again and again until the second of its date changes;
/// the same bytes in answer to the same method mean the same.
struct Last {
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
            begun: false,
            answered: None,
            rested: false,
            last: None,
        }
    }

    /// Whether another request can be sent. False also where an exchange was given up in its middle.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the last failure was that of a connection that had rested and ended without a word to the request. One
    /// that ends in the middle of its work is the service's failure.
    pub fn was_stale(&self) -> bool {
        self.rested && !self.begun
    }

    /// Whether the server has said nothing since its last answer: where it has closed the connection, or says what
    /// nobody asked for, the next request needs another one. Sent in spite of it, the request would fail for no
    /// fault of the service's; a connection that ends behind the request is its fault.
    pub fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let mut byte = [0];
        let mut byte = ReadBuf::new(&mut byte);
        Pin::new(&mut self.stream)
            .poll_read(&mut context, &mut byte)
            .is_pending()
    }

    /// Sends a request as it is and reads its answer; the headers of a redirect are always there. A future that is dropped leaves the connection closed.
    pub async fn exchange(
        &mut self,
        bytes: &[u8],
        method: &Method,
        wanted: Wanted,
    ) -> Result<Answer, Failure> {
        self.open = false;
        self.begun = false;
        self.rested = self.answered.is_some_and(|at| at.elapsed() >= REST);
        self.filled = 0;
        self.send(bytes).await?;
        let mut answer = Answer::default();
        let head = self.head(method, wanted, &mut answer).await?;
        answer.status = head.status;
        self.body(head, wanted, &mut answer).await?;
        // Bytes that nobody asked for would be taken for the next answer.
        self.open = head.keep && self.filled == 0;
        self.answered = Some(Instant::now());
        Ok(answer)
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match sent.await {
            Ok(()) => Ok(()),
            // A server may answer and close before it has read all: what it said stands to be read.
            Err(error) if closed(&error) => Ok(()),
            Err(error) => Err(broken(format!("send the request: {error}"))),
        }
    }

    /// More bytes behind those in the buffer; how many there are then, and zero at the end of the stream.
    async fn fill(&mut self) -> io::Result<usize> {
        if self.filled == self.buffer.len() && self.filled < LARGEST {
            self.buffer.resize((self.filled * 4).min(LARGEST), 0);
        }
        let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let read = self.stream.read(space).await?;
        self.filled += read;
        self.begun |= read > 0;
        Ok(read)
    }

    fn come(&self) -> &[u8] {
        self.buffer.get(..self.filled).unwrap_or_default()
    }

    /// Forgets the first bytes of the buffer.
    fn used(&mut self, count: usize) {
        self.buffer
            .copy_within(count.min(self.filled)..self.filled, 0);
        self.filled = self.filled.saturating_sub(count);
    }

    /// The head of the answer, behind any that only inform; the buffer then begins with the body.
    async fn head(
        &mut self,
        method: &Method,
        wanted: Wanted,
        answer: &mut Answer,
    ) -> Result<Head, Failure> {
        loop {
            if self.filled > 0 {
                if !wanted.headers
                    && let Some(head) = self.again(method)
                {
                    self.used(head.length);
                    return Ok(head);
                }
                let headers = head::Headers {
                    always: wanted.headers,
                    kept: &mut answer.headers,
                };
                let head = head::read(self.come(), method, headers).map_err(broken)?;
                match head {
                    Some(head) if head.status == 101 => {
                        return Err(broken("101 Switching Protocols, which nobody asked for"));
                    }
                    Some(head) => {
                        self.remember(head, method);
                        self.used(head.length);
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
                Ok(0) if self.begun => {
                    return Err(broken("closed in the middle of the answer's head"));
                }
                Ok(0) => return Err(broken("closed by the server before it answered")),
                Ok(_) => {}
                Err(error) => return Err(broken(format!("read the answer: {error}"))),
            }
        }
    }

    /// What the last head said, where this one is the same.
    fn again(&self, method: &Method) -> Option<Head> {
        let last = self.last.as_ref()?;
        (self.come().starts_with(&last.bytes) && last.method == method).then_some(last.head)
    }

    fn remember(&mut self, head: Head, method: &Method) {
        // A redirect's headers are wanted, and a head that only informs is followed by another.
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
                self.last = Some(Box::new(Last {
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
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let mut kept = Kept {
            most: match wanted.body {
                true => MOST_BODY,
                false if head.status >= 400 => SHOWN,
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
        answer.body = Bytes::from(kept.bytes);
        Ok(())
    }

    /// The next piece of a body, as it is dealt with; `None` at the end of the stream.
    async fn piece<T>(
        &mut self,
        most: u64,
        mut take: impl FnMut(&[u8]) -> T,
    ) -> Result<Option<T>, Failure> {
        let most = usize::try_from(most).unwrap_or(PIECE).min(PIECE);
        let read = poll_fn(|context| {
            ROOM.with_borrow_mut(|room| {
                let mut buffer = ReadBuf::new(room.get_mut(..most).unwrap_or_default());
                ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
                let read = buffer.filled();
                Poll::Ready(io::Result::Ok((!read.is_empty()).then(|| take(read))))
            })
        });
        read.await.map_err(|error| lost(&error))
    }

    async fn sized(&mut self, length: u64, kept: &mut Kept) -> Result<(), Failure> {
        let here = usize::try_from(length).map_or(self.filled, |length| length.min(self.filled));
        kept.expect(length);
        kept.take(self.come().get(..here).unwrap_or_default())?;
        self.used(here);
        while kept.received < length {
            let left = length - kept.received;
            match self.piece(left, |piece| kept.take(piece)).await? {
                Some(taken) => taken?,
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

    async fn chunked(&mut self, kept: &mut Kept) -> Result<(), Failure> {
        let mut chunked = Chunked::new();
        if let Some(behind) = kept.chunks(&mut chunked, self.come())? {
            self.used(self.filled - behind);
            return Ok(());
        }
        self.filled = 0;
        loop {
            let more = self.piece(u64::MAX, |piece| kept.chunks(&mut chunked, piece));
            match more.await? {
                Some(end) => {
                    if let Some(behind) = end? {
                        // Nobody asked for what stands behind the end: the connection is not used again.
                        self.filled = behind.min(self.buffer.len());
                        return Ok(());
                    }
                }
                None => return Err(broken("closed in the middle of a chunked body")),
            }
        }
    }

    async fn until_close(&mut self, kept: &mut Kept) -> Result<(), Failure> {
        kept.take(self.come())?;
        self.filled = 0;
        while let Some(taken) = self.piece(u64::MAX, |piece| kept.take(piece)).await? {
            taken?;
        }
        Ok(())
    }
}

/// A body as far as somebody will look at it.
struct Kept {
    wanted: bool,
    /// How much of it is kept where nobody wants it.
    most: usize,
    bytes: Vec<u8>,
    received: u64,
}

impl Kept {
    /// Room for a body of this length, if it is true; a service that lies gets no gigabytes.
    fn expect(&mut self, length: u64) {
        if self.wanted {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.bytes.reserve_exact(length.min(PIECE * 8));
        }
    }

    /// How many bytes stand behind the end of the body, once it has come.
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
        if self.bytes.len() + data.len() > MOST_BODY {
            return Err(broken("a body of more than 16 MiB cannot be looked at"));
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

fn broken(what: impl Into<String>) -> Failure {
    Failure::new(Kind::Broken, what)
}

fn lost(error: &io::Error) -> Failure {
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
