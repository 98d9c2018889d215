use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::grammar::{self, Quoted};
use super::{BadHeader, TypedHeader, joined};

mod node;

pub use node::ForwardedNode;

/// The most elements that are read of a field; nobody's request passes so many proxies.
const MAX_ELEMENTS: usize = 64;

/// Which proxies a request passed, and for whom: `Forwarded` (RFC 7239).
///
/// Each proxy adds an element at the end, so the first is what the client's own proxy said, or whatever a client made
/// up. A server believes only those that proxies of its own added: it reads them from the end, with
/// [`from_the_right`](Self::from_the_right).
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use wharf_http::header::{Forwarded, TypedHeader};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("forwarded", "for=192.0.2.43;proto=https, for=\"[2001:db8::17]:4711\"".parse()?);
/// let forwarded = Forwarded::decode(&headers)?.expect("the field is there");
/// let [first, second] = forwarded.elements() else { unreachable!("there are two") };
/// assert_eq!(first.proto(), Some("https"));
/// assert_eq!(second.client().and_then(|node| node.port()), Some(4711));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    elements: Vec<ForwardedElement>,
}

impl Forwarded {
    /// Creates the field with one element.
    #[must_use]
    pub fn new(element: ForwardedElement) -> Self {
        Self {
            elements: vec![element],
        }
    }

    /// Returns the elements, in the order in which the proxies added them.
    #[must_use]
    pub fn elements(&self) -> &[ForwardedElement] {
        &self.elements
    }

    /// Adds the element of another proxy.
    pub fn push(&mut self, element: ForwardedElement) {
        self.elements.push(element);
    }

    /// Reads the elements of all lines one by one, the last first; `None` stands for one that is malformed or empty.
    ///
    /// What an element says does not depend on what stands left of it. So nobody can, by an open quote for example,
    /// make what the proxies behind him add unreadable.
    pub fn from_the_right(
        headers: &HeaderMap,
    ) -> impl Iterator<Item = Option<ForwardedElement>> + '_ {
        let lines = headers.get_all(Self::NAME).iter().rev();
        lines
            .flat_map(|line| RightToLeft {
                rest: Some(line.as_bytes()),
            })
            .map(|piece| ForwardedElement::parse(str::from_utf8(piece).ok()?))
    }
}

/// Splits a line at its commas, from its end; those within quotes separate nothing.
struct RightToLeft<'l> {
    rest: Option<&'l [u8]>,
}

impl<'l> Iterator for RightToLeft<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let rest = self.rest?;
        let mut quoted = false;
        for at in (0..rest.len()).rev() {
            match rest[at] {
                // Escapes are within quotes only, where each takes two bytes (RFC 9110 §5.6.4).
                b'"' => {
                    let before = rest[..at].iter().rev();
                    let escapes = before.take_while(|&&byte| byte == b'\\').count();
                    quoted ^= escapes % 2 == 0;
                }
                b',' if !quoted => {
                    self.rest = Some(&rest[..at]);
                    return Some(&rest[at + 1..]);
                }
                _ => {}
            }
        }
        self.rest = None;
        Some(rest)
    }
}

impl TypedHeader for Forwarded {
    const NAME: HeaderName = header::FORWARDED;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let bad = || BadHeader::new(&Self::NAME, "expected elements such as `for=192.0.2.1`");
        let Some(text) = joined(headers, &Self::NAME)? else {
            return Ok(None);
        };
        let mut elements = Vec::new();
        for element in grammar::split(&text, b',') {
            if elements.len() == MAX_ELEMENTS {
                return Err(BadHeader::new(&Self::NAME, "expected 64 elements at most"));
            }
            elements.push(ForwardedElement::parse(element).ok_or_else(bad)?);
        }
        Ok(Some(Self { elements }))
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for Forwarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, element) in self.elements.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            // Nothing at all would be no element for a reader, and the others would change places (RFC 9110 §5.6.1).
            match *element == ForwardedElement::default() {
                true => write!(f, "{comma}for={}", ForwardedNode::unknown())?,
                false => write!(f, "{comma}{element}")?,
            }
        }
        Ok(())
    }
}

/// What one proxy says of the request it got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardedElement {
    client: Option<ForwardedNode>,
    by: Option<ForwardedNode>,
    host: Option<String>,
    proto: Option<String>,
}

impl ForwardedElement {
    /// Creates an element that says nothing. In a field it becomes `for=unknown`, so that it keeps its place.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads one element, `None` when it is malformed, empty, or says something twice (RFC 7239 §4).
    ///
    /// Parameters other than the four of the RFC are left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut element = Self::new();
        if !text.is_ascii() || grammar::trim(text).is_empty() {
            return None;
        }
        for pair in grammar::split(text, b';') {
            let (name, value) = grammar::parameter(pair)?;
            let twice = match name.to_ascii_lowercase().as_str() {
                "for" => element.client.replace(value.parse().ok()?).is_some(),
                "by" => element.by.replace(value.parse().ok()?).is_some(),
                "host" => element.host.replace(value.into_owned()).is_some(),
                "proto" if !is_scheme(&value) => return None,
                "proto" => element.proto.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if twice {
                return None;
            }
        }
        Some(element)
    }

    /// Sets from whom the proxy got the request (`for`).
    #[must_use]
    pub fn with_client(mut self, node: impl Into<ForwardedNode>) -> Self {
        self.client = Some(node.into());
        self
    }

    /// Sets where the proxy got the request (`by`).
    #[must_use]
    pub fn with_by(mut self, node: impl Into<ForwardedNode>) -> Self {
        self.by = Some(node.into());
        self
    }

    /// Sets the `Host` that came with the request.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets the scheme by which the request came.
    #[must_use]
    pub fn with_proto(mut self, proto: impl Into<String>) -> Self {
        self.proto = Some(proto.into());
        self
    }

    /// Returns from whom the proxy got the request (`for`, RFC 7239 §5.2).
    #[must_use]
    pub fn client(&self) -> Option<&ForwardedNode> {
        self.client.as_ref()
    }

    /// Returns where the proxy got the request (RFC 7239 §5.1).
    #[must_use]
    pub fn by(&self) -> Option<&ForwardedNode> {
        self.by.as_ref()
    }

    /// Returns the `Host` that came with the request, unchecked (RFC 7239 §5.3).
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the scheme by which the request came, in the case it was written in (RFC 7239 §5.4).
    #[must_use]
    pub fn proto(&self) -> Option<&str> {
        self.proto.as_deref()
    }
}

/// Tells whether this is the name of a URI scheme (RFC 3986 §3.1).
fn is_scheme(text: &str) -> bool {
    let follows = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(follows)
}

impl fmt::Display for ForwardedElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = |node: &Option<ForwardedNode>| node.as_ref().map(ToString::to_string);
        let pairs = [
            ("for", node(&self.client)),
            ("by", node(&self.by)),
            ("host", self.host.clone()),
            ("proto", self.proto.clone()),
        ];
        let mut semicolon = "";
        for (name, value) in pairs {
            if let Some(value) = value {
                write!(f, "{semicolon}{name}={}", Quoted(&value))?;
                semicolon = ";";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
