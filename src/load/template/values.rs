//! The values of a user, by name. A scenario has few names and sets them again for every iteration, so the texts keep
//! their memory and each name is stored once.

/// Generated values, cells of feeds, and captured values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// The names and their values, sorted by name.
    entries: Vec<(Box<str>, String)>,
    /// Those that stay when the others are removed, sorted by name.
    kept: Vec<(Box<str>, String)>,
}

impl Values {
    pub fn get(&self, name: &str) -> Option<&str> {
        let at = self.place(name).ok()?;
        self.entries.get(at).map(|(_, value)| value.as_str())
    }

    pub fn set(&mut self, name: &str, value: String) {
        self.rewrite(name, |buffer| *buffer = value);
    }

    /// Writes a value into the memory of the previous one.
    pub fn rewrite(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        match self.place(name) {
            Ok(at) => {
                if let Some((_, buffer)) = self.entries.get_mut(at) {
                    buffer.clear();
                    write(buffer);
                }
            }
            Err(at) => {
                let mut buffer = String::new();
                write(&mut buffer);
                self.entries.insert(at, (name.into(), buffer));
            }
        }
    }

    /// Removes all values, so that captures of one iteration are not seen by the next.
    pub fn clear(&mut self) {
        self.entries.clear();
        if !self.kept.is_empty() {
            self.entries.extend_from_slice(&self.kept);
        }
    }

    /// Keeps a value through every `clear` from now on.
    pub fn keep(&mut self, name: &str) {
        let Some(value) = self.get(name).map(str::to_owned) else {
            return;
        };
        let kept = self
            .kept
            .binary_search_by(|(known, _)| known.as_ref().cmp(name));
        match kept {
            Ok(at) => {
                if let Some((_, known)) = self.kept.get_mut(at) {
                    *known = value;
                }
            }
            Err(at) => self.kept.insert(at, (name.into(), value)),
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name_and_the_last_one_set_holds() {
        let mut values = Values::default();
        for (name, value) in [("b", "2"), ("user.email", "a@b"), ("a", "1"), ("b", "3")] {
            values.set(name, value.to_owned());
        }
        assert_eq!(values.get("a"), Some("1"));
        assert_eq!(values.get("b"), Some("3"));
        assert_eq!(values.get("user.email"), Some("a@b"));
        assert_eq!(values.get("user"), None);
        values.clear();
        assert_eq!(values.get("a"), None);
    }

    #[test]
    fn what_is_kept_stays_as_it_was_when_it_was_kept() {
        let mut values = Values::default();
        for (name, value) in [("token", "t"), ("a", "1"), ("id", "7")] {
            values.set(name, value.to_owned());
        }
        for name in ["token", "id", "absent"] {
            values.keep(name);
        }
        values.set("id", "8".to_owned());
        values.clear();
        let seen = ["a", "absent", "id", "token"].map(|name| values.get(name));
        assert_eq!(seen, [None, None, Some("7"), Some("t")]);
        values.set("id", "9".to_owned());
        values.keep("id");
        values.clear();
        assert_eq!(values.get("id"), Some("9"));
    }

    #[test]
    fn a_value_written_anew_has_nothing_of_the_one_before_and_needs_no_new_room() {
        let mut values = Values::default();
        values.set("id", "a long value that was here".to_owned());
        let buffer = values.get("id").unwrap().as_ptr();
        values.rewrite("id", |buffer| buffer.push_str("short"));
        assert_eq!(values.get("id"), Some("short"));
        assert_eq!(values.get("id").unwrap().as_ptr(), buffer);
    }
}
