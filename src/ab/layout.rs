//! The same code in other orders: the head is linked anew with its functions elsewhere in the executable, and what that
//! alone changes is told beside what the head changed. It is a note and decides nothing.
//!
//! Which linker takes an order from us is the build's: cargo, gcc and clang are led to lld (or mold where they use it)
//! by variables, and Go's own linker has an option. A build that takes none of them makes the same executable again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::built::Cache;
use super::command::on_path;
use super::filter::quoted;
use super::order::Version;
use super::revision::Chosen;
use super::tree::{Temporary, Tree, VersionFolder};
use crate::compare::{Comparison, Judgement, Outcome};
use crate::load::Stop;
use crate::model::{Better, Series};
use crate::text::sanitize;

/// So many other orders are tried.
pub const ORDERS: usize = 3;
/// More series are counted and not named.
const MOST_NAMED: usize = 5;
/// Tells a build, and whatever script it is, which order is asked for.
const ASKED: &str = "PERFGATE_LAYOUT";
/// The first Go whose linker takes an order.
const GO_WITH_ORDER: u32 = 22;

/// The head once more, to be linked in another order.
#[derive(Debug)]
pub struct Reordered {
    tree: Tree,
    variables: BTreeMap<String, String>,
    /// Holds the tree where it is not kept, and the scripts that the variables name.
    _temporary: Temporary,
}

impl Reordered {
    /// Under a path as long as that of the head: what a path's length moves is not asked for. `order` counts from 1.
    pub fn check_out(chosen: &Chosen, cache: Option<&Cache>, order: usize) -> anyhow::Result<Self> {
        let root = chosen.root();
        let temporary = Temporary::new()?;
        let kept = cache.map(|cache| VersionFolder::kept(cache, root, &chosen.head));
        let head = Version::Head.as_str();
        let place = kept.transpose()?.flatten();
        let place = place.unwrap_or_else(|| temporary.place(head));
        let name = format!("{head} in another order");
        let tree = Tree::check_out(root, &name, &chosen.head, place)?;
        let scripts = temporary.path().join("linkers");
        std::fs::create_dir(&scripts).context("make a folder for linkers")?;
        Ok(Self {
            variables: variables(&Tools::found(root), order, &scripts)
                .context("write a linker that takes an order")?,
            tree,
            _temporary: temporary,
        })
    }

    pub fn folder(&self) -> PathBuf {
        self.tree.folder()
    }

    /// Variables for what is run.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.tree.environment()
    }

    /// `None` where somebody asked to stop.
    pub fn build(&self, command: &str, stop: &Stop) -> anyhow::Result<Option<()>> {
        if self.tree.is_built() {
            return Ok(Some(()));
        }
        self.tree.build(command, &self.variables, stop)
    }

    /// Builds it by a command of cargo that says on its stdout what it has built.
    pub fn told(&self, command: &str, stop: &Stop) -> anyhow::Result<Option<String>> {
        self.tree.told(command, &self.variables, stop)
    }

    /// It is built to the end and can be kept.
    pub fn is_finished(&mut self) -> anyhow::Result<()> {
        self.tree.keep()
    }
}

/// What there is on this machine that links.
#[derive(Clone, Debug, Default)]
struct Tools {
    /// The LLVM linker: the system's, or the one that came with Rust.
    lld: Option<PathBuf>,
    /// The platform that cargo builds for here.
    host: Option<String>,
    /// What cargo is asked to link with.
    linker: Option<String>,
    go_takes_order: bool,
    go_flags: String,
}

impl Tools {
    fn found(root: &Path) -> Self {
        let told = |program: &str, arguments: &[&str]| -> Option<String> {
            let output = Command::new(program)
                .args(arguments)
                .current_dir(root)
                .output()
                .ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            output.status.success().then(|| text.trim().to_owned())
        };
        let version = told("rustc", &["-vV"]).unwrap_or_default();
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .map(str::to_owned);
        let of_rust = || {
            let sysroot = PathBuf::from(told("rustc", &["--print", "sysroot"])?);
            let folder = sysroot.join("lib/rustlib").join(host.as_deref()?);
            let lld = folder.join("bin/gcc-ld/ld.lld");
            lld.is_file().then_some(lld)
        };
        Self {
            lld: on_path("ld.lld").or_else(of_rust),
            linker: host
                .as_deref()
                .and_then(|host| std::env::var(linker_of(host)).ok()),
            host,
            go_takes_order: told("go", &["version"]).is_some_and(|said| takes_order(&said)),
            go_flags: std::env::var("GOFLAGS").unwrap_or_default(),
        }
    }
}

/// `go version go1.22.3 linux/amd64`
fn takes_order(version: &str) -> bool {
    let minor = version
        .split_whitespace()
        .find_map(|word| word.strip_prefix("go1."))
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= GO_WITH_ORDER)
}

/// The variable by which cargo is told what links for a platform.
fn linker_of(host: &str) -> String {
    let host = host.to_uppercase().replace(['-', '.'], "_");
    format!("CARGO_TARGET_{host}_LINKER")
}

/// What leads builds to another order. Scripts that they need are written into the folder.
fn variables(
    tools: &Tools,
    order: usize,
    scripts: &Path,
) -> std::io::Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::from([(ASKED.to_owned(), order.to_string())]);
    if let Some(lld) = &tools.lld {
        // Where gcc and clang look for the linker first.
        let line = format!(
            "exec {} \"$@\" '--shuffle-sections=.text*={order}'\n",
            quoted(&lld.to_string_lossy())
        );
        write_script(&scripts.join("ld"), &line)?;
        let folder = scripts.to_string_lossy().into_owned();
        variables.insert("COMPILER_PATH".to_owned(), folder);
    }
    if let Some(host) = &tools.host {
        let linker = quoted(tools.linker.as_deref().unwrap_or("cc"));
        let lines = format!(
            "for word do\n  case $word in\n    *-fuse-ld=*lld*) exec {linker} \"$@\" '-Wl,--shuffle-sections=.text*={order}' ;;\n    *-fuse-ld=*mold*) exec {linker} \"$@\" -Wl,--shuffle-sections={order} ;;\n  esac\ndone\nexec {linker} \"$@\"\n"
        );
        let script = scripts.join("cargo-cc");
        write_script(&script, &lines)?;
        variables.insert(linker_of(host), script.to_string_lossy().into_owned());
    }
    // Of two `-ldflags` only the last would count.
    if tools.go_takes_order && !tools.go_flags.contains("-ldflags") {
        let flags = format!("{} -ldflags=-randlayout={order}", tools.go_flags);
        variables.insert("GOFLAGS".to_owned(), flags.trim_start().to_owned());
    }
    Ok(variables)
}

fn write_script(path: &Path, lines: &str) -> std::io::Result<()> {
    std::fs::write(path, format!("#!/bin/sh\n{lines}"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// A gated series that got worse or may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Worse {
    pub series: Series,
    /// Head to base.
    ratio: f64,
    /// So many times is tolerated.
    tolerated: f64,
}

impl Worse {
    /// Those of a judgement, in its order.
    pub fn of(judgement: &Judgement) -> Vec<Self> {
        let is_suspect = |c: &&Comparison| {
            c.gated && matches!(c.outcome, Outcome::Regressed | Outcome::Inconclusive(_))
        };
        let suspects = judgement.comparisons.iter().filter(is_suspect);
        let worse = suspects.filter_map(|c| {
            let found = Self {
                series: c.series.clone(),
                ratio: c.change?.ratio,
                tolerated: 1.0 + c.limits.max_regression,
            };
            (!found.tolerates(found.ratio)).then_some(found)
        });
        worse.collect()
    }

    fn tolerates(&self, ratio: f64) -> bool {
        let worse = match self.series.better {
            Better::Lower => ratio,
            Better::Higher => ratio.recip(),
        };
        worse <= self.tolerated
    }

    /// What it is in the other orders of the head, each judged against the head as it is.
    fn note(&self, orders: &[Judgement]) -> Option<String> {
        let in_order = |judgement: &Judgement| {
            let mut comparisons = judgement.comparisons.iter();
            let change = comparisons.find(|c| c.series == self.series)?.change?;
            Some(self.ratio * change.ratio)
        };
        let ratios: Vec<f64> = orders.iter().filter_map(in_order).collect();
        let lowest = ratios.iter().copied().min_by(f64::total_cmp)?;
        let highest = ratios.iter().copied().max_by(f64::total_cmp)?;
        let percent = |ratio: f64| format!("{:+.1}", 100.0 * (ratio - 1.0));
        let within = ratios.iter().filter(|ratio| self.tolerates(**ratio));
        let says = match within.count() {
            0 => "the order of its code does not explain it".to_owned(),
            n => format!(
                "within its limit in {n} of them: the order of its code may be all that changed"
            ),
        };
        Some(format!(
            "{} is {} % as head is linked, and {} to {} % with the code of head in {} other orders; {says}",
            sanitize::inline(&self.series.to_string()),
            percent(self.ratio),
            percent(lowest),
            percent(highest),
            ratios.len()
        ))
    }
}

/// For whoever reads the verdict; `orders` are the judgements of the head in other orders against the head.
pub fn notes(worse: &[Worse], orders: &[Judgement]) -> Vec<String> {
    let found = worse.iter().filter_map(|one| one.note(orders));
    let mut notes: Vec<String> = found.map(|note| format!("layout check: {note}")).collect();
    let more = notes.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        notes.truncate(MOST_NAMED);
        notes.push(format!("layout check: {more} more series were measured"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{self, Policy, Sides};
    use crate::model::{Evidence, Measurement, MetricName, Role, Run, Subject, Unit};

    fn runs(time: f64, rate: f64) -> Vec<Run> {
        let run = |round: u8| {
            let mut run = Run::default();
            let noise = 1.0 + 0.0004 * f64::from(round % 3);
            for (metric, value, better) in [
                ("time", time * noise, Better::Lower),
                ("ops", rate * noise, Better::Higher),
            ] {
                let measurement = Measurement {
                    unit: Unit::new("s"),
                    better,
                    role: Role::Outcome,
                    evidence: Evidence::samples(vec![value]).unwrap(),
                };
                run.insert(Subject::new("a"), MetricName::new(metric), measurement);
            }
            run
        };
        (0..5).map(run).collect()
    }

    fn judged(base: &[Run], head: &[Run]) -> Judgement {
        let sides = Sides {
            baseline: base,
            current: head,
            anchor: None,
            interleaved: true,
        };
        compare::judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1))
    }

    #[test]
    fn what_an_order_alone_changes_is_told_beside_what_head_changed() {
        let head = runs(1.10, 0.9);
        let worse = Worse::of(&judged(&runs(1.0, 1.0), &head));
        assert_eq!(worse.len(), 2, "{worse:?}");
        let orders = [(1.10, 0.9), (1.16, 0.99), (1.08, 0.9)]
            .map(|(time, rate)| judged(&head, &runs(time, rate)));
        let notes = notes(&worse, &orders);
        let of = |metric: &str| {
            let part = format!("a {metric}");
            notes.iter().find(|note| note.contains(&part)).unwrap()
        };
        assert!(
            of("time").contains("+10.0 % as head is linked, and +8.0 to +16.0 %"),
            "{notes:?}"
        );
        assert!(of("time").contains("does not explain"), "{notes:?}");
        assert!(of("ops").contains("-10.0 to -1.0 %"), "{notes:?}");
        assert!(of("ops").contains("within its limit in 1 of them"));
    }

    #[test]
    fn what_got_better_or_stayed_is_not_asked_about() {
        let (base, head) = (runs(1.0, 1.0), runs(0.8, 1.0));
        assert_eq!(Worse::of(&judged(&base, &head)), []);
    }

    #[test]
    fn go_takes_an_order_since_its_1_22() {
        assert!(takes_order("go version go1.22 linux/amd64"));
        assert!(takes_order("go version go1.26.8 linux/amd64"));
        assert!(takes_order("go version go1.23rc1 linux/arm64"));
        assert!(!takes_order("go version go1.21.13 linux/amd64"));
        assert!(!takes_order("go: not found"));
    }

    #[test]
    fn a_build_is_led_to_an_order_by_variables_and_keeps_flags_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools {
            lld: Some(PathBuf::from("/opt/it's here/ld.lld")),
            host: Some("x86_64-unknown-linux-gnu".to_owned()),
            linker: Some("clang".to_owned()),
            go_takes_order: true,
            go_flags: "-trimpath".to_owned(),
        };
        let variables = variables(&tools, 2, folder.path()).unwrap();
        assert_eq!(variables["GOFLAGS"], "-trimpath -ldflags=-randlayout=2");
        assert_eq!(variables[ASKED], "2");
        let script = &variables["CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER"];
        let script = std::fs::read_to_string(script).unwrap();
        assert!(script.contains("exec 'clang' \"$@\"") || script.contains("exec clang \"$@\""));
        let ld = std::fs::read_to_string(folder.path().join("ld")).unwrap();
        assert!(ld.contains("--shuffle-sections=.text*=2"), "{ld}");

        let own = Tools {
            go_flags: "-ldflags=-s".to_owned(),
            ..Tools::default()
        };
        let nothing = super::variables(
            &Tools {
                go_takes_order: true,
                ..own
            },
            1,
            folder.path(),
        );
        assert_eq!(nothing.unwrap().into_keys().collect::<Vec<_>>(), [ASKED]);
    }
}
