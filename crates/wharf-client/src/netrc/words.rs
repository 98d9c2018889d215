use std::borrow::Cow;
use std::iter::Enumerate;
use std::str::Lines;

use crate::{Error, ErrorKind};

/// The words of a file, one after the other.
pub(super) struct Words<'t> {
    lines: Enumerate<Lines<'t>>,
    line: usize,
    rest: &'t str,
}

impl<'t> Words<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            lines: text.lines().enumerate(),
            line: 0,
            rest: "",
        }
    }

    /// Takes a word in whose place a comment may stand.
    pub(super) fn keyword(&mut self) -> Result<Option<Cow<'t, str>>, Error> {
        while self.advance() {
            if !self.rest.starts_with('#') {
                return self.word().map(Some);
            }
            self.rest = "";
        }
        Ok(None)
    }

    /// Takes a word that belongs to the keyword before; it may stand in a later line.
    pub(super) fn value(&mut self) -> Result<String, Error> {
        let line = self.line;
        match self.advance() {
            true => self.word().map(Cow::into_owned),
            false => Err(malformed(line, "expected a value after the keyword")),
        }
    }

    /// Leaves out a macro: its name, and what follows up to an empty line.
    pub(super) fn skip_macro(&mut self) -> Result<(), Error> {
        self.value()?;
        self.rest = "";
        let _end = self.lines.find(|(_, line)| line.is_empty());
        Ok(())
    }

    /// Goes to the next word; tells whether there is one.
    fn advance(&mut self) -> bool {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t']);
            if !self.rest.is_empty() {
                return true;
            }
            let Some((line, text)) = self.lines.next() else {
                return false;
            };
            (self.line, self.rest) = (line, text);
        }
    }

    fn word(&mut self) -> Result<Cow<'t, str>, Error> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([' ', '\t']).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Ok(Cow::Borrowed(word));
        };
        let mut word = String::new();
        let mut chars = quoted.chars();
        loop {
            match chars.next() {
                Some('"') => break,
                Some('\\') => word.extend(chars.next().map(|escaped| match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                })),
                Some(char) => word.push(char),
                None => return Err(self.malformed("the quote is not closed")),
            }
        }
        self.rest = chars.as_str();
        Ok(Cow::Owned(word))
    }

    pub(super) fn malformed(&self, why: &str) -> Error {
        malformed(self.line, why)
    }
}

/// An error in a line, counted from zero.
pub(super) fn malformed(line: usize, why: &str) -> Error {
    let line = line + 1;
    Error::new(ErrorKind::Config).because(format!("line {line} of the netrc file: {why}"))
}
