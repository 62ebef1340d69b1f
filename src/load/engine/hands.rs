//! What a user works with: its line, what it knows, and room for the request it writes.

use std::sync::Arc;
use std::time::Duration;

use super::ground::{Checked, Ground};
use super::line::Line;
use super::script::{Asked, Letter};
use crate::load::definition::secret;
use crate::load::pace::Moment;
use crate::load::request::{self, Escape, Session};
use crate::load::scenario::{Base, Socket};
use crate::load::wire::dial::{Alpn, Stream};
use crate::load::wire::websocket::{self, Rendered};
use crate::load::wire::{Answer, Failure, Kind, Outgoing, Wanted};

pub struct Hands {
    pub line: Line,
    pub session: Session,
    room: Letter,
}

/// An answer whose last byte has come, and when.
pub struct Answered {
    answer: Answer,
    /// How long it took to write the request.
    pub writing: Duration,
    /// When it was sent: once it was written, and once there was a connection.
    pub sent: Moment,
    pub done: Moment,
}

impl Hands {
    pub fn new(line: Line, base: &Base) -> Self {
        Self {
            line,
            session: Session::new(base),
            room: Letter::empty(),
        }
    }

    /// Sends a request and reads its answer to the last byte, behind any redirects.
    pub async fn ask(
        &mut self,
        ground: &Ground,
        asked: &Asked,
        start: Moment,
    ) -> Result<Answered, Failure> {
        let scenario = &ground.common.scenario;
        let (letter, mut sent) = match &asked.fixed {
            Some(letter) => (letter, start),
            None => {
                let room = &mut self.room;
                request::refill(
                    &asked.call,
                    &scenario.base,
                    &self.session,
                    &mut room.outgoing,
                )?;
                room.seal(scenario)?;
                (&*room, ground.now())
            }
        };
        let writing = sent.since(start);
        self.line.tidy();
        if !self.line.is_open() {
            self.line.open(&ground.common.dialer).await?;
            sent = ground.now();
        }
        let mut answer = send(&mut self.line, ground, letter, asked.wanted).await?;
        let mut done = ground.now();
        if scenario.cookies {
            self.session.jar.take(&answer, &letter.outgoing.target);
        }
        if (300..400).contains(&answer.status) && scenario.redirects > 0 {
            let previous = letter.outgoing.clone();
            answer = self.follow(ground, asked, answer, previous).await?;
            done = ground.now();
        }
        Ok(Answered {
            answer,
            writing,
            sent,
            done,
        })
    }

    /// To the answer that leads nowhere else.
    async fn follow(
        &mut self,
        ground: &Ground,
        asked: &Asked,
        mut answer: Answer,
        mut previous: Outgoing,
    ) -> Result<Answer, Failure> {
        let scenario = &ground.common.scenario;
        let base = &scenario.base;
        for _ in 0..scenario.redirects {
            let Some(next) = request::redirected(&asked.call, base, &answer, &previous) else {
                return Ok(answer);
            };
            previous = next?;
            if scenario.cookies {
                request::renew_cookies(&asked.call, base, &self.session, &mut previous)?;
            }
            self.room.outgoing = previous.clone();
            self.room.seal(scenario)?;
            self.line.tidy();
            self.line.open(&ground.common.dialer).await?;
            answer = send(&mut self.line, ground, &self.room, asked.wanted).await?;
            if scenario.cookies {
                self.session.jar.take(&answer, &previous.target);
            }
        }
        match request::redirected(&asked.call, base, &answer, &previous) {
            Some(_) => Err(Failure::new(
                Kind::Check,
                format!("more than {} redirects", scenario.redirects),
            )),
            None => Ok(answer),
        }
    }

    /// Looks at an answer, which is our time and not the service's. A large one is looked at in another thread, so that
    /// other users go on.
    pub async fn examine(
        &mut self,
        ground: &Ground,
        asked: &Asked,
        answered: Answered,
        place: Option<usize>,
    ) -> Result<(), Failure> {
        let answer = answered.answer;
        if !asked.wanted.body && asked.call.captures.is_empty() {
            let examined = request::examine(&asked.call, &answer, &mut self.session);
            return examined.map_err(|failure| explained(failure, &answer, ground, place));
        }
        let begin = ground.now();
        if answer.body.len() < LARGE {
            let examined = request::examine(&asked.call, &answer, &mut self.session);
            ground.checked(ground.now().since(begin), Checked::Here);
            return examined.map_err(|failure| explained(failure, &answer, ground, place));
        }
        let (call, mut session) = (Arc::clone(&asked.call), std::mem::take(&mut self.session));
        let clock = ground.common.control.clock;
        let aside = tokio::task::spawn_blocking(move || {
            let begin = clock.now();
            let examined = request::examine(&call, &answer, &mut session);
            (examined, session, clock.now().since(begin))
        });
        match aside.await {
            Ok((examined, session, took)) => {
                self.session = session;
                ground.checked(took, Checked::Aside);
                examined
            }
            Err(_) => Err(Failure::new(
                Kind::Check,
                "the answer could not be looked at",
            )),
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

/// With what the service said of it, where that was not heard before.
fn explained(failure: Failure, answer: &Answer, ground: &Ground, place: Option<usize>) -> Failure {
    let is_known = |place| ground.book.borrow().record.reasons.knows(place, &failure);
    let begin = answer.body.get(..EXAMPLE).unwrap_or(&answer.body);
    if failure.kind != Kind::Status || begin.is_empty() || place.is_none_or(is_known) {
        return failure;
    }
    match secret::said(&String::from_utf8_lossy(begin)) {
        Some(said) => failure.example(said),
        None => failure,
    }
}

/// So much of a body is looked through for secrets.
const EXAMPLE: usize = 4 * 1024;
/// A body from here on takes so long to look through that others would wait for it.
const LARGE: usize = 32 * 1024;

/// Again where the service never looked at the request.
async fn send(
    line: &mut Line,
    ground: &Ground,
    letter: &Letter,
    wanted: Wanted,
) -> Result<Answer, Failure> {
    let mut answer = line.exchange(letter, wanted).await;
    let mut again = 0;
    while answer.is_err() && again < line.may_again(&letter.outgoing.method) {
        again += 1;
        ground.book.borrow_mut().record.resent += 1;
        line.tidy();
        line.open(&ground.common.dialer).await?;
        answer = line.exchange(letter, wanted).await;
    }
    answer
}
