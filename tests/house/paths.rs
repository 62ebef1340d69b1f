//! The paths that code names, in `use` lines and in the middle of an expression, with groups spelt out.

/// `use a::{b, c::d};` names `a::b` and `a::c::d`; a macro ends in `!`.
pub(crate) fn named(code: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if matches!(tokens[at], Token::Name(_)) {
            at = path(&tokens, at, Vec::new(), &mut found);
        } else {
            at += 1;
        }
    }
    found
}

#[derive(PartialEq)]
enum Token {
    Name(String),
    Colons,
    Other(char),
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut name = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                name.push(c);
            }
            tokens.push(Token::Name(name));
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            tokens.push(Token::Colons);
        } else if !c.is_whitespace() {
            tokens.push(Token::Other(c));
        }
    }
    tokens
}

/// Reads one path from its first name on and answers where it ends.
fn path(
    tokens: &[Token],
    mut at: usize,
    mut so_far: Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    loop {
        match tokens.get(at) {
            Some(Token::Name(name)) => so_far.push(name.clone()),
            Some(Token::Other('*')) => so_far.push("*".to_owned()),
            Some(Token::Other('{')) if !so_far.is_empty() => {
                return group(tokens, at + 1, &so_far, found);
            }
            _ => break,
        }
        at += 1;
        if tokens.get(at) != Some(&Token::Colons) {
            break;
        }
        at += 1;
    }
    let is_macro = tokens.get(at) == Some(&Token::Other('!'))
        && tokens.get(at + 1) != Some(&Token::Other('='));
    if let Some(last) = so_far.last_mut().filter(|_| is_macro) {
        last.push('!');
    }
    found.push(so_far);
    at
}

fn group(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    loop {
        match tokens.get(at) {
            None | Some(Token::Other('}')) => return at + 1,
            Some(Token::Name(name)) if name == "as" => at += 2,
            Some(Token::Name(_) | Token::Other('*')) => {
                at = path(tokens, at, prefix.to_vec(), found);
            }
            Some(_) => at += 1,
        }
    }
}

#[test]
fn groups_and_inline_paths_and_macros_are_all_named() {
    let named: Vec<String> = named(
        "use crate::{model::{Run, Series as S}, stats}; fn f() { std::fs::read(x); println!(); a != b; v::<T>(1) }",
    )
    .iter()
    .map(|path| path.join("::"))
    .collect();
    for path in [
        "crate::model::Run",
        "crate::model::Series",
        "crate::stats",
        "std::fs::read",
        "println!",
        "v",
    ] {
        assert!(named.iter().any(|n| n == path), "{path} in {named:?}");
    }
    assert!(!named.iter().any(|n| n == "a!" || n == "S"));
}
