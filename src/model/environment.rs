//! What machine a run was measured on, and the key that makes timings comparable.

/// As recorded. Everything is optional: most tools record nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    pub os: Option<String>,
    pub arch: Option<String>,
    pub cpu: Option<String>,
    pub cores: Option<u32>,
    pub memory_gib: Option<f64>,
    pub runner: Option<String>,
    pub kernel: Option<String>,
    pub image: Option<String>,
    pub compiler: Option<String>,
    /// Given by the user; replaces the key that would be derived.
    pub key: Option<String>,
    /// The result says nothing of its machine: this is the machine that read it.
    pub assumed: bool,
}

impl Environment {
    /// Two timings are comparable only under one key. `None` where nothing was recorded.
    pub fn key(&self) -> Option<String> {
        if let Some(key) = &self.key {
            return Some(key.clone());
        }
        let cores = self.cores.map(|n| format!("{n} cores"));
        let parts: Vec<&str> = [&self.os, &self.arch, &self.cpu, &cores]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The parts of the key in which two machines differ, in words.
    pub fn key_differences(&self, other: &Self) -> Vec<&'static str> {
        if self.key.is_some() || other.key.is_some() {
            return if self.key() == other.key() {
                Vec::new()
            } else {
                vec!["name"]
            };
        }
        [
            ("system", self.os != other.os),
            ("architecture", self.arch != other.arch),
            ("CPU model", self.cpu != other.cpu),
            ("number of cores", self.cores != other.cores),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }

    /// What is shown where it differs and does not split a baseline: name and value. Of an assumed machine only
    /// the compiler is: nobody knows on which kernel or image such a result was measured, while a compiler is
    /// never taken from the machine that reads.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let memory = self.memory_gib.map(|gib| format!("{gib} GiB"));
        let of_machine = |value| if self.assumed { &None } else { value };
        [
            ("memory", of_machine(&memory)),
            ("runner", of_machine(&self.runner)),
            ("kernel", of_machine(&self.kernel)),
            ("image", of_machine(&self.image)),
            ("compiler", &self.compiler),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.clone().map(|value| (name, value)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assumed_machine_has_a_key_and_shows_nothing_that_was_not_measured() {
        let measured = Environment {
            os: Some("linux".to_owned()),
            cores: Some(2),
            memory_gib: Some(15.6),
            runner: Some("bench-1".to_owned()),
            kernel: Some("6.8".to_owned()),
            image: Some("ubuntu24".to_owned()),
            compiler: Some("gcc 14".to_owned()),
            ..Environment::default()
        };
        let assumed = Environment {
            assumed: true,
            ..measured.clone()
        };
        assert_eq!(assumed.key(), measured.key());
        assert_eq!(measured.shown().len(), 5);
        assert_eq!(assumed.shown(), [("compiler", "gcc 14".to_owned())]);
    }
}
