use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::grammar::{self, Quoted};
use super::{BadHeader, TypedHeader, joined};

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
            write!(f, "{comma}{element}")?;
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
    /// Creates an element that says nothing.
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

/// One end of a hop: an IP address, or a name that hides it, each with or without a port (RFC 7239 §6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardedNode {
    name: Name,
    port: Option<Port>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Ip(IpAddr),
    Unknown,
    Obfuscated(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Port {
    Number(u16),
    Obfuscated(String),
}

impl ForwardedNode {
    /// Creates a node of which nothing is known (RFC 7239 §6.2).
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            name: Name::Unknown,
            port: None,
        }
    }

    /// Returns the IP address; `None` when it is unknown or hidden.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.name {
            Name::Ip(ip) => Some(ip),
            Name::Unknown | Name::Obfuscated(_) => None,
        }
    }

    /// Returns the port; `None` when there is none or it is hidden.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.port {
            Some(Port::Number(port)) => Some(port),
            Some(Port::Obfuscated(_)) | None => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(text) => {
                let (ip, port) = text.split_once(']')?;
                let port = match port.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if port.is_empty() => None,
                    None => return None,
                };
                (Name::Ip(ip.parse::<Ipv6Addr>().ok()?.into()), port)
            }
            None => {
                let (name, port) = match text.split_once(':') {
                    Some((name, port)) => (name, Some(port)),
                    None => (text, None),
                };
                let name = if name.eq_ignore_ascii_case("unknown") {
                    Name::Unknown
                } else if is_obfuscated(name) {
                    Name::Obfuscated(name.to_owned())
                } else {
                    Name::Ip(name.parse::<Ipv4Addr>().ok()?.into())
                };
                (name, port)
            }
        };
        let port = match port {
            None => None,
            Some(port) if is_obfuscated(port) => Some(Port::Obfuscated(port.to_owned())),
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Port::Number(port.parse().ok()?))
            }
            Some(_) => return None,
        };
        Some(Self { name, port })
    }
}

/// Tells whether this is a name that its proxy made up, which begins with an underscore (RFC 7239 §6.3).
fn is_obfuscated(text: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_')
        .is_some_and(|name| !name.is_empty() && name.bytes().all(of_a_name))
}

impl FromStr for ForwardedNode {
    type Err = BadHeader;

    fn from_str(text: &str) -> Result<Self, BadHeader> {
        Self::parse(text).ok_or_else(|| {
            BadHeader::new(
                &Forwarded::NAME,
                "expected an IP address, `unknown`, or a name that begins with an underscore",
            )
        })
    }
}

impl From<IpAddr> for ForwardedNode {
    fn from(ip: IpAddr) -> Self {
        Self {
            name: Name::Ip(ip),
            port: None,
        }
    }
}

impl From<SocketAddr> for ForwardedNode {
    fn from(addr: SocketAddr) -> Self {
        Self {
            name: Name::Ip(addr.ip()),
            port: Some(Port::Number(addr.port())),
        }
    }
}

impl fmt::Display for ForwardedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Ip(IpAddr::V4(ip)) => ip.fmt(f)?,
            Name::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            Name::Unknown => f.write_str("unknown")?,
            Name::Obfuscated(name) => f.write_str(name)?,
        }
        match &self.port {
            None => Ok(()),
            Some(Port::Number(port)) => write!(f, ":{port}"),
            Some(Port::Obfuscated(port)) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::FORWARDED, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn elements_are_read_as_the_rfc_writes_them() {
        let rows: [(&str, Option<&str>); 26] = [
            // RFC 7239 §4
            (r#"for="_gazonk""#, Some("for=_gazonk")),
            (
                r#"For="[2001:db8:cafe::17]:4711""#,
                Some(r#"for="[2001:db8:cafe::17]:4711""#),
            ),
            (
                "for=192.0.2.60;proto=http;by=203.0.113.43",
                Some("for=192.0.2.60;by=203.0.113.43;proto=http"),
            ),
            ("for=192.0.2.43", Some("for=192.0.2.43")),
            // RFC 7239 §6
            (
                r#"for="192.0.2.43:47011""#,
                Some(r#"for="192.0.2.43:47011""#),
            ),
            (r#"for="[2001:db8::1]""#, Some(r#"for="[2001:db8::1]""#)),
            ("for=unknown", Some("for=unknown")),
            ("for=Unknown", Some("for=unknown")),
            (r#"for="_a.b-c:_port""#, Some(r#"for="_a.b-c:_port""#)),
            ("host=quay.test", Some("host=quay.test")),
            (r#"host="quay.test:81""#, Some(r#"host="quay.test:81""#)),
            (
                "for=1.2.3.4 ; proto=https;",
                Some("for=1.2.3.4;proto=https"),
            ),
            ("secret=x;for=1.2.3.4", Some("for=1.2.3.4")),
            ("for=1.2.3.4;for=1.2.3.4", None),
            ("for=1.2.3.4:80", None),
            ("for=[2001:db8::1]", None),
            (r#"for="2001:db8::1""#, None),
            (r#"for="1.2.3.4:65536""#, None),
            (r#"for="1.2.3.4:+80""#, None),
            (r#"for="1.2.3.4:""#, None),
            (r#"for="[::1]x""#, None),
            ("for=_", None),
            ("for=quay.test", None),
            ("for=", None),
            ("for", None),
            ("proto=\"java script\"", None),
        ];
        for (text, expected) in rows {
            let element = ForwardedElement::parse(text).map(|element| element.to_string());
            assert_eq!(element.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn lines_are_one_list_of_a_bounded_length() {
        let two = headers(&["for=1.1.1.1, , for=2.2.2.2", "for=3.3.3.3"]);
        let forwarded = Forwarded::decode(&two).unwrap().unwrap();
        assert_eq!(
            forwarded.to_string(),
            "for=1.1.1.1, for=2.2.2.2, for=3.3.3.3"
        );
        let long = headers(&["for=1.1.1.1"; MAX_ELEMENTS + 1]);
        assert!(Forwarded::decode(&long).is_err());
        assert_eq!(Forwarded::decode(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn what_stands_left_of_an_element_does_not_change_it() {
        let rows: [(&[&str], &[&str]); 7] = [
            (
                &["for=1.1.1.1, for=2.2.2.2"],
                &["for=2.2.2.2", "for=1.1.1.1"],
            ),
            (
                &["for=1.1.1.1", "for=2.2.2.2"],
                &["for=2.2.2.2", "for=1.1.1.1"],
            ),
            (&[r#"for=", for=2.2.2.2"#], &["for=2.2.2.2", "-"]),
            (&[r#"for=", for="[::2]""#], &[r#"for="[::2]""#, "-"]),
            (&[r#"x="a,b\",", for=2.2.2.2"#], &["for=2.2.2.2", ""]),
            (&[r#"x="\\", for=2.2.2.2"#], &["for=2.2.2.2", ""]),
            (&["for=1.1.1.1,"], &["-", "for=1.1.1.1"]),
        ];
        for (lines, expected) in rows {
            let headers = headers(lines);
            let elements: Vec<String> = Forwarded::from_the_right(&headers)
                .map(|element| element.map_or("-".to_owned(), |element| element.to_string()))
                .collect();
            assert_eq!(elements, expected, "{lines:?}");
        }
    }

    fn node() -> impl Strategy<Value = ForwardedNode> {
        let text = prop_oneof![
            any::<Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
            Just("unknown".to_owned()),
            "_[a-z.-]{1,5}",
        ];
        let port = prop_oneof![
            Just(String::new()),
            any::<u16>().prop_map(|port| format!(":{port}")),
            ":_[a-z]{1,3}",
        ];
        (text, port).prop_map(|(text, port)| format!("{text}{port}").parse().expect("a node"))
    }

    fn element() -> impl Strategy<Value = ForwardedElement> {
        use proptest::option::of;
        let host = r#"[a-z.:",;\\= \[\]]{1,12}"#;
        let some = (node(), of(node()), of(host), of("[a-z]{1,5}"));
        some.prop_map(|(client, by, host, proto)| ForwardedElement {
            client: Some(client),
            by,
            host,
            proto,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_the_same_from_both_ends(
            elements in proptest::collection::vec(element(), 1..6),
        ) {
            let forwarded = Forwarded { elements };
            let text = forwarded.to_string();
            let headers = headers(&[&text]);
            let mut right: Vec<_> = Forwarded::from_the_right(&headers).map(Option::unwrap).collect();
            right.reverse();
            prop_assert_eq!(&right, &forwarded.elements);
            prop_assert_eq!(Forwarded::decode(&headers).unwrap(), Some(forwarded));
        }

        #[test]
        fn no_text_makes_it_panic_and_the_last_element_is_always_found(
            text in r#"([for=";,\\\[\]:_.0-9 ]|for=|unknown|host="){0,16}|.{0,40}"#,
        ) {
            let text = format!("{}, for=192.0.2.1", text.replace(|c: char| c.is_control(), " "));
            let headers = headers(&[&text]);
            let mut elements = Forwarded::from_the_right(&headers);
            let last = elements.next().flatten().expect("an element");
            prop_assert_eq!(last.to_string(), "for=192.0.2.1");
            let _the_rest = elements.count();
            let _either = Forwarded::decode(&headers);
        }
    }
}
