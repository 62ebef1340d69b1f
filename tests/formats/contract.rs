//! What every adapter keeps, held over all fixtures: no output is taken for another tool's, what is read is sound, and
//! a file that is cut off anywhere is an error or less, and never a crash.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use perfgate::ingest::adapter::ToolClass;
use perfgate::ingest::recognise::{candidates, recognise};
use perfgate::ingest::{self, Format, ReadOptions};
use perfgate::model::unit::Dimension;
use perfgate::model::{Evidence, MetricName, Run};

fn fixtures() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        &mut files,
    );
    files.sort();
    assert!(files.len() > 100, "only {} fixtures", files.len());
    files
}

/// Every fixture that is a result, with its tool and its bytes.
pub(crate) fn results() -> Vec<(PathBuf, Format, Vec<u8>)> {
    let read = fixtures().into_iter().filter_map(|path| {
        let bytes = fs::read(&path).unwrap();
        let format = recognise(&bytes).ok()?;
        Some((path, format, bytes))
    });
    read.collect()
}

#[test]
fn no_file_could_be_two_outputs() {
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let found = candidates(&bytes);
        assert!(found.len() < 2, "{}: {found:?}", path.display());
        // Recognition does not depend on what stands behind the first 64 KiB.
        let longer = [bytes.as_slice(), &[b'\n'; 1000]].concat();
        if bytes.len() >= 64 * 1024 {
            assert_eq!(candidates(&longer), found, "{}", path.display());
        }
    }
}

/// What stands in front of a text or between its lines says nothing of whose it is.
#[test]
fn marks_line_breaks_and_blank_lines_do_not_change_what_a_file_is() {
    const LIMIT: usize = 64 * 1024;
    // What an output begins with is enough here, and takes an eighth of the time.
    const HEAD: usize = 8 * 1024;
    let notes = b"notes of a colleague ".repeat(40);
    let long_line = [vec![b'x'; LIMIT], vec![b'\n']].concat();
    assert_eq!(candidates(&long_line), []);
    let mut texts = 0;
    let mut of_each = BTreeSet::new();
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let place = path.display();
        let head = bytes.get(..HEAD).unwrap_or(&bytes);
        let end = match std::str::from_utf8(head) {
            Ok(_) => head.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => continue,
        };
        let text = std::str::from_utf8(&head[..end]).unwrap();
        // Gatling's binary log may look like text.
        if text.is_empty() || text.contains('\0') {
            continue;
        }
        texts += 1;
        let found = candidates(text.as_bytes());
        let unix = text.replace("\r\n", "\n");
        for (what, other) in [
            ("a byte order mark", format!("\u{feff}{text}")),
            ("blank lines", format!("\n\n{text}")),
            ("breaks of Windows", unix.replace('\n', "\r\n")),
        ] {
            assert_eq!(candidates(other.as_bytes()), found, "{place}: {what}");
        }
        if !of_each.insert(found) {
            continue;
        }
        let behind = [notes.as_slice(), b"\n", text.as_bytes()];
        let found = candidates(&behind.concat());
        assert!(found.len() < 2, "{place}: {found:?}");
        // Whatever stands behind the first 64 KiB is not looked at.
        let behind = [long_line.as_slice(), text.as_bytes()];
        assert_eq!(candidates(&behind.concat()), [], "{place}");
    }
    assert!(texts > 300, "only {texts} texts");
}

#[test]
fn every_output_that_is_read_has_a_real_fixture() {
    let mut seen = BTreeSet::new();
    for (_, _, bytes) in results() {
        seen.extend(candidates(&bytes).into_iter().map(|(_, what)| what));
    }
    for format in Format::ALL {
        assert!(!format.adapter().forms.is_empty());
        for form in format.adapter().forms {
            let facts = &form.facts;
            for fact in [form.what, facts.evidence, facts.resolution, facts.lost] {
                assert!(!fact.is_empty(), "{format}: {form:?}");
            }
            // A folder has no file to recognise, and our own file has tests of its own.
            let apart = matches!(*format, Format::Criterion | Format::Perfgate);
            if !facts.tested.is_empty() && !apart {
                assert!(seen.contains(form.what), "no fixture is {}", form.what);
            }
        }
    }
}

fn is_sound(run: &Run, format: Format, place: &str) {
    assert!(run.provenance.tool.is_some(), "{place}: no tool");
    assert!(!run.subjects.is_empty(), "{place}: nothing measured");
    for (subject, metrics) in &run.subjects {
        assert!(!subject.as_str().trim().is_empty(), "{place}: no name");
        for (metric, measured) in metrics.iter() {
            let what = format!("{place}: {subject} {metric}");
            if let Some(better) = metric.known_direction() {
                assert_eq!(measured.better, better, "{what}");
            }
            match metric.as_str() {
                MetricName::LATENCY | MetricName::TIME => assert!(
                    matches!(measured.unit.dimension(), Dimension::Time(_)),
                    "{what} is in `{}`",
                    measured.unit
                ),
                MetricName::ERRORS => assert!(
                    matches!(measured.evidence, Evidence::Proportion(_)),
                    "{what}: {:?}",
                    measured.evidence
                ),
                _ => {}
            }
            if let Some(least) = measured.evidence.smallest() {
                assert!(least.is_finite(), "{what}");
            }
        }
        let has = |metric: &str| metrics.get(metric).is_some();
        match format.adapter().class {
            ToolClass::Load => assert!(!has(MetricName::TIME), "{place}: {subject} has a time"),
            ToolClass::Benchmark => {
                assert!(
                    !has(MetricName::LATENCY),
                    "{place}: {subject} has a latency"
                );
            }
            ToolClass::Own => {}
        }
    }
}

#[test]
fn what_is_read_is_sound_and_the_same_each_time() {
    let mut read_of = BTreeSet::new();
    for (path, format, bytes) in results() {
        let place = path.display().to_string();
        let read = || ingest::parse_bytes(format, &bytes, &ReadOptions::default());
        let Ok(runs) = read() else { continue };
        read_of.insert(format);
        for run in &runs {
            is_sound(run, format, &place);
            // A run of another name than its tool's is still known by it.
            let name = &run.provenance.tool.as_ref().unwrap().name;
            if format != Format::Perfgate {
                assert_eq!(Format::of_tool(name), Some(format), "{place}: {name}");
            }
        }
        assert_eq!(runs, read().unwrap(), "{place}");
    }
    for format in Format::ALL {
        let apart = matches!(*format, Format::Criterion | Format::Perfgate);
        assert!(
            apart || read_of.contains(format),
            "nothing of {format} was read"
        );
    }
}

/// Some places of a file: many at its start, where the structure is, and the rest spread over it.
fn cuts(length: usize) -> Vec<usize> {
    let mut cuts: Vec<usize> = (0..length.min(48)).collect();
    let step = (length / 48).max(1);
    cuts.extend((48..length).step_by(step));
    cuts.extend(length.saturating_sub(24)..length);
    cuts
}

#[test]
fn a_file_cut_off_anywhere_is_no_crash() {
    let mut of_each: std::collections::BTreeMap<(Format, &str), usize> = Default::default();
    for (path, format, bytes) in results() {
        let what = candidates(&bytes)[0].1;
        let seen = of_each.entry((format, what)).or_default();
        *seen += 1;
        // One file of each output is enough, and all of them would take minutes.
        if *seen > 1 {
            continue;
        }
        for cut in cuts(bytes.len().min(20_000)) {
            let cut = &bytes[..cut];
            if let Ok(runs) = ingest::parse_bytes(format, cut, &ReadOptions::default()) {
                for run in &runs {
                    is_sound(run, format, &path.display().to_string());
                }
            }
            let _ = recognise(cut);
        }
    }
}

#[test]
fn a_warm_up_is_dropped_by_time_or_the_result_says_that_it_cannot() {
    for (path, format, bytes) in results() {
        let options = ReadOptions {
            warmup: Some(std::time::Duration::from_millis(500)),
            ..ReadOptions::default()
        };
        let Ok(whole) = ingest::parse_bytes(format, &bytes, &ReadOptions::default()) else {
            continue;
        };
        let Ok(cut) = ingest::parse_bytes(format, &bytes, &options) else {
            continue;
        };
        let errors = |runs: &[Run]| -> u64 {
            let of = runs.iter().flat_map(|run| run.subjects.values());
            let errors = of.filter_map(|metrics| metrics.get(MetricName::ERRORS));
            errors
                .filter_map(|errors| errors.evidence.observations())
                .sum()
        };
        assert!(errors(&cut) <= errors(&whole), "{}", path.display());
    }
}
