use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::extended::{self, Extended};
use super::{BadHeader, TypedHeader, grammar, text};

/// What may not stand between `<` and `>`.
const TARGET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// What a response is connected to: `Link` (RFC 8288).
///
/// What is malformed ends the reading of its line, and what was read before is kept (RFC 8288, B.2).
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use wharf_http::header::{Links, TypedHeader};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("link", "</list?page=3>; rel=\"next\", </list?page=1>; rel=\"first prev\"".parse()?);
/// let links = Links::decode(&headers)?.expect("the field is there");
/// assert_eq!(links.rel("next").map(|link| link.target()), Some("/list?page=3"));
/// assert_eq!(links.rel("prev").map(|link| link.target()), Some("/list?page=1"));
/// assert!(links.rel("last").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    list: Vec<Link>,
}

impl Links {
    /// Creates the field with one link.
    #[must_use]
    pub fn new(link: Link) -> Self {
        Self { list: vec![link] }
    }

    /// Adds a link.
    pub fn push(&mut self, link: Link) {
        self.list.push(link);
    }

    /// Returns the links in the order in which they were sent.
    pub fn iter(&self) -> std::slice::Iter<'_, Link> {
        self.list.iter()
    }

    /// Returns the first link with a relation, such as `next`.
    ///
    /// A link with an `anchor` tells of something else than the response and is passed over (RFC 8288 §3.2).
    #[must_use]
    pub fn rel(&self, relation: &str) -> Option<&Link> {
        let mut own = self
            .iter()
            .filter(|link| link.parameter("anchor").is_none());
        own.find(|link| link.is(relation))
    }
}

impl<'l> IntoIterator for &'l Links {
    type Item = &'l Link;
    type IntoIter = std::slice::Iter<'l, Link>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Links {
    type Item = Link;
    type IntoIter = std::vec::IntoIter<Link>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl TypedHeader for Links {
    const NAME: HeaderName = header::LINK;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        if !headers.contains_key(Self::NAME) {
            return Ok(None);
        }
        let mut list = Vec::new();
        for line in headers.get_all(Self::NAME) {
            let mut rest = text(line, &Self::NAME)?;
            list.extend(std::iter::from_fn(|| Link::take(&mut rest)));
        }
        Ok(Some(Self { list }))
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, link) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{link}")?;
        }
        Ok(())
    }
}

/// One link: where it leads, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    target: String,
    /// Names in lower case.
    parameters: Vec<(String, String)>,
}

impl Link {
    /// Creates a link without a relation. A relative target is relative to the URL of the response.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            parameters: Vec::new(),
        }
    }

    /// Adds a parameter, such as `rel` or `type`.
    ///
    /// What is no ASCII is sent as an extended value (RFC 8187). A name that is no token makes the field one that cannot
    /// be sent.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into().to_ascii_lowercase();
        self.parameters.push((name, value.into()));
        self
    }

    /// Takes the first link off a line (RFC 8288, B.2).
    fn take(line: &mut &str) -> Option<Self> {
        let text = line
            .trim_start_matches([' ', '\t', ','])
            .strip_prefix('<')?;
        let (target, mut rest) = text.split_once('>')?;
        let mut link = Self::new(target);
        while let Some(after) = rest.trim_start_matches([' ', '\t']).strip_prefix(';') {
            rest = link.take_parameter(after.trim_start_matches([' ', '\t']));
        }
        // What stands between the parameters and the comma means nothing.
        *line = match rest.find(',') {
            Some(comma) => &rest[comma..],
            None => "",
        };
        Some(link)
    }

    /// Takes the first parameter off a text and returns what follows it (RFC 8288, B.3).
    fn take_parameter<'l>(&mut self, text: &'l str) -> &'l str {
        let end = text.find(['=', ';', ',']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let (value, rest) = match rest.strip_prefix('=') {
            Some(rest) => take_value(rest.trim_start_matches([' ', '\t'])),
            None => (String::new(), rest),
        };
        let name = grammar::trim(name).to_ascii_lowercase();
        if grammar::is_token(&name) {
            self.parameters.push((name, value));
        }
        rest
    }

    /// Returns where the link leads as it was sent: often a relative reference.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the relations, such as `next` and `https://example.org/rel`; case does not matter in them.
    pub fn rel(&self) -> impl Iterator<Item = &str> {
        let all = self.parameter("rel").unwrap_or_default();
        all.split([' ', '\t'])
            .filter(|relation| !relation.is_empty())
    }

    /// Tells whether the link has a relation.
    #[must_use]
    pub fn is(&self, relation: &str) -> bool {
        self.rel().any(|rel| rel.eq_ignore_ascii_case(relation))
    }

    /// Returns the title: `title*`, where that can be read, or else `title` (RFC 8288 §3.4.1).
    #[must_use]
    pub fn title(&self) -> Option<String> {
        let extended = self.parameter("title*").and_then(extended::decode);
        extended.or_else(|| self.parameter("title").map(str::to_owned))
    }

    /// Returns the value of a parameter as it was sent but without quotes, the first when it is there twice.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.parameters();
        pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns all parameters, names in lower case; one that was sent without a value has an empty one.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let list = self.parameters.iter();
        list.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Reads a value, quoted or not, and returns what follows it.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (grammar::trim(&text[..end]).to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => value.extend(chars.next()),
            _ => value.push(char),
        }
    }
    (value, chars.as_str())
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", utf8_percent_encode(&self.target, TARGET))?;
        for (name, value) in self.parameters() {
            match name.ends_with('*') {
                // As it is, if it is of the kind that belongs here (RFC 8187 §3.2.1); what is not must not end early.
                true if grammar::is_token(value) => write!(f, "; {name}={value}")?,
                false if !value.is_ascii() => write!(f, "; {name}*={}", Extended(value))?,
                // Quoted even where a token would do: many readers look for just that.
                _ => {
                    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
                    write!(f, "; {name}=\"{escaped}\"")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
