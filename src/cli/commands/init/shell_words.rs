//! A command as a shell reads it: words, quotes, and variables that nobody fills in.

use anyhow::anyhow;

use crate::hint::WithHint;

use super::recorded::variable;

/// The words of a command, as a shell reads them. A variable outside single quotes stays one.
pub(super) fn words(text: &str) -> anyhow::Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars().peekable();
    let open = || anyhow!("a quote is not closed");
    while let Some(c) = rest.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(open)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(open)? {
                        '"' => break,
                        '\\' => match rest.next().ok_or_else(open)? {
                            '\n' => {}
                            c @ ('"' | '\\' | '$' | '`') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        '$' => word.push_str(&expanded(&mut rest)),
                        c => word.push(c),
                    }
                }
            }
            '$' if rest.next_if_eq(&'\'').is_some() => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(open)? {
                        '\'' => break,
                        '\\' => word.push(escaped(&mut rest).ok_or_else(open)?),
                        c => word.push(c),
                    }
                }
            }
            '$' => word.get_or_insert_default().push_str(&expanded(&mut rest)),
            '\\' => match rest.next() {
                None => {}
                Some('\n') => {}
                Some('\r') => {
                    rest.next_if_eq(&'\n');
                }
                Some(c) => word.get_or_insert_default().push(c),
            },
            '^' if word.is_none() && rest.peek().is_some_and(|c| "\"\r\n".contains(*c)) => {
                return Err(anyhow!("the command is quoted for cmd of Windows"))
                    .hint("copy it as cURL (bash)");
            }
            c if c.is_whitespace() => words.extend(word.take()),
            // What follows is another command.
            ';' | '|' | '>' | '&' if word.is_none() => break,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Behind a dollar: the variable that is named there, or the dollar itself.
fn expanded(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let is_braced = rest.next_if_eq(&'{').is_some();
    let mut name = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    if is_braced {
        rest.next_if_eq(&'}');
    }
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match (is_name, is_braced) {
        (true, _) => variable(&name),
        (false, true) => format!("${{{name}}}"),
        (false, false) => format!("${name}"),
    }
}

/// Behind a backslash in `$'…'`.
fn escaped(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'u' => hex(rest, 4)?,
        'U' => hex(rest, 8)?,
        'x' => hex(rest, 2)?,
        c => c,
    })
}

fn hex(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        match rest.next_if(char::is_ascii_hexdigit) {
            Some(c) => code = code * 16 + c.to_digit(16)?,
            None => break,
        }
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let read =
            words("curl 'a b'\\''c' \\\n  --x \"q \\\"w\\\" $TOKEN\" $'l\\u0021\\n' d$ e | less")
                .unwrap();
        assert_eq!(
            read,
            [
                "curl",
                "a b'c",
                "--x",
                &format!("q \"w\" {}", variable("TOKEN")),
                "l!\n",
                "d$",
                "e"
            ]
        );
        assert!(words("curl 'a").is_err());
        assert!(words("curl ^\"http://x^\"").is_err());
    }
}
