//! Path patterns: what a route's path is written as, parsed.

use std::fmt;
use std::sync::Arc;

use super::constraint::Constraint;
use super::segment::{Field, Fields, MAX_FIELDS, Rest, Segment};
use super::text;

/// How many segments a pattern may have. Bounds how deep the matcher recurses.
const MAX_SEGMENTS: usize = 128;

/// A path pattern such as `/users/{id:\d+}/files/{*path}`.
///
/// | written | matches |
/// |---|---|
/// | `users` | these characters of the decoded segment; `caf%C3%A9` and `café` are the same |
/// | `{name}` | one or more characters of one segment |
/// | `{name:regex}` | the same, if all of the decoded characters fit the expression |
/// | `{name}.json`, `{a}-{b}`, `v{n:\d+}` | parameters between literals in one segment; earlier ones take as much as they can |
/// | `{*rest}` | one or more characters to the end of the path, slashes included; only at the end |
/// | `{*rest:regex}` | the same, if all of the decoded rest fits the expression |
/// | `{{`, `}}` | a brace |
///
/// A pattern begins with a slash. `/files/{*rest}` matches neither `/files` nor `/files/`. Expressions are those of `regex-lite`: `\d`,
/// `\w` and `\s` are ASCII; they match as a whole, and may contain balanced braces.
///
/// Clones are cheap: they share one parsed pattern.
#[derive(Clone)]
pub struct Pattern {
    inner: Arc<Inner>,
}

struct Inner {
    text: Box<str>,
    shape: Box<str>,
    segments: Box<[Segment]>,
    names: Arc<[Box<str>]>,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// If the text is no pattern: [`PatternError`] says at which byte, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parser = Parser {
            text,
            at: 0,
            names: Vec::new(),
        };
        let segments = parser.segments()?;
        Ok(Self::new(text, segments, parser.names.into()))
    }

    fn new(text: &str, segments: Vec<Segment>, names: Arc<[Box<str>]>) -> Self {
        let mut shape = String::with_capacity(text.len());
        for segment in &segments {
            shape.push('/');
            write_shape(segment, &mut shape);
        }
        Self {
            inner: Arc::new(Inner {
                text: text.into(),
                shape: shape.into(),
                segments: segments.into(),
                names,
            }),
        }
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.inner.text
    }

    /// Returns the names of the parameters, in order.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.names.iter().map(|name| &**name)
    }

    /// Returns the names of the parameters, in order, to be kept beside a request.
    pub fn names(&self) -> Arc<[Box<str>]> {
        Arc::clone(&self.inner.names)
    }

    /// Returns the pattern in one canonical spelling, without the names of its parameters.
    ///
    /// Two patterns with the same shape match the same paths. Constraints are compared by their text: `{id:\d+}` and `{id:[0-9]+}` differ.
    pub fn shape(&self) -> &str {
        &self.inner.shape
    }

    /// Returns whether the pattern ends in a `{*rest}` parameter.
    pub fn has_rest(&self) -> bool {
        matches!(self.inner.segments.last(), Some(Segment::Rest(_)))
    }

    /// Makes the pattern of a route inside of a mount: this pattern is the prefix, which may have parameters of its own.
    ///
    /// A trailing slash of the prefix does not count. `/` inside of `/p` gives `/p`; whether `/p/` reaches it too is decided by its
    /// [`TrailingSlash`](super::TrailingSlash), as for every other route.
    ///
    /// # Errors
    ///
    /// If the prefix has a `{*rest}` parameter, if both name the same parameter, or if the whole becomes too long.
    pub fn join(&self, inside: &Self) -> Result<Self, PatternError> {
        let prefix = self
            .inner
            .text
            .strip_suffix('/')
            .unwrap_or(&self.inner.text);
        let text = match &*inside.inner.text {
            "/" if !prefix.is_empty() => prefix.to_owned(),
            inside => format!("{prefix}{inside}"),
        };
        if self.has_rest() {
            return Err(PatternError::new(
                &text,
                prefix.len(),
                "a prefix cannot have a `{*rest}` parameter; expected one only at the end",
            ));
        }
        if let Some(name) = inside
            .parameters()
            .find(|name| self.parameters().any(|other| other == *name))
        {
            let problem =
                format!("the prefix has a parameter `{name}` too; expected different names");
            return Err(PatternError::new(&text, prefix.len(), problem));
        }
        let mut segments = self.without_slash().to_vec();
        if prefix.is_empty() || &*inside.inner.text != "/" {
            segments.extend_from_slice(&inside.inner.segments);
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(PatternError::new(
                &text,
                prefix.len(),
                format!("expected at most {MAX_SEGMENTS} segments"),
            ));
        }
        let names = self
            .inner
            .names
            .iter()
            .chain(&*inside.inner.names)
            .cloned()
            .collect();
        Ok(Self::new(&text, segments, names))
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.inner.segments
    }

    /// Returns the segments but for the empty one that stands for a slash at the end.
    pub(super) fn without_slash(&self) -> &[Segment] {
        match self.segments() {
            [shorter @ .., last] if is_empty(last) => shorter,
            all => all,
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::parse(text)
    }
}

/// Returns whether this segment stands for a trailing slash.
pub(super) fn is_empty(segment: &Segment) -> bool {
    matches!(segment, Segment::Literal(text) if text.is_empty())
}

/// Writes a segment without the names of its parameters.
pub(super) fn write_shape(segment: &Segment, shape: &mut String) {
    match segment {
        Segment::Literal(text) => write_literal(text, shape),
        Segment::Fields(fields) => {
            write_literal(&fields.prefix, shape);
            for field in &fields.fields {
                write_parameter("{", field.constraint.as_ref(), shape);
                write_literal(&field.after, shape);
            }
        }
        Segment::Rest(rest) => {
            write_literal(&rest.prefix, shape);
            write_parameter("{*", rest.constraint.as_ref(), shape);
        }
    }
}

fn write_parameter(open: &str, constraint: Option<&Constraint>, shape: &mut String) {
    shape.push_str(open);
    if let Some(constraint) = constraint {
        shape.push(':');
        shape.push_str(constraint.as_str());
    }
    shape.push('}');
}

fn write_literal(text: &str, shape: &mut String) {
    for character in text.chars() {
        match character {
            '{' => shape.push_str("{{"),
            '}' => shape.push_str("}}"),
            '/' => shape.push_str("%2F"),
            '%' => shape.push_str("%25"),
            other => shape.push(other),
        }
    }
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

/// Why a text is no path pattern: what was given, at which byte it goes wrong, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    pattern: String,
    offset: usize,
    problem: String,
}

impl PatternError {
    fn new(pattern: &str, offset: usize, problem: impl Into<String>) -> Self {
        Self {
            pattern: pattern.to_owned(),
            offset,
            problem: problem.into(),
        }
    }

    /// Returns the text that was given.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns the byte of the text at which it goes wrong.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "path pattern `{}` at byte {}: {}",
            self.pattern, self.offset, self.problem
        )
    }
}

impl std::error::Error for PatternError {}
