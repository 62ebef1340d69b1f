//! What two sessions are assumed to differ by, where nothing is known of them.

use super::layout::Layout;
use super::policy::JudgingMachine;
use crate::model::Run;

/// On a machine that the user named, and outside CI.
const ON_ONE_MACHINE: f64 = 0.01;
/// In CI each job may meet another machine of the same kind.
const IN_CI: f64 = 0.05;

/// Decided by what the newest run of each side says of its machine, and where it says nothing by the machine on which
/// the gate runs.
pub(super) fn assumed(layout: &Layout<'_>, judging: JudgingMachine) -> f64 {
    let newest = [layout.base.last(), layout.current.last()];
    let of = newest.into_iter().flatten().map(|run| of_run(run, judging));
    of.fold(ON_ONE_MACHINE, f64::max)
}

fn of_run(run: &Run, judging: JudgingMachine) -> f64 {
    let environment = &run.provenance.environment;
    if environment.key.is_some() {
        return ON_ONE_MACHINE;
    }
    let in_ci = match (&environment.runner, environment.key()) {
        (Some(_), _) => true,
        (None, Some(_)) if !environment.assumed => false,
        (None, _) => judging == JudgingMachine::Ci,
    };
    if in_ci { IN_CI } else { ON_ONE_MACHINE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(change: fn(&mut crate::model::Environment)) -> Run {
        let mut run = Run::default();
        change(&mut run.provenance.environment);
        run
    }

    #[test]
    fn ci_is_what_the_runs_say_and_where_they_say_nothing_the_machine_that_judges() {
        let own = JudgingMachine::Own;
        let of = |run: &Run, judging| of_run(run, judging);
        let silent = run(|_| ());
        assert_eq!(of(&silent, own), 0.01);
        assert_eq!(of(&silent, JudgingMachine::Ci), 0.05);
        let hosted = run(|e| e.runner = Some("github-hosted".to_owned()));
        assert_eq!(of(&hosted, own), 0.05);
        let named = run(|e| {
            e.runner = Some("github-hosted".to_owned());
            e.key = Some("bench-1".to_owned());
        });
        assert_eq!(of(&named, JudgingMachine::Ci), 0.01);
        let laptop = run(|e| e.cpu = Some("a CPU".to_owned()));
        assert_eq!(of(&laptop, JudgingMachine::Ci), 0.01);
        let assumed = run(|e| {
            e.cpu = Some("a CPU".to_owned());
            e.assumed = true;
        });
        assert_eq!(of(&assumed, JudgingMachine::Ci), 0.05);
    }
}
