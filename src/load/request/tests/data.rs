//! Values made for iterations: the same every time, and spread as they should be.

use std::collections::BTreeSet;

use super::{call, scenario_of};
use crate::load::Scenario;
use crate::load::request::Data;
use crate::load::scenario::{Feed, RowOrder, Rows};
use crate::load::template::{ValueGenerator, Values};

const ALL: &str = "/{{page}}/{{color}}/{{token}}/{{id}}/{{count}}";

fn scenario(paths: &[&str]) -> Scenario {
    let mut scenario = scenario_of(paths.iter().map(|path| call(path)).collect());
    let colors = ["red", "green", "blue"].map(str::to_owned).to_vec();
    for (name, generator) in [
        ("page", ValueGenerator::Int { low: -2, high: 3 }),
        ("color", ValueGenerator::Choice(colors)),
        ("token", ValueGenerator::Text { length: 12 }),
        ("id", ValueGenerator::Uuid),
        ("count", ValueGenerator::Counter),
    ] {
        scenario.values.insert(name.to_owned(), generator);
    }
    scenario
}

fn feed(order: RowOrder, rows: usize) -> Feed {
    Feed {
        name: "user".to_owned(),
        columns: ["email", "password"].map(str::to_owned).to_vec(),
        rows: {
            let mut all = Rows::new(2);
            for row in 0..rows {
                all.push([format!("{row}@x").as_str(), format!("p{row}").as_str()]);
            }
            all.into()
        },
        order,
    }
}

fn filled(data: &Data, iteration: u64, names: &[&str]) -> Vec<String> {
    let mut values = Values::default();
    data.fill(iteration, &mut values);
    let value = |name: &&str| values.get(name).unwrap_or("-").to_owned();
    names.iter().map(value).collect()
}

fn made(name: &str, iterations: u64) -> Vec<String> {
    let data = Data::new(&scenario(&[ALL]), 7);
    (0..iterations)
        .flat_map(|iteration| filled(&data, iteration, &[name]))
        .collect()
}

#[test]
fn a_seed_and_an_iteration_always_give_these_values() {
    let data = Data::new(&scenario(&[ALL]), 7);
    let names = ["page", "color", "token", "id", "count"];
    let first = filled(&data, 0, &names);
    let far = filled(&data, 1_000_000, &names);
    // These are fixed, so that a scenario sends next year what it sends today.
    assert_eq!(
        first,
        [
            "-2",
            "red",
            "nGywp7hynNtF",
            "0c72a3b6-f191-4828-8930-414533191d6e",
            "1"
        ]
    );
    assert_eq!(
        far,
        [
            "2",
            "blue",
            "FMyyjeWQ1xoj",
            "78b10f41-75d2-4159-ac48-362f491247cf",
            "1000001"
        ]
    );
    // Filled out of order, over older values, by a second user.
    let mut values = Values::default();
    data.fill(5, &mut values);
    data.fill(0, &mut values);
    assert_eq!(values.get("id"), Some(first[3].as_str()));
    let other = Data::new(&scenario(&[ALL]), 8);
    assert_ne!(filled(&other, 0, &names)[3], first[3]);
}

#[test]
fn numbers_take_every_value_of_their_range_about_as_often() {
    let numbers = made("page", 6000);
    for number in -2..=3 {
        let times = numbers.iter().filter(|n| **n == number.to_string()).count();
        assert!((850..1150).contains(&times), "{number}: {times}");
    }
    let colors = made("color", 3000);
    for color in ["red", "green", "blue"] {
        let times = colors.iter().filter(|made| *made == color).count();
        assert!((850..1150).contains(&times), "{color}: {times}");
    }
}

#[test]
fn identifiers_and_texts_do_not_repeat() {
    for name in ["id", "token"] {
        let made = made(name, 2000);
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), 2000);
    }
    for id in made("id", 200) {
        let bytes = id.as_bytes();
        assert_eq!(id.len(), 36);
        assert_eq!(
            (bytes[8], bytes[13], bytes[18], bytes[23]),
            (b'-', b'-', b'-', b'-')
        );
        assert!(bytes[14] == b'4' && b"89ab".contains(&bytes[19]), "{id}");
        assert!(
            id.chars()
                .all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c))
        );
    }
    let tokens = made("token", 200);
    assert!(tokens.iter().all(|token| token.len() == 12));
    assert!(tokens.concat().chars().all(|c| c.is_ascii_alphanumeric()));
}

#[test]
fn a_counter_begins_at_one_and_misses_none() {
    assert_eq!(made("count", 4), ["1", "2", "3", "4"]);
}

#[test]
fn only_what_a_step_names_is_made() {
    let scenario = scenario(&["/{{page}}", "/{{id}}"]);
    let names = ["page", "id", "token"];
    let all = filled(&Data::new(&scenario, 7), 3, &names);
    assert!(all[0] != "-" && all[1] != "-" && all[2] == "-");
    let flow = filled(&Data::of_flow(&scenario, &scenario.flows[1], 7), 3, &names);
    assert_eq!(flow, ["-", all[1].as_str(), "-"]);
}

#[test]
fn rows_of_a_feed_come_in_order_and_begin_again() {
    let mut scenario = scenario(&["/{{user.email}}/{{user.password}}"]);
    scenario.feeds.push(feed(RowOrder::Sequence, 3));
    let data = Data::new(&scenario, 7);
    for (iteration, email, password) in [(0, "0@x", "p0"), (2, "2@x", "p2"), (3, "0@x", "p0")] {
        assert_eq!(
            filled(&data, iteration, &["user.email", "user.password"]),
            [email, password]
        );
    }
}

#[test]
fn random_rows_are_whole_and_come_about_as_often() {
    let mut scenario = scenario(&["/{{user.email}}/{{user.password}}"]);
    scenario.feeds.push(feed(RowOrder::Random, 4));
    let data = Data::new(&scenario, 7);
    let mut times = [0; 4];
    for iteration in 0..4000 {
        let row = filled(&data, iteration, &["user.email", "user.password"]);
        let number: usize = row[1].strip_prefix('p').unwrap().parse().unwrap();
        assert_eq!(row[0], format!("{number}@x"));
        times[number] += 1;
    }
    assert!(
        times.iter().all(|times| (850..1150).contains(times)),
        "{times:?}"
    );
}

#[test]
fn what_should_have_been_refused_makes_empty_values_and_no_panic() {
    let mut scenario = scenario(&["/{{user.email}}/{{none}}/{{turned}}"]);
    scenario.feeds.push(feed(RowOrder::Random, 0));
    let turned = ValueGenerator::Int { low: 5, high: 1 };
    scenario
        .values
        .insert("none".to_owned(), ValueGenerator::Choice(Vec::new()));
    scenario.values.insert("turned".to_owned(), turned);
    let data = Data::new(&scenario, 7);
    let names = ["user.email", "none", "turned"];
    assert_eq!(filled(&data, u64::MAX, &names), ["", "", "5"]);
}
