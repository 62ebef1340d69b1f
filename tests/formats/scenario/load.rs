//! What of a scenario is the load that it asks for: whatever changes what is sent or when, and nothing else.

use std::collections::BTreeSet;

use perfgate::load::definition;
use perfgate::load::scenario::{Simple, from_url};
use perfgate::model::Load;

use super::examples::scenarios;
use super::{Around, parse};
use perfgate::load::scenario::{Surroundings, parse_in};
use std::path::Path;

const WHOLE: &str = include_str!("whole.toml");

fn load(text: &str) -> Load {
    definition::of(&parse(text).unwrap())
}

fn changed(from: &str, to: &str) -> Load {
    assert!(WHOLE.contains(from), "{from}");
    load(&WHOLE.replacen(from, to, 1))
}

/// The names of terms that are not the same.
fn differing(one: &Load, other: &Load) -> BTreeSet<String> {
    let names = one.terms.keys().chain(other.terms.keys());
    names
        .filter(|name| one.terms.get(*name) != other.terms.get(*name))
        .cloned()
        .collect()
}

#[test]
fn whatever_changes_the_load_changes_its_digest_and_a_term_that_names_it() {
    let before = load(WHOLE);
    for (from, to, term) in [
        ("warmup = \"5s\"", "warmup = \"6s\"", "warmup"),
        ("timeout = \"3s\"", "timeout = \"4s\"", "timeout"),
        ("seed = 7", "seed = 8", "seed"),
        ("redirects = 2", "redirects = 3", "redirects"),
        ("cookies = true", "cookies = false", "cookies"),
        ("streams = 4", "streams = 5", "http"),
        ("https://127", "http://127", "tls"),
        (
            "x-from = \"perfgate\"",
            "x-from = \"other\"",
            "log in headers",
        ),
        (
            "arrivals = \"poisson\"",
            "arrivals = \"constant\"",
            "arrivals",
        ),
        ("max_users = 300", "max_users = 301", "max_users"),
        ("rate = [0, 50]", "rate = [0, 60]", "phases"),
        ("counted = false", "counted = true", "phases"),
        ("duration = \"30s\"", "duration = \"31s\"", "phases"),
        ("int = [1, 50]", "int = [1, 51]", "value page"),
        ("choice = [\"a\", 2]", "choice = [\"a\", 3]", "value kind"),
        ("text = 12", "text = 13", "value key"),
        ("[0.5, 99.99]", "[0.5, 99.98]", "value price"),
        ("\"0d..30d\"", "\"0d..31d\"", "value day"),
        ("timestamp = \"-7d\"", "time = \"-7d\"", "value since"),
        ("length = [1, 3]", "length = [1, 4]", "value tags"),
        ("[1.0, 2.0]", "[1.0, 3.0]", "value cart"),
        ("host = \"login\"\n", "", "steps"),
        ("login = \"http://", "login = \"https://", "hosts"),
        ("together = true\n", "", "steps"),
        ("image/png", "image/gif", "picture body"),
        ("name = \"cat.png\"", "name = \"dog.png\"", "picture body"),
        ("order = \"random\"", "order = \"sequence\"", "data user"),
        ("weight = 3", "weight = 2", "flows"),
        ("think = \"1s..3s\"", "think = \"1s..4s\"", "log in think"),
        ("post = \"/login\"", "post = \"/signin\"", "steps"),
        ("auth = false", "", "log in auth"),
        ("id = 5", "id = 6", "log in body"),
        (
            "status = [200, 302]",
            "status = [200, 303]",
            "log in checks",
        ),
        (
            "contains = \"welcome\"",
            "contains = \"hello\"",
            "log in checks",
        ),
        (
            "json = \"$.id\" }, token",
            "json = \"$.ids\" }, token",
            "log in captures",
        ),
        ("value=\"(\\w+)\"'", "value=\"(\\d+)\"'", "log in captures"),
        (
            "tag = [\"x\", \"{{kind}}\"]",
            "tag = [\"y\", \"{{kind}}\"]",
            "steps",
        ),
        (
            "a = [1, 2.5, \"x\"]",
            "a = [1, 2.6, \"x\"]",
            "GET /items/{{id}} checks",
        ),
        ("method = \"patch\"", "method = \"put\"", "steps"),
        ("nested = [{ key", "nested = [{ kez", "change body"),
        ("timeout = \"9s\"", "timeout = \"8s\"", "change timeout"),
        ("think = \"100ms\"", "think = \"200ms\"", "change think"),
        ("send = \"hello\"", "send = \"hullo\"", "WS /ws messages"),
        ("times = 10", "times = 11", "WS /ws messages"),
        ("{ id } }\"", "{ id name } }\"", "graphql body"),
        (
            "body = \"a {{key}} b\"",
            "body = \"a {{key}} c\"",
            "PUT /text body",
        ),
    ] {
        let after = changed(from, to);
        assert_ne!(before.digest, after.digest, "{from} -> {to}");
        let named = differing(&before, &after);
        assert!(
            named.contains(term),
            "{from} -> {to}: {named:?}, terms {:#?}",
            after.terms
        );
    }
}

#[test]
fn stages_and_classes_belong_to_the_load_and_their_names_do_not() {
    let text = r#"
        base = "http://h"
        [[load.stage]]
        name = "full"
        users = [0, 5]
        duration = "10s"
        [[load.class]]
        flow = ["buy", "look"]
        weight = 3
        [[load.class]]
        flow = "look"
        [[flow]]
        name = "buy"
        step = [{ get = "/buy" }]
        [[flow]]
        name = "look"
        step = [{ get = "/look" }]
    "#;
    let before = load(text);
    for (from, to, term) in [
        ("users = [0, 5]", "users = [0, 6]", "stages"),
        ("users = [0, 5]", "users = 5", "stages"),
        ("\"10s\"", "\"11s\"", "stages"),
        ("weight = 3", "weight = 4", "classes"),
        ("flow = \"look\"", "flow = \"buy\"", "classes"),
    ] {
        let after = load(&text.replacen(from, to, 1));
        assert_ne!(before.digest, after.digest, "{from} -> {to}");
        assert!(differing(&before, &after).contains(term), "{from} -> {to}");
    }
    assert_eq!(load(&text.replace("full", "steady")).digest, before.digest);
    assert_eq!(
        load(&text.replace("\"look\"", "\"see\"")).digest,
        before.digest
    );
    let classes = before.terms.get("classes").map(String::as_str);
    assert_eq!(classes, Some("buy or look 3, look 1"));
}

#[test]
fn what_is_not_sent_is_no_part_of_the_load() {
    let before = load(WHOLE);
    for (from, to) in [
        (
            "# Every key that there is, for the tests.",
            "# Another comment.\n\n",
        ),
        ("name = \"the shop\"", "name='the other shop'"),
        ("127.0.0.1:${PORT}/api/", "shop.test:9/v2"),
        ("threads = 2", "threads   =   3"),
        ("name = \"steady\"", "name = \"plateau\""),
        ("name = \"log in\"", "name = \"sign in\""),
        ("name = \"buy\"", "name = \"order\""),
        (
            "command = \"./server --port ${PORT}\"",
            "command = \"./other\"",
        ),
        ("process = \"nginx\"", "process = \"caddy\""),
        (
            "server_name = \"shop.test\"",
            "server_name = \"other.test\"",
        ),
        ("{ bearer = \"${TOKEN}\" }", "{ bearer = \"another\" }"),
        ("password = \"${TOKEN}\"", "password = \"another\""),
        ("secret = \"${TOKEN}\"", "secret = \"another\""),
    ] {
        assert_eq!(before.digest, changed(from, to).digest, "{from} -> {to}");
    }
}

#[test]
fn the_content_of_files_belongs_to_the_load() {
    struct Other(&'static str, &'static [u8]);
    impl Surroundings for Other {
        fn variable(&self, name: &str) -> Option<String> {
            Around.variable(name)
        }
        fn file(&self, path: &Path) -> std::io::Result<Vec<u8>> {
            if path.ends_with(self.0) {
                return Ok(self.1.to_vec());
            }
            Around.file(path)
        }
    }
    let before = load(WHOLE);
    for (file, bytes, term) in [
        (
            "users.csv",
            b"email,id\na@b.c,1\n\"d,e\",3\n".as_slice(),
            "data user",
        ),
        ("body.bin", &[0, 255, 2], "POST /upload body"),
    ] {
        let other = Other(file, bytes);
        let scenario = parse_in(WHOLE, Path::new("load/shop.toml"), &other).unwrap();
        let after = definition::of(&scenario);
        assert_ne!(before.digest, after.digest, "{file}");
        assert_eq!(
            differing(&before, &after),
            [term.to_owned()].into(),
            "{file}"
        );
    }
}

#[test]
fn secrets_stand_nowhere_in_the_terms() {
    let terms = format!("{:?}", load(WHOLE).terms);
    assert!(!terms.contains("s3cret"), "{terms}");
    assert!(terms.contains("bearer"), "{terms}");
    let typed = Simple {
        url: "http://127.0.0.1:1/x?api_key=s3cret".to_owned(),
        headers: vec![
            "authorization: Bearer s3cret".to_owned(),
            "cookie: a=s3cret".to_owned(),
            "x-page: 7".to_owned(),
        ],
        ..Simple::default()
    };
    let load = definition::of(&from_url(typed).unwrap());
    let terms = format!("{:?}", load.terms);
    assert!(!terms.contains("s3cret"), "{terms}");
    assert!(
        terms.contains("Bearer ***") && terms.contains("x-page: 7"),
        "{terms}"
    );
}

/// What people read: `rate` was 200/s, is 400/s.
#[test]
fn terms_are_written_as_people_write_them() {
    let term = |load: &str, name: &str| {
        let text = format!("base = \"http://h\"\n[load]\n{load}\n[[step]]\nget = \"/\"\n");
        let load = definition::of(&parse(&text).unwrap());
        load.terms.get(name).cloned()
    };
    for (load, name, shown) in [
        ("rate = 200\nduration = \"30s\"", "rate", "200/s"),
        ("rate = 0.5\nduration = \"30s\"", "rate", "0.5/s"),
        ("rate = 200\nduration = \"30s\"", "duration", "30s"),
        ("users = 50\nduration = \"1m\"", "users", "50"),
        ("users = 50\nduration = \"1m\"", "duration", "60s"),
        ("users = 50\nduration = \"1m\"", "think", "none"),
        (
            "users = 50\niterations = 9\nthink = \"1s..3s\"",
            "think",
            "1s..3s",
        ),
        ("users = 50\niterations = 9", "iterations", "9"),
        ("users = [10, 50]\niterations = 9", "users", "10, 50"),
        (
            "users = 50\nspawn_rate = 5\niterations = 9",
            "spawn_rate",
            "5/s",
        ),
        (
            "[[load.phase]]\nrate = [0, 50]\nduration = \"10s\"\ncounted = false\n[[load.phase]]\nrate = 50\nduration = \"30s\"",
            "phases",
            "10s at 0/s to 50/s not counted, 30s at 50/s",
        ),
        ("rate = 200\nduration = \"30s\"", "steps", "GET /"),
    ] {
        assert_eq!(term(load, name).as_deref(), Some(shown), "{load}");
    }
}

/// A stored baseline lives longer than a version: a change of this digest makes every baseline another workload.
#[test]
fn the_digest_stays_what_it_is() {
    let text =
        "base = \"http://h\"\n[load]\nrate = 200\nduration = \"30s\"\n[[step]]\nget = \"/\"\n";
    assert_eq!(
        load(text).digest.as_deref(),
        Some("0367bbbc2e1fd6218afca58cd2453085c169ab14cbecfce236f4c8104e84d226")
    );
}

/// Numbers, texts and times in every way in which TOML writes them: a rate of `1_000`, a field of `2.50`.
const WRITTEN: &str = r#"
base = "http://h/api"
warmup = " 1.5s "
timeout = "2min"
seed = 0x10
values = { n = { int = [-5, 0b101] }, c = { choice = ["b", "a", 0o17, -1] } }

[load]
rate = [1_000, 2.5e1, 0.50]
duration = "1500ms"

[[step]]
name = "  padded  "
post = "/a?x={{c}}&token=abc"
query = { z = 2.50, a = [1_000, 0x1F, true, "t", -0.0, 1e3], m = +7, big = 1_0.5_0 }
headers = { Zeta = "1", alpha = "2", Mid = "3" }
form = { z = 1.0, b = "x", a = false, day = "1979-05-27" }
expect = { status = 200, contains = ["b", "a"], json = { "$.z" = 1.50, "$.a" = [1, 2.0, { y = 1, b = 1979-05-27T07:32:00Z }], "$.t" = 1979-05-27 } }
capture = { zeta = { json = "$.a" }, alpha = { header = "X-B" } }

[[step]]
put = "/b"
json = { z = 1, a = 2.50, list = [1979-05-27, 07:32:00, 1e300, "\u00e9"], nested = { z = "{{n:raw}}", a = { } } }

[[step]]
websocket = "/ws"
messages = [{ send = "" }, { send = "{{alpha}}", times = 0x2 }]
"#;

/// A stored baseline is compared with runs of the same digest only: no reader of scenarios may change one of these.
#[test]
fn digests_of_stored_baselines_are_still_reached() {
    let own = [("whole.toml", WHOLE), ("written", WRITTEN)];
    let mut digests: Vec<String> = own
        .into_iter()
        .map(|(name, text)| (name.to_owned(), load(text)))
        .chain(scenarios().into_iter().map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let scenario = perfgate::load::scenario::parse(&text, &path).unwrap();
            (path.display().to_string(), definition::of(&scenario))
        }))
        .map(|(name, load)| format!("{name} {}", load.digest.unwrap()))
        .collect();
    digests.sort();
    assert_eq!(digests.join("\n"), DIGESTS.trim());
}

const DIGESTS: &str = include_str!("digests.txt");
