//! Recomputes the published table of false alarms and power: `cargo run --release --example calibration`.
//!
//! `-- --write` puts it into `docs/how-it-decides.md`, `-- --check` fails where the document says something else.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program for the project's own use that ends at the first surprise"
)]
#![allow(dead_code, reason = "the tests use more of these modules")]

#[path = "../tests/judgement/calibration/noise.rs"]
mod noise;
#[path = "../tests/judgement/calibration/simulation.rs"]
mod simulation;
#[path = "../tests/judgement/calibration/table.rs"]
mod table;

use std::path::Path;
use std::process::ExitCode;

const BEGIN: &str = "<!-- calibration: begin -->\n";
const END: &str = "<!-- calibration: end -->";
const EFFORT: table::Effort = table::Effort {
    unchanged: 80,
    slower_at_five: 60,
    slower: 40,
};

fn main() -> ExitCode {
    let asked = std::env::args().nth(1);
    let played = simulation::play_all(&table::scenes(EFFORT));
    let computed = table::markdown(&table::Results(played));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/how-it-decides.md");
    let text = std::fs::read_to_string(&page).expect("the page is there");
    let (before, rest) = text.split_once(BEGIN).expect("the page has a begin mark");
    let (published, after) = rest.split_once(END).expect("the page has an end mark");
    match asked.as_deref() {
        Some("--write") => {
            let written = format!("{before}{BEGIN}{computed}{END}{after}");
            std::fs::write(&page, written).expect("the page can be written");
        }
        Some("--check") if published == computed => println!("the published table is right"),
        Some("--check") => {
            let lines = published.lines().zip(computed.lines());
            for (published, computed) in lines.filter(|(a, b)| a != b) {
                println!("published: {published}\ncomputed:  {computed}");
            }
            println!("recompute it: cargo run --release --example calibration -- --write");
            return ExitCode::FAILURE;
        }
        _ => print!("{computed}"),
    }
    ExitCode::SUCCESS
}
