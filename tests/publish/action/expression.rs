//! The expressions of workflows and actions, as far as ours use them: `${{ inputs.a || 'b' }}`, and conditions.

use serde_json::Value;

/// What became of the steps before this one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Succeeded,
    Failed,
}

/// A text with each `${{ … }}` in it replaced by its value.
pub(crate) fn text(template: &str, contexts: &Value) -> String {
    let mut written = String::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once("${{") {
        let (expression, after) = inside.split_once("}}").unwrap();
        written.push_str(before);
        written.push_str(&shown(&value(expression, contexts, Before::Succeeded).0));
        rest = after;
    }
    written + rest
}

/// Whether a step runs. A condition that asks for no status is only looked at where nothing has failed.
pub(crate) fn holds(condition: Option<&str>, contexts: &Value, before: Before) -> bool {
    let Some(condition) = condition else {
        return before == Before::Succeeded;
    };
    let condition = condition.trim();
    let inside = condition
        .strip_prefix("${{")
        .and_then(|c| c.strip_suffix("}}"));
    let (value, asks_for_status) = value(inside.unwrap_or(condition), contexts, before);
    is_true(&value) && (asks_for_status || before == Before::Succeeded)
}

fn value(expression: &str, contexts: &Value, before: Before) -> (Value, bool) {
    let mut reader = Reader {
        tokens: tokens(expression),
        at: 0,
        contexts,
        before,
        asks_for_status: false,
    };
    let value = reader.either();
    assert_eq!(reader.at, reader.tokens.len(), "`{expression}`");
    (value, reader.asks_for_status)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
        && value.as_str() != Some("")
        && value.as_i64() != Some(0)
}

#[derive(Debug, PartialEq)]
enum Token {
    Text(String),
    /// A path into a context, or a function.
    Name(String),
    Sign(&'static str),
}

fn tokens(expression: &str) -> Vec<Token> {
    const SIGNS: [&str; 7] = ["==", "!=", "&&", "||", "!", "(", ")"];
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('\'') {
            let (text, after) = inside.split_once('\'').unwrap();
            tokens.push(Token::Text(text.to_owned()));
            rest = after;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let is_part = |c: char| c.is_alphanumeric() || "._-".contains(c);
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            assert!(end > 0, "`{expression}` has more than we understand");
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    tokens
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    contexts: &'a Value,
    before: Before,
    asks_for_status: bool,
}

impl Reader<'_> {
    fn takes(&mut self, sign: &'static str) -> bool {
        let is_it = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(is_it);
        is_it
    }

    fn either(&mut self) -> Value {
        let mut value = self.both();
        while self.takes("||") {
            let other = self.both();
            if !is_true(&value) {
                value = other;
            }
        }
        value
    }

    fn both(&mut self) -> Value {
        let mut value = self.equal();
        while self.takes("&&") {
            let other = self.equal();
            if is_true(&value) {
                value = other;
            }
        }
        value
    }

    fn equal(&mut self) -> Value {
        let value = self.single();
        if self.takes("==") {
            Value::Bool(shown(&value) == shown(&self.single()))
        } else if self.takes("!=") {
            Value::Bool(shown(&value) != shown(&self.single()))
        } else {
            value
        }
    }

    fn single(&mut self) -> Value {
        if self.takes("!") {
            return Value::Bool(!is_true(&self.single()));
        }
        if self.takes("(") {
            let value = self.either();
            assert!(self.takes(")"));
            return value;
        }
        let token = &self.tokens[self.at];
        self.at += 1;
        match token {
            Token::Text(text) => Value::from(text.as_str()),
            Token::Sign(sign) => panic!("`{sign}` where a value is due"),
            Token::Name(name) => {
                let name = name.clone();
                if self.takes("(") {
                    assert!(self.takes(")"), "{name} takes nothing");
                    return self.function(&name);
                }
                match name.as_str() {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    path => {
                        let pointer = format!("/{}", path.replace('.', "/"));
                        self.contexts
                            .pointer(&pointer)
                            .cloned()
                            .unwrap_or(Value::Null)
                    }
                }
            }
        }
    }

    fn function(&mut self, name: &str) -> Value {
        self.asks_for_status = true;
        Value::Bool(match name {
            "always" => true,
            "success" => self.before == Before::Succeeded,
            "failure" => self.before == Before::Failed,
            "cancelled" => false,
            other => panic!("we know no function {other}"),
        })
    }
}

#[test]
fn expressions_are_read_as_a_runner_reads_them() {
    let contexts = serde_json::json!({
        "inputs": {"a-b": "x", "empty": ""},
        "steps": {"one": {"outputs": {"code": "2"}}},
    });
    for (template, expected) in [
        ("plain", "plain"),
        ("<${{ inputs.a-b }}>", "<x>"),
        ("${{ inputs.empty || steps.one.outputs.code }}", "2"),
        ("${{ steps.none.outputs.code }}", ""),
        ("${{ inputs.a-b == 'x' && '--strict' || '' }}", "--strict"),
        ("${{ inputs.a-b != 'x' && '--strict' || '' }}", ""),
        ("${{ !(inputs.empty) }}", "true"),
    ] {
        assert_eq!(text(template, &contexts), expected, "{template}");
    }
    for (condition, after_success, after_failure) in [
        (None, true, false),
        (Some("inputs.a-b == 'x'"), true, false),
        (Some("inputs.empty"), false, false),
        (Some("always()"), true, true),
        (Some("!cancelled()"), true, true),
        (Some("failure() && inputs.a-b"), false, true),
    ] {
        assert_eq!(
            (
                holds(condition, &contexts, Before::Succeeded),
                holds(condition, &contexts, Before::Failed)
            ),
            (after_success, after_failure),
            "{condition:?}"
        );
    }
}
