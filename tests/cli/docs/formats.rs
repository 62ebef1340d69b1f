//! The page of formats holds the table that the adapters themselves give.

use std::fs;
use std::path::Path;

use perfgate::ingest::reference;

const BEGIN: &str = "<!-- written by a test: UPDATE_GOLDENS=1 cargo test --test cli docs:: -->\n";

#[test]
fn the_page_of_formats_is_what_the_adapters_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, after) = page.split_once(BEGIN).unwrap();
    let expected = format!("{before}{BEGIN}\n{}", reference::tables());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert_eq!(
        after.trim(),
        reference::tables().trim(),
        "run it with UPDATE_GOLDENS=1 to rewrite the page"
    );
}
