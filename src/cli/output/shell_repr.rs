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
