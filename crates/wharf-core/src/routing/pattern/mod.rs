//! Path patterns: what a route's path is written as, parsed.

use std::fmt;
use std::sync::Arc;

use super::constraint::Constraint;
use super::segment::Segment;

mod parse;
#[cfg(test)]
mod tests;

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
        let (segments, names) = parse::parse(text)?;
        Ok(Self::new(text, segments, names.into()))
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
