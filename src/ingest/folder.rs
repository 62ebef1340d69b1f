//! Which results a folder holds: it is one result, or holds several itself, or in its sub-folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};

use super::adapter::Form;
use super::mapping::Mapping;
use super::recognise::{Unrecognised, looked_for};
use super::{
    Format, FoundResult, ReadOptions, criterion, locust, locust_folder, natural, recognise, threads,
};
use crate::hint::WithHint;

/// The results in `folder`, in natural order, or an error that lists what was looked for.
pub(super) fn results(folder: &Path, options: &ReadOptions) -> anyhow::Result<Vec<FoundResult>> {
    fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let inside = one(folder, options)?;
    if !inside.is_empty() {
        return Ok(inside);
    }
    let mut found = Vec::new();
    let mut without = Vec::new();
    for inner in entries(folder).folders {
        let results = one(&inner, options)?;
        if results.is_empty() {
            without.push(inner);
        } else {
            found.push((inner, results));
        }
    }
    note_gaps(&mut found, &without);
    let found: Vec<FoundResult> = found.into_iter().flat_map(|(_, results)| results).collect();
    if found.is_empty() {
        if let Some(mapping) = &options.mapping {
            return Err(anyhow!(
                "{} holds nothing that the mapping `{}` reads",
                folder.display(),
                mapping.name
            ))
            .hint("name the files themselves, or give the mapping `files`, as in files = \"out/*.csv\"");
        }
        return match options.from {
            Some(from) => nothing_of(folder, from),
            None => nothing_in(folder),
        };
    }
    Ok(found)
}

/// What lies in `folder` itself.
fn one(folder: &Path, options: &ReadOptions) -> anyhow::Result<Vec<FoundResult>> {
    let wanted = |format| options.from.is_none_or(|from| from == format);
    if options.mapping.is_none()
        && wanted(Format::Criterion)
        && let Some(root) = criterion::root(folder)
    {
        return Ok(vec![FoundResult::new(root, Format::Criterion)]);
    }
    let mut found = Vec::new();
    let mut locust_json = Vec::new();
    let prefixes = locust::prefixes(folder);
    for file in entries(folder).files {
        if let Some(mapping) = mapping_of(&file, options) {
            found.push(FoundResult::mapped(file, mapping));
            continue;
        }
        if prefixes
            .iter()
            .any(|prefix| locust_folder::belongs_to(&file, prefix))
        {
            continue;
        }
        let head = recognise::head(&file)?;
        match recognise::form(&head) {
            // A CSV that was renamed stands alone; only the other form can be the same run.
            Ok((Format::Locust, _))
                if locust::recognise_json(&String::from_utf8_lossy(&head))
                    && !options.leaves_out(std::slice::from_ref(&file)) =>
            {
                locust_json.push(file);
            }
            // The first file stands for those of all threads.
            Ok((Format::Pgbench, _)) if threads::first_of(&file) != file => {}
            Ok((format, form)) => found.push(FoundResult {
                form: Some(form),
                ..FoundResult::new(file, format)
            }),
            Err(_) => {}
        }
    }
    leave_lesser_forms(&mut found);
    if wanted(Format::Locust) {
        // What is left out for its age is the same run as nothing else.
        let (old, prefixes): (Vec<_>, Vec<_>) = prefixes
            .into_iter()
            .partition(|prefix| options.leaves_out(&locust::files_of(prefix)));
        found.extend(old.iter().map(|prefix| locust_folder::csv_set(prefix)));
        let runs = locust_folder::runs(folder, prefixes, locust_json, options)?;
        found.extend(runs);
    }
    found.retain(|found| match &options.mapping {
        Some(_) => found.format == Format::Mapped,
        None => wanted(found.format),
    });
    found.sort_by(|a, b| natural::by_name(&a.path, &b.path));
    Ok(found)
}

/// In a folder a mapping reads only what its `files` name, even where it was asked for: what else lies there need not
/// be a result at all.
fn mapping_of(file: &Path, options: &ReadOptions) -> Option<Arc<Mapping>> {
    let by_path = options
        .mappings
        .of(file)
        .filter(|_| options.from.is_none())?;
    match &options.mapping {
        Some(wanted) if wanted != by_path => None,
        _ => Some(Arc::clone(by_path)),
    }
}

/// A tool that wrote several outputs of one run must not count as several runs: of each tool, only the output that
/// holds most is taken, and the rest is told.
fn leave_lesser_forms(found: &mut Vec<FoundResult>) {
    let rank = |found: &FoundResult| {
        let rank = |form: &Form| found.format.adapter().rank(form);
        found.form.map_or(0, rank)
    };
    for format in Format::ALL
        .iter()
        .filter(|format| **format != Format::Locust)
    {
        let of_format = |found: &&FoundResult| found.format == *format;
        let Some(best) = found.iter().filter(of_format).map(rank).min() else {
            continue;
        };
        let is_lesser = |found: &FoundResult| found.format == *format && rank(found) > best;
        let left: Vec<String> = found
            .iter()
            .filter(|one| is_lesser(one))
            .filter_map(|one| Some(one.path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        if left.is_empty() {
            continue;
        }
        found.retain(|one| !is_lesser(one));
        if let Some(first) = found.iter_mut().find(|one| one.format == *format) {
            first.notes.push(format!(
                "{} beside it hold less of what {format} measured, perhaps of the same run: left out; name them to have them read",
                left.join(", ")
            ));
        }
    }
}

/// A fifth run that left nothing is worth a word where `base-1` to `base-4` are taken.
fn note_gaps(found: &mut [(PathBuf, Vec<FoundResult>)], without: &[PathBuf]) {
    let stem = |path: &Path| {
        path.file_name()
            .map(|n| natural::stem(&n.to_string_lossy()))
    };
    for gap in without {
        let alike = found.iter_mut().find(|(inner, _)| stem(inner) == stem(gap));
        if let Some(first) = alike.and_then(|(_, results)| results.first_mut()) {
            first
                .notes
                .push(format!("{} beside it holds no result", gap.display()));
        }
    }
}

pub(super) fn nothing_in<T>(folder: &Path) -> anyhow::Result<T> {
    let shown = folder.display();
    let seen = entries(folder).files.into_iter().find_map(|file| {
        match recognise::recognise(&recognise::head(&file).ok()?) {
            Err(Unrecognised::Stranger(stranger)) => Some((file, stranger)),
            _ => None,
        }
    });
    let (but, hint) = if let Some((file, stranger)) = seen {
        let but = format!("; {} looks like {}", file.display(), stranger.what);
        (but, stranger.hint)
    } else if criterion::is_cargo_criterion_store(folder) {
        (
            "; it holds cargo-criterion's own store".to_owned(),
            "give the messages: `cargo criterion --message-format=json > messages.ndjson`",
        )
    } else {
        (
            String::new(),
            "run the load test or benchmark first, and give the folder or file that it writes",
        )
    };
    Err(anyhow!(
        "read {shown}: no results in it or in its sub-folders{but}; looked for criterion \
         (target/criterion, or <benchmark>/new/benchmark.json), {}",
        looked_for()
    ))
    .hint(hint)
}

fn nothing_of<T>(folder: &Path, from: Format) -> anyhow::Result<T> {
    Err(anyhow!(
        "read {}: no {from} results in it or in its sub-folders",
        folder.display()
    ))
    .hint("leave out --from to take whatever is recognised")
}

/// What a folder lists, in natural order and without what is hidden.
#[derive(Default)]
struct Entries {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn entries(folder: &Path) -> Entries {
    let mut entries = Entries::default();
    let Ok(listed) = fs::read_dir(folder) else {
        return entries;
    };
    for entry in listed.flatten() {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // Follows links: a folder of links to results is a folder of results.
        match fs::metadata(entry.path()) {
            Ok(found) if found.is_dir() && !hidden => entries.folders.push(entry.path()),
            Ok(found) if found.is_file() && !hidden => entries.files.push(entry.path()),
            _ => {}
        }
    }
    entries.files.sort_by(|a, b| natural::by_name(a, b));
    entries.folders.sort_by(|a, b| natural::by_name(a, b));
    entries
}

/// What `check` takes where it is given no result, in the working folder.
pub fn discover(folder: &Path) -> Vec<PathBuf> {
    let criterion = folder.join("target").join("criterion");
    let own = folder.join("perfgate-results");
    let any = ReadOptions::default();
    let mut found = Vec::new();
    found.extend(criterion::root(&criterion));
    found.extend(
        locust::prefixes(folder)
            .iter()
            .filter_map(|p| locust_folder::stats_file(p)),
    );
    if one(&own, &any).is_ok_and(|results| !results.is_empty()) {
        found.push(own);
    }
    found
}
