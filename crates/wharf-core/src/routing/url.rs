//! From pattern and parameters to path: the way back.

use std::borrow::Cow;
use std::fmt::{self, Display};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::pattern::Pattern;
use super::segment::{Fields, Rest, Segment};

/// What is escaped in a segment: all but unreserved characters, sub-delimiters, `:` and `@` (RFC 3986 §3.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

impl Pattern {
    /// Builds the path of a URL: this pattern, with these values for its parameters.
    ///
    /// A value is percent-encoded as part of one segment, so that a slash in it becomes `%2F`; the value of a `{*rest}` parameter is
    /// encoded segment by segment, and keeps its slashes. What comes out is matched by this pattern, and gives the same values back.
    ///
    /// # Errors
    ///
    /// If a parameter is missing, unknown or given twice, or if a value is empty, does not fit its constraint, makes a segment `.` or
    /// `..` (which clients resolve before they send a path), has an empty segment where it is a `{*rest}`, or cannot be told from
    /// the literals and parameters beside it.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::routing::Pattern;
    ///
    /// let pattern = Pattern::parse(r"/users/{id:\d+}/files/{name}.txt")?;
    /// let url = pattern.url(&[("id", &7), ("name", &"a/b c")])?;
    /// assert_eq!(url, "/users/7/files/a%2Fb%20c.txt");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn url(&self, parameters: &[(&str, &dyn Display)]) -> Result<String, UrlError> {
        for (at, (name, _)) in parameters.iter().enumerate() {
            if !self.parameters().any(|known| known == *name) {
                return Err(self.fails(UrlErrorKind::UnknownParameter, Some(name)));
            }
            if parameters[..at].iter().any(|(other, _)| other == name) {
                return Err(self.fails(UrlErrorKind::RepeatedParameter, Some(name)));
            }
        }
        let mut url = String::new();
        let mut names = self.parameters();
        for segment in self.segments() {
            url.push('/');
            match segment {
                Segment::Literal(text) => url.extend(utf8_percent_encode(text, SEGMENT)),
                Segment::Fields(fields) => {
                    let names: Vec<&str> = names.by_ref().take(fields.fields.len()).collect();
                    let text = self.fill(fields, &names, parameters)?;
                    url.extend(utf8_percent_encode(&text, SEGMENT));
                }
                Segment::Rest(rest) => {
                    let name = names.next().unwrap_or_default();
                    self.write_rest(rest, name, parameters, &mut url)?;
                }
            }
        }
        Ok(url)
    }

    /// Returns the text of one segment.
    fn fill(
        &self,
        fields: &Fields,
        names: &[&str],
        parameters: &[(&str, &dyn Display)],
    ) -> Result<String, UrlError> {
        let mut text = fields.prefix.to_string();
        let mut values = Vec::with_capacity(names.len());
        for (field, name) in fields.fields.iter().zip(names) {
            let value = self.value(name, parameters)?;
            if let Some(constraint) = &field.constraint
                && !constraint.accepts(&value)
            {
                return Err(self
                    .fails(UrlErrorKind::Constraint, Some(name))
                    .expecting(constraint.as_str()));
            }
            text.push_str(&value);
            text.push_str(&field.after);
            values.push(value);
        }
        if is_dots(&text) {
            return Err(self.fails(UrlErrorKind::DotSegment, names.first().copied()));
        }
        let mut read = Vec::with_capacity(values.len());
        fields.read(&text, |range| read.push(&text[range]));
        let changed = values
            .iter()
            .enumerate()
            .position(|(at, value)| read.get(at) != Some(&&**value));
        match changed {
            Some(at) => Err(self.fails(UrlErrorKind::Ambiguous, names.get(at).copied())),
            None => Ok(text),
        }
    }

    fn write_rest(
        &self,
        rest: &Rest,
        name: &str,
        parameters: &[(&str, &dyn Display)],
        url: &mut String,
    ) -> Result<(), UrlError> {
        let value = self.value(name, parameters)?;
        if let Some(constraint) = &rest.constraint
            && !constraint.accepts(&value)
        {
            return Err(self
                .fails(UrlErrorKind::Constraint, Some(name))
                .expecting(constraint.as_str()));
        }
        let text = format!("{}{value}", rest.prefix);
        let mut segments = text.split('/').peekable();
        let mut is_first = true;
        while let Some(segment) = segments.next() {
            // Only the last may be empty, and stands for a slash at the end.
            if segment.is_empty() && (is_first || segments.peek().is_some()) {
                return Err(self.fails(UrlErrorKind::EmptyValue, Some(name)));
            }
            if is_dots(segment) {
                return Err(self.fails(UrlErrorKind::DotSegment, Some(name)));
            }
            url.extend(utf8_percent_encode(segment, SEGMENT));
            if segments.peek().is_some() {
                url.push('/');
            }
            is_first = false;
        }
        Ok(())
    }

    fn value(&self, name: &str, parameters: &[(&str, &dyn Display)]) -> Result<String, UrlError> {
        match parameters.iter().find(|(given, _)| *given == name) {
            None => Err(self.fails(UrlErrorKind::MissingParameter, Some(name))),
            Some((_, value)) => match value.to_string() {
                value if value.is_empty() => Err(self.fails(UrlErrorKind::EmptyValue, Some(name))),
                value => Ok(value),
            },
        }
    }

    fn fails(&self, kind: UrlErrorKind, parameter: Option<&str>) -> UrlError {
        UrlError {
            kind,
            route: self.as_str().to_owned(),
            parameter: parameter.map(str::to_owned),
            expected: None,
        }
    }
}

/// Returns whether clients take this segment for a step up, or for nothing (RFC 3986 §5.2.4).
fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// Why the URL of a route cannot be built. Names the parameter, never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError {
    kind: UrlErrorKind,
    route: String,
    parameter: Option<String>,
    expected: Option<String>,
}

/// What is wrong, in a [`UrlError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlErrorKind {
    /// No route has this name.
    UnknownRoute,
    /// A parameter of the pattern was not given.
    MissingParameter,
    /// The pattern has no parameter of this name.
    UnknownParameter,
    /// A parameter was given twice.
    RepeatedParameter,
    /// A value is empty, or has an empty segment.
    EmptyValue,
    /// A value makes a segment `.` or `..`.
    DotSegment,
    /// A value does not fit the constraint of its parameter.
    Constraint,
    /// A value runs into the literal or the parameter beside it, and would be read back as another.
    Ambiguous,
}

impl UrlError {
    pub(super) fn unknown_route(name: &str) -> Self {
        Self {
            kind: UrlErrorKind::UnknownRoute,
            route: name.to_owned(),
            parameter: None,
            expected: None,
        }
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> UrlErrorKind {
        self.kind
    }

    /// Returns the name of the parameter that it is wrong with.
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    fn expecting(self, expression: &str) -> Self {
        Self {
            expected: Some(expression.to_owned()),
            ..self
        }
    }
}

impl Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem: Cow<'_, str> = match (self.kind, &self.expected) {
            (UrlErrorKind::UnknownRoute, _) => {
                return write!(f, "no route is named `{}`", self.route);
            }
            (UrlErrorKind::MissingParameter, _) => "is missing".into(),
            (UrlErrorKind::UnknownParameter, _) => "is not one of the pattern's".into(),
            (UrlErrorKind::RepeatedParameter, _) => "is given twice".into(),
            (UrlErrorKind::EmptyValue, _) => "has an empty value, or an empty segment in it".into(),
            (UrlErrorKind::DotSegment, _) => {
                "makes a segment `.` or `..`, which clients resolve".into()
            }
            (UrlErrorKind::Constraint, Some(expected)) => {
                format!("does not fit `{expected}`").into()
            }
            (UrlErrorKind::Constraint, None) => "does not fit its constraint".into(),
            (UrlErrorKind::Ambiguous, _) => "cannot be told from the text beside it".into(),
        };
        let parameter = self.parameter.as_deref().unwrap_or_default();
        write!(
            f,
            "no URL for `{}`: parameter `{parameter}` {problem}",
            self.route
        )
    }
}

impl std::error::Error for UrlError {}
