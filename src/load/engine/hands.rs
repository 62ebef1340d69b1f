//! What a user works with: its line, what it knows, and room for the request it writes.

use http::Method;

use super::ground::Ground;
use super::line::{Line, Parcel};
use super::script::Act;
use crate::load::pace::Moment;
use crate::load::request::{self, Escape, Session};
use crate::load::scenario::{Base, Call, Socket};
use crate::load::wire::dial::{Alpn, Stream};
use crate::load::wire::websocket::{self, Rendered};
use crate::load::wire::{Answer, Failure, Kind, Outgoing, Wanted, http1};

pub struct Hands {
    pub line: Line,
    pub session: Session,
    room: Outgoing,
    bytes: Vec<u8>,
}

/// What an answer is looked at for.
struct Asked<'a> {
    call: &'a Call,
    wanted: Wanted,
}

impl Hands {
    pub fn new(line: Line, base: &Base) -> Self {
        Self {
            line,
            session: Session::new(base),
            room: Outgoing {
                method: Method::GET,
                target: String::new(),
                headers: Vec::new(),
                body: bytes::Bytes::new(),
            },
            bytes: Vec::new(),
        }
    }

    /// Returns when it was sent: at the start, or once there was a connection.
    pub async fn call(
        &mut self,
        ground: &Ground,
        act: &Act,
        start: Moment,
    ) -> Result<Moment, Failure> {
        let Act::Call {
            call,
            wanted,
            fixed,
        } = act
        else {
            return Ok(start);
        };
        let scenario = &ground.common.scenario;
        let (outgoing, bytes) = match fixed {
            Some((outgoing, bytes)) => (outgoing, &**bytes),
            None => {
                request::refill(call, &scenario.base, &self.session, &mut self.room)?;
                self.bytes.clear();
                http1::encode(&self.room, &scenario.base, &mut self.bytes);
                (&self.room, self.bytes.as_slice())
            }
        };
        let mut sent = start;
        self.line.tidy();
        if !self.line.is_open() {
            self.line.open(&ground.common.dialer).await?;
            sent = ground.now();
        }
        let parcel = Parcel {
            outgoing,
            bytes,
            wanted: *wanted,
        };
        let answer = send(&mut self.line, ground, &parcel).await?;
        if scenario.cookies {
            self.session.jar.take(&answer, &outgoing.target);
        }
        if (300..400).contains(&answer.status) && scenario.redirects > 0 {
            let asked = Asked {
                call,
                wanted: *wanted,
            };
            let previous = outgoing.clone();
            return self
                .follow(ground, &asked, answer, previous)
                .await
                .map(|()| sent);
        }
        request::examine(call, &answer, &mut self.session)?;
        Ok(sent)
    }

    async fn follow(
        &mut self,
        ground: &Ground,
        asked: &Asked<'_>,
        mut answer: Answer,
        mut previous: Outgoing,
    ) -> Result<(), Failure> {
        let scenario = &ground.common.scenario;
        let base = &scenario.base;
        for _ in 0..scenario.redirects {
            let Some(next) = request::redirected(asked.call, base, &answer, &previous) else {
                return request::examine(asked.call, &answer, &mut self.session);
            };
            previous = next?;
            if scenario.cookies {
                request::renew_cookies(asked.call, base, &self.session, &mut previous)?;
            }
            self.bytes.clear();
            http1::encode(&previous, base, &mut self.bytes);
            self.line.tidy();
            self.line.open(&ground.common.dialer).await?;
            let parcel = Parcel {
                outgoing: &previous,
                bytes: &self.bytes,
                wanted: asked.wanted,
            };
            answer = send(&mut self.line, ground, &parcel).await?;
            if scenario.cookies {
                self.session.jar.take(&answer, &previous.target);
            }
        }
        match request::redirected(asked.call, base, &answer, &previous) {
            Some(_) => Err(Failure::new(
                Kind::Check,
                format!("more than {} redirects", scenario.redirects),
            )),
            None => request::examine(asked.call, &answer, &mut self.session),
        }
    }

    /// A WebSocket on a connection of its own, open when the service has agreed to it.
    pub async fn open(
        &self,
        ground: &Ground,
        socket: &Socket,
    ) -> Result<websocket::Socket<Stream>, Failure> {
        let base = &ground.common.scenario.base;
        let opening = request::opening(socket, base, &self.session)?;
        let stream = ground.common.dialer.connect(Alpn::Http1).await?;
        websocket::connect(stream, base, &opening.target, &opening.headers).await
    }

    /// What is said over it in this iteration.
    pub fn words(&self, socket: &Socket) -> Result<Vec<Rendered>, Failure> {
        let values = &self.session.values;
        let render = |template: &request::Template| {
            let mut text = String::new();
            let rendered = template.render(values, Escape::None, &mut text);
            rendered
                .map(|()| text)
                .map_err(|missing| Failure::new(Kind::Capture, missing.to_string()))
        };
        let messages = socket.messages.iter();
        messages
            .map(|message| {
                Ok(Rendered {
                    send: render(&message.send)?,
                    awaits: message.awaits.as_ref().map(render).transpose()?,
                    times: message.times,
                })
            })
            .collect()
    }
}

/// How often a request is sent again that nobody looked at: a service may close several connections at once.
const AGAIN: u32 = 3;

/// Again where the service never looked at the request.
async fn send(line: &mut Line, ground: &Ground, parcel: &Parcel<'_>) -> Result<Answer, Failure> {
    let base = &ground.common.scenario.base;
    let mut answer = line.exchange(parcel, base).await;
    let mut again = 0;
    while answer.is_err() && line.was_stale() && again < AGAIN {
        again += 1;
        line.open(&ground.common.dialer).await?;
        answer = line.exchange(parcel, base).await;
    }
    answer
}
