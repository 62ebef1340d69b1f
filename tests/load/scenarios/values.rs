//! Rows of files and values made for each iteration.

use std::collections::BTreeSet;

use super::loaded::{Around, Heard, load, loaded, scenario_in};
use crate::support::server::{Reply, Server};

const USERS: &[u8] = b"email,id\nada@x.y,1\n\"bob, jr\",2\n\xc3\xbcm@x.y,3\n";

/// The queries that came, in order.
fn queries(heard: &Heard) -> Vec<String> {
    heard.all().into_iter().map(|asked| asked.query).collect()
}

fn with_users(text: &str) -> Vec<String> {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|_| Reply::text("ok")));
    let around = Around {
        files: [("users.csv", USERS)].into(),
        ..Around::default()
    };
    let scenario = scenario_in(&server, text, &around);
    assert_eq!(load(&scenario).0.failures, []);
    queries(&heard)
}

#[test]
fn rows_of_a_file_are_taken_in_sequence_and_then_from_the_start() {
    let sent = with_users(
        r#"
        [[data]]
        name = "user"
        csv = "users.csv"
        [[step]]
        get = "/"
        query = { email = "{{user.email}}", id = "{{user.id}}" }
        [load]
        users = 1
        iterations = 7
        "#,
    );
    let rows = [
        "email=ada%40x.y&id=1",
        "email=bob%2C%20jr&id=2",
        "email=%C3%BCm%40x.y&id=3",
    ];
    let expected: Vec<&str> = rows.into_iter().cycle().take(7).collect();
    assert_eq!(sent, expected);
}

#[test]
fn rows_in_random_order_are_whole_rows_each_as_likely_and_the_same_for_one_seed() {
    let random = |seed: u32| {
        with_users(&format!(
            r#"
            seed = {seed}
            [[data]]
            name = "user"
            csv = "users.csv"
            order = "random"
            [[step]]
            get = "/"
            query = {{ id = "{{{{user.id}}}}", email = "{{{{user.email}}}}" }}
            [load]
            users = 1
            iterations = 300
            "#
        ))
    };
    let sent = random(5);
    for row in [
        "id=1&email=ada%40x.y",
        "id=2&email=bob%2C%20jr",
        "id=3&email=%C3%BCm%40x.y",
    ] {
        let times = sent.iter().filter(|query| *query == row).count();
        // Five standard deviations of a binomial of 300 with a third.
        assert!((60..=140).contains(&times), "{row}: {times}");
    }
    assert_eq!(sent, random(5));
    assert_ne!(sent, random(6));
}

const MADE: &str = r#"
[values]
page = { int = [-3, 3] }
word = { choice = ["lamp", "desk & chair"] }
code = { text = 12 }
id = { uuid = true }
n = { counter = true }
[[step]]
get = "/items"
query = { page = "{{page}}", word = "{{word}}", code = "{{code}}", id = "{{id}}", n = "{{n}}" }
"#;

fn made(head: &str, load: &str) -> Vec<String> {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|_| Reply::text("ok")));
    let run = loaded(&server, &format!("{head}\n{MADE}\n[load]\n{load}"));
    assert_eq!(run.0.failures, []);
    queries(&heard)
}

fn sorted(mut sent: Vec<String>) -> Vec<String> {
    sent.sort();
    sent
}

fn param<'a>(query: &'a str, name: &str) -> &'a str {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name);
    values.next().unwrap().1
}

#[test]
fn made_values_are_what_they_say_and_new_for_each_iteration() {
    let sent = made("", "users = 1\niterations = 200");
    let all =
        |name: &str| -> BTreeSet<&str> { sent.iter().map(|query| param(query, name)).collect() };
    assert_eq!(all("page"), ["-1", "-2", "-3", "0", "1", "2", "3"].into());
    assert_eq!(all("word"), ["lamp", "desk%20%26%20chair"].into());
    let codes = all("code");
    assert_eq!(codes.len(), 200);
    let is_code = |code: &&str| code.len() == 12 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    assert!(codes.iter().all(is_code), "{codes:?}");
    let ids = all("id");
    assert_eq!(ids.len(), 200);
    let is_uuid = |id: &&str| id.len() == 36 && id.as_bytes()[14] == b'4';
    assert!(ids.iter().all(is_uuid), "{ids:?}");
    let counted: Vec<usize> = sent
        .iter()
        .map(|query| param(query, "n").parse().unwrap())
        .collect();
    assert_eq!(counted, (1..=200).collect::<Vec<_>>());
}

#[test]
fn the_same_seed_sends_the_same_requests_whoever_sends_them() {
    let one = made("seed = 9", "users = 1\niterations = 60");
    assert_eq!(one, made("seed = 9", "users = 1\niterations = 60"));
    assert_ne!(one, made("seed = 10", "users = 1\niterations = 60"));
    let together = made("seed = 9", "users = 5\niterations = 60");
    assert_eq!(sorted(together), sorted(one.clone()));
    let open = "rate = 200\nduration = \"300ms\"\nmax_users = 20";
    for threads in [1, 2, 3] {
        let head = format!("seed = 9\nthreads = {threads}");
        assert_eq!(sorted(made(&head, open)), sorted(one.clone()), "{threads}");
    }
}

#[test]
fn iterations_of_unequal_users_have_each_number_once() {
    let heard = Heard::default();
    // One of four users is far slower than the others.
    let server = Server::start(heard.all_by(|asked| {
        let slow = asked.connection % 4 == 0;
        let pause = if slow { 20 } else { 1 };
        Reply::text("ok").after(std::time::Duration::from_millis(pause))
    }));
    let run = loaded(
        &server,
        r#"
        threads = 2
        [values]
        n = { counter = true }
        [[step]]
        get = "/"
        query = { n = "{{n}}" }
        [load]
        users = 4
        iterations = 120
        "#,
    );
    run.is_clean("GET /", 120);
    let mut counted: Vec<usize> = queries(&heard)
        .iter()
        .map(|query| param(query, "n").parse().unwrap())
        .collect();
    counted.sort();
    assert_eq!(counted, (1..=120).collect::<Vec<_>>());
}

#[test]
fn numbers_dates_lists_and_objects_arrive_as_what_they_are() {
    let heard = Heard::default();
    let server = Server::start(heard.all_by(|_| Reply::text("ok")));
    let text = r#"
        [values]
        price = { float = [0.50, 0.59] }
        day = { date = "1d..2d" }
        seen = { time = "-1h..0s" }
        since = { timestamp = "0s" }
        tags = { list = { of = { choice = ["a\"b", 7] }, length = [0, 2] } }
        guest = { object = { id = { uuid = true }, n = { counter = true }, days = { list = { of = { date = "0d" }, length = 1 } } } }
        [[step]]
        post = "/rooms/{{day}}"
        json = { price = "{{price:raw}}", seen = "{{seen}}", since = "{{since:raw}}", tags = "{{tags:raw}}", guests = ["{{guest:raw}}"] }
        [load]
        users = 1
        iterations = 60
    "#;
    let before = jiff::Timestamp::now().as_second();
    load(&scenario_in(&server, text, &Around::default())).is_clean("POST /rooms/{{day}}", 60);
    let after = jiff::Timestamp::now().as_second();
    let day = |seconds: i64| {
        let text = jiff::Timestamp::from_second(seconds).unwrap().to_string();
        text[..10].to_owned()
    };
    let (mut prices, mut tags) = (BTreeSet::new(), BTreeSet::new());
    for (number, asked) in heard.all().into_iter().enumerate() {
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        prices.insert(body["price"].to_string());
        tags.insert(body["tags"].to_string());
        let since = body["since"].as_i64().unwrap();
        assert!((before..=after).contains(&since), "{since}");
        let seen: jiff::Timestamp = body["seen"].as_str().unwrap().parse().unwrap();
        assert!((since - 3600..=since).contains(&seen.as_second()), "{seen}");
        let path = asked.path.strip_prefix("/rooms/").unwrap();
        assert!(
            [1, 2]
                .map(|days| day(since + days * 86_400))
                .contains(&path.to_owned()),
            "{path}"
        );
        let [guest] = body["guests"].as_array().unwrap().as_slice() else {
            panic!("{body}");
        };
        assert_eq!(guest["n"], number + 1);
        assert_eq!(guest["id"].as_str().unwrap().len(), 36);
        assert_eq!(guest["days"], serde_json::json!([day(since)]));
    }
    assert!(
        prices.len() > 5 && prices.iter().all(|price| price.starts_with("0.5")),
        "{prices:?}"
    );
    let kinds = ["[]", "[7]", "[\"a\\\"b\"]", "[7,7]", "[\"a\\\"b\",7]"];
    assert!(kinds.iter().all(|kind| tags.contains(*kind)), "{tags:?}");
    assert!(tags.len() <= 7, "{tags:?}");
}
