//! The document of a verdict that was just reached.

use super::context::Context;
use super::document::{Document, PolicySummary, SCHEMA, Tool, Unmatched, UnusedAcceptance};
use super::entry::Entry;
use super::workload::Workload;
use super::{cause, headline, suite};
use crate::compare::Policy;
use crate::verdict::Verdict;

/// The document of a verdict.
pub fn document(verdict: &Verdict, policy: &Policy, context: Context) -> Document {
    let judgement = verdict.judgement();
    let several = judgement.workloads.len() > 1;
    Document {
        schema: SCHEMA.to_owned(),
        verdict: verdict.kind(),
        exit_code: verdict.exit().code(),
        counts: verdict.counts(),
        comparisons: judgement
            .comparisons
            .iter()
            .map(|c| Entry {
                workload: several
                    .then(|| judgement.workloads.get(c.workload))
                    .flatten()
                    .map(|workload| workload.label.clone()),
                ..Entry::of(c, policy)
            })
            .collect(),
        reasons: verdict.reasons().iter().map(headline::reason).collect(),
        family: judgement.family,
        baseline: context.baseline,
        current: context.current,
        environment: context.environment,
        interleaved: context.interleaved,
        policy: PolicySummary {
            config: context.config,
            max_regression: policy.defaults.max_regression,
            on_missing: policy.on_missing,
            on_inconclusive: policy.on_inconclusive,
            require_baseline: policy.require_baseline,
            targets_only: policy.targets_only,
            settings: context.settings,
            unmatched: judgement
                .unmatched
                .iter()
                .map(|rule| Unmatched {
                    pattern: rule.pattern.clone(),
                    nearest: rule.nearest.clone(),
                    from: rule.from.to_string(),
                })
                .collect(),
            unused_acceptances: judgement
                .unused
                .iter()
                .map(|unused| UnusedAcceptance {
                    subject: unused.acceptance.subject.to_string(),
                    metric: unused.acceptance.metric.to_string(),
                    reason: unused.acceptance.reason.clone(),
                    until: unused.acceptance.until,
                    expired: unused.expired,
                    from: unused.acceptance.from.to_string(),
                })
                .collect(),
        },
        tool: Tool {
            name: "perfgate".to_owned(),
            version: context.tool_version,
        },
        gate: context.gate,
        notes: context.notes,
        commands: context.commands,
        workloads: judgement.workloads.iter().map(Workload::of).collect(),
        tests: suite::tests(judgement, policy),
        absent: judgement.absent.clone(),
        base_rules: context.base_rules,
        likely_causes: cause::of(verdict),
        profiles: Vec::new(),
        trend: None,
        spent: None,
    }
}
