//! The timeline of a run as text and back: for each subject one text, which holds its slices as whole numbers, LEB128,
//! compressed by zlib, in base64. Of each slice: the slices since the one before, the errors, the number of buckets, and
//! of each bucket the buckets since the one before and its count. What was looked at now and then is few numbers, as
//! plain as they are.

use std::io::{Read, Write};

use base64::Engine;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::error::Flaw;
use super::form::{Entries, GaugeForm, Object, Text, TimelineForm};
use super::histogram::{BASE64, HistogramMemory};
use crate::model::timeline::{Gauge, Latencies, MOST_SLICES, Slice, Timeline, UNTOLD};
use crate::model::{EvidenceError, MetricName, Subject, Unit};

/// What the longest of our own needs, with room: 600 slices of which each holds every bucket.
const UNPACKED_LIMIT: u64 = 2 * 1024 * 1024;
/// The buckets, and the one of what is not known.
const KINDS: usize = UNTOLD as usize + 1;
/// What one bucket of one slice takes.
const PER_BUCKET: usize = size_of::<(u16, u64)>();

impl<'a> TimelineForm<'a> {
    pub(super) fn of(timeline: &'a Timeline) -> Self {
        let subjects = timeline.subjects.iter().map(|(subject, slices)| {
            let text = Text(packed(slices).into());
            (Text::of(subject.as_str()), text)
        });
        let gauges = timeline.gauges.iter().map(|(subject, gauges)| {
            let each = gauges.iter().map(|(metric, gauge)| {
                let form = Object(GaugeForm::of(gauge));
                (Text::of(metric.as_str()), form)
            });
            (Text::of(subject.as_str()), Entries(each.collect()))
        });
        Self {
            slice_s: Some(timeline.slice_s),
            subjects: Some(Entries(subjects.collect())),
            gauges: (!timeline.gauges.is_empty()).then(|| Entries(gauges.collect())),
        }
    }
}

impl<'a> GaugeForm<'a> {
    fn of(gauge: &'a Gauge) -> Self {
        let index = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let values = gauge.values.iter();
        Self {
            unit: Some(Text::of(gauge.unit.as_str())),
            values: Some(values.map(|(at, value)| (index(*at), *value)).collect()),
        }
    }
}

fn gauge(form: GaugeForm<'_>) -> Result<Gauge, Flaw> {
    let mut values: Vec<(usize, f64)> = Vec::new();
    for (index, value) in form.values.unwrap_or_default() {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let what = if index >= MOST_SLICES {
            Some(format!("has more than {MOST_SLICES} slices"))
        } else if values.last().is_some_and(|(last, _)| *last >= index) {
            Some(format!("slice {index} is not behind the one before"))
        } else if !value.is_finite() {
            Some(format!("slice {index} holds no number"))
        } else {
            None
        };
        if let Some(what) = what {
            return Err(Flaw::new(what).at("values"));
        }
        values.push((index, value));
    }
    let unit = form.unit.map_or_else(Unit::none, |unit| Unit::new(&unit.0));
    Ok(Gauge { unit, values })
}

/// The gauges of every subject.
fn take_gauges(form: TimelineForm<'_>, timeline: &mut Timeline) -> Result<(), Flaw> {
    for (name, gauges) in form.gauges.map(|gauges| gauges.0).unwrap_or_default() {
        let mut all = std::collections::BTreeMap::new();
        for (metric, Object(form)) in gauges.0 {
            let at = |flaw: Flaw| flaw.at(&metric.0).at(&name.0).at("gauges");
            let gauge = gauge(form).map_err(at)?;
            if all.insert(MetricName::new(&*metric.0), gauge).is_some() {
                return Err(Flaw::twice("metric", &metric.0).at(&name.0).at("gauges"));
            }
        }
        let subject = Subject::new(&*name.0);
        if timeline.gauges.insert(subject, all).is_some() {
            return Err(Flaw::twice("subject", &name.0).at("gauges"));
        }
    }
    Ok(())
}

pub(super) fn take(mut form: TimelineForm<'_>, memory: &HistogramMemory) -> Result<Timeline, Flaw> {
    let slice_s = form.slice_s.ok_or_else(|| {
        Flaw::new("a timeline needs `slice_s`").hint("the length of its slices, in seconds")
    })?;
    if !(slice_s > 0.0 && slice_s.is_finite()) {
        return Err(Flaw::new(format!("{slice_s} is no length of time")).at("slice_s"));
    }
    let mut timeline = Timeline::new(slice_s);
    let subjects = form.subjects.take();
    for (name, text) in subjects.map(|subjects| subjects.0).unwrap_or_default() {
        let slices = unpacked(&text.0)
            .and_then(|slices| {
                let buckets = |slice: &Slice| slice.successes.counts().len();
                let bytes = slices.iter().map(buckets).sum::<usize>() * PER_BUCKET;
                memory.take(bytes, text.0.len()).map(|()| slices)
            })
            .map_err(|error| {
                Flaw::new(error.to_string())
                    .hint("leave `timeline` out: nothing that is judged needs it")
                    .at(&name.0)
                    .at("subjects")
            })?;
        if timeline
            .subjects
            .insert(Subject::new(&*name.0), slices)
            .is_some()
        {
            return Err(Flaw::twice("subject", &name.0).at("subjects"));
        }
    }
    take_gauges(form, &mut timeline)?;
    Ok(timeline)
}

fn bad(why: &str) -> EvidenceError {
    EvidenceError::BadTimeline(why.to_owned())
}

fn packed(slices: &[Slice]) -> String {
    let mut plain = Vec::new();
    let mut next = 0;
    for slice in slices {
        push(&mut plain, (slice.index - next.min(slice.index)) as u64);
        next = slice.index + 1;
        push(&mut plain, slice.errors);
        let counts = slice.successes.counts();
        push(&mut plain, counts.len() as u64);
        let mut above = 0;
        for (bucket, count) in counts {
            push(&mut plain, u64::from(bucket.saturating_sub(above)));
            above = bucket + 1;
            push(&mut plain, *count);
        }
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(&plain).and_then(|()| encoder.finish());
    // Memory takes every byte.
    debug_assert!(written.is_ok());
    BASE64.encode(written.unwrap_or_default())
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn unpacked(text: &str) -> Result<Vec<Slice>, EvidenceError> {
    let packed = BASE64
        .decode(text.trim())
        .map_err(|error| bad(&format!("is not base64: {error}")))?;
    let mut plain = Vec::new();
    ZlibDecoder::new(packed.as_slice())
        .take(UNPACKED_LIMIT + 1)
        .read_to_end(&mut plain)
        .map_err(|error| bad(&format!("cannot be unpacked: {error}")))?;
    if plain.len() as u64 > UNPACKED_LIMIT {
        return Err(bad("is larger than any real one"));
    }
    let mut numbers = Numbers(&plain);
    let (mut slices, mut next) = (Vec::new(), 0);
    while !numbers.0.is_empty() {
        let index = numbers.place(next, MOST_SLICES, "slices")?;
        next = index + 1;
        let errors = numbers.next()?;
        let many = numbers.next()?;
        let (mut counts, mut above) = (Vec::new(), 0);
        for _ in 0..many {
            let bucket = numbers.place(above, KINDS, "buckets")?;
            above = bucket + 1;
            let count = numbers.next()?;
            if count == 0 {
                return Err(bad("holds a bucket with nothing in it"));
            }
            counts.push((u16::try_from(bucket).unwrap_or(u16::MAX), count));
        }
        slices.push(Slice {
            index,
            errors,
            successes: Latencies::of(counts),
        });
    }
    Ok(slices)
}

/// The numbers that are left.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    /// No count of a run reaches 2^48; with larger ones sums would overflow.
    const MOST: u64 = 1 << 48;

    fn next(&mut self) -> Result<u64, EvidenceError> {
        let mut number = 0_u64;
        for shift in (0..49).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or_else(|| bad("is cut off"))?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return match number < Self::MOST {
                    true => Ok(number),
                    false => Err(bad("holds a number that is too large")),
                };
            }
        }
        Err(bad("holds a number that is too large"))
    }

    /// The place that the next number gives, counted from `from`; it has to be below the end.
    fn place(&mut self, from: usize, end: usize, of: &str) -> Result<usize, EvidenceError> {
        let gap = usize::try_from(self.next()?).unwrap_or(usize::MAX);
        let place = from.saturating_add(gap);
        let within = (place < end).then_some(place);
        within.ok_or_else(|| bad(&format!("has more than {end} {of}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As full as they come: five subjects, ten minutes at 20,000 requests a second, latencies over two decades.
    #[test]
    fn a_full_timeline_is_small() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut slice = |index| {
            let mut one = || {
                let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
                (Latencies::bucket(2_000.0 * (0.6 * normal).exp()), 1)
            };
            let successes = Latencies::of((0..2_000).map(|_| one()));
            Slice {
                index,
                errors: 3,
                successes,
            }
        };
        let slices: Vec<Slice> = (0..MOST_SLICES).map(&mut slice).collect();
        let text = packed(&slices);
        assert!(text.len() < 60_000, "{}", text.len());
        assert_eq!(unpacked(&text).unwrap(), slices);
    }

    #[test]
    fn what_is_no_timeline_is_refused_with_its_reason() {
        let of = |numbers: &[u64]| {
            let mut plain = Vec::new();
            numbers.iter().for_each(|number| push(&mut plain, *number));
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&plain).unwrap();
            BASE64.encode(encoder.finish().unwrap())
        };
        for (text, why) in [
            ("!".to_owned(), "is not base64"),
            ("AAAA".to_owned(), "cannot be unpacked"),
            (of(&[600, 0, 0]), "has more than 600 slices"),
            (of(&[0, 0, 1, 305, 1]), "has more than 305 buckets"),
            (of(&[0, 0, 1, 3, 0]), "with nothing in it"),
            (of(&[0, 0, 2, 3, 1]), "is cut off"),
            (of(&[0, 1 << 48, 0]), "too large"),
            (of(&vec![0; 3 << 20]), "larger than any real one"),
        ] {
            let said = unpacked(&text).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        assert_eq!(unpacked(&of(&[])).unwrap(), []);
    }
}
