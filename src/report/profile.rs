//! Where a regressed program spent its time: shares of functions before and after, from sampled stacks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sentence::Sentence;
use super::units;
use crate::model::Stacks;
use crate::text::shorten;

/// The most functions that are named.
const FUNCTIONS: usize = 5;
/// The most stacks that are kept, and the depth at which each is cut; a smaller share could not be seen.
const STACKS: usize = 200;
const DEEPEST: usize = 40;
/// A frame longer than this is cut in its middle.
const FRAME: usize = 80;
/// All frames of all stacks together, in characters.
const LETTERS: usize = 60_000;
/// Samples tell shares to about a point: less is not named.
const LEAST: f64 = 0.01;

/// The stacks of both sides, or of head alone, as shares of all samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What was sampled, where a gate has several sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// How many samples there are of base; `null` where only head was sampled.
    pub base_samples: Option<u64>,
    pub head_samples: u64,
    /// The functions whose own share changed most; of head alone those with the largest share.
    pub functions: Vec<FunctionShare>,
    /// The stacks with the largest shares, outermost frame first.
    pub stacks: Vec<StackShare>,
}

/// The share of a function itself, without what it calls: 0.1 is 10 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionShare {
    pub function: String,
    pub base: Option<f64>,
    pub head: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StackShare {
    pub frames: Vec<String>,
    pub base: Option<f64>,
    pub head: f64,
}

impl Profile {
    pub fn new(of: Option<String>, base: Option<&Stacks>, head: &Stacks) -> Self {
        let mut stacks: BTreeMap<&[String], [f64; 2]> = BTreeMap::new();
        for (at, side) in [base, Some(head)].into_iter().enumerate() {
            for (frames, share) in side.into_iter().flat_map(Stacks::shares) {
                if let Some(slot) = stacks.entry(frames).or_default().get_mut(at) {
                    *slot += share;
                }
            }
        }
        let mut functions: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
        for (frames, [b, h]) in &stacks {
            let own = frames.last().map_or("", String::as_str);
            let [base, head] = functions.entry(own).or_default();
            *base += b;
            *head += h;
        }
        let known = |share: f64| base.map(|_| share);
        let mut functions: Vec<FunctionShare> = functions
            .into_iter()
            .map(|(function, [base, head])| FunctionShare {
                function: shorten::middle(function, FRAME),
                base: known(base),
                head,
            })
            .filter(|function| function.moved().abs() >= LEAST)
            .collect();
        // Of the same size what grew stands first. Shares are sums, whose last digits differ by their order.
        let size = |function: &FunctionShare| (function.moved().abs() * 1e9).round();
        functions.sort_by(|a, b| {
            size(b)
                .total_cmp(&size(a))
                .then(b.moved().total_cmp(&a.moved()))
        });
        functions.truncate(FUNCTIONS);
        Self {
            of,
            base_samples: base.map(Stacks::samples),
            head_samples: head.samples(),
            functions,
            stacks: bounded(stacks, base.is_some()),
        }
    }

    /// `Profile, own time of functions: query 12 → 50 %, render 80 → 40 %`; `mark` stands around the first word.
    /// `sum_unchanged` is that the whole took no more processor time than before.
    pub(super) fn sentence(&self, mark: &'static str, sum_unchanged: bool) -> Option<Sentence> {
        if self.functions.is_empty() {
            return None;
        }
        let of_head = if self.base_samples.is_none() {
            " of head alone"
        } else {
            ""
        };
        let begin = format!("{mark}Profile{mark}{of_head}, own time of functions");
        let begin = match &self.of {
            Some(of) => Sentence::new(begin).own(" in ").foreign(of),
            None => Sentence::new(begin),
        };
        let named = self.functions.iter().take(FUNCTIONS).map(|function| {
            Sentence::default()
                .foreign(&function.function)
                .own(" ")
                .own(function.shares())
        });
        let said = begin.own(": ").then(Sentence::join(named, ", "));
        Some(match self.cost_moved() && sum_unchanged {
            true => said.own("; cost moved, sum unchanged"),
            false => said,
        })
    }

    /// Some functions have more of the time and others less.
    fn cost_moved(&self) -> bool {
        let moved = |sign: f64| self.functions.iter().any(|f| f.moved() * sign >= LEAST);
        self.base_samples.is_some() && moved(1.0) && moved(-1.0)
    }
}

impl FunctionShare {
    /// In shares of all time; of head alone its share.
    pub(super) fn moved(&self) -> f64 {
        self.head - self.base.unwrap_or(0.0)
    }

    /// `12 % → 50 %`
    fn shares(&self) -> String {
        let head = units::coarse(self.head);
        self.base.map_or_else(
            || head.clone(),
            |base| format!("{} → {head}", units::coarse(base)),
        )
    }
}

fn bounded(stacks: BTreeMap<&[String], [f64; 2]>, has_base: bool) -> Vec<StackShare> {
    // Cut first, so that what is the same after it is one.
    let mut cut: BTreeMap<Vec<String>, [f64; 2]> = BTreeMap::new();
    for (frames, [base, head]) in stacks {
        let frames = frames.iter().take(DEEPEST);
        let frames: Vec<String> = frames.map(|frame| shorten::middle(frame, FRAME)).collect();
        let known = cut.entry(frames).or_default();
        *known = [known[0] + base, known[1] + head];
    }
    let mut all: Vec<(Vec<String>, [f64; 2])> = cut.into_iter().collect();
    all.sort_by(|(_, a), (_, b)| b[0].max(b[1]).total_cmp(&a[0].max(a[1])));
    let mut letters = 0;
    let mut kept: Vec<StackShare> = all
        .into_iter()
        .take(STACKS)
        .take_while(|(frames, _)| {
            letters += frames.iter().map(String::len).sum::<usize>();
            letters <= LETTERS
        })
        .map(|(frames, [base, head])| StackShare {
            frames,
            base: has_base.then_some(base),
            head,
        })
        .collect();
    kept.sort_by(|a, b| a.frames.cmp(&b.frames));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_whose_own_share_changed_most_come_first() {
        let base = Stacks::parse("main;handle;query 20\nmain;handle;render 80\n").unwrap();
        let head = Stacks::parse("main;handle;query 120\nmain;handle;render 80\n").unwrap();
        let profile = Profile::new(None, Some(&base), &head);
        let told: Vec<(&str, f64)> = profile
            .functions
            .iter()
            .map(|f| (f.function.as_str(), (f.moved() * 100.0).round()))
            .collect();
        assert_eq!(told, [("query", 40.0), ("render", -40.0)]);
        assert!(profile.cost_moved());
        assert_eq!(
            (profile.base_samples, profile.head_samples),
            (Some(100), 200)
        );
        let alone = Profile::new(None, None, &head);
        assert_eq!(alone.functions[0].base, None);
        assert!(!alone.cost_moved());
    }

    #[test]
    fn a_profile_of_any_size_is_kept_small() {
        let line = |n: usize| {
            let deep = vec![format!("{}{n}", "f".repeat(300)); 200].join(";");
            format!("{deep} {n}\n")
        };
        let text: String = (1..400).map(line).collect();
        let stacks = Stacks::parse(&text).unwrap();
        let profile = Profile::new(None, Some(&stacks), &stacks);
        let json = serde_json::to_string(&profile).unwrap();
        assert!(json.len() < 100_000, "{}", json.len());
        assert!(!profile.stacks.is_empty() && profile.functions.is_empty());
    }
}
