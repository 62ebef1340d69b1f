//! Words that people bring along from other tools, and what stands for them here.

/// What to write instead of a key that this form does not have; `form` is what messages call it.
pub(super) fn instead(form: &str, word: &str) -> Option<&'static str> {
    match form {
        "perfgate.toml" => in_config(word),
        "[defaults]" => in_defaults(word),
        "[[rule]]" => in_rule(word),
        "[[source]]" => in_source(word),
        "the scenario" => in_scenario(word),
        "[load]" => in_load(word),
        "[[step]]" | "[[flow.step]]" => in_step(word),
        _ => None,
    }
}

/// Limits of any kind, as k6, Artillery, JMeter, Gatling, Lighthouse and the comparers of benchmarks call them.
fn is_limit(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "threshold"
            | "thresholds"
            | "limit"
            | "limits"
            | "budget"
            | "budgets"
            | "assert"
            | "asserts"
            | "assertion"
            | "assertions"
            | "ensure"
            | "slo"
            | "slos"
            | "sla"
            | "goal"
            | "goals"
            | "criteria"
    )
}

fn is_tolerance(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "tolerance"
            | "tolerances"
            | "regression"
            | "regression_threshold"
            | "noise_threshold"
            | "fail_threshold"
            | "alert_threshold"
            | "max_slowdown"
            | "max_increase"
            | "max_change"
            | "fail_on_regression"
    )
}

fn in_config(word: &str) -> Option<&'static str> {
    match word {
        _ if is_limit(word) => Some(
            "a hard limit is a rule's budget: [[rule]] subject = \"GET /search\", metric = \"latency.p95\", budget = \"500ms\"; how much worse is too much is its `max_regression`",
        ),
        _ if is_tolerance(word) => Some(
            "how much worse is too much is max_regression = \"5%\" in [defaults], or in a [[rule]] for some series",
        ),
        "benchmark" | "benchmarks" | "test" | "tests" | "scenario" | "scenarios" | "suite"
        | "suites" | "command" | "results" => Some(
            "what is measured is a [[source]], with `scenario`, or `command` and `results`, or `results` alone",
        ),
        "ignore" | "exclude" | "skip" => {
            Some("what is not to be gated is a rule: [[rule]] subject = \"…\", severity = \"off\"")
        }
        _ => None,
    }
}

fn in_defaults(word: &str) -> Option<&'static str> {
    if word == "budget" || word == "budgets" {
        return Some(
            "a budget is of some series: [[rule]] subject = \"…\", metric = \"…\", budget = \"500ms\"",
        );
    }
    (is_limit(word) || is_tolerance(word))
        .then_some("how much worse is too much is max_regression = \"5%\"")
}

fn in_rule(word: &str) -> Option<&'static str> {
    match word {
        _ if is_tolerance(word) => Some("how much worse is too much is max_regression = \"10%\""),
        _ if is_limit(word) => Some(
            "a hard limit is budget = \"500ms\"; how much worse is too much is max_regression = \"10%\"",
        ),
        "max" | "min" | "lt" | "gt" | "lte" | "gte" | "below" | "above" => {
            Some("a hard limit is budget = \"500ms\"")
        }
        "name" | "endpoint" | "benchmark" | "bench" | "url" | "path" | "pattern" => Some(
            "which series a rule is for is `subject`, and `metric`: subject = \"GET /search*\"",
        ),
        "p50" | "p90" | "p95" | "p99" | "mean" | "median" | "statistic" | "percentile" => {
            Some("the statistic is part of `metric`: metric = \"latency.p95\"")
        }
        "action" | "level" | "on_fail" => {
            Some("what follows is severity = \"fail\", \"warn\" or \"off\"")
        }
        _ => None,
    }
}

fn in_source(word: &str) -> Option<&'static str> {
    match word {
        "cmd" | "run" | "script" | "exec" | "shell" => Some("what is run is `command`"),
        "output" | "outputs" | "path" | "paths" | "file" | "files" | "result" | "glob" => {
            Some("the files that hold the results are `results`")
        }
        "repeat" | "repeats" | "repetitions" | "iterations" | "times" | "count" => {
            Some("how often it is run is `runs`")
        }
        "time_limit" | "max_time" | "deadline" => Some("how long it may take is `timeout`"),
        _ => None,
    }
}

const LIMITS_ARE_THE_GATES: &str = "a scenario says what is measured, and the gate what is too much: in perfgate.toml, [[rule]] subject = \"GET /search\", metric = \"latency.p95\", budget = \"500ms\"";

fn in_scenario(word: &str) -> Option<&'static str> {
    match word {
        _ if is_limit(word) || is_tolerance(word) => Some(LIMITS_ARE_THE_GATES),
        "vus" | "users" | "stages" | "executor" | "arrivalRate" | "rampTo" | "rate"
        | "duration" | "iterations" | "phases" | "ramp" | "spawn_rate" => Some(
            "how much load is put on stands in [load], as `users` or `rate` with a `duration`, or as [[load.phase]] or [[load.stage]]",
        ),
        "host" | "target" | "url" | "baseUrl" | "base_url" => {
            Some("where every path begins is base = \"http://127.0.0.1:8080\"")
        }
        "requests" | "request" | "steps" | "endpoints" | "tasks" => {
            Some("each request is a [[step]]: get = \"/search\"")
        }
        "scenarios" | "flows" => Some("each of several flows is a [[flow]] with its [[flow.step]]"),
        "checks" | "check" | "expect" => Some("what counts as a success is a step's `expect`"),
        _ => None,
    }
}

fn in_load(word: &str) -> Option<&'static str> {
    match word {
        _ if is_limit(word) || is_tolerance(word) => Some(LIMITS_ARE_THE_GATES),
        "vus" | "virtual_users" | "connections" | "concurrency" | "threads" => {
            Some("how many users there are at once is `users`")
        }
        "rps" | "qps" | "arrivalRate" | "arrival_rate" | "throughput" => {
            Some("how many flows begin in a second is `rate`")
        }
        "stages" | "phases" | "ramp" | "rampTo" | "ramp_up" => Some(
            "rates one after the other are [[load.phase]], numbers of users [[load.stage]], and rate = [10, 50] or users = [10, 50] rises evenly",
        ),
        "time" | "for" | "run_time" => Some("how long is measured is `duration`"),
        _ => None,
    }
}

fn in_step(word: &str) -> Option<&'static str> {
    match word {
        _ if is_limit(word) => Some(
            "what counts as a success is `expect`; how slow is too slow is a budget of perfgate.toml: [[rule]] budget = \"500ms\"",
        ),
        "check" | "checks" => Some("what counts as a success is `expect`"),
        "url" => Some("the method and the path are one key: get = \"/search\""),
        "sleep" | "pause" | "wait" => Some("the pause behind a step is `think`"),
        _ => None,
    }
}
