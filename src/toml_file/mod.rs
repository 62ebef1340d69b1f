//! TOML files as forms with known fields: what is unknown or wrong is refused with its line, its column and the
//! nearest known name. What the fields mean is said by those who read them.

mod excerpt;
mod habits;
pub use crate::text::nearest;
mod place;
mod read;
#[cfg(test)]
pub(crate) mod reference;
mod values;
pub mod written;

pub use place::{FileError, LineStarts, Problem};
pub use read::{FileFormat, read};
pub(crate) use values::schema;
pub use values::{
    AnyValue, DurationText, FalseOr, FilledText, FreeTable, Located, OneOrMany, PositiveDuration,
    Scalar, ScalarOr, Table, Tables, True, TrueOr, Whole, Word, at_most_30_days, from_number,
    from_text, from_text_or_number, word,
};
