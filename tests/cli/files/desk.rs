//! A folder with some results, in which perfgate runs.

pub(crate) use crate::support::desk::{Desk, finished};

/// A run file of so many runs of one benchmark, in ms.
pub(crate) fn run_file(values: &[f64]) -> String {
    let run = |(n, value): (usize, &f64)| {
        format!(
            "{{\"schema\": \"perfgate.run/1\", \"started_at\": \"2026-11-20T10:00:{n:02}Z\", \"session\": \"s\", \
             \"environment\": {{\"key\": \"lab\"}}, \
             \"subjects\": {{\"parse\": {{\"time\": {{\"unit\": \"ms\", \"value\": {value}}}}}}}}}\n"
        )
    };
    values.iter().enumerate().map(run).collect()
}

impl Desk {
    /// With results `now.ndjson`, and a baseline `main.json` that they agree with.
    pub(crate) fn with_results() -> Self {
        let desk = Self::new();
        desk.write("old.ndjson", &run_file(&[10.0, 10.1, 9.9, 10.05, 9.95]));
        desk.write(
            "now.ndjson",
            &run_file(&[10.02, 10.07, 9.93, 10.01, 9.97]).replace("10:00", "11:00"),
        );
        desk.ends("baseline update --baseline main.json old.ndjson", 0);
        desk
    }
}
