//! The command that was typed, as it can be typed again: quoted for a shell, without where its output went.

use std::ffi::OsString;

/// Flags that only say where and how the result is shown.
const OUTPUT_FLAGS: [&str; 11] = [
    "--format",
    "--report",
    "--color",
    "--template",
    "--comment",
    "--pr",
    "--status",
    "--check-run",
    "--ca",
    "--post-timeout",
    POST,
];

/// Its value can be left out.
const POST: &str = "--post";

/// `arguments` are those behind the program's name.
pub(crate) fn command(arguments: &[OsString]) -> String {
    let mut words = vec!["perfgate".to_owned()];
    let (mut skip, mut post) = (false, false);
    for argument in arguments {
        let text = argument.to_string_lossy();
        let after_post = std::mem::take(&mut post);
        if std::mem::take(&mut skip) || (after_post && !text.starts_with('-')) {
            continue;
        }
        let flag = text.split('=').next().unwrap_or_default();
        if OUTPUT_FLAGS.contains(&flag) {
            skip = !text.contains('=') && flag != POST;
            post = text == POST;
            continue;
        }
        words.push(quoted(&text));
    }
    words.join(" ")
}

/// Several paths as they are typed: those that are all files of one pattern, as that pattern.
pub(crate) fn paths(paths: &[&str]) -> String {
    pattern(paths).unwrap_or_else(|| {
        let each: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
        each.join(" ")
    })
}

/// `results/pr-*_stats.csv`, where a shell makes exactly these paths of it.
fn pattern(paths: &[&str]) -> Option<String> {
    let (first, rest) = paths.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let (folder, name) = first.rsplit_once('/').unwrap_or((".", first));
    let names: Vec<&str> = rest
        .iter()
        .map(|path| {
            let (other, name) = path.rsplit_once('/').unwrap_or((".", path));
            (other == folder).then_some(name)
        })
        .collect::<Option<_>>()?;
    let shared = |of: &dyn Fn(&str) -> String| -> usize {
        let begin = of(name);
        let common = |other: &&str| {
            let other = of(other);
            let pairs = begin.chars().zip(other.chars());
            pairs.take_while(|(a, b)| a == b).count()
        };
        names.iter().map(common).min().unwrap_or(0)
    };
    let before: String = name.chars().take(shared(&str::to_owned)).collect();
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    let after: String = backwards(name).chars().take(shared(&backwards)).collect();
    let after = backwards(&after);
    let plain = |text: &str| quoted(text) == text;
    let is_plain = plain(folder) && plain(&format!("{before}{after}"));
    // A name that begins with a dot is left out by a shell.
    if cfg!(not(unix)) || !is_plain || before.is_empty() || before.starts_with(['.', '-']) {
        return None;
    }
    let found = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let found = found.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.len() >= before.len() + after.len()
            && name.starts_with(&before)
            && name.ends_with(&after)
    });
    let whole = match folder {
        "." if !first.starts_with("./") => String::new(),
        folder => format!("{folder}/"),
    };
    (found.count() == paths.len()).then(|| format!("{whole}{before}*{after}"))
}

/// For POSIX shells.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| {
        c.is_alphanumeric()
            || matches!(c, '-' | '_' | '.' | '/' | '=' | ':' | ',' | '%' | '@' | '+')
    };
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn paths_are_one_pattern_where_a_shell_would_make_them_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let names = [
            at("pr-1_stats.csv"),
            at("pr-2_stats.csv"),
            at("pr-10_stats.csv"),
        ];
        for name in &names {
            std::fs::write(name, "").unwrap();
        }
        let [one, two, ten] = names.each_ref().map(String::as_str);
        let each = |names: &[&str]| -> String {
            let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            quoted.join(" ")
        };
        // Where the folder has to be quoted no shell would make names of a pattern.
        let is_plain = quoted(one) == one;
        let all = if is_plain {
            at("pr-*_stats.csv")
        } else {
            each(&[one, two, ten])
        };
        assert_eq!(paths(&[one, two, ten]), all);
        // Another file would be taken for a run.
        assert_eq!(paths(&[one, two]), each(&[one, two]));
        assert_eq!(paths(&[one]), each(&[one]));
        assert_eq!(
            paths(&[one, "other/pr-2_stats.csv"]),
            each(&[one, "other/pr-2_stats.csv"])
        );
    }

    #[test]
    fn a_command_is_repeated_without_its_outputs_and_with_its_quotes() {
        let typed = [
            "-C",
            "shop",
            "check",
            "--format",
            "json",
            "--report=junit=a.xml",
            "--post",
            "auto",
            "--post",
            "--pr=7",
            "--baseline",
            "{base}",
            "it's.csv",
        ];
        let typed: Vec<OsString> = typed.iter().map(OsString::from).collect();
        assert_eq!(
            command(&typed),
            r"perfgate -C shop check --baseline '{base}' 'it'\''s.csv'"
        );
    }
}
