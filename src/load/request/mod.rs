//! From a step and a user's values to a request, and from its answer back to values: templates, data, captures,
//! checks, cookies. Pure: no connection, no clock.
//!
//! ```text
//!  Data ─► Values ─► Template ─► outgoing ─► (http) ─► examine ─► Values
//!                                   ▲           │
//!                                  Jar ◄────────┘
//! ```

mod auth;
mod data;
mod escape;
mod examine;
mod excerpt;
mod extractor;
mod headers;
mod jar;
mod json;
mod outgoing;
mod redirect;
mod target;
mod template;
#[cfg(test)]
mod tests;
mod values;

use super::scenario::Base;

pub use data::{Data, ValueGenerator, ValueGenerator as Generator};
pub use escape::Escape;
pub use examine::{examine, wanted};
pub use extractor::{Extractor, Extractor as Probe};
pub use headers::{is_connection_header, is_connection_header as belongs_to_the_wire};
pub use jar::Jar;
pub use outgoing::{is_fixed, opening, outgoing, refill};
pub use redirect::{redirected, renew_cookies};
pub use template::{Missing, Template};
pub use values::Values;

/// The values and cookies that one user has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserState {
    pub values: Values,
    pub jar: Jar,
}

impl UserState {
    pub fn new(base: &Base) -> Self {
        Self {
            values: Values::default(),
            jar: Jar::new(&base.host),
        }
    }
}
