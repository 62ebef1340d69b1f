//! TOML files as forms with known fields: what is unknown or wrong is refused with its line, its column and the
//! nearest known name. What the fields mean is said by those who read them.

mod form;
mod habits;
pub use crate::text::nearest;
mod node;
mod place;
pub mod written;

pub use form::{Field, Form};
pub use node::{Node, string};
pub use place::{FormError, LineStarts, Place, Placed, Text, value};
