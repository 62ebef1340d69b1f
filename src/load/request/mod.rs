//! From a step and a user's values to a request, and from its response back to values: data, captures, checks,
//! cookies. Pure: no connection, no clock.
//!
//! ```text
//!  Data ─► Values ─► Template ─► outgoing ─► (http) ─► examine ─► Values
//!                                   ▲           │
//!                                  Jar ◄────────┘
//! ```

mod auth;
mod data;
mod decode;
mod examine;
mod headers;
mod jar;
mod json;
mod multipart;
mod outgoing;
mod read_response;
mod redirect;
mod target;
#[cfg(test)]
mod tests;
pub mod told;
mod user_state;

pub use data::Data;
pub use decode::{StreamDecoder, plain_answer};
pub use examine::{examine, wanted};
pub use jar::Jar;
pub use outgoing::{is_fixed, opening, outgoing, refill};
pub use redirect::{Answered, NextRequest, redirected, renew_cookies};
pub use user_state::UserState;
