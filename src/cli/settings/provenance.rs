//! Where results come from that do not say it themselves: machine, session, commit.

use crate::cli::args::OriginFlags;
use crate::cli::env::Env;
use crate::cli::settings::machine;
use crate::model::{Environment, Run};
use crate::publish::ci;

/// Who made a result that does not name its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// This very invocation: this is the machine that it was measured on.
    Ourselves,
    /// Somebody, somewhere: this machine only reads it, and that it was measured here is assumed.
    Somebody,
}

/// What flags, environment and machine say of where current results come from, for runs that do not say it.
pub(crate) struct GivenProvenance {
    /// The machine that we run on, for runs that recorded none.
    machine: Environment,
    /// The user's name for the machine class, for every run.
    name: Option<String>,
    session: Known,
    commit: Known,
}

/// A typed value holds for every run, a derived one where nothing was recorded.
enum Known {
    Typed(String),
    Derived(String),
    Nothing,
}

impl Known {
    fn new(typed: Option<&String>, derived: impl FnOnce() -> Option<String>) -> Self {
        match typed {
            Some(typed) => Self::Typed(typed.clone()),
            None => derived().map_or(Self::Nothing, Self::Derived),
        }
    }

    fn put(&self, place: &mut Option<String>) {
        match self {
            Self::Typed(value) => *place = Some(value.clone()),
            Self::Derived(value) => {
                place.get_or_insert_with(|| value.clone());
            }
            Self::Nothing => {}
        }
    }
}

impl GivenProvenance {
    /// `name` is the environment that flag, variable or config decided on.
    pub(crate) fn new(flags: &OriginFlags, name: Option<&str>, env: &Env) -> Self {
        let get = env.lookup();
        Self {
            machine: machine::detect(env),
            name: name.map(str::to_owned),
            session: Known::new(flags.session.as_ref(), || ci::session(&get)),
            commit: Known::new(flags.commit.as_ref(), || {
                // Whether the event has to be readable is for those to say who ask for its pull request.
                ci::commit(&get, env.event().ok().flatten().as_ref())
            }),
        }
    }

    /// For results that this machine reads, wherever they were measured.
    pub(crate) fn put<'r>(&self, runs: impl IntoIterator<Item = &'r mut Run>) {
        self.put_as(Maker::Somebody, runs);
    }

    pub(crate) fn put_as<'r>(&self, maker: Maker, runs: impl IntoIterator<Item = &'r mut Run>) {
        for run in runs {
            let provenance = &mut run.provenance;
            if provenance.environment.key().is_none() {
                provenance.environment = Environment {
                    assumed: maker == Maker::Somebody,
                    ..merged(&provenance.environment, &self.machine)
                };
            }
            if let Some(name) = &self.name {
                provenance.environment.key = Some(name.clone());
            }
            self.session.put(&mut provenance.session);
            self.commit.put(&mut provenance.commit);
        }
    }
}

/// What a run recorded stays; the rest is filled in from the machine.
fn merged(recorded: &Environment, machine: &Environment) -> Environment {
    let (own, here) = (recorded.clone(), machine.clone());
    Environment {
        memory_gib: own.memory_gib.or(here.memory_gib),
        runner: own.runner.or(here.runner),
        kernel: own.kernel.or(here.kernel),
        image: own.image.or(here.image),
        compiler: own.compiler.or(here.compiler),
        ..here
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn stamped(run: Run, flags: &OriginFlags, name: Option<&str>, env: &Env) -> Run {
        let mut runs = vec![run];
        GivenProvenance::new(flags, name, env).put(&mut runs);
        runs.remove(0)
    }

    #[test]
    fn a_foreign_result_gets_this_machine_and_the_ci_job() {
        let folder = tempfile::tempdir().unwrap();
        let event = folder.path().join("event.json");
        fs::write(&event, r#"{"pull_request": {"head": {"sha": "abc"}}}"#).unwrap();
        let env = Env::from_iter([
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_JOB", "perf"),
            ("GITHUB_SHA", "merge"),
            ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ]);
        let run = stamped(Run::default(), &OriginFlags::default(), None, &env);
        assert_eq!(run.provenance.session.unwrap(), "github-7-2-perf");
        assert_eq!(run.provenance.commit.unwrap(), "abc");
        let os = std::env::consts::OS;
        assert_eq!(run.provenance.environment.os.as_deref(), Some(os));
    }

    #[test]
    fn the_machine_that_reads_a_result_is_assumed_and_the_one_that_makes_it_is_known() {
        let given_provenance = GivenProvenance::new(&OriginFlags::default(), None, &Env::default());
        let (mut read, mut made) = (Run::default(), Run::default());
        given_provenance.put([&mut read]);
        given_provenance.put_as(Maker::Ourselves, [&mut made]);
        // To put it a second time, on all alike, changes nothing of what is known.
        given_provenance.put([&mut made]);
        let (read, made) = (read.provenance.environment, made.provenance.environment);
        assert!(read.assumed && !made.assumed);
        assert_eq!(read.key(), made.key());

        let mut told = Run::default();
        told.provenance.environment.cpu = Some("EPYC 7763".to_owned());
        given_provenance.put([&mut told]);
        assert!(!told.provenance.environment.assumed);
    }

    #[test]
    fn what_a_run_recorded_stays_unless_the_user_says_otherwise() {
        let env = Env::from_iter([("CI_JOB_ID", "9"), ("CI_COMMIT_SHA", "new")]);
        let mut run = Run::default();
        run.provenance.session = Some("own".to_owned());
        run.provenance.environment.os = Some("plan9".to_owned());
        let kept = stamped(run.clone(), &OriginFlags::default(), None, &env);
        assert_eq!(kept.provenance.session.unwrap(), "own");
        assert_eq!(kept.provenance.commit.unwrap(), "new");
        assert_eq!(kept.provenance.environment.key().unwrap(), "plan9");

        let typed = OriginFlags {
            session: Some("typed".to_owned()),
            ..OriginFlags::default()
        };
        let named = stamped(run, &typed, Some("lab"), &env);
        assert_eq!(named.provenance.session.unwrap(), "typed");
        assert_eq!(named.provenance.environment.key().unwrap(), "lab");
        assert_eq!(named.provenance.environment.os.unwrap(), "plan9");
    }
}
