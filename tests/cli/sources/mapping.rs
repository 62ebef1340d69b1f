//! `[mapping.NAME]` as whole processes: which files it reads, and what is said of those that it cannot read.

use super::desk::Desk;

const MAPPING: &str = "[mapping.nightly]\nsubject = \"name\"\n[[mapping.nightly.value]]\ncolumn = \"ms\"\nmetric = \"time\"\nunit = \"ms\"\n";

fn desk(more: &str) -> Desk {
    let desk = Desk::new();
    desk.write("perfgate.toml", &format!("{MAPPING}{more}"));
    desk.write("out/a.csv", "name,ms\nparse,10.0\nparse,10.2\nparse,10.1\n");
    desk.write("out/b.csv", "name,ms\nparse,20.0\nparse,20.2\nparse,20.1\n");
    desk
}

#[test]
fn every_command_reads_by_the_mapping_that_is_named() {
    let desk = desk("");
    let said = desk.ends("inspect --from mapping:nightly out/a.csv", 0);
    assert!(said.out.contains("mapping:nightly"), "{}", said.out);
    assert!(said.out.contains("parse"), "{}", said.out);
    let said = desk.ends(
        "compare --decide limit --from mapping:nightly out/a.csv out/b.csv",
        1,
    );
    assert!(said.out.contains("time"), "{}", said.out);
    desk.ends(
        "baseline update --baseline main.json --from mapping:nightly out/a.csv",
        0,
    );
    desk.ends(
        "check --baseline main.json --from mapping:nightly out/a.csv --decide limit",
        0,
    );
    desk.ends(
        "check --baseline main.json --from mapping:nightly out/b.csv --decide limit",
        1,
    );
}

#[test]
fn a_source_names_the_mapping_and_a_typed_format_comes_first() {
    let desk = desk("[[source]]\nresults = \"out/b.csv\"\nmapping = \"nightly\"\n");
    desk.ends(
        "baseline update --baseline main.json --from mapping:nightly out/a.csv",
        0,
    );
    desk.ends("check --baseline main.json --decide limit", 1);
    let said = desk.ends("check --baseline main.json --from k6", 2);
    assert!(!said.err.contains("[mapping.nightly]"), "{}", said.err);
}

#[test]
fn files_say_which_results_a_mapping_reads_alone_and_in_a_folder() {
    let desk = desk("");
    desk.write(
        "perfgate.toml",
        &MAPPING.replacen('\n', "\nfiles = \"out/*.csv\"\n", 1),
    );
    desk.write("out/notes.txt", "no result\n");
    let said = desk.ends("inspect out/a.csv", 0);
    assert!(said.out.contains("parse"), "{}", said.out);
    let said = desk.ends("inspect out", 0);
    assert!(
        said.out.contains("a.csv") && said.out.contains("b.csv"),
        "{}",
        said.out
    );
    desk.ends("inspect out --from mapping:nightly", 0);
    desk.write("a.csv", "name,ms\nparse,10\n");
    let said = desk.ends("inspect a.csv", 2);
    assert!(said.err.contains("no known result"), "{}", said.err);
}

#[test]
fn a_mapping_that_is_not_there_is_an_error_with_the_nearest_one() {
    let desk = desk("[[source]]\nresults = \"out/b.csv\"\nmapping = \"nighty\"\n");
    let said = desk.ends("check", 2);
    assert!(said.err.contains("perfgate.toml:9:"), "{}", said.err);
    assert!(
        said.err.contains("hint: did you mean `nightly`?"),
        "{}",
        said.err
    );
    let desk = self::desk("");
    for command in ["inspect", "check --baseline x.json"] {
        let said = desk.ends(&format!("{command} out/a.csv --from mapping:nighty"), 2);
        assert!(
            said.err.contains("there is no [mapping.nighty]"),
            "{}",
            said.err
        );
        assert!(
            said.err.contains("hint: did you mean mapping:nightly?"),
            "{}",
            said.err
        );
    }
    std::fs::remove_file(desk.path("perfgate.toml")).unwrap();
    let said = desk.ends("inspect out/a.csv --from mapping:nightly", 2);
    assert!(
        said.err.contains("hint: add [mapping.nightly]"),
        "{}",
        said.err
    );
}

#[test]
fn what_cannot_be_read_is_told_with_file_line_column_and_value() {
    let desk = desk("");
    for (text, told) in [
        (
            "name,ms\nparse,10\nparse,fast\nparse,9\n",
            "line 3: column `ms`: `fast` is no number",
        ),
        (
            "name,ms\nparse,10\nparse,\n",
            "line 3: column `ms`: it is empty",
        ),
        (
            "name,ms\nparse,10,3\nparse,1\n",
            "line 2: it has 3 columns, and 2 are named",
        ),
        ("name,msec\nparse,10\n", "line 1: there is no column `ms`"),
        (
            "name,ms,ms\nparse,10,3\n",
            "line 1: two columns are named `ms`",
        ),
        (
            "name,ms\nparse,-1\nparse,2\n",
            "line 2: column `ms`: -1 is negative",
        ),
        ("name,ms\n", "it holds no row"),
        ("", "it is empty"),
        ("[1, 2]", "record 1: there is no key `name`"),
        (
            "{\"name\": \"x\", \"ms\": [1, NaN]}",
            "column `ms`: `NaN` is no number",
        ),
        (
            "{\"name\": \"x\", \"ms\": 1}\n{\"name\": \"x\"}\n",
            "line 2: there is no key `ms`",
        ),
    ] {
        desk.write("out/c.csv", text);
        let said = desk.ends("inspect out/c.csv --from mapping:nightly", 2);
        let file = "read out/c.csv by [mapping.nightly]";
        assert!(said.err.contains(file), "{text}: {}", said.err);
        assert!(said.err.contains(told), "{text}: {}", said.err);
    }
    desk.write("out/c.csv", "name,msec\nparse,10\n");
    let said = desk.ends("inspect out/c.csv --from mapping:nightly", 2);
    let hint = "hint: did you mean `msec`? there are `name`, `msec`";
    assert!(said.err.contains(hint), "{}", said.err);
}
