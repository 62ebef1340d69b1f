//! What a run says, held against what the server really did.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use perfgate::load::http::FailureKind;
use perfgate::load::scenario;
use perfgate::load::{LoadOutcome, Observer, RunRequest, Snapshot, Stop, run};
use perfgate::model::Evidence;

use crate::support::server::{Body, Echo, Ending, Leaf, Log, Reply, Script, Server, Spread, tls};

const MS: Duration = Duration::from_millis(1);
const GET: &str = "GET /";

struct Quiet;

impl Observer for Quiet {
    fn tick(&mut self, _snapshot: &Snapshot) {}
    fn note(&mut self, _text: &str) {}
}

/// One test at a time: two that load the machine at once would measure each other.
static ALONE: Mutex<()> = Mutex::new(());

/// What came of loading this server with a scenario that has no base.
fn load(server: &Server, rest: &str) -> LoadOutcome {
    let text = format!("base = \"{}\"\nthreads = 1\n{rest}", server.url(""));
    let scenario = scenario::parse(&text, Path::new("truth.toml")).unwrap();
    let order = RunRequest {
        scenario: &scenario,
        allow_remote: false,
    };
    run(&order, &mut Quiet, Stop::new()).unwrap()
}

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn root(load: &str) -> String {
    format!("[[step]]\nget = \"/\"\n[load]\n{load}\n")
}

fn evidence<'a>(outcome: &'a LoadOutcome, subject: &str, metric: &str) -> Option<&'a Evidence> {
    let metrics = outcome.run.subjects.get(subject)?;
    metrics.get(metric).map(|measurement| &measurement.evidence)
}

fn percentile(outcome: &LoadOutcome, metric: &str, share: f64) -> Duration {
    match evidence(outcome, GET, metric) {
        Some(Evidence::Histogram(all)) => {
            let ticks = all.histogram.value_at_quantile(share);
            Duration::from_secs_f64(ticks as f64 * all.scale / 1e3)
        }
        other => panic!("{metric} is {other:?}"),
    }
}

/// How many failed, of how many; none of none where there is no such metric.
fn count(outcome: &LoadOutcome, subject: &str, metric: &str) -> (u64, u64) {
    match evidence(outcome, subject, metric) {
        Some(Evidence::Proportion(part)) => (part.count(), part.of()),
        None => (0, 0),
        other => panic!("{metric} is {other:?}"),
    }
}

fn first(outcome: &LoadOutcome, kind: FailureKind) -> &str {
    let found = outcome.failures.iter().find(|(known, ..)| *known == kind);
    found.map_or("", |(_, _, what)| what)
}

/// Times are only true while nobody else takes the machine: one undisturbed run of three is enough.
fn undisturbed(attempt: impl Fn() -> Result<(), String>) {
    let mut failures = Vec::new();
    for _ in 0..3 {
        match attempt() {
            Ok(()) => return,
            Err(failure) => failures.push(failure),
        }
    }
    panic!("{}", failures.join("\n"));
}

fn within(name: &str, found: Duration, truth: Duration, allowed: Duration) -> Result<(), String> {
    match found.abs_diff(truth) <= allowed {
        true => Ok(()),
        false => Err(format!("{name} is {found:?}, the truth is {truth:?}")),
    }
}

fn spread(near: Near) -> Spread {
    let unit = near.unit();
    Spread::new(&[
        (0.0, 2 * unit),
        (0.5, 4 * unit),
        (0.95, 10 * unit),
        (0.99, 20 * unit),
        (1.0, 40 * unit),
    ])
}

fn spread_out(near: Near) -> Script {
    let spread = spread(near);
    Script::new()
        .on("/", move |asked| {
            Reply::text("x").after(spread.of(asked.number))
        })
        .awake()
}

/// How near a percentile has to be: to the truth, or to what a machine allows that does other things, too.
#[derive(Clone, Copy)]
enum Near {
    Exact,
    Busy,
}

impl Near {
    /// What the machine itself takes to carry an answer and to wake up for it is in every latency and in no script: here
    /// some 90 us. It has to be small beside what is compared to a hundredth.
    fn unit(self) -> Duration {
        match self {
            Self::Exact => 5 * MS,
            Self::Busy => MS,
        }
    }

    fn allows(self, truth: Duration) -> Duration {
        match self {
            Self::Exact => truth / 100 + Duration::from_micros(50),
            Self::Busy => truth / 5 + MS,
        }
    }
}

/// From the due time and from the sending, against what the server wrote down and what it was told to do.
fn percentiles(rest: &str, near: Near) -> Result<(), String> {
    let server = Server::start(spread_out(near));
    let outcome = load(&server, &root(rest));
    let log = server.log();
    assert_eq!(count(&outcome, GET, "errors"), (0, 1000));
    assert_eq!(log.len(), 1000);
    for share in [0.5, 0.9, 0.95, 0.99] {
        for metric in ["latency", "service"] {
            let name = format!("{metric} p{}", share * 100.0);
            let found = percentile(&outcome, metric, share);
            let (real, scripted) = (log.quantile(share), spread(near).quantile(share));
            assert!(
                found >= scripted.mul_f64(0.99),
                "{name} is {found:?}: too early"
            );
            within(&name, found, real, near.allows(real))?;
            if matches!(near, Near::Exact) {
                within(&name, found, scripted, near.allows(scripted))?;
            }
        }
    }
    Ok(())
}

const RATE: &str = "rate = 500\nduration = \"2s\"";
const USERS: &str = "users = 8\nrequests = 1000";

#[test]
fn percentiles_are_those_of_the_server_under_a_rate() {
    let _alone = alone();
    undisturbed(|| percentiles(RATE, Near::Busy));
}

#[test]
fn percentiles_are_those_of_the_server_with_users_that_wait() {
    let _alone = alone();
    undisturbed(|| percentiles(USERS, Near::Busy));
}

#[test]
#[ignore = "wants a quiet machine and an optimized build"]
fn percentiles_from_ten_milliseconds_on_are_exact() {
    let _alone = alone();
    undisturbed(|| percentiles(RATE, Near::Exact));
    undisturbed(|| percentiles(USERS, Near::Exact));
}

/// A fifth of the time nothing is answered: so much of every wait is seen.
fn stalls(run: Duration) -> Result<(), String> {
    let stall = run / 5;
    let script = Script::new()
        .on("/", |_| Reply::text("x"))
        .stall(stall..2 * stall);
    let server = Server::start(script);
    let millis = run.as_millis();
    let outcome = load(
        &server,
        &root(&format!("rate = 1000\nduration = \"{millis}ms\"")),
    );
    assert_eq!(
        count(&outcome, GET, "errors"),
        (0, u64::try_from(millis).unwrap())
    );
    for (share, part) in [(0.9, 0.5), (0.95, 0.75), (0.99, 0.95)] {
        let truth = stall.mul_f64(part);
        let found = percentile(&outcome, "latency", share);
        within(&format!("p{}", share * 100.0), found, truth, truth / 20)?;
    }
    Ok(())
}

#[test]
fn a_stall_is_in_the_latency_of_all_who_waited() {
    let _alone = alone();
    undisturbed(|| stalls(Duration::from_millis(1500)));
}

#[test]
#[ignore = "takes five seconds and wants a quiet machine"]
fn a_stall_of_one_second_in_five() {
    let _alone = alone();
    undisturbed(|| stalls(Duration::from_secs(5)));
}

#[test]
fn a_rate_is_kept_without_bursts() {
    let _alone = alone();
    undisturbed(|| {
        let server = Server::start(Script::new().on("/", |_| Reply::text("x")).awake());
        load(&server, &root("rate = 1000\nduration = \"1s\""));
        let log = server.log();
        assert_eq!(log.len(), 1000);
        let counts = log.arrivals_per(20 * MS);
        let whole = &counts[..counts.len() - 1];
        match whole.iter().all(|count| (16..=24).contains(count)) {
            true => Ok(()),
            false => Err(format!("{counts:?}")),
        }
    });
}

/// How many of the log's requests had this remainder of their number.
fn of_number(log: &Log, remainder: usize) -> u64 {
    let numbers = 0..log.len();
    let matching = numbers.filter(|number| number % 10 == remainder);
    u64::try_from(matching.count()).unwrap()
}

#[test]
fn each_failure_is_counted_by_its_kind_and_none_is_in_the_latency() {
    let _alone = alone();
    let server = Server::start(Script::new().on("/", |asked| match asked.number % 10 {
        3 => Reply::status(503).after(30 * MS),
        5 => Reply::hang_up(),
        7 => Reply::reset(),
        9 => Reply::silence(),
        _ => Reply::text("x"),
    }));
    let outcome = load(
        &server,
        &format!("timeout = \"100ms\"\n{}", root("users = 2\nrequests = 100")),
    );
    let log = server.log();
    assert_eq!(
        log.len(),
        100,
        "each is asked once and no more {:?}",
        outcome.failures
    );
    assert_eq!(count(&outcome, GET, "errors"), (40, 100));
    assert_eq!(count(&outcome, GET, "errors_status").0, of_number(&log, 3));
    assert_eq!(count(&outcome, GET, "errors_timeout").0, of_number(&log, 9));
    let broken = of_number(&log, 5) + of_number(&log, 7);
    assert_eq!(count(&outcome, GET, "errors_broken").0, broken);
    assert!(first(&outcome, FailureKind::Status).contains("503"));
    let slowest = percentile(&outcome, "latency", 1.0);
    assert!(slowest < 30 * MS, "{slowest:?}");
}

#[test]
fn answers_that_end_early_or_are_no_http_are_broken() {
    let _alone = alone();
    let cut = |ending| {
        Reply::body(Body::Cut {
            sent: "ha".into(),
            promised: 4,
            ending,
        })
    };
    for reply in [
        cut(Ending::Close),
        cut(Ending::Reset),
        Reply::raw("SSH-2.0-OpenSSH_9\r\n"),
    ] {
        let server = Server::start(Script::new().on("/", move |_| reply.clone()));
        let outcome = load(&server, &root("users = 2\nrequests = 20"));
        assert_eq!(count(&outcome, GET, "errors"), (20, 20));
        assert_eq!(count(&outcome, GET, "errors_broken").0, 20);
        assert!(!first(&outcome, FailureKind::Broken).is_empty());
        assert_eq!(server.log().len(), 20);
    }
}

#[test]
fn a_body_that_is_slow_or_never_ends_is_a_timeout() {
    let _alone = alone();
    let slow = || Body::Slow {
        bytes: vec![b'x'; 100].into(),
        pause: 20 * MS,
    };
    for http in ["1.1", "2"] {
        for body in [slow(), Body::Endless] {
            let reply = Reply::body(body);
            let server = Server::start(Script::new().on("/", move |_| reply.clone()));
            let head = format!("timeout = \"100ms\"\nhttp = \"{http}\"\n");
            let outcome = load(&server, &(head + &root("users = 2\nrequests = 4")));
            assert_eq!(
                count(&outcome, GET, "errors_timeout"),
                (4, 4),
                "{http} {:?}",
                outcome.failures
            );
        }
    }
}

#[test]
fn connections_that_the_server_ends_as_it_may_are_no_errors() {
    let _alone = alone();
    for http in ["1.1", "2"] {
        let script = Script::new().on("/", |_| Reply::text("x")).keep_alive(10);
        let server = Server::start(script);
        let head = format!("http = \"{http}\"\n");
        let outcome = load(&server, &(head + &root("users = 4\nrequests = 200")));
        assert_eq!(
            count(&outcome, GET, "errors"),
            (0, 200),
            "{http} {:?}",
            outcome.failures
        );
        assert_eq!(server.log().len(), 200);
        assert!(server.connections() >= 10, "{}", server.connections());
    }
    let script = Script::new().on("/", |_| Reply::text("x"));
    let server = Server::start(script.leaves_silently_after(5));
    let load_it = root("users = 2\nrequests = 20\nthink = \"20ms\"");
    let outcome = load(&server, &load_it);
    assert_eq!(
        count(&outcome, GET, "errors"),
        (0, 20),
        "{:?}",
        outcome.failures
    );
}

#[test]
fn users_of_http2_share_connections_over_tls() {
    let _alone = alone();
    let server = Server::start(Script::site().tls(Leaf::Localhost));
    let ca = tls::ca();
    let head = format!(
        "http = \"2\"\nstreams = 5\ntls = {{ ca = '{}' }}\n",
        ca.display()
    );
    let outcome = load(&server, &(head + &root("users = 20\nrequests = 200")));
    assert_eq!(
        count(&outcome, GET, "errors"),
        (0, 200),
        "{:?}",
        outcome.failures
    );
    // One more looks whether the service is there.
    assert!(
        (4..=5).contains(&server.connections()),
        "{}",
        server.connections()
    );
}

#[test]
fn round_trips_of_a_socket_are_its_latency() {
    let _alone = alone();
    undisturbed(|| {
        let script = Script::new().on("/ws", |_| {
            Reply::socket(Echo {
                delay: 10 * MS,
                preamble: vec!["noise".to_owned()],
                pings: true,
                ..Echo::default()
            })
        });
        let server = Server::start(script.awake());
        let step = "[[step]]\nname = \"GET /\"\nwebsocket = \"/ws\"\n\
                    messages = [{ send = \"hello\", await = \"hello\", times = 5 }]\n\
                    [load]\nusers = 3\niterations = 12\n";
        let outcome = load(&server, step);
        assert_eq!(
            count(&outcome, GET, "errors"),
            (0, 60),
            "{:?}",
            outcome.failures
        );
        let median = percentile(&outcome, "latency", 0.5);
        within("p50", median, 10 * MS, Near::Busy.allows(10 * MS))
    });
}

#[test]
fn a_refused_socket_is_a_status() {
    let _alone = alone();
    let server = Server::start(Script::new().on("/ws", |_| Reply::status(403)));
    let step = "[[step]]\nname = \"chat\"\nwebsocket = \"/ws\"\nmessages = [{ send = \"hello\" }]\n\
                [load]\nusers = 1\niterations = 3\n";
    let outcome = load(&server, step);
    assert!(
        first(&outcome, FailureKind::Status).contains("403"),
        "{:?}",
        outcome.failures
    );
}

/// A service that fails at once is asked no faster than one that answers.
#[test]
fn users_think_behind_a_step_that_failed() {
    let _alone = alone();
    for steps in [
        "[[flow]]\nthink = \"200ms\"\n[[flow.step]]\nget = \"/gone\"\n",
        "[[step]]\nget = \"/gone\"\nthink = \"200ms\"\n",
        "[[step]]\nget = \"/gone\"\n[[step]]\nget = \"/\"\nthink = \"200ms\"\n",
    ] {
        let server = Server::start(Script::new().on("/gone", |_| Reply::status(404)));
        load(
            &server,
            &format!("{steps}[load]\nusers = 5\nduration = \"1s\"\n"),
        );
        let asked = server.log().of("/gone").len();
        assert!((15..=30).contains(&asked), "{asked}: {steps}");
    }
}

/// Users that begin together and think alike do not go on together.
#[test]
fn users_that_think_are_spread_over_their_pause() {
    let _alone = alone();
    for (think, load_think) in [("", "think = \"500ms\""), ("think = \"500ms\"\n", "")] {
        let server = Server::start(Script::new().on("/", |_| Reply::text("ok")));
        let text = format!(
            "[[step]]\nget = \"/\"\n{think}[load]\nusers = 200\nduration = \"2s\"\n{load_think}\n"
        );
        undisturbed(|| {
            let before = server.log().len();
            load(&server, &text);
            let log = Log(server.log().0.split_off(before));
            let bins = log.arrivals_per(50 * MS);
            let full = &bins[..bins.len().min(38)];
            let (least, most) = (full.iter().min().unwrap(), full.iter().max().unwrap());
            match (14..=26).contains(least) && (14..=26).contains(most) {
                true => Ok(()),
                false => Err(format!("20 users in each 50 ms: {full:?}")),
            }
        });
    }
}

/// What is looked for in an answer takes our time and not the service's.
#[test]
fn the_time_in_which_an_answer_is_looked_at_is_no_latency() {
    let _alone = alone();
    let items: Vec<String> = (0..20_000)
        .map(|n| format!("{{\"id\":{n},\"name\":\"item\"}}"))
        .collect();
    let document: &'static str = format!("{{\"items\":[{}]}}", items.join(",")).leak();
    let server = Server::start(Script::new().on("/", move |_| Reply::text(document)));
    undisturbed(|| {
        let timed = |check: &str| {
            let text =
                format!("[[step]]\nget = \"/\"\n{check}[load]\nusers = 1\niterations = 12\n");
            load(&server, &text)
        };
        let plain = timed("");
        let checked = timed(
            "expect = { contains = \"item\", json = { \"$.items[19999].id\" = 19999 } }\ncapture = { id = { regex = '\"id\":(19998)' } }\n",
        );
        assert_eq!(count(&checked, GET, "errors"), (0, 12));
        assert!(evidence(&plain, "generator", "checking").is_none());
        let Some(Evidence::Value(share)) = evidence(&checked, "generator", "checking") else {
            panic!("no `checking`");
        };
        assert!(*share > 5.0, "{share} % of the time");
        for metric in ["latency", "service"] {
            let (before, after) = (
                percentile(&plain, metric, 0.5),
                percentile(&checked, metric, 0.5),
            );
            within(metric, after, before, before / 2 + 3 * MS)?;
        }
        Ok(())
    });
}

/// Every number, row and request of the whole once, whichever machine sends it.
#[test]
fn shares_of_a_load_send_together_what_one_machine_would() {
    let _alone = alone();
    for load in ["users = 6\niterations = 60", "rate = 60\nduration = \"1s\""] {
        let server = Server::start(Script::new().on("/*", |_| Reply::text("ok")));
        let text = format!(
            "base = \"{}\"\nthreads = 1\n[values]\nn = {{ counter = true }}\n[[step]]\nname = \"n\"\nget = \"/{{{{n}}}}\"\n[load]\n{load}\n",
            server.url("")
        );
        let mut loads = Vec::new();
        for share in ["1/3", "2/3", "3/3"] {
            let mut scenario = scenario::parse(&text, Path::new("truth.toml")).unwrap();
            scenario.share = share.parse().unwrap();
            let order = RunRequest {
                scenario: &scenario,
                allow_remote: false,
            };
            let outcome = run(&order, &mut Quiet, Stop::new()).unwrap();
            assert_eq!(count(&outcome, "n", "errors"), (0, 20), "{share} of {load}");
            loads.push(outcome.run.provenance.load.unwrap());
        }
        let mut sent: Vec<usize> = server
            .log()
            .0
            .iter()
            .map(|one| one.path[1..].parse().unwrap())
            .collect();
        sent.sort_unstable();
        assert!(sent.iter().copied().eq(1..=60), "{load}: {sent:?}");
        assert!(loads.iter().all(|load| load.digest == loads[0].digest));
        let whole = scenario::parse(&text, Path::new("truth.toml")).unwrap();
        let whole = perfgate::load::definition::of(&whole).digest;
        assert_eq!(loads[0].terms.get("whole"), whole.as_ref());
        assert_ne!(loads[0].digest, whole);
    }
}
