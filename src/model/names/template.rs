//! One name as a template: which segments of its path and which values of its query are ids.

/// What stands for the id of a path, and for a value of a query.
pub(super) const ID: &str = "{id}";
pub(super) const VALUE: &str = "…";

/// A name, taken apart where it may hold ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template<'a> {
    /// Everything up to the query, with its ids replaced.
    pub path: String,
    /// Empty where the name has no query.
    pub query: Vec<Parameter<'a>>,
    /// What follows a `#`, with it.
    fragment: &'a str,
}

/// One `key=value` of a query, with the separator before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    separator: char,
    /// With its `=`; empty where a value stands alone.
    pub key: &'a str,
    pub value: QueryValue<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryValue<'a> {
    /// It holds no digit: it may be one of a few (`FINISHED`) or text that people type.
    Word(&'a str),
    /// Anything with a digit.
    Other,
    /// It has been replaced before, in a stored name.
    Replaced,
    /// A key without a value.
    None,
}

impl<'a> Template<'a> {
    pub(super) fn of(name: &'a str) -> Self {
        let (place, query) = split_query(name);
        let (query, fragment) = match query.find('#') {
            Some(at) => query.split_at(at),
            None => (query, ""),
        };
        Self {
            path: path(place),
            query: parameters(query),
            fragment,
        }
    }

    /// The name again, where `keeps` says which words stay.
    pub(super) fn written(&self, keeps: impl Fn(&str) -> bool) -> String {
        let mut text = self.path.clone();
        for parameter in &self.query {
            text.push(parameter.separator);
            text.push_str(parameter.key);
            match parameter.value {
                QueryValue::Word(word) if keeps(parameter.key) => text.push_str(word),
                QueryValue::None => {}
                _ => text.push_str(VALUE),
            }
        }
        text.push_str(self.fragment);
        text
    }
}

/// Free text with the ids of its addresses replaced, such as the message of an error.
pub(super) fn masked(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "\"'`()<>,[]".contains(c);
    let mut masked = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends) {
        let word = piece.trim_end_matches(ends);
        let rest = piece.get(word.len()..).unwrap_or_default();
        if word.contains('/') {
            masked.push_str(&Template::of(word).written(|_| false));
        } else {
            masked.push_str(word);
        }
        masked.push_str(rest);
    }
    masked
}

/// The name up to its `?`, and the query behind it with the `?`.
fn split_query(name: &str) -> (&str, &str) {
    let from = path_start(name).unwrap_or(0);
    let is_query = |at: &usize| {
        let next = name.get(at + 1..).and_then(|rest| rest.chars().next());
        next.is_some_and(|c| !c.is_whitespace())
    };
    let mut marks = name.match_indices('?').map(|(at, _)| at);
    let has_path = name.contains('/');
    match marks.find(|at| *at >= from && is_query(at)) {
        // Without a path only what looks like `key=value` is a query: a name may be a question.
        Some(at) if has_path || name.get(at..).is_some_and(|rest| rest.contains('=')) => {
            name.split_at(at)
        }
        _ => (name, ""),
    }
}

/// Where the path begins that a name holds: the word with its first slash, after an authority.
fn path_start(name: &str) -> Option<usize> {
    let slash = name.find('/')?;
    let before = name.get(..slash)?;
    let word = before
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + 1);
    let rest = name.get(slash..)?;
    if before.ends_with(':') && rest.starts_with("//") {
        let authority = rest.get(2..)?;
        let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
        return Some(slash + 2 + end);
    }
    Some(word)
}

fn path(place: &str) -> String {
    let Some(start) = path_start(place) else {
        return place.to_owned();
    };
    let (head, path) = place.split_at(start.min(place.len()));
    let mut text = head.to_owned();
    // What stands before the first slash of a relative path is its name.
    for (index, segment) in path.split('/').enumerate() {
        if index == 0 {
            text.push_str(segment);
            continue;
        }
        text.push('/');
        match extension(segment) {
            _ if is_id(segment) => text.push_str(ID),
            Some((stem, extension)) if is_id(stem) => {
                text.push_str(ID);
                text.push_str(extension);
            }
            _ => text.push_str(segment),
        }
    }
    text
}

/// `12.json` as `12` and `.json`.
fn extension(segment: &str) -> Option<(&str, &str)> {
    let (stem, extension) = segment.split_at(segment.rfind('.')?);
    let letters = extension.get(1..)?;
    let is_one = (1..=5).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_alphanumeric())
        && letters.bytes().any(|b| b.is_ascii_alphabetic());
    is_one.then_some((stem, extension))
}

fn parameters(query: &str) -> Vec<Parameter<'_>> {
    let mut parameters = Vec::new();
    let mut rest = query;
    while let Some(separator) = rest.chars().next() {
        let body = rest.get(separator.len_utf8()..).unwrap_or_default();
        let end = body.find(['&', ';']).unwrap_or(body.len());
        let (one, after) = body.split_at(end);
        let (key, value) = match one.find('=') {
            Some(at) => {
                let (key, value) = one.split_at(at + 1);
                (key, query_value(value))
            }
            None if is_id(one) => ("", QueryValue::Other),
            None if one == VALUE => ("", QueryValue::Replaced),
            None => (one, QueryValue::None),
        };
        parameters.push(Parameter {
            separator,
            key,
            value,
        });
        rest = after;
    }
    parameters
}

fn query_value(value: &str) -> QueryValue<'_> {
    if value == VALUE {
        QueryValue::Replaced
    } else if decoded(value).chars().any(char::is_numeric) {
        QueryValue::Other
    } else {
        QueryValue::Word(value)
    }
}

/// Percent signs undone, for looking at only.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(value) if byte == b'%' => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A number, several of them, a date, a UUID or a long hexadecimal number.
fn is_id(segment: &str) -> bool {
    let text = decoded(segment);
    let text = text.trim_matches(['{', '}']);
    is_number(text) || is_date(text) || is_uuid(text) || is_long_hex(text)
}

/// `7`, `-7`, `1,2,3`, `2023-01-01`, `10:30`. A point is no part of it: `1.0` is a version.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty()
        && digits
            .split([',', ':', '_', '-'])
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// `2023-01-01T10:00:00Z` and the like; a date alone is a number above. `2023-W05` is a week.
fn is_date(text: &str) -> bool {
    let year = text.get(..4).unwrap_or_default();
    let rest = text.get(4..).unwrap_or_default();
    let date = rest.strip_prefix('-').unwrap_or(rest);
    let month = date.strip_prefix('W').unwrap_or(date);
    year.bytes().all(|b| b.is_ascii_digit())
        && year.len() == 4
        && month.bytes().take(2).filter(u8::is_ascii_digit).count() == 2
        && date
            .bytes()
            .all(|b| b.is_ascii_digit() || b":.+-TZtzW ".contains(&b))
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Shorter ones are words (`decade`); so are those without any digit.
const LEAST_HEX_DIGITS: usize = 8;

fn is_long_hex(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() >= LEAST_HEX_DIGITS
        && digits.bytes().all(|b| b.is_ascii_hexdigit())
        && digits.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(name: &str) -> String {
        Template::of(name).written(|_| true)
    }

    #[test]
    fn ids_of_a_path_are_replaced_and_words_stay() {
        for (name, expected) in [
            ("GET /match/57/odds", "GET /match/{id}/odds"),
            ("/match/57", "/match/{id}"),
            ("GET /a/-3/b/1,2,3", "GET /a/{id}/b/{id}"),
            ("GET /day/2023-01-31", "GET /day/{id}"),
            ("GET /at/2023-01-31T10:00:00Z/x", "GET /at/{id}/x"),
            ("GET /at/2023-01-31T10%3A00%3A00%2B02%3A00", "GET /at/{id}"),
            ("PUT /u/123E4567-e89b-12d3-a456-426614174000", "PUT /u/{id}"),
            ("GET /blob/9f86d081884c7d65", "GET /blob/{id}"),
            ("GET /item/42.json", "GET /item/{id}.json"),
            (
                "GET http://127.0.0.1:8080/x/5/",
                "GET http://127.0.0.1:8080/x/{id}/",
            ),
            ("users/5", "users/{id}"),
            ("fetch user/5", "fetch user/{id}"),
        ] {
            assert_eq!(template(name), expected);
            assert_eq!(template(expected), expected);
        }
        for name in [
            "GET /api/v1/users",
            "GET /api/1.0/users",
            "GET /decade/facade/deadbeef",
            "GET /mp3/h264/utf8",
            "GET /",
            "5",
            "checkout 5",
            "GET http://123/",
            "3/x",
            "GET /a//b",
            "GET /2023-report",
            "",
            "🦀/é",
        ] {
            assert_eq!(template(name), name);
        }
    }

    #[test]
    fn values_of_a_query_are_replaced_and_words_are_known() {
        for (name, expected) in [
            (
                "GET /m?page=2&status=FINISHED",
                "GET /m?page=…&status=FINISHED",
            ),
            (
                "GET /m/7?q=Premier+League;from=2023-01-01",
                "GET /m/{id}?q=Premier+League;from=…",
            ),
            ("GET /m?q=%32", "GET /m?q=…"),
            ("GET /m?debug&7&x=", "GET /m?debug&…&x="),
            ("GET /m?a=1#top", "GET /m?a=…#top"),
            ("GET http://h?a=1", "GET http://h?a=…"),
            ("search?a=1", "search?a=…"),
        ] {
            assert_eq!(template(name), expected);
            assert_eq!(template(expected), expected);
        }
        for name in ["why? 5", "why?", "is it 5?", "GET /m?"] {
            assert_eq!(template(name), name);
        }
        let all = Template::of("GET /m?page=2&status=FINISHED");
        assert_eq!(all.written(|_| false), "GET /m?page=…&status=…");
    }

    #[test]
    fn messages_lose_the_ids_of_their_addresses_and_no_other_number() {
        assert_eq!(
            masked("HTTPError('404 Client Error: Not Found for url: http://h:80/match/5?x=a')"),
            "HTTPError('404 Client Error: Not Found for url: http://h:80/match/{id}?x=…')"
        );
        let plain = "LocustBadStatusCode(code=500)";
        assert_eq!(masked(plain), plain);
    }
}
