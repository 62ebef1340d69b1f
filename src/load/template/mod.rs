//! What a scenario writes in its texts: placeholders for values, how values are generated, and where a value is in a
//! response. Pure, and known to the scenario, to its requests, and to nothing of the network.

mod escape;
mod excerpt;
mod extractor;
mod generator;
#[cfg(test)]
mod tests;
mod text;
mod values;

use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

pub use escape::Escape;
pub use excerpt::{SHOWN, excerpt};
pub use extractor::Extractor;
pub use generator::{MomentForm, MomentRange, ValueGenerator, random, seed_of};
pub use text::{Missing, Template};
pub use values::Values;

/// Whether a header belongs to the connection, which writes it: a scenario cannot set it.
pub fn is_connection_header(name: &HeaderName) -> bool {
    [
        &CONNECTION,
        &CONTENT_LENGTH,
        &TE,
        &TRAILER,
        &TRANSFER_ENCODING,
        &UPGRADE,
    ]
    .contains(&name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}
