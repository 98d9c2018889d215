//! Reads the text of a pattern.

use super::{MAX_SEGMENTS, PatternError, is_empty};
use crate::routing::constraint::Constraint;
use crate::routing::segment::{Field, Fields, MAX_FIELDS, Rest, Segment};
use crate::routing::text;

/// Parses a pattern into its segments and the names of its parameters.
pub(super) fn parse(text: &str) -> Result<(Vec<Segment>, Vec<Box<str>>), PatternError> {
    let mut parser = Parser {
        text,
        at: 0,
        names: Vec::new(),
    };
    let segments = parser.segments()?;
    Ok((segments, parser.names))
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    names: Vec<Box<str>>,
}

/// A parameter as parsed, before it is known what follows.
struct Parameter {
    rest: bool,
    constraint: Option<Constraint>,
}

impl Parser<'_> {
    fn segments(&mut self) -> Result<Vec<Segment>, PatternError> {
        if !self.text.starts_with('/') {
            return Err(self.error(0, "expected a leading `/`"));
        }
        let mut segments = Vec::new();
        while self.at < self.text.len() {
            self.at += 1;
            let start = self.at;
            if let Some(Segment::Rest(_)) = segments.last() {
                return Err(self.error(
                    start - 1,
                    "expected the end of the pattern after a `{*rest}` parameter",
                ));
            }
            let segment = self.segment()?;
            if is_empty(&segment) && self.at < self.text.len() {
                return Err(self.error(start, "empty segment; expected one `/` between segments"));
            }
            if matches!(&segment, Segment::Literal(text) if matches!(&**text, "." | "..")) {
                return Err(self.error(start, "clients resolve `.` and `..` before they send a path; expected another segment"));
            }
            segments.push(segment);
            if segments.len() > MAX_SEGMENTS {
                return Err(self.error(start, format!("expected at most {MAX_SEGMENTS} segments")));
            }
        }
        Ok(segments)
    }

    /// Parses up to the next slash.
    fn segment(&mut self) -> Result<Segment, PatternError> {
        let start = self.at;
        if matches!(self.peek(), Some(':' | '*')) {
            let problem = "a parameter is written `{name}` or `{*rest}`; expected that, or `%3A` or `%2A` for the character itself";
            return Err(self.error(start, problem));
        }
        let prefix = self.literal()?;
        let mut fields = Vec::new();
        while self.peek() == Some('{') {
            let opened = self.at;
            let parameter = self.parameter()?;
            let after_at = self.at;
            let after = self.literal()?;
            if parameter.rest {
                if !fields.is_empty() {
                    return Err(self.error(
                        opened,
                        "expected no other parameter in the segment of a `{*rest}` parameter",
                    ));
                }
                if !after.is_empty() || self.peek() == Some('{') {
                    return Err(self.error(
                        after_at,
                        "expected the end of the pattern after a `{*rest}` parameter",
                    ));
                }
                return Ok(Segment::Rest(Rest {
                    prefix,
                    constraint: parameter.constraint,
                }));
            }
            if after.is_empty() && self.peek() == Some('{') {
                return Err(self.error(
                    after_at,
                    "two parameters touch; expected a literal between them",
                ));
            }
            fields.push(Field {
                constraint: parameter.constraint,
                after,
            });
            if fields.len() > MAX_FIELDS {
                return Err(self.error(
                    opened,
                    format!("expected at most {MAX_FIELDS} parameters in one segment"),
                ));
            }
        }
        if fields.is_empty() {
            return Ok(Segment::Literal(prefix));
        }
        let fields = Fields::new(prefix, fields);
        fields
            .map(Segment::Fields)
            .map_err(|error| self.error(start, format!("expressions do not combine: {error}")))
    }

    /// Parses literal text, up to a slash, a parameter or the end.
    fn literal(&mut self) -> Result<Box<str>, PatternError> {
        let start = self.at;
        let mut bytes = Vec::new();
        while let Some(character) = self.peek() {
            let at = self.at;
            let doubled = self.text[at + character.len_utf8()..].starts_with(character);
            match character {
                '/' => break,
                '{' if !doubled => break,
                '}' if !doubled => {
                    return Err(self.error(
                        at,
                        "`}` closes nothing; expected `}}` for the character itself",
                    ));
                }
                '{' | '}' => self.at += 1,
                '%' => {
                    let Some(byte) = text::escape(&self.text.as_bytes()[at..]) else {
                        let problem = "`%` begins no escape; expected two hexadecimal digits, or `%25` for the character itself";
                        return Err(self.error(at, problem));
                    };
                    bytes.push(byte);
                    self.at += 3;
                    continue;
                }
                '?' | '#' => {
                    let problem = "queries and fragments are no part of a path; expected `%3F` or `%23` for the character itself";
                    return Err(self.error(at, problem));
                }
                _ => {}
            }
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            self.at += character.len_utf8();
        }
        match String::from_utf8(bytes) {
            Ok(literal) => Ok(literal.into()),
            Err(_) => Err(self.error(
                start,
                "escapes do not decode to UTF-8; expected `%` escapes of UTF-8 bytes",
            )),
        }
    }

    /// Parses from an opening brace to the closing one.
    fn parameter(&mut self) -> Result<Parameter, PatternError> {
        let opened = self.at;
        self.at += 1;
        let rest = self.peek() == Some('*');
        self.at += usize::from(rest);
        let name_at = self.at;
        while self
            .peek()
            .is_some_and(|character| character == '_' || character.is_alphanumeric())
        {
            self.bump();
        }
        let name = &self.text[name_at..self.at];
        if name.chars().next().is_none_or(char::is_numeric) {
            return Err(self.error(
                name_at,
                "expected a parameter name: letters, digits and `_`, not beginning with a digit",
            ));
        }
        if self.names.iter().any(|other| **other == *name) {
            return Err(self.error(
                name_at,
                format!("second parameter named `{name}`; expected different names"),
            ));
        }
        self.names.push(name.into());
        let constraint = match self.peek() {
            Some('}') => None,
            Some(':') => {
                self.at += 1;
                Some(self.constraint(opened)?)
            }
            None => return Err(self.error(opened, "parameter is never closed; expected a `}`")),
            Some(_) => {
                return Err(
                    self.error(self.at, "expected `}` or `:` after the name of a parameter")
                );
            }
        };
        self.at += 1;
        Ok(Parameter { rest, constraint })
    }

    /// Parses an expression up to the brace that closes its parameter, which is not consumed.
    fn constraint(&mut self, opened: usize) -> Result<Constraint, PatternError> {
        let start = self.at;
        let mut depth = 0;
        let mut in_class = false;
        loop {
            match self.peek() {
                None => return Err(self.error(
                    opened,
                    "parameter is never closed; expected a `}` that its expression does not use",
                )),
                Some('\\') => self.bump(),
                Some('[') if in_class => {
                    // `[[:alpha:]]`: the bracket after the name closes the name only.
                    let tail = &self.text[self.at..];
                    if let Some(name) = tail.strip_prefix("[:")
                        && let Some(len) = name.find(":]")
                    {
                        self.at += 2 + len + 1;
                    }
                }
                Some('[') => {
                    in_class = true;
                    let tail = &self.text[self.at..];
                    // A bracket that comes first is a member.
                    self.at += if tail.starts_with("[^]") {
                        2
                    } else {
                        usize::from(tail.starts_with("[]"))
                    };
                }
                Some(']') => in_class = false,
                Some('{') if !in_class => depth += 1,
                Some('}') if !in_class && depth == 0 => break,
                Some('}') if !in_class => depth -= 1,
                Some(_) => {}
            }
            self.bump();
        }
        let text = &self.text[start..self.at];
        if text.is_empty() {
            return Err(self.error(start, "expected a regular expression after `:`"));
        }
        Constraint::new(text)
            .map_err(|error| self.error(start, format!("expected a regular expression: {error}")))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn error(&self, offset: usize, problem: impl Into<String>) -> PatternError {
        PatternError::new(self.text, offset, problem)
    }
}
