//! The published table: which gates are played for it, and how what came of them is written.

use std::fmt::Write as _;

use super::noise::Shape;
use super::simulation::{Scene, Setting, Tally};

/// Between runs of one build: below 1 %, 1 to 2 %, 2 to 5 % and above 5 %.
pub(crate) const SPREADS: [f64; 4] = [0.005, 0.015, 0.03, 0.08];
pub(crate) const RUNS: [usize; 3] = [3, 5, 10];
pub(crate) const SLOWER: [f64; 2] = [0.03, 0.05];

/// How many gates of each kind are played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub unchanged: usize,
    /// With five runs a side, which is what the promises are about.
    pub slower_at_five: usize,
    pub slower: usize,
}

pub(crate) fn scenes(effort: Effort) -> Vec<(Scene, usize)> {
    let mut scenes = Vec::new();
    for setting in Setting::ALL {
        for runs in RUNS {
            for shape in Shape::ALL {
                for spread in SPREADS {
                    let scene = |slower| Scene {
                        shape,
                        spread,
                        runs,
                        setting,
                        slower,
                    };
                    scenes.push((scene(0.0), effort.unchanged));
                    let gates = if runs == 5 {
                        effort.slower_at_five
                    } else {
                        effort.slower
                    };
                    scenes.extend(SLOWER.map(|slower| (scene(slower), gates)));
                }
            }
        }
    }
    scenes
}

/// What came of all gates that were played.
pub(crate) struct Results(pub Vec<(Scene, Tally)>);

impl Results {
    pub(crate) fn of(&self, wanted: impl Fn(&Scene) -> bool) -> Tally {
        let chosen = self.0.iter().filter(|(scene, _)| wanted(scene));
        chosen.fold(Tally::default(), |sum, (_, tally)| sum.add(*tally))
    }

    pub(crate) fn unchanged(&self, wanted: impl Fn(&Scene) -> bool) -> Tally {
        self.of(|scene| scene.slower <= 0.0 && wanted(scene))
    }

    pub(crate) fn slower(&self, by: f64, wanted: impl Fn(&Scene) -> bool) -> Tally {
        self.of(|scene| same(scene.slower, by) && wanted(scene))
    }
}

pub(crate) fn same(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    alarms(&mut text, results).expect("a string takes all");
    power(&mut text, results).expect("a string takes all");
    text
}

fn alarms(text: &mut String, results: &Results) -> std::fmt::Result {
    let gates = results.unchanged(|_| true).gates;
    writeln!(
        text,
        "Gates of ten series over unchanged code that fail, by the shape of the noise, over spreads between runs of 0.5, 1.5, 3 and 8 % ({gates} gates):\n"
    )?;
    write!(text, "| runs a side |")?;
    for shape in Shape::ALL {
        write!(text, " {} |", shape.name())?;
    }
    writeln!(text, "\n|---|---:|---:|---:|---:|")?;
    for setting in Setting::ALL {
        for runs in RUNS {
            write!(text, "| {}: {runs} |", setting.name())?;
            for shape in Shape::ALL {
                let tally = results
                    .unchanged(|s| s.setting == setting && s.runs == runs && s.shape == shape);
                write!(text, " {:.1} % |", tally.percent(tally.failed))?;
            }
            writeln!(text)?;
        }
    }
    Ok(())
}

fn power(text: &mut String, results: &Results) -> std::fmt::Result {
    let gates = results.of(|s| s.slower > 0.0).gates;
    writeln!(
        text,
        "\nWhere one of the ten series really is slower: how often it is found, and how often it is called unchanged, by the spread between runs, over all four shapes ({gates} gates):\n"
    )?;
    writeln!(
        text,
        "| runs a side | spread | +3 % found | +5 % found | +5 % called unchanged |\n|---|---:|---:|---:|---:|"
    )?;
    for setting in Setting::ALL {
        for runs in RUNS {
            for spread in SPREADS {
                let of = |by| {
                    results.slower(by, |s| {
                        s.setting == setting && s.runs == runs && same(s.spread, spread)
                    })
                };
                let (three, five) = (of(0.03), of(0.05));
                writeln!(
                    text,
                    "| {}: {runs} | {} % | {:.0} % | {:.0} % | {:.1} % |",
                    setting.name(),
                    100.0 * spread,
                    three.percent(three.found),
                    five.percent(five.found),
                    five.percent(five.missed),
                )?;
            }
        }
    }
    Ok(())
}
