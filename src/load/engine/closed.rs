//! The closed model: users that each wait for an answer before they go on.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::user::{Turn, User};
use crate::load::record::AFTER_REFUSAL;
use crate::load::scenario::Pause;
use crate::load::wire::Kind;

/// One user of a closed level.
pub struct Life {
    pub user: User,
    /// When it comes, from the start of the level.
    pub delay: Duration,
    /// Whether it waits until all others are there.
    pub together: bool,
    /// How long it then waits before its first iteration, as if it had been thinking already: users that begin
    /// together would go on together.
    pub thinking: Duration,
    /// Its first iteration, and how many lie between two of its own, where all users do not count together.
    pub first: u64,
    pub stride: u64,
    pub think: Pause,
    /// Of one thread, so that ten thousand do not knock at once.
    pub door: Rc<Semaphore>,
}

impl Life {
    pub async fn live(mut self) {
        let ground = Rc::clone(&self.user.ground);
        let control = &ground.common.control;
        if self.delay > Duration::ZERO {
            sleep(self.delay).await;
        }
        if let Ok(_permit) = self.door.acquire().await {
            // One that finds no way in tries again with its first request, which then counts as failed.
            self.user.connect().await.ok();
        }
        control.one_more_ready();
        if self.together {
            let has_begun = || ground.now() >= control.begin();
            self.user.seat.until(has_begun).await;
        }
        if self.thinking > Duration::ZERO {
            sleep(self.thinking).await;
        }
        let mut own = self.first;
        let mut now = ground.now();
        while !control.is_over(now) {
            let is_counted = control.is_counted(now);
            if is_counted && !control.take_ticket() {
                break;
            }
            let turn = Turn {
                iteration: ground.common.scenario.share.global(control.number(own)),
                due: now,
                start: now,
                ours: Duration::ZERO,
                span: is_counted.then_some(0),
            };
            let turned = self.user.turn(turn).await;
            own += self.stride;
            now = turned.at;
            if matches!(turned.failed, Some(Kind::Connect | Kind::Tls | Kind::Local)) {
                sleep(AFTER_REFUSAL).await;
                now = ground.now();
            }
            if self.think.high > Duration::ZERO {
                self.user.pause(self.think).await;
                now = ground.now();
            }
        }
    }
}
