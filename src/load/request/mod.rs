//! From a step and a user's values to a request, and from its answer back to values: templates, data, captures,
//! checks, cookies. Pure: no connection, no clock.
//!
//! ```text
//!  Data ─► Values ─► Template ─► outgoing ─► (wire) ─► examine ─► Values
//!                                   ▲           │
//!                                  Jar ◄────────┘
//! ```

mod auth;
mod data;
mod escape;
mod examine;
mod headers;
mod jar;
mod json;
mod outgoing;
mod probe;
mod redirect;
mod shown;
mod target;
mod template;
#[cfg(test)]
mod tests;
mod values;

use super::scenario::Base;

pub use data::{Data, Generator};
pub use escape::Escape;
pub use examine::{examine, wanted};
pub use headers::belongs_to_the_wire;
pub use jar::Jar;
pub use outgoing::{is_fixed, opening, outgoing, refill};
pub use probe::Probe;
pub use redirect::{redirected, renew_cookies};
pub use template::{Missing, Template};
pub use values::Values;

/// What one user of the service carries from one request to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub values: Values,
    pub jar: Jar,
}

impl Session {
    pub fn new(base: &Base) -> Self {
        Self {
            values: Values::default(),
            jar: Jar::new(&base.host),
        }
    }
}
