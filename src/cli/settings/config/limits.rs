//! Fields of a form that only `perfgate.toml` has, and its decisions with where they were made.

use toml::de::DeValue;

use crate::compare::{Origin, Quantity};
use crate::toml_file::{self, Field, Form, Place};

use super::values;

/// A decision and the place where it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    pub value: T,
    pub from: Origin,
}

pub(crate) fn decided<T>(field: toml_file::Placed<T>) -> Placed<T> {
    Placed {
        value: field.value,
        from: origin(field.from),
    }
}

pub(crate) fn origin(place: Place) -> Origin {
    Origin::new(place.to_string())
}

pub(crate) trait Limits {
    fn percent(&self, key: &str) -> Field<f64>;
    fn quantity(&self, key: &str) -> Field<Quantity>;
    fn date(&self, key: &str) -> Field<jiff::civil::Date>;
}

impl Limits for Form<'_> {
    fn percent(&self, key: &str) -> Field<f64> {
        self.field(key, |value| match value {
            DeValue::Integer(_) | DeValue::Float(_) => {
                Err("a percentage is written in quotes, like \"5%\"".to_owned())
            }
            other => values::percent(toml_file::string(other)?),
        })
    }

    fn quantity(&self, key: &str) -> Field<Quantity> {
        self.field(key, |value| match value {
            DeValue::Integer(number) => values::quantity(number.as_str()),
            DeValue::Float(number) => values::quantity(number.as_str()),
            other => values::quantity(toml_file::string(other)?),
        })
    }

    fn date(&self, key: &str) -> Field<jiff::civil::Date> {
        self.field(key, |value| {
            let wrong = || "expected a date without quotes, like 2027-01-31".to_owned();
            let written = value.as_datetime().ok_or_else(wrong)?;
            let (Some(date), None) = (written.date, written.time) else {
                return Err(wrong());
            };
            let number = |n: u8| i8::try_from(n).map_err(|_| wrong());
            let year = i16::try_from(date.year).map_err(|_| wrong())?;
            jiff::civil::Date::new(year, number(date.month)?, number(date.day)?)
                .map_err(|_| wrong())
        })
    }
}
