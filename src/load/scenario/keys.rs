//! Keys of a scenario file that belong together, and what holds where a key is not there.

use std::time::Duration;

/// Of an answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Of a redirect that leads to a redirect.
pub(super) const REDIRECTS: u64 = 5;
/// Users that share a connection of HTTP/2.
pub(super) const STREAMS: usize = 10;
pub(super) const READY_WITHIN: Duration = Duration::from_secs(30);
pub(super) const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long too much has to fail before a load is ended.
pub(super) const ABORT_AFTER: Duration = Duration::from_secs(5);
/// Of one scenario; more would be no sweep but a slip.
pub(super) const MOST_LEVELS: usize = 100;
/// At once under a rate, where nobody said: as many connections as a service with its system as it comes takes.
pub(super) const USUAL_MAX_USERS: usize = 10_000;

/// Requests of one user at the same time: as many connections as a browser opens to a host.
pub const AT_ONCE: usize = 6;

/// Keys of `[load]` that belong to a rate, and those that belong to users.
pub(super) const OF_RATES: [&str; 2] = ["arrivals", "max_users"];
pub(super) const OF_USERS: [&str; 5] = ["spawn_rate", "think", "iterations", "requests", "class"];
/// Those that stages say themselves.
pub(super) const OF_STAGES: [&str; 4] = ["spawn_rate", "duration", "iterations", "requests"];

/// Each is a method with the path as its value: `get = "/items"`.
pub(super) const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
/// At most one of them is the body.
pub(super) const BODIES: [&str; 6] = ["json", "form", "multipart", "body", "body_file", "graphql"];
/// What a WebSocket has a use for.
pub(super) const OF_SOCKETS: [&str; 10] = [
    "name",
    "host",
    "websocket",
    "messages",
    "headers",
    "auth",
    "timeout",
    "think",
    "when",
    "repeat",
];
