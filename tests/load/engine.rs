//! The load runner against a small server in this process: what is sent, what is measured, how a run ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use perfgate::load::http::FailureKind;
use perfgate::load::scenario::{
    Action, Arrivals, Base, Body, Call, Closed, Destination, Expect, Flow, Level, Load, Measure,
    Open, Pause, Phase, Protocol, Scenario, Scheme, Step, Tls, Until,
};
use perfgate::load::template::Template;
use perfgate::load::{LoadOutcome, Observer, RunRequest, Snapshot, Stop, run};
use perfgate::model::{Evidence, Role};

/// Answers each request as it is told, one thread a connection.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

impl Server {
    /// What to answer to the n-th request of the server (from 0), and of its connection; nothing closes it.
    fn start(
        answer: impl Fn(usize, usize) -> Option<&'static [u8]> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let answer = Arc::new(answer);
        let (connections, requests) = (
            Arc::clone(&server.connections),
            Arc::clone(&server.requests),
        );
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::Relaxed);
                let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                std::thread::spawn(move || serve(stream.unwrap(), &*answer, &requests));
            }
        });
        server
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &dyn Fn(usize, usize) -> Option<&'static [u8]>,
    requests: &AtomicUsize,
) {
    stream.set_nodelay(true).ok();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    for own in 0.. {
        while !seen.ends_with(b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(read) => seen.extend_from_slice(&buffer[..read]),
            }
        }
        seen.clear();
        let Some(bytes) = answer(requests.fetch_add(1, Ordering::Relaxed), own) else {
            return;
        };
        if stream.write_all(bytes).is_err() {
            return;
        }
    }
}

#[derive(Default)]
struct Looks(Vec<Snapshot>);

impl Observer for Looks {
    fn tick(&mut self, snapshot: &Snapshot) {
        self.0.push(snapshot.clone());
    }
    fn note(&mut self, text: &str) {
        panic!("{text}");
    }
}

fn step(path: &str) -> Step {
    Step {
        subject: format!("GET {path}"),
        destination: Destination::Base,
        together: false,
        action: Action::Call(Box::new(Call {
            method: http::Method::GET,
            path: Template::fixed(path),
            query: Vec::new(),
            headers: Vec::new(),
            auth: None,
            body: Body::Empty,
            events: None,
            expect: Expect::default(),
            captures: Vec::new(),
        })),
        timeout: None,
        think: Pause::NONE,
        turns: None,
    }
}

fn scenario(port: u16, load: Load) -> Scenario {
    Scenario {
        name: "test".to_owned(),
        base: Base {
            scheme: Scheme::Http,
            host: "127.0.0.1".to_owned(),
            port,
            prefix: String::new(),
        },
        hosts: Vec::new(),
        protocol: Protocol::Http1,
        levels: vec![Level { prefix: None, load }],
        abort: None,
        warmup: Duration::ZERO,
        timeout: Duration::from_secs(2),
        seed: 1,
        threads: NonZeroUsize::new(1),
        redirects: 5,
        cookies: false,
        keep_alive: true,
        measure: Measure::default(),
        tls: Tls::default(),
        flows: vec![Flow {
            name: "all".to_owned(),
            weight: 1.0,
            once: Vec::new(),
            steps: vec![step("/")],
        }],
        classes: Vec::new(),
        setup: Vec::new(),
        teardown: Vec::new(),
        values: Default::default(),
        feeds: Vec::new(),
        watch: Vec::new(),
        service: None,
        share: Default::default(),
    }
}

fn closed(users: usize, until: Until) -> Load {
    Load::Closed(Closed {
        users: NonZeroUsize::new(users).unwrap(),
        spawn_rate: None,
        think: Pause::NONE,
        until,
        stages: Vec::new(),
    })
}

fn open(rate: f64, millis: u64, max_users: usize) -> Load {
    Load::Open(Open {
        phases: vec![phase(None, rate, millis)],
        arrivals: Arrivals::Constant,
        max_users: NonZeroUsize::new(max_users).unwrap(),
    })
}

fn phase(name: Option<&str>, rate: f64, millis: u64) -> Phase {
    Phase {
        name: name.map(str::to_owned),
        duration: Duration::from_millis(millis),
        from: rate,
        to: rate,
        counted: true,
    }
}

fn go(scenario: &Scenario) -> LoadOutcome {
    let order = RunRequest {
        scenario,
        allow_remote: false,
    };
    run(&order, &mut Looks::default(), Stop::new()).unwrap()
}

fn evidence<'a>(outcome: &'a LoadOutcome, subject: &str, metric: &str) -> &'a Evidence {
    let metrics = outcome.run.subjects.get(subject);
    let metrics =
        metrics.unwrap_or_else(|| panic!("no {subject} in {:?}", outcome.run.subjects.keys()));
    &metrics[metric].evidence
}

fn number(outcome: &LoadOutcome, subject: &str, metric: &str) -> f64 {
    match evidence(outcome, subject, metric) {
        Evidence::Value(value) => *value,
        other => panic!("{metric} is {other:?}"),
    }
}

/// In milliseconds.
fn percentile(outcome: &LoadOutcome, metric: &str, share: f64) -> f64 {
    match evidence(outcome, "GET /", metric) {
        Evidence::Histogram(all) => all.histogram.value_at_quantile(share) as f64 * all.scale,
        other => panic!("{metric} is {other:?}"),
    }
}

fn counted(outcome: &LoadOutcome, subject: &str) -> (u64, u64) {
    match evidence(outcome, subject, "errors") {
        Evidence::Proportion(errors) => (errors.count(), errors.of()),
        other => panic!("errors are {other:?}"),
    }
}

#[test]
fn so_many_iterations_as_were_asked_for_are_counted_on_one_connection_for_each_user() {
    let server = Server::start(|_, _| Some(OK));
    let mut scenario = scenario(server.port, closed(5, Until::Iterations(500)));
    scenario.threads = NonZeroUsize::new(2);
    let outcome = go(&scenario);
    assert_eq!(counted(&outcome, "GET /"), (0, 500));
    // One more connection asked whether anybody is there.
    assert_eq!(server.connections.load(Ordering::Relaxed), 6);
    assert_eq!(server.requests.load(Ordering::Relaxed), 500);
    assert!(number(&outcome, "GET /", "throughput") > 0.0);
    let provenance = &outcome.run.provenance;
    assert_eq!(provenance.tool.as_ref().unwrap().name, "perfgate");
    assert!(!provenance.partial && outcome.failures.is_empty());
}

#[test]
fn every_request_of_an_open_load_is_sent_and_its_lag_is_known() {
    let server = Server::start(|_, _| Some(OK));
    let outcome = go(&scenario(server.port, open(500.0, 800, 50)));
    assert_eq!(counted(&outcome, "GET /"), (0, 400));
    assert_eq!(number(&outcome, "generator", "due"), 400.0);
    assert_eq!(number(&outcome, "generator", "sent"), 400.0);
    assert_eq!(number(&outcome, "generator", "dropped"), 0.0);
    let throughput = &outcome.run.subjects["GET /"]["throughput"];
    assert_eq!(throughput.role, Role::Fixed);
    assert!((number(&outcome, "GET /", "throughput") - 500.0).abs() < 1.0);
    assert!(evidence(&outcome, "generator", "lag").observations() == Some(400));
}

#[test]
fn the_warm_up_is_sent_and_not_counted() {
    let server = Server::start(|_, _| Some(OK));
    let mut scenario = scenario(server.port, open(200.0, 500, 20));
    scenario.warmup = Duration::from_millis(500);
    let outcome = go(&scenario);
    assert_eq!(counted(&outcome, "GET /"), (0, 100));
    assert_eq!(server.requests.load(Ordering::Relaxed), 200);
    assert!((outcome.run.provenance.duration_s.unwrap() - 0.5).abs() < 0.01);
}

#[test]
fn a_stall_is_latency_of_all_that_were_due_meanwhile() {
    // From the 100th request on nobody is answered for half a second.
    let until = std::sync::OnceLock::new();
    let server = Server::start(move |n, _| {
        if n >= 100 {
            let end = *until.get_or_init(|| Instant::now() + Duration::from_millis(500));
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
        }
        Some(OK)
    });
    let outcome = go(&scenario(server.port, open(200.0, 1500, 10)));
    assert_eq!(counted(&outcome, "GET /"), (0, 300));
    // A third of all were due in the stall: evenly from 500 ms down to nothing.
    for (share, truth) in [(0.8, 200.0), (0.9, 350.0), (0.95, 425.0), (0.99, 485.0)] {
        let response = percentile(&outcome, "latency", share);
        assert!((response - truth).abs() < 25.0, "{share}: {response}");
    }
    assert!(percentile(&outcome, "service", 0.9) < 50.0);
    assert!(number(&outcome, "generator", "late") >= 80.0);
}

#[test]
fn what_no_user_is_free_for_in_time_is_dropped_and_counted() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_millis(400));
        Some(OK)
    });
    let mut scenario = scenario(server.port, open(100.0, 600, 1));
    scenario.timeout = Duration::from_millis(450);
    let outcome = go(&scenario);
    let (errors, of) = counted(&outcome, "GET /");
    assert_eq!(of, 60);
    let dropped = number(&outcome, "generator", "dropped");
    assert!(
        dropped > 50.0 && errors as f64 >= dropped,
        "{dropped} of {errors}"
    );
    assert_eq!(number(&outcome, "generator", "sent") + dropped, 60.0);
    assert!(
        outcome
            .failures
            .iter()
            .any(|(kind, ..)| *kind == FailureKind::Dropped)
    );
    assert_eq!(outcome.run.provenance.invalid, None);
}

#[test]
fn failures_are_told_apart_and_the_user_goes_on() {
    let server = Server::start(|n, _| match n % 5 {
        0 => Some(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"),
        1 => Some(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n123456789"),
        2 => Some(b"FTP\r\n\r\n"),
        _ => Some(OK),
    });
    let outcome = go(&scenario(server.port, closed(1, Until::Iterations(50))));
    let (errors, of) = counted(&outcome, "GET /");
    assert_eq!(of, 50);
    assert!((18..=22).contains(&errors), "{errors}");
    let kinds: Vec<FailureKind> = outcome.failures.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, [FailureKind::Broken, FailureKind::Status]);
    assert!(
        outcome.failures[1].2.contains("500"),
        "{:?}",
        outcome.failures
    );
    let of_kind = evidence(&outcome, "GET /", "errors_status");
    assert!(matches!(of_kind, Evidence::Proportion(errors) if errors.of() == 50));
}

#[test]
fn a_request_that_the_server_hung_up_on_is_sent_once_and_counted() {
    let server = Server::start(|_, own| (own < 3).then_some(OK));
    let outcome = go(&scenario(server.port, closed(2, Until::Iterations(60))));
    let (errors, of) = counted(&outcome, "GET /");
    assert!(of == 60 && (14..=16).contains(&errors), "{errors} of {of}");
    assert!(server.connections.load(Ordering::Relaxed) >= 15);
}

#[test]
fn a_server_that_never_answers_is_a_timeout_and_a_fresh_connection_that_closes_is_broken() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_secs(5));
        None
    });
    let mut never = scenario(
        server.port,
        closed(3, Until::For(Duration::from_millis(300))),
    );
    never.timeout = Duration::from_millis(200);
    let begin = Instant::now();
    let outcome = go(&never);
    assert!(begin.elapsed() < Duration::from_secs(2));
    let (errors, of) = counted(&outcome, "GET /");
    assert!(errors == of && of >= 3, "{errors} of {of}");
    assert_eq!(outcome.failures[0].0, FailureKind::Timeout);
    assert!(
        outcome.failures[0].2.contains("0.2 s"),
        "{:?}",
        outcome.failures
    );

    let server = Server::start(|_, _| None);
    let outcome = go(&scenario(server.port, closed(1, Until::Iterations(5))));
    assert_eq!(outcome.failures[0].0, FailureKind::Broken);
    assert_eq!(counted(&outcome, "GET /"), (5, 5));
}

#[test]
fn asked_to_stop_it_ends_within_a_second_and_says_that_it_is_partial() {
    let server = Server::start(|n, _| {
        if n > 20 {
            std::thread::sleep(Duration::from_secs(10));
        }
        Some(OK)
    });
    let scenario = scenario(server.port, closed(4, Until::For(Duration::from_secs(60))));
    let stop = Stop::new();
    let asks = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        asks.ask();
    });
    let order = RunRequest {
        scenario: &scenario,
        allow_remote: false,
    };
    let begin = Instant::now();
    let mut looks = Looks::default();
    let outcome = run(&order, &mut looks, stop).unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    assert!(outcome.run.provenance.partial);
    assert_eq!(number(&outcome, "generator", "unfinished"), 4.0);
    let last = outcome.failures.last().unwrap();
    assert_eq!((last.0, last.1), (FailureKind::Unfinished, 4));
    assert!(!looks.0.is_empty());
}

#[test]
fn levels_follow_each_other_with_their_own_subjects_and_phases_with_theirs() {
    let server = Server::start(|_, _| Some(OK));
    let mut scenario = scenario(server.port, closed(2, Until::Iterations(20)));
    scenario.levels[0].prefix = Some("users=2".to_owned());
    let mut phases = open(100.0, 200, 10);
    if let Load::Open(open) = &mut phases {
        open.phases.push(phase(Some("peak"), 200.0, 200));
    }
    scenario.levels.push(Level {
        prefix: Some("rate".to_owned()),
        load: phases,
    });
    scenario.flows[0].steps.push(step("/more"));
    let outcome = go(&scenario);
    assert_eq!(counted(&outcome, "users=2 GET /"), (0, 20));
    assert_eq!(counted(&outcome, "users=2 total"), (0, 40));
    assert_eq!(counted(&outcome, "rate GET /"), (0, 20));
    let (errors, of) = counted(&outcome, "rate peak GET /more");
    assert!(errors == 0 && (38..=40).contains(&of), "{of}");
    assert_eq!(number(&outcome, "rate generator", "due"), 60.0);
    assert_eq!(number(&outcome, "rate peak GET /", "throughput"), 200.0);
}

#[test]
fn users_come_at_their_rate_and_counting_waits_for_the_last() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_millis(5));
        Some(OK)
    });
    let mut scenario = scenario(
        server.port,
        closed(5, Until::For(Duration::from_millis(300))),
    );
    if let Load::Closed(closed) = &mut scenario.levels[0].load {
        closed.spawn_rate = Some(10.0);
        closed.think = Pause {
            low: Duration::from_millis(10),
            high: Duration::from_millis(20),
        };
    }
    let begin = Instant::now();
    let outcome = go(&scenario);
    assert!(begin.elapsed() >= Duration::from_millis(700));
    // 5 users, a turn of about 20 ms each.
    let (errors, of) = counted(&outcome, "GET /");
    assert!(errors == 0 && (40..=100).contains(&of), "{of}");
    assert!(percentile(&outcome, "latency", 0.5) < 15.0);
}

#[test]
fn a_service_that_is_not_there_is_an_error_before_any_load() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let scenario = scenario(port, open(100.0, 100, 1));
    let order = RunRequest {
        scenario: &scenario,
        allow_remote: false,
    };
    let error = run(&order, &mut Looks::default(), Stop::new()).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains(&format!("reach 127.0.0.1:{port}")), "{text}");
    assert!(text.contains("refused"), "{text}");
    assert!(
        perfgate::hint::of(&error)
            .unwrap()
            .contains("no run was written")
    );
}

/// A service that closes connections which idle may do so while a request is on its way.
#[test]
fn a_request_on_a_connection_that_had_ended_is_sent_once_more_where_that_is_safe() {
    let ends_second = |own: usize| (own != 1).then_some(OK);
    let server = Server::start(move |_, own| ends_second(own));
    let mut scenario = scenario(server.port, closed(1, Until::Iterations(6)));
    let rest = Duration::from_millis(40);
    scenario.flows[0].steps[0].think = Pause {
        low: rest,
        high: rest,
    };
    let outcome = go(&scenario);
    assert_eq!(counted(&outcome, "GET /"), (0, 6));
    assert_eq!(server.requests.load(Ordering::Relaxed), 11);
    let resent = &outcome.run.subjects["generator"]["resent"].evidence;
    assert_eq!(*resent, Evidence::Value(5.0));
    // A POST may have been heard.
    let Action::Call(call) = &mut scenario.flows[0].steps[0].action else {
        panic!("a call");
    };
    call.method = http::Method::POST;
    let outcome = go(&scenario);
    assert_eq!(counted(&outcome, "GET /").0, 3);
    // And what dies of a request dies again.
    let server = Server::start(|_, _| None);
    let mut dies = scenario.clone();
    dies.base.port = server.port;
    let Action::Call(call) = &mut dies.flows[0].steps[0].action else {
        panic!("a call");
    };
    call.method = http::Method::GET;
    assert_eq!(counted(&go(&dies), "GET /"), (6, 6));
}
