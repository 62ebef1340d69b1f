//! What one policy asks differently from another: the rules of a pull request beside those of its base.

use super::policy::{
    Acceptance, Allowed, Budgets, Grade, Limits, Policy, Quantity, Rule, SeriesRole, Severity,
};

/// One setting that differs. Where it is written is not compared: a rule that moved to another line is the same rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PolicyChange {
    /// How much worse is tolerated, by the defaults or by a rule.
    Limit {
        before: f64,
        now: f64,
    },
    /// A rule judges nothing any more.
    RuleOff,
    /// A rule failed the gate, and only warns now.
    RuleWarns,
    /// A rule that warned or was off, and fails the gate now.
    RuleFails,
    RuleAdded,
    RuleRemoved,
    /// The same rules override each other in another order.
    RulesReordered,
    Budget,
    MinDelta,
    MaxDetectable,
    /// How it is decided, in which direction, or in which role.
    Judged,
    AcceptanceAdded,
    AcceptanceChanged,
    AcceptanceRemoved,
    /// One of the words that say what follows where nothing can be said.
    OnMissing,
    OnInconclusive,
    OnOtherEnvironment,
    RequireBaseline,
}

/// In the order of the file: defaults, rules, accepted regressions, what follows.
pub fn changes(before: &Policy, now: &Policy) -> Vec<PolicyChange> {
    let mut changes = Vec::new();
    fields(
        &Asks::of(&before.defaults),
        &Asks::of(&now.defaults),
        &mut changes,
    );
    rules(before, now, &mut changes);
    acceptances(&before.acceptances, &now.acceptances, &mut changes);
    for (differs, change) in [
        (before.on_missing != now.on_missing, PolicyChange::OnMissing),
        (
            before.on_inconclusive != now.on_inconclusive,
            PolicyChange::OnInconclusive,
        ),
        (
            before.on_other_environment != now.on_other_environment,
            PolicyChange::OnOtherEnvironment,
        ),
        (
            before.require_baseline != now.require_baseline,
            PolicyChange::RequireBaseline,
        ),
    ] {
        if differs {
            changes.push(change);
        }
    }
    changes
}

/// What one rule, or the defaults, ask.
#[derive(Clone, Debug, PartialEq)]
struct Asks {
    max_regression: Option<f64>,
    min_delta: Option<Quantity>,
    budgets: [Option<Allowed>; 2],
    grades: Option<Vec<Grade>>,
    max_detectable: Option<f64>,
    severity: Option<Severity>,
    decide: Option<super::policy::Decide>,
    better: Option<super::policy::WantedDirection>,
    role: Option<SeriesRole>,
}

impl Asks {
    fn of(limits: &Limits) -> Self {
        Self {
            max_regression: Some(limits.max_regression),
            min_delta: limits.min_delta.clone(),
            budgets: allowed(&limits.budgets),
            grades: Some(limits.grades.clone()),
            max_detectable: limits.max_detectable,
            severity: Some(limits.severity),
            decide: Some(limits.decide),
            better: limits.better,
            role: Some(limits.role),
        }
    }

    fn of_rule(rule: &Rule) -> Self {
        Self {
            max_regression: rule.max_regression,
            min_delta: rule.min_delta.clone(),
            budgets: allowed(&rule.budgets),
            grades: rule.grades.clone(),
            max_detectable: rule.max_detectable,
            severity: rule.severity,
            decide: rule.decide,
            better: rule.better,
            role: rule.role,
        }
    }

    /// A later rule of the same names overrides field by field.
    fn overridden(mut self, later: Self) -> Self {
        fn put<T>(field: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *field = later;
            }
        }
        put(&mut self.max_regression, later.max_regression);
        put(&mut self.min_delta, later.min_delta);
        for (own, later) in self.budgets.iter_mut().zip(later.budgets) {
            put(own, later);
        }
        put(&mut self.grades, later.grades);
        put(&mut self.max_detectable, later.max_detectable);
        put(&mut self.severity, later.severity);
        put(&mut self.decide, later.decide);
        put(&mut self.better, later.better);
        put(&mut self.role, later.role);
        self
    }
}

fn allowed(budgets: &Budgets) -> [Option<Allowed>; 2] {
    [&budgets.warn, &budgets.fail].map(|level| level.as_ref().map(|b| b.allowed.clone()))
}

/// Which series a rule names, as it is written.
type Names<'a> = (&'a str, &'a str);

fn named(policy: &Policy) -> Vec<(Names<'_>, Asks)> {
    let mut all: Vec<(Names<'_>, Asks)> = Vec::new();
    for rule in &policy.rules {
        let names = (rule.subject.as_str(), rule.metric.as_str());
        let asks = Asks::of_rule(rule);
        match all.iter_mut().find(|(known, _)| *known == names) {
            Some((_, earlier)) => *earlier = earlier.clone().overridden(asks),
            None => all.push((names, asks)),
        }
    }
    all
}

fn rules(before: &Policy, now: &Policy, changes: &mut Vec<PolicyChange>) {
    let (old, new) = (named(before), named(now));
    let of = |all: &[(Names<'_>, Asks)], names: Names<'_>| {
        let found = all.iter().find(|(known, _)| *known == names);
        found.map(|(_, asks)| asks.clone())
    };
    let default = |policy: &Policy| policy.defaults.max_regression;
    for (names, asks) in &new {
        match of(&old, *names) {
            Some(earlier) => {
                // Where a rule names no limit, that of the defaults holds, and is told there.
                let limit = |asks: &Asks, policy| asks.max_regression.unwrap_or(default(policy));
                let both_silent = asks.max_regression.is_none() && earlier.max_regression.is_none();
                let told = |asks: &Asks, policy| Asks {
                    max_regression: (!both_silent).then(|| limit(asks, policy)),
                    ..asks.clone()
                };
                fields(&told(&earlier, before), &told(asks, now), changes);
            }
            None => {
                let loosens = asks.max_regression.filter(|limit| *limit > default(before));
                match (asks.severity, loosens) {
                    (Some(Severity::Off), _) => changes.push(PolicyChange::RuleOff),
                    (Some(Severity::Warn), _) => changes.push(PolicyChange::RuleWarns),
                    (_, Some(limit)) => changes.push(PolicyChange::Limit {
                        before: default(before),
                        now: limit,
                    }),
                    _ => changes.push(PolicyChange::RuleAdded),
                }
            }
        }
    }
    let gone = old.iter().filter(|(names, _)| of(&new, *names).is_none());
    changes.extend(gone.map(|_| PolicyChange::RuleRemoved));
    let order = |all: &[(Names<'_>, Asks)], other: &[(Names<'_>, Asks)]| -> Vec<(String, String)> {
        let kept = all.iter().filter(|(names, _)| of(other, *names).is_some());
        kept.map(|((subject, metric), _)| ((*subject).to_owned(), (*metric).to_owned()))
            .collect()
    };
    if order(&old, &new) != order(&new, &old) {
        changes.push(PolicyChange::RulesReordered);
    }
}

fn fields(before: &Asks, now: &Asks, changes: &mut Vec<PolicyChange>) {
    if let (Some(before), Some(now)) = (before.max_regression, now.max_regression)
        && (before - now).abs() > f64::EPSILON
    {
        changes.push(PolicyChange::Limit { before, now });
    }
    let fail = Severity::Fail;
    match (
        before.severity.unwrap_or(fail),
        now.severity.unwrap_or(fail),
    ) {
        (before, now) if before == now => {}
        (_, Severity::Off) => changes.push(PolicyChange::RuleOff),
        (Severity::Fail, Severity::Warn) => changes.push(PolicyChange::RuleWarns),
        _ => changes.push(PolicyChange::RuleFails),
    }
    for (differs, change) in [
        (
            before.budgets != now.budgets || before.grades != now.grades,
            PolicyChange::Budget,
        ),
        (before.min_delta != now.min_delta, PolicyChange::MinDelta),
        (
            before.max_detectable != now.max_detectable,
            PolicyChange::MaxDetectable,
        ),
        (
            (before.decide, before.better, before.role) != (now.decide, now.better, now.role),
            PolicyChange::Judged,
        ),
    ] {
        if differs {
            changes.push(change);
        }
    }
}

fn acceptances(before: &[Acceptance], now: &[Acceptance], changes: &mut Vec<PolicyChange>) {
    let names = |a: &Acceptance| (a.subject.as_str().to_owned(), a.metric.as_str().to_owned());
    let mut left: Vec<&Acceptance> = before.iter().collect();
    for accepted in now {
        let same = left
            .iter()
            .position(|other| names(other) == names(accepted));
        match same.map(|at| left.remove(at)) {
            None => changes.push(PolicyChange::AcceptanceAdded),
            Some(other) => {
                let is_the_same = (other.up_to - accepted.up_to).abs() <= f64::EPSILON
                    && other.until == accepted.until;
                if !is_the_same {
                    changes.push(PolicyChange::AcceptanceChanged);
                }
            }
        }
    }
    changes.extend(left.iter().map(|_| PolicyChange::AcceptanceRemoved));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{OnMissing, Origin, Pattern};

    fn rule(subject: &str, max_regression: Option<f64>) -> Rule {
        Rule {
            subject: Pattern::new(subject),
            metric: Pattern::new("*"),
            max_regression,
            min_delta: None,
            budgets: Budgets::default(),
            grades: None,
            max_detectable: None,
            severity: None,
            decide: None,
            better: None,
            role: None,
            from: Origin::new("perfgate.toml:3"),
        }
    }

    fn policy(rules: &[Rule]) -> Policy {
        Policy {
            rules: rules.to_vec(),
            ..Policy::default()
        }
    }

    #[test]
    fn the_same_rules_on_other_lines_are_the_same() {
        let moved = Rule {
            from: Origin::new("perfgate.toml:99"),
            ..rule("GET /a", Some(0.1))
        };
        let before = policy(&[rule("GET /a", Some(0.1))]);
        assert_eq!(changes(&before, &policy(&[moved])), []);
        // Two rules of one name are what they come to.
        let twice = policy(&[rule("GET /a", Some(5.0)), rule("GET /a", Some(0.1))]);
        assert_eq!(changes(&before, &twice), []);
    }

    #[test]
    fn a_limit_is_told_with_both_numbers_wherever_it_stands() {
        let wider = PolicyChange::Limit {
            before: 0.1,
            now: 5.0,
        };
        let before = policy(&[rule("*", Some(0.1))]);
        assert_eq!(changes(&before, &policy(&[rule("*", Some(5.0))])), [wider]);
        let mut defaults = Policy::default();
        defaults.defaults.max_regression = 0.1;
        let mut wide = defaults.clone();
        wide.defaults.max_regression = 5.0;
        assert_eq!(changes(&defaults, &wide), [wider]);
        // A rule that is new, over a default that stays; and one that loses its limit to a wider default.
        let mut ruled = defaults.clone();
        ruled.rules = vec![rule("GET /a", Some(5.0))];
        assert_eq!(changes(&defaults, &ruled), [wider]);
        let mut tight = wide.clone();
        tight.rules = vec![rule("GET /a", Some(0.1))];
        let mut loose = wide.clone();
        loose.rules = vec![rule("GET /a", None)];
        assert_eq!(changes(&tight, &loose), [wider]);
    }

    #[test]
    fn rules_that_go_are_off_or_only_warn_are_told() {
        let with = |severity| Rule {
            severity: Some(severity),
            ..rule("GET /a", None)
        };
        let before = policy(&[rule("GET /a", None)]);
        for (now, change) in [
            (vec![with(Severity::Off)], PolicyChange::RuleOff),
            (vec![with(Severity::Warn)], PolicyChange::RuleWarns),
            (vec![], PolicyChange::RuleRemoved),
            (
                vec![rule("GET /a", None), with(Severity::Off)],
                PolicyChange::RuleOff,
            ),
        ] {
            assert_eq!(changes(&before, &policy(&now)), [change]);
        }
        let added = policy(&[rule("GET /a", None), rule("GET /b", None)]);
        assert_eq!(changes(&before, &added), [PolicyChange::RuleAdded]);
        let (ab, ba) = (
            policy(&[rule("*", Some(0.1)), rule("GET /a", Some(0.2))]),
            policy(&[rule("GET /a", Some(0.2)), rule("*", Some(0.1))]),
        );
        assert_eq!(changes(&ab, &ba), [PolicyChange::RulesReordered]);
    }

    #[test]
    fn acceptances_and_what_follows_are_told() {
        let accept = |up_to| Acceptance {
            subject: Pattern::new("GET /a"),
            metric: Pattern::new("*"),
            up_to,
            reason: "known".to_owned(),
            until: jiff::civil::date(2027, 1, 31),
            from: Origin::new("perfgate.toml:3"),
        };
        let with = |acceptances: Vec<Acceptance>| Policy {
            acceptances,
            ..Policy::default()
        };
        let (none, one) = (with(vec![]), with(vec![accept(0.3)]));
        assert_eq!(changes(&none, &one), [PolicyChange::AcceptanceAdded]);
        assert_eq!(changes(&one, &none), [PolicyChange::AcceptanceRemoved]);
        let more = with(vec![accept(0.9)]);
        assert_eq!(changes(&one, &more), [PolicyChange::AcceptanceChanged]);
        let reworded = Acceptance {
            reason: "explained".to_owned(),
            ..accept(0.3)
        };
        assert_eq!(changes(&one, &with(vec![reworded])), []);
        let eased = Policy {
            on_missing: OnMissing::Warn,
            ..Policy::default()
        };
        assert_eq!(changes(&none, &eased), [PolicyChange::OnMissing]);
    }
}
