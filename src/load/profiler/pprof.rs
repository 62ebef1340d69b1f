//! Profiles of pprof, as Go, Node and many profilers write them: one protobuf message, of which the fields are read that
//! make stacks. Pure.
//!
//! The format is <https://github.com/google/pprof/blob/main/proto/profile.proto>.

use std::collections::HashMap;

use crate::model::Stacks;

/// A frame of which nothing is known.
const UNKNOWN: &str = "[unknown]";

/// Of more parts no profile is made: a service has some ten thousand functions.
const MOST: usize = 2_000_000;

/// The value of one field, as it is written.
enum Written<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    /// Four or eight bytes, of which the format has none.
    Fixed,
}

/// The fields of a message. It ends at the first that is none, and then `rest` is not empty.
struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Fields<'b> {
    fn take(&mut self, length: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Written<'b>)> {
        let tag = varint(&mut self.rest)?;
        let written = match tag & 7 {
            0 => Written::Number(varint(&mut self.rest)?),
            1 => self.take(8).map(|_| Written::Fixed)?,
            2 => {
                let length = varint(&mut self.rest)?;
                Written::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Written::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, written)).filter(|(field, _)| *field > 0)
    }
}

impl<'b> Iterator for Fields<'b> {
    type Item = (u64, Written<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let before = self.rest;
        let field = self.field();
        if field.is_none() {
            self.rest = before;
        }
        field
    }
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Adds the numbers of a repeated field, which may be packed or not.
fn add_numbers(to: &mut Vec<u64>, written: &Written<'_>) -> Option<()> {
    match written {
        Written::Number(number) => to.push(*number),
        Written::Bytes(packed) => {
            let mut packed = *packed;
            while !packed.is_empty() {
                to.push(varint(&mut packed)?);
            }
        }
        Written::Fixed => return None,
    }
    Some(())
}

/// Reads all fields of a message; `None` where it is none.
fn message<'b>(
    bytes: &'b [u8],
    mut field: impl FnMut(u64, Written<'b>) -> Option<()>,
) -> Option<()> {
    let mut fields = Fields { rest: bytes };
    for (number, written) in fields.by_ref() {
        field(number, written)?;
    }
    fields.rest.is_empty().then_some(())
}

/// What the format calls a sample type: places of two texts.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    what: u64,
    unit: u64,
}

#[derive(Default)]
struct Location {
    mapping: u64,
    /// Functions, of which the first was called by the second: the compiler put them into one.
    functions: Vec<u64>,
}

#[derive(Default)]
struct Function {
    name: u64,
    system_name: u64,
    file: u64,
}

/// A message that is a profile.
#[derive(Default)]
pub(super) struct Profile<'b> {
    counted: Vec<Counted>,
    /// The place of the text that says what is meant where nobody asks.
    usual: u64,
    samples: Vec<&'b [u8]>,
    /// Files, by the numbers of mappings.
    mappings: HashMap<u64, u64>,
    locations: HashMap<u64, Location>,
    functions: HashMap<u64, Function>,
    texts: Vec<&'b [u8]>,
}

impl<'b> Profile<'b> {
    /// `None` where the bytes are something else.
    pub(super) fn parse(bytes: &'b [u8]) -> Option<Self> {
        let (mut profile, mut parts) = (Self::default(), 0);
        message(bytes, |field, written| {
            parts += 1;
            (parts <= MOST).then_some(())?;
            profile.add(field, written)
        })?;
        // By its definition the first text is empty.
        let is_profile = !profile.counted.is_empty()
            && profile.texts.first().is_some_and(|text| text.is_empty());
        is_profile.then_some(profile)
    }

    fn add(&mut self, field: u64, written: Written<'b>) -> Option<()> {
        match (field, written) {
            (1, Written::Bytes(bytes)) => {
                let mut counted = Counted::default();
                message(bytes, |field, written| {
                    match (field, written) {
                        (1, Written::Number(what)) => counted.what = what,
                        (2, Written::Number(unit)) => counted.unit = unit,
                        (1 | 2, _) => return None,
                        _ => {}
                    }
                    Some(())
                })?;
                self.counted.push(counted);
            }
            (2, Written::Bytes(bytes)) => self.samples.push(bytes),
            (3, Written::Bytes(bytes)) => {
                let (id, [file]) = numbered(bytes, [5])?;
                self.mappings.insert(id, file);
            }
            (4, Written::Bytes(bytes)) => {
                let (id, location) = location(bytes)?;
                self.locations.insert(id, location);
            }
            (5, Written::Bytes(bytes)) => {
                let (id, [name, system_name, file]) = numbered(bytes, [2, 3, 4])?;
                let function = Function {
                    name,
                    system_name,
                    file,
                };
                self.functions.insert(id, function);
            }
            (6, Written::Bytes(text)) => self.texts.push(text),
            (14, Written::Number(usual)) => self.usual = usual,
            (1..=6, _) => return None,
            _ => {}
        }
        Some(())
    }

    /// Its samples by their stacks, outermost frame first.
    pub(super) fn stacks(&self) -> Result<Stacks, String> {
        let value = self.value();
        let mut stacks = Stacks::default();
        for sample in &self.samples {
            let (mut locations, mut values) = (Vec::new(), Vec::new());
            let read = message(sample, |field, written| match field {
                1 => add_numbers(&mut locations, &written),
                2 => add_numbers(&mut values, &written),
                _ => Some(()),
            });
            read.ok_or("a sample of the profile is cut off")?;
            let count = values.get(value).copied().unwrap_or_default();
            // The difference of two profiles has negative ones.
            let count = i64::try_from(count).ok().filter(|count| *count > 0);
            if let Some(count) = count {
                let frames = locations.iter().rev().flat_map(|id| self.frames(*id));
                stacks.add(frames, count.unsigned_abs());
            }
        }
        stacks.sampled()
    }

    /// Which value of a sample counts: the one that the profile says, else the number of samples, else the last, which
    /// `go tool pprof` shows.
    fn value(&self) -> usize {
        let last = self.counted.len().saturating_sub(1);
        let position = |is: &dyn Fn(&Counted) -> bool| self.counted.iter().position(is);
        let usual = position(&|counted| self.usual > 0 && counted.what == self.usual);
        let samples = || {
            position(&|counted| {
                self.text(counted.unit).as_deref() == Some("count")
                    && self
                        .text(counted.what)
                        .is_some_and(|it| it.starts_with("sample"))
            })
        };
        usual.or_else(samples).unwrap_or(last)
    }

    /// A text that says something.
    fn text(&self, at: u64) -> Option<std::borrow::Cow<'b, str>> {
        let text = self.texts.get(usize::try_from(at).ok()?)?;
        let text = String::from_utf8_lossy(text);
        (!text.trim().is_empty()).then_some(text)
    }

    /// The frames of a location, the outermost first.
    fn frames(&self, location: u64) -> Vec<String> {
        let location = self.locations.get(&location);
        let functions = location.map_or(&[][..], |location| &location.functions);
        if !functions.is_empty() {
            let names = functions.iter().rev().map(|id| self.name(*id));
            return names.collect();
        }
        // Without symbols an address is another one in every build.
        let file = location.and_then(|location| self.mappings.get(&location.mapping));
        let file = file.and_then(|file| self.text(*file));
        let name = file.map(|file| format!("[{}]", last_part(&file)));
        vec![name.unwrap_or_else(|| UNKNOWN.to_owned())]
    }

    fn name(&self, function: u64) -> String {
        let Some(function) = self.functions.get(&function) else {
            return UNKNOWN.to_owned();
        };
        let names = [function.name, function.system_name];
        let name = names.into_iter().find_map(|name| self.text(name));
        let file = || {
            self.text(function.file)
                .map(|file| format!("[{}]", last_part(&file)))
        };
        let name = name.map(std::borrow::Cow::into_owned).or_else(file);
        name.unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The number of a message, which is its first field, and other numbers of it.
fn numbered<const N: usize>(bytes: &[u8], wanted: [u64; N]) -> Option<(u64, [u64; N])> {
    let (mut id, mut found) = (0, [0; N]);
    message(bytes, |field, written| {
        let slot = wanted
            .iter()
            .zip(&mut found)
            .find(|(own, _)| **own == field);
        let slot = slot.map(|(_, slot)| slot);
        let slot = if field == 1 { Some(&mut id) } else { slot };
        match (slot, written) {
            (Some(slot), Written::Number(number)) => *slot = number,
            (Some(_), _) => return None,
            (None, _) => {}
        }
        Some(())
    })?;
    Some((id, found))
}

fn location(bytes: &[u8]) -> Option<(u64, Location)> {
    let (id, [mapping]) = numbered(bytes, [2])?;
    let mut functions = Vec::new();
    message(bytes, |field, written| {
        if field == 4 {
            let Written::Bytes(line) = written else {
                return None;
            };
            let (function, []) = numbered(line, [])?;
            functions.push(function);
        }
        Some(())
    })?;
    Some((id, Location { mapping, functions }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that holds bytes.
    fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        assert!(length < 0x80, "one byte is enough for the tests");
        [&[(field << 3) | 2, length], content].concat()
    }

    fn numbers(fields: &[(u8, u8)]) -> Vec<u8> {
        fields
            .iter()
            .flat_map(|(field, number)| [field << 3, *number])
            .collect()
    }

    const TEXTS: [&str; 9] = [
        "",
        "samples",
        "count",
        "cpu",
        "nanoseconds",
        "main",
        "handle",
        "query",
        "/lib/libz.so.1",
    ];

    /// `main` calls `handle`, into which `query` was put, and a library without symbols.
    fn profile(more: &[u8]) -> Vec<u8> {
        let function = |id: u8, name: u8| bytes(5, &numbers(&[(1, id), (2, name)]));
        let line = |function: u8| bytes(4, &numbers(&[(1, function), (2, 77)]));
        let location = |id: u8, lines: &[u8]| {
            bytes(4, &[numbers(&[(1, id), (2, 1)]), lines.to_vec()].concat())
        };
        [
            bytes(1, &numbers(&[(1, 1), (2, 2)])),
            bytes(1, &numbers(&[(1, 3), (2, 4)])),
            // Packed, the leaf first.
            bytes(2, &[bytes(1, &[2, 1]), bytes(2, &[3, 30])].concat()),
            // And not packed.
            bytes(2, &numbers(&[(1, 3), (1, 1), (2, 1), (2, 10)])),
            bytes(3, &numbers(&[(1, 1), (5, 8)])),
            location(1, &line(1)),
            location(2, &[line(3), line(2)].concat()),
            location(3, &[]),
            function(1, 5),
            function(2, 6),
            function(3, 7),
            TEXTS
                .iter()
                .flat_map(|text| bytes(6, text.as_bytes()))
                .collect(),
            more.to_vec(),
        ]
        .concat()
    }

    fn read(bytes: &[u8]) -> Vec<(String, f64)> {
        let stacks = Profile::parse(bytes).unwrap().stacks().unwrap();
        let shares = stacks.shares();
        shares
            .map(|(frames, share)| (frames.join(";"), share))
            .collect()
    }

    #[test]
    fn what_was_inlined_has_a_frame_and_what_has_no_symbols_its_library() {
        let expected = [
            ("main;[libz.so.1]".to_owned(), 0.25),
            ("main;handle;query".to_owned(), 0.75),
        ];
        assert_eq!(read(&profile(&[])), expected);
        assert_eq!(
            Profile::parse(&profile(&[]))
                .unwrap()
                .stacks()
                .unwrap()
                .samples(),
            4
        );
    }

    #[test]
    fn a_profile_may_say_which_of_its_values_is_meant() {
        let usual = profile(&numbers(&[(14, 3)]));
        assert_eq!(
            Profile::parse(&usual).unwrap().stacks().unwrap().samples(),
            40
        );
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_no_profile_and_never_a_panic() {
        let whole = profile(&[]);
        let mut profiles = 0;
        for end in 0..whole.len() {
            if let Some(cut) = Profile::parse(&whole[..end]) {
                profiles += 1;
                drop(cut.stacks());
            }
        }
        assert!(
            profiles <= TEXTS.len(),
            "where a field happens to end: {profiles}"
        );
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut broken = whole.clone();
                broken[at] ^= 1 << bit;
                drop(Profile::parse(&broken).map(|profile| profile.stacks()));
            }
        }
        for text in [
            "",
            "main;handle;query 97\n",
            "\n\nmain;a 12\n",
            "{\"json\": true}",
        ] {
            assert!(Profile::parse(text.as_bytes()).is_none(), "{text}");
        }
        // A sample of a place that nobody described.
        let lost = profile(&bytes(2, &numbers(&[(1, 99), (2, 4)])));
        assert!(read(&lost).contains(&(UNKNOWN.to_owned(), 0.5)));
    }
}
