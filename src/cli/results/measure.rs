//! One measurement: load is put on, shown while it runs, and what came of it carries where it was measured.

use std::path::Path;

use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::cli::output::progress::Progress;
use crate::cli::results::checkout::Checkout;
use crate::cli::settings::provenance::GivenProvenance;
use crate::load::{self, LoadOutcome, RunRequest};

/// What was measured, and whether a signal ended it early.
pub(crate) struct MeasuredRuns {
    pub(crate) outcome: LoadOutcome,
    pub(crate) interrupted: bool,
}

pub(crate) fn measure(
    order: &RunRequest<'_>,
    interrupt: &Interrupt,
    given_provenance: &GivenProvenance,
    output: &mut Output<'_>,
) -> anyhow::Result<MeasuredRuns> {
    let (outcome, interrupted) = interrupt.during(|stop| {
        let style = output.progress();
        let (asked, _keys) = interrupt.asked(style);
        let progress = Progress::new(output.watchers(), style, stop.clone());
        let mut progress = progress.asked_by(asked);
        load::run(order, &mut progress, stop)
    });
    let mut outcome = match outcome {
        // Ended before there was anything to keep: that is no failure of the measurement.
        Err(error) if interrupted => return Err(error.context(Interrupted)),
        outcome => outcome?,
    };
    given_provenance.put([&mut outcome.run]);
    let commit = &mut outcome.run.provenance.commit;
    if commit.is_none() {
        *commit = Checkout::default().commit(Path::new("."));
    }
    Ok(MeasuredRuns {
        outcome,
        interrupted,
    })
}
