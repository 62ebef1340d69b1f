//! `PREFIX_failures.csv`: why requests failed, for the warnings of a run. No figure is taken from it.

use std::path::Path;

use super::endpoint;
use super::table::Table;
use crate::model::unsettled::Reasons;
use crate::model::{Evidence, MetricName, Role, Run, Subject};

/// Adds the most frequent error of the endpoints that failed most. A file that cannot be read takes
/// nothing from the figures, so it is itself a warning.
pub(super) fn explain(path: &Path, run: &mut Run) {
    let mut reasons = Reasons {
        failures: run.subjects.iter().filter_map(failures).collect(),
        file: path.display().to_string(),
        ..Reasons::default()
    };
    if reasons.failures.is_empty() || !path.is_file() {
        return;
    }
    if let Err(error) = collect(path, &mut reasons) {
        let path = path.display();
        run.warnings.push(format!(
            "why requests failed is not known: read {path}: {error:#}"
        ));
        return;
    }
    run.warnings.extend(reasons.sentences());
    run.unsettled.get_or_insert_default().remarks.reasons = reasons;
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

fn collect(path: &Path, reasons: &mut Reasons) -> anyhow::Result<()> {
    let mut table = Table::of(super::open(path)?)?;
    let method = table.required("Method")?;
    let name = table.required("Name")?;
    let error = table.required("Error")?;
    let occurrences = table.required("Occurrences")?;
    while let Some(row) = table.next()? {
        let (subject, _) = endpoint::named(&row.text(&method)?, &row.text(&name)?);
        let occurrences = row.count(&occurrences)?;
        if reasons.failures.contains_key(&subject) {
            let messages = reasons.of.entry(subject).or_default();
            let times = messages.entry(row.text(&error)?.into()).or_default();
            *times = times.saturating_add(occurrences);
        }
    }
    Ok(())
}
