//! What can be believed of measured times: what the scripted server of these tests does, and what a run says of it.
//! A program of its own, as other tests beside these would be measured with them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise and says what it saw"
)]

#[path = "../support"]
mod support {
    pub(crate) mod server;
}

mod measured;
mod server;
