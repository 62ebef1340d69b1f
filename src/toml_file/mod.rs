//! TOML files as forms with known fields: what is unknown or wrong is refused with its line, its column and the
//! nearest known name. What the fields mean is said by those who read them.

mod form;
mod habits;
pub use crate::text::nearest;
mod node;
mod place;
mod read;
#[cfg(test)]
pub(crate) mod reference;
mod schema;
mod values;
pub mod written;

pub use form::{Field, Form};
pub use node::{Node, string};
pub use place::{FormError, LineStarts, Place, Placed, Text, value};
pub use read::{FileFormat, Problem, read};
pub use schema::json_schema;
pub(crate) use values::schema;
pub use values::{
    AnyValue, DurationText, FalseOr, FilledText, FreeTable, Located, OneOrMany, PositiveDuration,
    Scalar, Table, True, Whole, Word, at_most_30_days, from_number, from_text,
};
