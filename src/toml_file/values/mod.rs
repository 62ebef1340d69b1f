//! Kinds of values that the structs of our files are made of. Each reads itself, with a message that says what is
//! expected, and says the same in the JSON Schema.

mod any;
mod choice;
mod located;
mod plain;
mod schema;
mod tables;

pub use any::{AnyValue, Scalar};
pub use choice::{FalseOr, OneOrMany, ScalarOr, TrueOr};
pub use located::Located;
pub use plain::{
    DurationText, FilledText, PositiveDuration, True, Whole, Word, at_most_30_days, from_number,
    from_text, from_text_or_number, word,
};
pub(crate) use schema::schema;
pub(super) use tables::TABLES;
pub use tables::{FreeTable, Table, Tables};
