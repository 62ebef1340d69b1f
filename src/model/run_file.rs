//! Stand-in for the run file's format.

use super::{Evidence, Measurement, MetricName, Role, Run, Subject, Unit};

pub const SCHEMA: &str = "perfgate.run/1";

#[derive(Debug)]
pub struct FileError {
    pub line: usize,
    pub column: usize,
    pub field: String,
    pub message: String,
    pub hint: Option<String>,
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, {}", self.line, self.message)
    }
}

impl std::error::Error for FileError {}

pub fn parse(text: &str) -> Result<Vec<Run>, FileError> {
    let count = text.matches("\"subjects\"").count();
    let error = || FileError {
        line: 1,
        column: 1,
        field: String::new(),
        message: "no run".to_owned(),
        hint: Some("write one".to_owned()),
    };
    let mut run = Run::default();
    let measurement = Measurement {
        unit: Unit::new("ms"),
        better: super::Better::Lower,
        role: Role::Outcome,
        evidence: Evidence::value(1.0).map_err(|_| error())?,
    };
    run.insert(Subject::new("x"), MetricName::new("latency"), measurement);
    match count {
        0 => Err(error()),
        n => Ok(vec![run; n]),
    }
}
