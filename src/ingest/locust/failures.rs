//! `PREFIX_failures.csv`: why requests failed, for the warnings of a run. No figure is taken from it.

use std::collections::BTreeMap;
use std::path::Path;

use super::endpoint;
use super::table::Table;
use crate::model::{Evidence, MetricName, Role, Run, Subject};

/// The rest is in Locust's own file.
const MOST_ENDPOINTS: usize = 5;
const LONGEST_MESSAGE: usize = 120;

#[derive(Default)]
struct Reason {
    occurrences: u64,
    message: String,
}

/// Adds the most frequent error of the endpoints that failed most. A file that cannot be read takes
/// nothing from the figures, so it is itself a warning.
pub(super) fn explain(path: &Path, run: &mut Run) {
    let mut failed: Vec<(Subject, u64)> = run.subjects.iter().filter_map(failures).collect();
    if failed.is_empty() || !path.is_file() {
        return;
    }
    failed.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let left = failed.len().saturating_sub(MOST_ENDPOINTS);
    failed.truncate(MOST_ENDPOINTS);
    let mut reasons: BTreeMap<Subject, Reason> = failed
        .iter()
        .map(|(subject, _)| (subject.clone(), Reason::default()))
        .collect();
    if let Err(error) = collect(path, &mut reasons) {
        let path = path.display();
        run.warnings.push(format!(
            "why requests failed is not known: read {path}: {error:#}"
        ));
        return;
    }
    for (subject, _) in failed {
        if let Some(Reason {
            occurrences,
            message,
        }) = reasons
            .get(&subject)
            .filter(|reason| reason.occurrences > 0)
        {
            run.warnings.push(format!(
                "{subject} failed {occurrences} times with {message}"
            ));
        }
    }
    if left > 0 {
        run.warnings.push(format!(
            "{left} more endpoints had failures: see {}",
            path.display()
        ));
    }
}

fn failures((subject, metrics): (&Subject, &crate::model::run::Metrics)) -> Option<(Subject, u64)> {
    let errors = metrics.get(MetricName::ERRORS)?;
    match &errors.evidence {
        Evidence::Proportion(errors_of) if errors.role != Role::Total && errors_of.count() > 0 => {
            Some((subject.clone(), errors_of.count()))
        }
        _ => None,
    }
}

fn collect(path: &Path, reasons: &mut BTreeMap<Subject, Reason>) -> anyhow::Result<()> {
    let mut table = Table::of(super::open(path)?)?;
    let method = table.required("Method")?;
    let name = table.required("Name")?;
    let error = table.required("Error")?;
    let occurrences = table.required("Occurrences")?;
    while let Some(row) = table.next()? {
        let (subject, _) = endpoint::named(&row.text(&method)?, &row.text(&name)?);
        let occurrences = row.count(&occurrences)?;
        if let Some(reason) = reasons.get_mut(&subject)
            && occurrences > reason.occurrences
        {
            let message = shortened(&row.text(&error)?);
            *reason = Reason {
                occurrences,
                message,
            };
        }
    }
    Ok(())
}

/// The message is the tested system's text: one line, and short.
fn shortened(message: &str) -> String {
    let mut chars = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = chars.by_ref().take(LONGEST_MESSAGE).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_of_many_lines_becomes_short_and_one() {
        let short = shortened(&"é\n".repeat(200));
        assert_eq!(short.chars().count(), LONGEST_MESSAGE + 1);
        assert!(!short.contains('\n'));
        assert_eq!(shortened("404"), "404");
    }
}
