//! The page: every name in it stays a name, it says what the comment says, and nothing of it is fetched or run.

use std::collections::BTreeSet;

use crate::support::verdicts::*;
use crate::support::{hostile, scenes};
use perfgate::compare::{self, Policy, Sides};
use perfgate::model::timeline::{Gauge, Latencies, Slice};
use perfgate::model::{
    Better, Evidence, Measurement, MetricName, Quantile, Role, Run, Subject, Timeline, Unit,
};
use perfgate::report::{self, About, CommentPlace, Document, Format, RunsBehind, Style};

fn page(document: &Document) -> String {
    report::html(document, &About::default()).unwrap()
}

/// A tag as it is written: its name, and the names and values of its attributes.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    closes: bool,
    empty: bool,
}

/// Every tag of a page. Outside the style, each `<` begins one.
fn tags(page: &str) -> Vec<Tag> {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, behind) = rest.split_once("</style>").unwrap();
    let all = format!("{before}{behind}");
    let mut tags = Vec::new();
    for part in all.split('<').skip(1) {
        let (inside, text) = part.split_once('>').expect("a tag that ends");
        assert!(!text.contains('>'), "a loose > in {text}");
        let (inside, empty) = inside
            .strip_suffix('/')
            .map_or((inside, false), |inside| (inside, true));
        let (inside, closes) = inside
            .strip_prefix('/')
            .map_or((inside, false), |inside| (inside, true));
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while !rest.is_empty() && name != "!doctype" {
            let (key, value) = rest.split_once("=\"").expect(inside);
            let (value, next) = value.split_once('"').expect(inside);
            attributes.push((key.trim().to_owned(), value.to_owned()));
            rest = next.trim_start();
        }
        tags.push(Tag {
            name: name.to_owned(),
            attributes,
            closes,
            empty,
        });
    }
    tags
}

const TAGS: &str = "!doctype html head meta title style body main header section h1 h2 p b code ul li div span table tr th td \
                    details summary figure figcaption svg g line circle path text script";
const ATTRIBUTES: &str = "lang charset http-equiv content name class id scope tabindex role aria-hidden width height viewBox \
                          preserveAspectRatio x y x1 y1 x2 y2 cx cy r d text-anchor type";

fn is_inert(page: &str, name: &str) {
    let (known, allowed): (BTreeSet<&str>, BTreeSet<&str>) = (
        TAGS.split(' ').collect(),
        ATTRIBUTES.split(' ').filter(|a| !a.is_empty()).collect(),
    );
    let mut open: Vec<String> = Vec::new();
    let mut scripts = 0;
    for tag in tags(page) {
        assert!(known.contains(tag.name.as_str()), "{name}: <{}>", tag.name);
        for (key, value) in &tag.attributes {
            assert!(allowed.contains(key.as_str()), "{name}: {key}");
            assert!(!value.contains(['<', '>']), "{name}: {key}={value}");
        }
        if tag.closes {
            assert_eq!(open.pop().as_deref(), Some(tag.name.as_str()), "{name}");
            continue;
        }
        if tag.name == "script" {
            scripts += 1;
            let kind = ("type".to_owned(), "application/json".to_owned());
            assert!(tag.attributes.contains(&kind), "{name}");
        }
        if !tag.empty && !["!doctype", "meta"].contains(&tag.name.as_str()) {
            open.push(tag.name);
        }
    }
    assert!(open.is_empty(), "{name}: left open {open:?}");
    assert_eq!(scripts, 1, "{name}");
    let hidden = |c: &char| {
        c.is_control() && *c != '\n'
            || ('\u{200b}'..='\u{200f}').contains(c)
            || ('\u{2028}'..='\u{202e}').contains(c)
            || ('\u{2060}'..='\u{206f}').contains(c)
            || *c == '\u{feff}'
    };
    let found: Vec<char> = page.chars().filter(hidden).collect();
    assert!(found.is_empty(), "{name}: {found:?}");
    for outside in ["src=", "href=", "url(", "@import", "javascript:"] {
        let (_, style) = page.split_once("<style>").unwrap();
        assert!(!style.split_once("</style>").unwrap().0.contains(outside));
    }
}

/// The data of a page, as a program reads it.
fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn no_name_becomes_markup_at_any_place() {
    let more = [
        "</title><script>alert(1)</script>",
        "x\"onload=\"alert(1)",
        "</script><svg/onload=x>",
    ];
    let names = hostile::NAMES
        .iter()
        .chain(&more)
        .map(|name| (*name).to_owned());
    for name in names.chain([hostile::long()]) {
        let mut context = context();
        context.gate = Some(name.clone());
        context.notes = vec![name.clone(), format!("a `{name}` b")];
        context.commands.repeat = Some(name.clone());
        context.environment.key = Some(name.clone());
        context.current.commit = Some(name.clone());
        context.tool_version = name.clone();
        let mut custom = regressed(latency(&name, Quantile::P50), 84.0, 103.0);
        custom.series.unit = Unit::new(&name);
        custom.series.metric = MetricName::new(name.as_str());
        let all = vec![
            custom,
            accepted(regressed(latency(&name, Quantile::P95), 84.0, 103.0), &name),
            over_budget(regressed(latency(&name, Quantile::P99), 84.0, 103.0), 90.0),
            missing(latency(&name, Quantile::P90), 84.0, Some(&name)),
            drifted(
                unchanged(latency("GET /", Quantile::P95), 84.0, 84.0),
                1.2,
                0.15,
            ),
        ];
        let document = document_of(all, &Policy::default(), context);
        let page = page(&document);
        is_inert(&page, &name);
        let read = &data(&page)["verdict"];
        assert_eq!(read["comparisons"].as_array().unwrap().len(), 5);
        assert!(
            read["comparisons"]
                .to_string()
                .contains(&serde_json::json!(name).to_string())
        );
    }
}

#[test]
fn every_scene_is_a_whole_page_that_says_what_its_comment_says() {
    for (name, document) in scenes::all() {
        let page = page(&document);
        is_inert(&page, name);
        let comment = report::comment(&document, &CommentPlace::default(), None).unwrap();
        let (_, headline) = page.split_once("<h1>perfgate").unwrap();
        let (headline, _) = headline.split_once("</h1>").unwrap();
        let said = headline.rsplit_once(": ").unwrap().1;
        assert!(
            comment.contains(said),
            "{name}: {said} is not in\n{comment}"
        );
        assert!(page.contains("default-src 'none'"), "{name}");
    }
}

#[test]
fn the_data_of_a_page_is_the_verdict_and_what_its_pictures_show() {
    let document = scenes::fail();
    let json = report::render(&document, Format::Json, &Style::default(), None).unwrap();
    let page = page(&document);
    let data = data(&page);
    assert_eq!(
        data["verdict"],
        serde_json::from_str::<serde_json::Value>(&json).unwrap()
    );
    let first = &data["pictures"]["changes"]["rows"][0];
    assert_eq!(first["series"], "GET /search latency.p95");
    let at = first["worse_by"]["at"].as_f64().unwrap();
    assert!((at - 0.226).abs() < 0.001, "{at}");
    // A stored verdict holds one course: that of its worst series.
    let course = &data["pictures"]["sessions"][0];
    assert_eq!(course["sessions"].as_array().unwrap().len(), 5);
    assert!(page.contains("over 5 sessions of the baseline"), "{page}");
}

#[test]
fn what_is_beyond_its_limit_is_drawn_first_and_as_such() {
    let page = page(&scenes::fail());
    let (_, rows) = page.split_once("class=\"intervals\"").unwrap();
    let first = rows.find("est beyond").unwrap();
    assert!(first < rows.find("GET /basket").unwrap());
    assert_eq!(rows.matches("est beyond").count(), 1);
    // Higher is better: it is worse to the right all the same.
    let fallen = document(vec![regressed(throughput("GET /"), 400.0, 320.0)]);
    let at = data(&self::page(&fallen))["pictures"]["changes"]["rows"][0]["worse_by"]["at"].clone();
    assert!((at.as_f64().unwrap() - 0.2).abs() < 1e-9, "{at}");
}

#[test]
fn runs_that_were_made_in_pairs_are_joined() {
    let mut document = scenes::fail();
    document.interleaved = true;
    assert!(page(&document).contains("class=\"pair\""));
    document.interleaved = false;
    assert!(!page(&document).contains("class=\"pair\""));
}

#[test]
fn targets_are_listed_with_what_became_of_them() {
    let held = page(&scenes::budget());
    assert!(held.contains("not met</b>"), "{held}");
    assert!(held.contains("0 of 1 target met"), "{held}");
}

#[test]
fn a_page_of_a_hundred_series_stays_small_and_one_of_ten_thousand_is_written() {
    let hundred = page(&scenes::many(100)).len();
    assert!(hundred < 500_000, "{hundred}");
    let page = page(&scenes::many(10_000));
    is_inert(&page, "many");
    assert!(page.contains("more rows are in the data"));
}

/// A run of ten seconds, of which nothing came back in the fifth, with an error in the last.
fn over_time(ms: f64, session: &str) -> Run {
    let mut run = Run::default();
    run.provenance.session = Some(session.to_owned());
    let measured = Measurement {
        unit: Unit::new("ms"),
        better: Better::Lower,
        role: Role::Outcome,
        evidence: Evidence::samples((0..100).map(|i| ms + f64::from(i) / 100.0).collect()).unwrap(),
    };
    run.insert(
        Subject::new("GET /"),
        MetricName::new(MetricName::LATENCY),
        measured,
    );
    let mut timeline = Timeline::new(1.0);
    let slices = (0..10_usize)
        .filter(|index| *index != 4)
        .map(|index| Slice {
            index,
            errors: u64::from(index == 9),
            successes: Latencies::of([(Latencies::bucket(ms * 1e3), 20)]),
        });
    timeline
        .subjects
        .insert(Subject::new("GET /"), slices.collect());
    let depth = Gauge {
        unit: Unit::new("MiB"),
        values: (0..10_usize).map(|at| (at, ms * at as f64)).collect(),
    };
    let depth = (MetricName::new("rss<b>"), depth);
    timeline
        .gauges
        .insert(Subject::new("GET /"), [depth].into());
    run.timeline = Some(Box::new(timeline));
    run
}

#[test]
fn both_sides_are_drawn_on_one_clock_where_the_runs_tell_what_happened_when() {
    let baseline = [over_time(10.0, "a"), over_time(10.1, "a")];
    let current = [over_time(20.0, "b"), over_time(20.1, "b")];
    let sides = Sides {
        baseline: &baseline,
        current: &current,
        anchor: None,
        interleaved: false,
    };
    let policy = Policy::default();
    let judgement = compare::judge(&sides, &policy, jiff::civil::date(2026, 11, 20));
    let verdict =
        perfgate::verdict::Verdict::of(judgement, &policy, perfgate::verdict::Situation::Compared);
    let document = report::document(&verdict, &policy, context());
    let measured = RunsBehind {
        baseline: &baseline,
        history: &baseline,
        current: &current,
    };
    let about = About {
        measured: Some(measured),
        only_results: false,
    };
    let page = report::html(&document, &about).unwrap();
    is_inert(&page, "clock");
    let clock = &data(&page)["pictures"]["clock"][0];
    for (side, ms) in [("baseline", 10.0), ("current", 20.0)] {
        let slices = clock[side]["slices"].as_array().unwrap();
        assert_eq!(slices.len(), 9, "{side}");
        let p99 = slices[0]["p99"].as_f64().unwrap();
        assert!((p99 / ms - 1.0).abs() < 0.1, "{side}: {p99}");
        // Of one run; the errors are those of both.
        assert_eq!(slices[0]["rate"], 20.0, "{side}");
        assert_eq!(slices[8]["errors"], 2, "{side}");
        // The mean of both runs, in the last second.
        let looks = clock["gauges"][0][side]["values"].as_array().unwrap();
        let last = looks[9][1].as_f64().unwrap();
        assert_eq!((looks.len(), &looks[9][0]), (10, &serde_json::json!(9.0)));
        assert!((last / (ms * 9.0) - 1.0).abs() < 0.02, "{side}: {last}");
    }
    // The line is broken where nothing came back: two pieces for p50, p99 and the rate of each side. What was looked at
    // is one line.
    let (_, section) = page.split_once("id=\"clock\"").unwrap();
    let (section, _) = section.split_once("</section>").unwrap();
    assert_eq!(section.matches("path before").count(), 9);
    assert!(section.contains("rss&lt;b&gt;"), "{section}");
    // A stored verdict has none.
    assert!(!self::page(&document).contains("id=\"clock\""));
}
