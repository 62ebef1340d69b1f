//! From what the leaves saw to one number.

use std::collections::BTreeMap;

use super::parse::{Aggregate, Expression, Grouping, Operator};

/// The labels that tell one series from another, without its name.
pub(super) type Labels = BTreeMap<String, String>;

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Number(f64),
    Series(Vec<(Labels, f64)>),
}

/// Evaluates an expression. `leaf` tells the series of a leaf.
pub(super) fn evaluate(
    expression: &Expression,
    leaf: &dyn Fn(usize) -> Vec<(Labels, f64)>,
) -> Result<Answer, String> {
    Ok(match expression {
        Expression::Number(number) => Answer::Number(*number),
        Expression::Leaf(at) => Answer::Series(leaf(*at)),
        Expression::Negative(inside) => match evaluate(inside, leaf)? {
            Answer::Number(number) => Answer::Number(-number),
            Answer::Series(all) => {
                Answer::Series(all.into_iter().map(|(l, value)| (l, -value)).collect())
            }
        },
        Expression::Binary(operator, left, right) => {
            binary(*operator, evaluate(left, leaf)?, evaluate(right, leaf)?)?
        }
        Expression::Aggregate(how, grouping, inside) => {
            let all = series(evaluate(inside, leaf)?, "an aggregation")?;
            Answer::Series(aggregate(*how, grouping, all))
        }
        Expression::Quantile(share, buckets) => {
            let Answer::Number(share) = evaluate(share, leaf)? else {
                return Err("the quantile of `histogram_quantile` is not a number".to_owned());
            };
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{share} is not a quantile between 0 and 1"));
            }
            let buckets = series(evaluate(buckets, leaf)?, "`histogram_quantile`")?;
            Answer::Series(quantiles(share, buckets)?)
        }
    })
}

fn series(answer: Answer, what: &str) -> Result<Vec<(Labels, f64)>, String> {
    match answer {
        Answer::Series(all) => Ok(all),
        Answer::Number(_) => Err(format!("{what} needs series, and not a number")),
    }
}

fn binary(operator: Operator, left: Answer, right: Answer) -> Result<Answer, String> {
    let apply = |left: f64, right: f64| match operator {
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Divided => left / right,
    };
    Ok(match (left, right) {
        (Answer::Number(left), Answer::Number(right)) => Answer::Number(apply(left, right)),
        (Answer::Number(left), Answer::Series(right)) => Answer::Series(
            right
                .into_iter()
                .map(|(l, it)| (l, apply(left, it)))
                .collect(),
        ),
        (Answer::Series(left), Answer::Number(right)) => Answer::Series(
            left.into_iter()
                .map(|(l, it)| (l, apply(it, right)))
                .collect(),
        ),
        (Answer::Series(left), Answer::Series(right)) => {
            let (many, few) = (left.len(), right.len());
            let right: BTreeMap<Labels, f64> = right.into_iter().collect();
            let pairs: Vec<(Labels, f64)> = left
                .into_iter()
                .filter_map(|(labels, value)| {
                    let other = *right.get(&labels)?;
                    Some((labels, apply(value, other)))
                })
                .collect();
            if pairs.is_empty() && many > 0 && few > 0 {
                return Err(
                    "no series on both sides have the same labels: put `sum(…)` around each"
                        .to_owned(),
                );
            }
            Answer::Series(pairs)
        }
    })
}

fn aggregate(how: Aggregate, grouping: &Grouping, all: Vec<(Labels, f64)>) -> Vec<(Labels, f64)> {
    let mut groups: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    for (mut labels, value) in all {
        match grouping {
            Grouping::By(kept) => labels.retain(|label, _| kept.contains(label)),
            Grouping::Without(dropped) => labels.retain(|label, _| !dropped.contains(label)),
        }
        groups.entry(labels).or_default().push(value);
    }
    let one = |values: Vec<f64>| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a page has less than 2^53 series"
        )]
        let count = values.len() as f64;
        let sum: f64 = values.iter().sum();
        match how {
            Aggregate::Sum => sum,
            Aggregate::Mean => sum / count,
            Aggregate::Highest => values.into_iter().fold(f64::NEG_INFINITY, f64::max),
            Aggregate::Lowest => values.into_iter().fold(f64::INFINITY, f64::min),
            Aggregate::Count => count,
        }
    };
    groups
        .into_iter()
        .map(|(labels, values)| (labels, one(values)))
        .collect()
}

/// The quantile of each histogram, linear inside its bucket, as Prometheus works it out.
fn quantiles(share: f64, buckets: Vec<(Labels, f64)>) -> Result<Vec<(Labels, f64)>, String> {
    let mut histograms: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for (mut labels, count) in buckets {
        let bound = labels.remove("le").ok_or(
            "`histogram_quantile` needs buckets with their label `le`: keep it with `sum by (le) (…)`",
        )?;
        let bound: f64 = bound
            .parse()
            .map_err(|_| format!("the bucket `le=\"{bound}\"` is no number"))?;
        histograms.entry(labels).or_default().push((bound, count));
    }
    Ok(histograms
        .into_iter()
        .filter_map(|(labels, buckets)| Some((labels, quantile(share, buckets)?)))
        .collect())
}

/// `None` where nothing was counted, or where the largest bucket is missing.
fn quantile(share: f64, mut buckets: Vec<(f64, f64)>) -> Option<f64> {
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Buckets are read one after the other: one that seems to hold less than a smaller one holds as much.
    let mut most = 0.0_f64;
    for (_, count) in &mut buckets {
        most = most.max(*count);
        *count = most;
    }
    let (highest, all) = *buckets.last()?;
    if !(highest.is_infinite() && highest > 0.0 && all > 0.0) {
        return None;
    }
    let rank = share * all;
    let at = buckets.iter().position(|(_, count)| *count >= rank)?;
    let (bound, count) = *buckets.get(at)?;
    let (before, below) = match at.checked_sub(1).and_then(|at| buckets.get(at)) {
        Some(smaller) => *smaller,
        // All that is known of the smallest is that it begins at zero, where it is not below.
        None if bound <= 0.0 => return Some(bound),
        None => (0.0, 0.0),
    };
    if bound.is_infinite() {
        // Beyond the last bound nothing is known.
        return Some(before);
    }
    Some(before + (bound - before) * ((rank - below) / (count - below)).clamp(0.0, 1.0))
}
