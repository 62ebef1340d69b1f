//! Globs over names. Only `*` and `?` mean something, for the names of the field are full of brackets and
//! braces (`/users/{id}`, `test_parse[large]`).

use std::fmt;

/// A glob that matches a whole name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    pub fn new(glob: impl Into<String>) -> Self {
        Self(glob.into())
    }

    pub fn any() -> Self {
        Self("*".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it matches one name only.
    pub fn is_plain(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Linear in the name for each star: on a mismatch only the last star gives way.
    pub fn matches(&self, name: &str) -> bool {
        // Most rules of a long policy name their series, or begin with what it does not.
        let plain = self.0.find(['*', '?']);
        match plain {
            None => return self.0 == name,
            Some(at)
                if !name
                    .as_bytes()
                    .starts_with(self.0.as_bytes().get(..at).unwrap_or_default()) =>
            {
                return false;
            }
            Some(_) if self.is_any() => return true,
            Some(_) => {}
        }
        let (glob, name): (Vec<char>, Vec<char>) =
            (self.0.chars().collect(), name.chars().collect());
        let (mut g, mut n) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while n < name.len() {
            match glob.get(g) {
                Some('*') => {
                    retry = Some((g + 1, n));
                    g += 1;
                }
                Some(c) if *c == '?' || Some(c) == name.get(n) => {
                    g += 1;
                    n += 1;
                }
                _ => match retry {
                    Some((after_star, from)) => {
                        retry = Some((after_star, from + 1));
                        g = after_star;
                        n = from + 1;
                    }
                    None => return false,
                },
            }
        }
        glob.iter().skip(g).all(|c| *c == '*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_and_brackets_are_plain() {
        for (glob, name, is) in [
            ("GET /search*", "GET /search?q=a", true),
            ("GET /search*", "POST /search", false),
            ("*", "", true),
            ("*/users/{id}", "GET /users/{id}", true),
            ("test[?]", "test[a]", true),
            ("test[?]", "testa", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("", "x", false),
            ("**", "x", true),
        ] {
            assert_eq!(Pattern::new(glob).matches(name), is, "{glob} on {name}");
        }
    }
}
