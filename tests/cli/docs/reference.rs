//! `docs/cli.md` is what the program says of itself.

use std::fs;

#[test]
fn the_reference_of_the_command_line_is_up_to_date() {
    let written = perfgate::cli::reference();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write("docs/cli.md", &written).unwrap();
    }
    let stored = fs::read_to_string("docs/cli.md").unwrap_or_default();
    assert!(
        stored == written,
        "docs/cli.md is not what the program says; UPDATE_GOLDENS=1 rewrites it"
    );
}

#[test]
fn every_command_shows_its_examples_before_its_options() {
    let reference = perfgate::cli::reference();
    let sections: Vec<&str> = reference.split("\n## `").skip(1).collect();
    assert!(!sections.is_empty());
    for section in sections {
        let name = section.lines().next().unwrap();
        let examples = section.find("Examples:\n").expect(name);
        let usage = section.find("Usage:").expect(name);
        let options = section.find("Options:").expect(name);
        assert!(examples < usage && usage < options, "{section}");
    }
}
