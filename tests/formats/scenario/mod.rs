//! Scenario files: what is read, what is refused and where, and that the published schema agrees.

mod examples;
mod flags;
mod hostile;
mod load;
mod refusals;
mod schema;

use std::io;
use std::path::Path;
use std::time::Duration;

use perfgate::load::Scenario;
use perfgate::load::scenario::{
    Action, Arrivals, Auth, Body, Call, Destination, Load, Pause, Protocol, RowOrder, Scheme,
    Surroundings, Until, WatchTarget, parse_in,
};
use perfgate::load::template::ValueGenerator;
use perfgate::toml_file::FileError;

/// A machine of three files and two variables.
pub struct Around;

impl Surroundings for Around {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("s3cret \"quoted\"".to_owned()),
            "PORT" => Some("9000".to_owned()),
            _ => None,
        }
    }

    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        let name = path.to_str().unwrap().replace('\\', "/");
        match name.as_str() {
            "load/users.csv" | "users.csv" => Ok(b"email,id\na@b.c,1\n\"d,e\",2\n".to_vec()),
            "load/body.bin" | "load/cat.png" => Ok(vec![0, 255, 1]),
            "load/ca.pem" | "ca.pem" => Ok(b"-----BEGIN CERTIFICATE-----\n".to_vec()),
            "load/empty.csv" => Ok(Vec::new()),
            "load/header.csv" => Ok(b"email,id\n".to_vec()),
            "load/ragged.csv" => Ok(b"email,id\na,1\nb\n".to_vec()),
            "load/twice.csv" => Ok(b"id,id\n1,2\n".to_vec()),
            "load/unnamed.csv" => Ok(b"a b,id\n1,2\n".to_vec()),
            "load/binary.csv" => Ok(b"a\n\xff\xfe\n".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

pub fn parse(text: &str) -> Result<Scenario, FileError> {
    parse_in(text, Path::new("load/shop.toml"), &Around)
}

pub const WHOLE: &str = include_str!("whole.toml");

fn whole() -> Scenario {
    match parse(WHOLE) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error} ({:?})", error.hint),
    }
}

fn call(scenario: &Scenario, flow: usize, step: usize) -> &Call {
    match &scenario.flows[flow].steps[step].action {
        Action::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_holds_for_the_whole_scenario_is_read() {
    let scenario = whole();
    assert_eq!(scenario.name, "the shop");
    let base = &scenario.base;
    assert_eq!(base.scheme, Scheme::Https);
    assert_eq!(
        (base.host.as_str(), base.port, base.prefix.as_str()),
        ("127.0.0.1", 9000, "/api")
    );
    assert_eq!(
        (scenario.warmup, scenario.timeout),
        (seconds(5), seconds(3))
    );
    assert_eq!(
        (scenario.seed, scenario.redirects, scenario.cookies),
        (7, 2, true)
    );
    assert_eq!(scenario.threads.unwrap().get(), 2);
    assert!(matches!(scenario.protocol, Protocol::Http2 { streams } if streams.get() == 4));
    assert_eq!(scenario.tls.ca.as_deref(), Some(Path::new("load/ca.pem")));
    assert_eq!(scenario.tls.server_name.as_deref(), Some("shop.test"));
    assert_eq!(
        scenario.values["page"],
        ValueGenerator::Int { low: 1, high: 50 }
    );
    assert_eq!(
        scenario.values["kind"],
        ValueGenerator::Choice(vec!["a".into(), "2".into()])
    );
    assert_eq!(scenario.values.len(), 11);
    assert_eq!(
        scenario.values["price"],
        ValueGenerator::Float {
            low: 50,
            high: 9999,
            decimals: 2
        }
    );
    let ValueGenerator::Moment(day) = &scenario.values["day"] else {
        panic!("{:?}", scenario.values);
    };
    assert_eq!((day.low, day.high), (0, 30 * 86_400));
    assert_eq!(
        scenario.values["tags"],
        ValueGenerator::List {
            of: Box::new(ValueGenerator::JsonChoice(vec!["\"a\"".into(), "2".into()])),
            low: 1,
            high: 3
        }
    );
    let feed = &scenario.feeds[0];
    assert_eq!(
        (feed.columns[0].as_str(), feed.rows.cell(1, 0).unwrap()),
        ("email", "d,e")
    );
    assert_eq!(feed.order, RowOrder::Random);
}

#[test]
fn phases_go_from_rate_to_rate() {
    let scenario = whole();
    let [level] = scenario.levels.as_slice() else {
        panic!("{:?}", scenario.levels);
    };
    let Load::Open(open) = &level.load else {
        panic!("{level:?}");
    };
    assert_eq!(
        (open.arrivals, open.max_users.get()),
        (Arrivals::Poisson, 300)
    );
    let phases: Vec<_> = open
        .phases
        .iter()
        .map(|phase| {
            (
                phase.name.as_deref(),
                phase.from,
                phase.to,
                phase.duration,
                phase.counted,
            )
        })
        .collect();
    assert_eq!(
        phases,
        [
            (None, 0.0, 50.0, seconds(10), false),
            (Some("steady"), 50.0, 50.0, seconds(30), true)
        ]
    );
}

#[test]
fn steps_are_read_with_what_holds_for_all_of_them() {
    let scenario = whole();
    assert_eq!(scenario.flows.len(), 3);
    let names: Vec<_> = scenario
        .flows
        .iter()
        .map(|f| (f.name.as_str(), f.weight))
        .collect();
    assert_eq!(names, [("buy", 3.0), ("talk", 0.5), ("flow 3", 1.0)]);

    let login = call(&scenario, 0, 0);
    assert_eq!(scenario.flows[0].steps[0].subject, "log in");
    let to = scenario.flows[0].steps[0].destination;
    let address = scenario.addresses().of(to);
    assert_eq!((address.port, address.prefix.as_str()), (9001, "/sso"));
    assert_eq!(scenario.flows[0].steps[1].destination, Destination::Base);
    assert_eq!(login.method, "POST");
    assert!(login.auth.is_none(), "false takes the general auth back");
    assert!(matches!(login.body, Body::Form(ref pairs) if pairs.len() == 3));
    assert_eq!(
        (login.expect.status.as_slice(), login.captures.len()),
        (&[200, 302][..], 3)
    );

    let item = call(&scenario, 0, 1);
    assert_eq!(scenario.flows[0].steps[1].subject, "GET /items/{{id}}");
    assert!(matches!(item.auth, Some(Auth::Bearer(_))));
    let headers: Vec<_> = item.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        headers,
        ["x-from", "accept"],
        "the step's own comes instead of the general one"
    );
    assert_eq!(item.query.len(), 3, "a list repeats its name");
    assert_eq!(
        scenario.flows[0].steps[1].think,
        Pause {
            low: seconds(1),
            high: seconds(3)
        }
    );
    assert_eq!(
        scenario.flows[0].steps[2].think.low,
        Duration::from_millis(100)
    );
    assert_eq!(scenario.flows[0].steps[2].timeout, Some(seconds(9)));
    assert_eq!(call(&scenario, 0, 2).method, "PATCH");
    assert!(matches!(call(&scenario, 2, 1).body, Body::Bytes(ref bytes) if bytes.len() == 3));
    assert_eq!(call(&scenario, 2, 1).method, "POST", "a body is posted");
}

/// The text of a template, names in braces.
fn shown(template: &perfgate::load::template::Template) -> String {
    format!("{template:?}")
}

#[test]
fn graphql_is_a_post_of_query_and_variables() {
    let scenario = whole();
    let call = call(&scenario, 2, 0);
    assert_eq!(call.method, "POST");
    let Body::Json(body) = &call.body else {
        panic!("{:?}", call.body);
    };
    let text = shown(body).replace("\\\\", "\\").replace("\\\"", "\"");
    assert!(
        text.contains("\"query\":\"query($n: Int) { items(first: $n) { id } }\""),
        "{text}"
    );
    assert!(text.contains("\"variables\":{\"n\":"), "{text}");
    assert_eq!(body.names().collect::<Vec<_>>(), ["page"]);
}

#[test]
fn secrets_come_from_the_environment_and_stay_one_json_string() {
    let scenario = whole();
    let Body::Json(body) = &call(&scenario, 0, 2).body else {
        panic!("no JSON");
    };
    assert!(
        shown(body).contains(r#"s3cret \\\"quoted\\\""#),
        "{}",
        shown(body)
    );
    let subjects: Vec<_> = scenario
        .flows
        .iter()
        .flat_map(|f| &f.steps)
        .map(|s| &s.subject)
        .collect();
    assert!(!format!("{subjects:?}").contains("s3cret"), "{subjects:?}");
}

#[test]
fn a_websocket_has_messages() {
    let scenario = whole();
    let step = &scenario.flows[1].steps[0];
    assert_eq!(step.subject, "WS /ws");
    let Action::Socket(socket) = &step.action else {
        panic!("{step:?}");
    };
    let times: Vec<_> = socket.messages.iter().map(|m| m.times.get()).collect();
    assert_eq!(times, [1, 10]);
    assert!(socket.messages[0].awaits.is_none());
    let headers: Vec<_> = socket
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(headers, ["accept", "x-from", "authorization"]);
}

#[test]
fn the_service_and_what_is_watched_are_read() {
    let scenario = whole();
    let service = scenario.service.unwrap();
    assert_eq!(
        service.command, "./server --port ${PORT}",
        "the shell fills it in"
    );
    assert_eq!(service.folder, Path::new("load/..").to_owned());
    assert_eq!(service.environment["KEY"], "s3cret \"quoted\"");
    assert_eq!(service.ready.url, "https://127.0.0.1:9000/api/health");
    assert_eq!(
        (service.ready.status, service.ready.within),
        (204, seconds(20))
    );
    assert_eq!(service.stop_within, seconds(10));
    let names: Vec<_> = scenario
        .watch
        .iter()
        .map(|watched| watched.name.as_str())
        .collect();
    assert_eq!(names, ["service", "nginx", "api.service", "metrics"]);
    let WatchTarget::Prometheus { url, metrics } = &scenario.watch[3].what else {
        panic!("{:?}", scenario.watch[3]);
    };
    assert_eq!(url, "https://127.0.0.1:9000/api/metrics");
    use perfgate::load::scenario::MetricKind::{Counter, Gauge};
    use perfgate::load::scenario::MetricRead;
    let kinds: Vec<_> = metrics.iter().map(|metric| metric.read.clone()).collect();
    assert_eq!(kinds, [Counter, Gauge, Gauge].map(MetricRead::Plain));
}

const STEP: &str = "base = \"http://h\"\n[[step]]\nget = \"/\"\n[load]\n";

#[test]
fn a_small_scenario_has_sensible_defaults() {
    let scenario = parse(&format!("{STEP}users = 50\nrequests = 1000\n")).unwrap();
    assert_eq!(scenario.name, "shop");
    assert_eq!(
        (scenario.timeout, scenario.warmup),
        (seconds(10), seconds(0))
    );
    assert_eq!(
        (scenario.seed, scenario.redirects, scenario.cookies),
        (1, 5, false)
    );
    assert_eq!(scenario.protocol, Protocol::Http1);
    assert_eq!(scenario.flows[0].steps[0].subject, "GET /");
    let [level] = scenario.levels.as_slice() else {
        panic!("{:?}", scenario.levels);
    };
    assert_eq!(level.prefix, None);
    let Load::Closed(closed) = &level.load else {
        panic!("{level:?}");
    };
    assert_eq!(
        (closed.users.get(), closed.until),
        (50, Until::Iterations(1000))
    );
    assert_eq!((closed.spawn_rate, closed.think), (None, Pause::NONE));
}

#[test]
fn a_list_of_users_or_rates_is_a_matrix() {
    for (load, prefixes) in [
        (
            "users = [10, 50]\nduration = \"1s\"\n",
            ["users=10", "users=50"],
        ),
        (
            "rate = [0.5, 200]\nduration = \"1s\"\n",
            ["rate=0.5", "rate=200"],
        ),
    ] {
        let scenario = parse(&format!("{STEP}{load}")).unwrap();
        let found: Vec<_> = scenario
            .levels
            .iter()
            .map(|l| l.prefix.as_deref().unwrap())
            .collect();
        assert_eq!(found, prefixes);
    }
    let scenario = parse(&format!("{STEP}users = [10]\nduration = \"1s\"\n")).unwrap();
    assert_eq!(scenario.levels[0].prefix, None, "one level needs no prefix");
}

#[test]
fn one_watched_thing_may_be_a_table() {
    let text = format!("{STEP}rate = 1\nduration = \"1s\"\n[watch]\npid = 12\n");
    assert_eq!(parse(&text).unwrap().watch[0].what, WatchTarget::Pid(12));
}
