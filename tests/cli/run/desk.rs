//! A folder in which perfgate runs, and a service that it can load.

use std::time::Duration;

pub(crate) use crate::support::desk::{Desk, Said, comes, document, finished, within};
use crate::support::server::{Reply, Script, Server};

/// What the service takes for an answer. Users that wait for it leave the generator time, on a busy machine too.
const TAKES: Duration = Duration::from_millis(5);

/// Answers `/items`.
pub(crate) fn shop() -> Server {
    Server::start(Script::new().on("/items", |_| Reply::text("ok").after(TAKES)))
}

/// Answers so slowly that an arrival which comes late on a busy machine is late by little.
pub(crate) fn slow_shop() -> Server {
    Server::start(Script::new().on("/items", |_| Reply::text("ok").after(TAKES * 100)))
}

/// Two users for so many seconds; whatever else a scenario says stands behind.
pub(crate) fn scenario(server: &Server, seconds: f64, rest: &str) -> String {
    format!(
        "base = \"{}\"\n[[step]]\nget = \"/items\"\n[load]\nusers = 2\nduration = \"{seconds}s\"\n{rest}",
        server.url("")
    )
}
