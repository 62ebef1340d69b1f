//! `[values]`: how each is made.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::schema_rules::{low_and_high, two_at_most, two_numbers, words};
use super::surroundings::Reader;
use crate::load::template::{MomentForm, MomentRange, ValueGenerator};
use crate::toml_file::{
    FreeTable, Located, OneOrMany, Problem, Scalar, True, Whole, from_text, schema,
};

/// How a value is made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum GeneratorFile {
    /// A whole number, both ends included
    Int(#[schemars(schema_with = "low_and_high")] Located<Vec<Located<i64>>>),
    /// A number, both ends included, with as many decimals as they are written with: `[0.50, 99.99]`
    Float(#[schemars(schema_with = "two_numbers")] Located<Vec<Located<Scalar>>>),
    /// One of these, each as likely
    Choice(#[schemars(schema_with = "words")] Located<Vec<Located<Scalar>>>),
    /// So many letters and digits
    Text(#[schemars(title = "length")] Whole<1, 65_536>),
    /// A random UUID
    Uuid(True),
    /// A number that no other iteration of the level has; 1, 2, 3 without a gap where the iterations are limited or a rate is asked for
    Counter(True),
    /// A day, counted from the one on which the run began: `2026-12-24`; `-7d` is a week before
    Date(Located<FromNow>),
    /// A time, counted from when the run began: `2026-12-24T18:00:00Z`
    Time(Located<FromNow>),
    /// The same in seconds since 1970
    Timestamp(Located<FromNow>),
    /// A JSON list of values that are made anew, as many as its `length` says
    List(Box<ListFile>),
    /// A JSON object of values that are made anew, by name
    Object(#[schemars(title = "table")] Located<FreeTable<GeneratorFile>>),
}

/// A list of values.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListFile {
    /// How each value of it is made, like one of `[values]`
    #[schemars(title = "table")]
    pub(super) of: Located<GeneratorFile>,
    /// How many there are: a number, or `[low, high]` with both ends
    #[schemars(title = "number, or two", transform = two_at_most)]
    pub(super) length: OneOrMany<Whole<0, 1000>>,
}

/// Seconds before or after now: `0d..30d`, `-1h`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FromNow {
    low: i64,
    high: i64,
}

/// A hundred years, in days.
const FARTHEST: i64 = 36_525;
const DAY: i64 = 86_400;

impl FromNow {
    fn parse(text: &str) -> Result<Self, String> {
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let (low, high) = (offset(low)?, offset(high)?);
        match low <= high {
            true => Ok(Self { low, high }),
            false => Err(format!("`{text}` ends before it begins")),
        }
    }
}

/// `-7d` in seconds.
fn offset(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is no time from now; write it like 0d..30d, or -1h");
    let (number, seconds) = [("d", DAY), ("h", 3600), ("m", 60), ("s", 1)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(wrong)?;
    let number: i64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(seconds) {
        Some(offset) if offset.abs() <= FARTHEST * DAY => Ok(offset),
        _ => Err(format!("`{text}` is more than a hundred years from now")),
    }
}

impl<'de> Deserialize<'de> for FromNow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, Self::parse)
    }
}

schema!(FromNow, {
    "title": "time from now",
    "type": "string",
    "pattern": "^\\s*[+-]?[0-9]+[dhms]\\s*(\\.\\.\\s*[+-]?[0-9]+[dhms]\\s*)?$",
    "examples": ["0d..30d", "-1h"],
});

/// How a value of `[values]` is made.
pub(super) fn generator(
    file: &GeneratorFile,
    reader: &Reader<'_>,
) -> Result<ValueGenerator, Problem> {
    Ok(match file {
        GeneratorFile::Int(ends) => {
            let [low, high] = ends.as_slice() else {
                return Err(ends.error("expected the lowest and the highest number, like [1, 50]"));
            };
            let (low, high) = (*low.get(), *high.get());
            if low > high {
                return Err(ends.error(format!("it ends at {high}, before it begins at {low}")));
            }
            ValueGenerator::Int { low, high }
        }
        GeneratorFile::Float(ends) => float(ends, reader)?,
        GeneratorFile::Choice(entries) => ValueGenerator::Choice(choices(entries, as_text)?),
        GeneratorFile::Text(length) => ValueGenerator::Text {
            length: length.to().unwrap_or(usize::MAX),
        },
        GeneratorFile::Uuid(_) => ValueGenerator::Uuid,
        GeneratorFile::Counter(_) => ValueGenerator::Counter,
        GeneratorFile::Date(range) if range.low % DAY != 0 || range.high % DAY != 0 => {
            return Err(range.error("a date is whole days from now, like 0d..30d"));
        }
        GeneratorFile::Date(range) => moment(range, MomentForm::Date, reader),
        GeneratorFile::Time(range) => moment(range, MomentForm::Time, reader),
        GeneratorFile::Timestamp(range) => moment(range, MomentForm::Unix, reader),
        GeneratorFile::List(list) => {
            let length = |length: &Located<Whole<0, 1000>>| length.get().get();
            let (low, high) = match list.length.entries() {
                [only] => (length(only), length(only)),
                [low, high] if length(low) <= length(high) => (length(low), length(high)),
                _ => {
                    let message =
                        "expected how many there are, or the least and the most, like [1, 3]";
                    return Err(list.length.error(message));
                }
            };
            ValueGenerator::List {
                of: Box::new(part(&list.of, reader)?),
                low,
                high,
            }
        }
        GeneratorFile::Object(table) => {
            let fields = table.entries().map(|(name, field)| {
                let field = part(field, reader)?;
                Ok((name.to_owned(), field))
            });
            let fields: Vec<_> = fields.collect::<Result<_, Problem>>()?;
            if fields.is_empty() {
                return Err(table.error("there is nothing in it"));
            }
            ValueGenerator::Object(fields)
        }
    })
}

/// A value inside of a JSON document.
fn part(file: &GeneratorFile, reader: &Reader<'_>) -> Result<ValueGenerator, Problem> {
    match file {
        GeneratorFile::Choice(entries) => {
            Ok(ValueGenerator::JsonChoice(choices(entries, as_json)?))
        }
        other => generator(other, reader),
    }
}

fn moment(range: &FromNow, form: MomentForm, reader: &Reader<'_>) -> ValueGenerator {
    ValueGenerator::Moment(MomentRange {
        origin: reader.around.now().as_second(),
        low: range.low,
        high: range.high,
        form,
    })
}

fn choices(
    entries: &Located<Vec<Located<Scalar>>>,
    written: fn(&Scalar) -> Option<String>,
) -> Result<Vec<String>, Problem> {
    let mut words = Vec::new();
    for entry in entries.get() {
        let word = written(entry.get());
        words.push(word.ok_or_else(|| entry.error("expected texts or whole numbers"))?);
    }
    if words.is_empty() {
        return Err(entries.error("there is nothing to choose from"));
    }
    Ok(words)
}

fn as_text(entry: &Scalar) -> Option<String> {
    match entry {
        Scalar::Text(text) => Some(text.clone()),
        Scalar::Whole(number) => Some(number.to_string()),
        Scalar::Float(_) | Scalar::Flag(_) => None,
    }
}

fn as_json(entry: &Scalar) -> Option<String> {
    match entry {
        Scalar::Text(text) => Some(serde_json::Value::from(text.as_str()).to_string()),
        other => as_text(other),
    }
}

fn float(
    ends: &Located<Vec<Located<Scalar>>>,
    reader: &Reader<'_>,
) -> Result<ValueGenerator, Problem> {
    let [low, high] = ends.as_slice() else {
        return Err(ends.error("expected the lowest and the highest number, like [0.5, 99.5]"));
    };
    let decimal = |end: &Located<Scalar>| {
        let text = reader.as_sent(end);
        Decimal::parse(&text).ok_or_else(|| {
            end.error("expected a number with at most nine decimals, written like 0.50")
        })
    };
    let (low, high) = (decimal(low)?, decimal(high)?);
    let decimals = low.decimals.max(high.decimals);
    let units = |end: &Decimal| {
        let units = end.units_of(decimals);
        units.ok_or_else(|| ends.error("the numbers are too large for so many decimals"))
    };
    let (from, to) = (units(&low)?, units(&high)?);
    if from > to {
        return Err(ends.error("it ends before it begins"));
    }
    Ok(ValueGenerator::Float {
        low: from,
        high: to,
        decimals,
    })
}

/// A number as it is written: `-12.50` is -1250 with two decimals.
struct Decimal {
    units: i64,
    decimals: u8,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_number = part.len() <= 9 && part.chars().all(|c| c.is_ascii_digit());
        Some(Self {
            units: format!("{whole}{part}")
                .parse()
                .ok()
                .filter(|_| is_number)?,
            decimals: u8::try_from(part.len()).ok()?,
        })
    }

    fn units_of(&self, decimals: u8) -> Option<i64> {
        let more = u32::from(decimals.checked_sub(self.decimals)?);
        self.units.checked_mul(10_i64.checked_pow(more)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (text, units, decimals) in [
            ("1", 1, 0),
            ("-0.50", -50, 2),
            ("+12.345", 12_345, 3),
            ("0.0", 0, 1),
        ] {
            let decimal = Decimal::parse(text).unwrap();
            assert_eq!(
                (decimal.units, decimal.decimals),
                (units, decimals),
                "{text}"
            );
        }
        for bad in [
            "1e3",
            "inf",
            "nan",
            "0.0123456789",
            "",
            ".",
            "99999999999999999999.0",
        ] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Decimal::parse("1.5").unwrap().units_of(3), Some(1500));
    }

    #[test]
    fn times_from_now_have_a_sign_and_a_unit() {
        let read = |text: &str| FromNow::parse(text).map(|range| (range.low, range.high));
        assert_eq!(read("0d..30d"), Ok((0, 30 * DAY)));
        assert_eq!(read("-1h"), Ok((-3600, -3600)));
        assert_eq!(read(" -2m .. +90s "), Ok((-120, 90)));
        for bad in [
            "",
            "1",
            "d",
            "1w",
            "1.5h",
            "2d..1d",
            "1d..",
            "40000d",
            "9223372036854775807d",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
