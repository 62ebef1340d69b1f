//! Which document a file says that it is.

use super::error::Flaw;
use super::place::shown;

/// Refuses a document that is not `ours` (`perfgate.run/1`), and says what it is instead.
pub(crate) fn check(found: Option<&str>, ours: &str) -> Result<(), Flaw> {
    let Some(found) = found else {
        return Err(
            Flaw::new("it has no `schema`, so it cannot be told what it is").hint(format!(
                "a document of this kind begins with `\"schema\": \"{ours}\"`"
            )),
        );
    };
    if found == ours {
        return Ok(());
    }
    let (kind, major) = split(ours);
    let (found_kind, found_major) = split(found);
    let newer = found_kind == kind && found_major > major;
    let flaw = if newer {
        Flaw::new(format!(
            "it is written as `{}`, and this perfgate reads `{ours}`",
            shown(found)
        ))
        .hint("a newer perfgate wrote it: update perfgate here")
    } else {
        Flaw::new(format!("it is `{}`, not `{ours}`", shown(found))).hint(match found_kind {
            "perfgate.baseline" => "a baseline is given with --baseline",
            "perfgate.run" => "a run is added to a baseline by `perfgate baseline update`",
            "perfgate.verdict" => {
                "a verdict is what perfgate writes: give the results that it judged"
            }
            _ => "check the path, or the line that names the schema",
        })
    };
    Err(flaw.at("schema"))
}

fn split(schema: &str) -> (&str, Option<u64>) {
    schema
        .rsplit_once('/')
        .map_or((schema, None), |(kind, major)| (kind, major.parse().ok()))
}
