//! What a parameter's text must look like: `\d+` in `{id:\d+}`.
//!
//! A constraint is an anchored regular expression in the dialect of `regex-lite`. Most of those that routes use need no regex engine:
//! a run of characters from one set (`\d+`, `[a-z0-9-]{1,8}`, `[^/]+`), several such runs that cannot be split in two ways
//! (`\d{4}-\d{2}`) and a choice of words (`png|jpg`) are tested byte by byte, without a lock and without an allocation. What the two
//! kinds of test accept is the same; a property test holds them against each other.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

mod runs;
#[cfg(test)]
mod tests;

pub(super) use runs::{Run, is_unambiguous, take_all};

/// Bounds what one expression may cost per character of input, and how much memory it takes, in bytes.
const MAX_COMPILED: usize = 256 * 1024;

/// A compiled constraint, with the text it was written as.
#[derive(Clone)]
pub(super) struct Constraint {
    text: Box<str>,
    test: Test,
}

#[derive(Clone)]
enum Test {
    Runs(Box<[Run]>),
    Words(Box<[Box<str>]>),
    Expression(Regex),
}

impl Constraint {
    /// Compiles `text`, which must be a whole regular expression by itself.
    pub(super) fn new(text: &str) -> Result<Self, regex_lite::Error> {
        // Alone first: `a)(b` is no expression, though between parentheses it would be one.
        compile(text)?;
        let anchored = compile(&format!("^(?:{text})$"))?;
        let test = if let Some(words) = words(text) {
            Test::Words(words)
        } else if let Some(runs) = runs::parse(text).filter(|runs| is_unambiguous(runs)) {
            Test::Runs(runs.into())
        } else {
            Test::Expression(anchored)
        };
        Ok(Self {
            text: text.into(),
            test,
        })
    }

    /// Returns the expression as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether all of `text` fits.
    pub(super) fn accepts(&self, text: &str) -> bool {
        match &self.test {
            Test::Runs(runs) => take_all(runs, text.as_bytes(), 0) == Some(text.len()),
            Test::Words(words) => words.iter().any(|word| **word == *text),
            Test::Expression(expression) => expression.is_match(text),
        }
    }

    /// Returns whether no text with this character fits. `false` if that cannot be told.
    pub(super) fn excludes(&self, character: char) -> bool {
        match &self.test {
            Test::Runs(runs) => runs.iter().all(|run| run.excludes(character)),
            Test::Words(words) => words.iter().all(|word| !word.contains(character)),
            Test::Expression(_) => false,
        }
    }

    /// Returns the runs this constraint consists of, if it is tested without a regex engine and is no list of words.
    pub(super) fn runs(&self) -> Option<&[Run]> {
        match &self.test {
            Test::Runs(runs) => Some(runs),
            Test::Words(_) | Test::Expression(_) => None,
        }
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Constraint").field(&self.text).finish()
    }
}

/// Compiles one expression within the size limit.
pub(super) fn compile(text: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(text).size_limit(MAX_COMPILED).build()
}

/// Reads `text` as a choice of plain words, with or without one pair of parentheses around it.
fn words(text: &str) -> Option<Box<[Box<str>]>> {
    let inner = text.strip_prefix("(?:").or_else(|| text.strip_prefix('('));
    let text = match inner {
        Some(inner) => inner.strip_suffix(')')?,
        None => text,
    };
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '|' => words.push(String::new()),
            '\\' => words
                .last_mut()?
                .push(escaped_punctuation(characters.next()?)?),
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            other => words.last_mut()?.push(other),
        }
    }
    Some(words.into_iter().map(String::into_boxed_str).collect())
}

/// Returns the character that a backslash before punctuation stands for.
fn escaped_punctuation(character: char) -> Option<char> {
    matches!(
        character,
        '.' | '+'
            | '*'
            | '?'
            | '('
            | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '^'
            | '$'
            | '|'
            | '\\'
            | '-'
            | '/'
    )
    .then_some(character)
}
