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

    /// What is shown where it differs and does not split a baseline: name and value.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let memory = self.memory_gib.map(|gib| format!("{gib} GiB"));
        [
            ("memory", &memory),
            ("runner", &self.runner),
            ("kernel", &self.kernel),
            ("image", &self.image),
            ("compiler", &self.compiler),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.clone().map(|value| (name, value)))
        .collect()
    }
}
