//! From text to an expression.

use std::iter::Peekable;
use std::vec::IntoIter;

use regex_lite::Regex;

use super::Query;

/// Deeper ones are a mistake, and would need a deep stack.
const DEEPEST: usize = 64;

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Number(f64),
    /// One of the query's leaves, by its place.
    Leaf(usize),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Aggregate(Aggregate, Grouping, Box<Expression>),
    /// `histogram_quantile`: the share, and the buckets.
    Quantile(Box<Expression>, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    Divided,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Mean,
    Highest,
    Lowest,
    Count,
}

/// Which labels a group keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

/// What is read of each series of a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeriesFunction {
    Last,
    Increase,
    Rate,
    Mean,
    Highest,
    Lowest,
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) name: String,
    pub(super) matchers: Vec<Matcher>,
    pub(super) look: SeriesFunction,
}

#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) wanted: Wanted,
    /// Whether it has to be so, or must not.
    pub(super) holds: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Text(String),
    Pattern(Regex),
}

impl Matcher {
    /// A label that is missing is empty.
    pub(super) fn takes(&self, value: &str) -> bool {
        let is_so = match &self.wanted {
            Wanted::Text(text) => text == value,
            Wanted::Pattern(pattern) => pattern.is_match(value),
        };
        is_so == self.holds
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Number(f64),
    Text(String),
    /// What stands in brackets.
    Range(String),
    Sign(char),
    /// `=~`, `!~`, `!=`.
    Compare(&'static str),
}

pub(super) fn query(text: &str) -> Result<Query, String> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        leaves: Vec::new(),
        depth: 0,
    };
    let root = parser.sum()?;
    match parser.tokens.next() {
        Some(token) => Err(format!("{} is not expected there", told(&token))),
        None if parser.leaves.is_empty() => Err("it reads no metric".to_owned()),
        None => Ok(Query {
            root,
            leaves: parser.leaves,
        }),
    }
}

fn told(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{word}`"),
        Token::Number(number) => format!("`{number}`"),
        Token::Text(text) => format!("`\"{text}\"`"),
        Token::Range(range) => format!("`[{range}]`"),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::Compare(sign) => format!("`{sign}`"),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        let (token, behind) = if first.is_ascii_digit() || first == '.' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
                .unwrap_or(rest.len());
            let (number, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let number = number
                .parse()
                .map_err(|_| format!("`{number}` is no number"))?;
            (Token::Number(number), behind)
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            (Token::Word(word.to_owned()), behind)
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (range, behind) = inside.split_once(']').ok_or("a bracket is not closed")?;
            (Token::Range(range.to_owned()), behind)
        } else if let Some(inside) = rest.strip_prefix(['"', '\'']) {
            quoted(inside, first)?
        } else if let Some(sign) = ["=~", "!~", "!="]
            .into_iter()
            .find(|sign| rest.starts_with(sign))
        {
            (Token::Compare(sign), rest.get(2..).unwrap_or_default())
        } else if "+-*/(){},=".contains(first) {
            (Token::Sign(first), rest.get(1..).unwrap_or_default())
        } else {
            return Err(format!("`{first}` is not understood"));
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

fn quoted(inside: &str, quote: char) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == quote {
            let behind = inside.get(at + 1..).unwrap_or_default();
            return Ok((Token::Text(text), behind));
        }
        if letter == '\\' {
            match letters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, other @ ('\\' | '"' | '\''))) => text.push(other),
                _ => return Err("a backslash stands before nothing that it changes".to_owned()),
            }
        } else {
            text.push(letter);
        }
    }
    Err("a quote is not closed".to_owned())
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    leaves: Vec<Leaf>,
    depth: usize,
}

impl Parser {
    fn takes(&mut self, sign: char) -> bool {
        self.tokens.next_if_eq(&Token::Sign(sign)).is_some()
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.takes(sign) {
            return Ok(());
        }
        Err(match self.tokens.peek() {
            Some(token) => format!("`{sign}` is missing before {}", told(token)),
            None => format!("`{sign}` is missing at its end"),
        })
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = if self.takes('+') {
                Operator::Plus
            } else if self.takes('-') {
                Operator::Minus
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.factor()?;
        loop {
            let operator = if self.takes('*') {
                Operator::Times
            } else if self.takes('/') {
                Operator::Divided
            } else {
                return Ok(left);
            };
            let right = self.factor()?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    fn factor(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let factor = self.innermost();
        self.depth -= 1;
        factor
    }

    fn innermost(&mut self) -> Result<Expression, String> {
        match self.tokens.next() {
            Some(Token::Number(number)) => Ok(Expression::Number(number)),
            Some(Token::Sign('-')) => Ok(Expression::Negative(Box::new(self.factor()?))),
            Some(Token::Sign('(')) => {
                let inside = self.sum()?;
                self.expect(')')?;
                Ok(inside)
            }
            Some(Token::Word(word)) => self.named(word),
            Some(token) => Err(format!("{} is not expected there", told(&token))),
            None => Err("something is missing at its end".to_owned()),
        }
    }

    fn named(&mut self, word: String) -> Result<Expression, String> {
        let calls = matches!(self.tokens.peek(), Some(Token::Sign('(')));
        if let Some(aggregate) = aggregate(&word)
            && (calls || self.names_a_grouping())
        {
            return self.aggregate(aggregate);
        }
        if !calls {
            return self.leaf(word, None);
        }
        self.expect('(')?;
        if word == "histogram_quantile" {
            let share = self.sum()?;
            self.expect(',')?;
            let buckets = self.sum()?;
            self.expect(')')?;
            return Ok(Expression::Quantile(Box::new(share), Box::new(buckets)));
        }
        let Some(look) = look(&word) else {
            return Err(format!(
                "`{word}` is no function that is known here; these are: rate, increase, avg_over_time, max_over_time, min_over_time, last_over_time, histogram_quantile, sum, avg, max, min, count"
            ));
        };
        let Some(Token::Word(name)) = self.tokens.next() else {
            return Err(format!("`{word}` needs a metric, such as {word}(name[5m])"));
        };
        let leaf = self.leaf(name, Some((look, word)))?;
        self.expect(')')?;
        Ok(leaf)
    }

    fn names_a_grouping(&mut self) -> bool {
        matches!(self.tokens.peek(), Some(Token::Word(word)) if word == "by" || word == "without")
    }

    /// `sum by (a) (…)` and `sum(…) by (a)`.
    fn aggregate(&mut self, aggregate: Aggregate) -> Result<Expression, String> {
        let mut grouping = self.grouping()?;
        self.expect('(')?;
        let inside = self.sum()?;
        self.expect(')')?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let grouping = grouping.unwrap_or(Grouping::By(Vec::new()));
        Ok(Expression::Aggregate(aggregate, grouping, Box::new(inside)))
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, String> {
        if !self.names_a_grouping() {
            return Ok(None);
        }
        let Some(Token::Word(word)) = self.tokens.next() else {
            return Ok(None);
        };
        self.expect('(')?;
        let mut labels = Vec::new();
        while !self.takes(')') {
            match self.tokens.next() {
                Some(Token::Word(label)) => labels.push(label),
                _ => return Err(format!("`{word}` needs names of labels")),
            }
            if !self.takes(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(Some(if word == "by" {
            Grouping::By(labels)
        } else {
            Grouping::Without(labels)
        }))
    }

    fn leaf(
        &mut self,
        name: String,
        function: Option<(SeriesFunction, String)>,
    ) -> Result<Expression, String> {
        let mut matchers = Vec::new();
        if self.takes('{') {
            while !self.takes('}') {
                matchers.push(self.matcher()?);
                if !self.takes(',') {
                    self.expect('}')?;
                    break;
                }
            }
        }
        let range = self.range()?;
        let look = match (function, range) {
            (Some((look, _)), true) => look,
            (Some((_, word)), false) => {
                return Err(format!(
                    "`{word}` needs a range, such as {word}({name}[5m]); it is the counted time, whatever it says"
                ));
            }
            (None, false) => SeriesFunction::Last,
            (None, true) => {
                return Err(format!(
                    "a range needs a function, such as rate({name}[5m])"
                ));
            }
        };
        self.leaves.push(Leaf {
            name,
            matchers,
            look,
        });
        Ok(Expression::Leaf(self.leaves.len() - 1))
    }

    fn range(&mut self) -> Result<bool, String> {
        let Some(Token::Range(range)) = self.tokens.next_if(|t| matches!(t, Token::Range(_)))
        else {
            return Ok(false);
        };
        let parts = range
            .trim()
            .trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let is_duration = !parts.is_empty()
            && parts.len() < range.trim().len()
            && range.trim().chars().all(|c| c.is_ascii_alphanumeric());
        if is_duration {
            return Ok(true);
        }
        Err(format!("`[{range}]` is no range such as [5m]"))
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let Some(Token::Word(label)) = self.tokens.next() else {
            return Err("a label is not written as name=\"value\"".to_owned());
        };
        let sign = match self.tokens.next() {
            Some(Token::Sign('=')) => "=",
            Some(Token::Compare(sign)) => sign,
            _ => return Err(format!("label `{label}` is compared with nothing")),
        };
        let Some(Token::Text(text)) = self.tokens.next() else {
            return Err(format!("the value of label `{label}` is not quoted"));
        };
        let wanted = if sign.ends_with('~') {
            let pattern = Regex::new(&format!("^(?:{text})$"))
                .map_err(|error| format!("`{text}` is no pattern: {error}"))?;
            Wanted::Pattern(pattern)
        } else {
            Wanted::Text(text)
        };
        Ok(Matcher {
            label,
            wanted,
            holds: !sign.starts_with('!'),
        })
    }
}

fn aggregate(word: &str) -> Option<Aggregate> {
    Some(match word {
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Mean,
        "max" => Aggregate::Highest,
        "min" => Aggregate::Lowest,
        "count" => Aggregate::Count,
        _ => return None,
    })
}

fn look(word: &str) -> Option<SeriesFunction> {
    Some(match word {
        "rate" => SeriesFunction::Rate,
        "increase" => SeriesFunction::Increase,
        "avg_over_time" => SeriesFunction::Mean,
        "max_over_time" => SeriesFunction::Highest,
        "min_over_time" => SeriesFunction::Lowest,
        "last_over_time" => SeriesFunction::Last,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_told() {
        for (text, message) in [
            ("", "something is missing at its end"),
            ("1 + 2", "it reads no metric"),
            ("rate(hits)", "`rate` needs a range"),
            ("hits[5m]", "a range needs a function"),
            ("rate(hits[5])", "is no range"),
            (
                "deriv(hits[5m])",
                "`deriv` is no function that is known here",
            ),
            ("sum(hits", "`)` is missing at its end"),
            ("hits hits", "`hits` is not expected there"),
            ("hits{code=200}", "is not quoted"),
            ("hits{code=~\"(\"}", "is no pattern"),
            ("hits % 2", "`%` is not understood"),
            ("sum by code (hits)", "`(` is missing before `code`"),
            ("hits{a=\"x", "a quote is not closed"),
            ("1.2.3 * hits", "`1.2.3` is no number"),
        ] {
            let error = query(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(query(&"(".repeat(10_000)).is_err());
        assert!(query(&"-".repeat(10_000)).is_err());
    }
}
