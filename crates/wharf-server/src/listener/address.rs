//! [`Address`], where to listen: parsed early, refused late, so that a builder never fails.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// The port of an address that names none.
const DEFAULT_PORT: u16 = 8080;

/// Where to listen.
///
/// | text | listens on |
/// |---|---|
/// | `127.0.0.1:8080`, `[::1]:8080` | one address; port 0 lets the system choose a free one |
/// | `localhost:8080`, `host.example:8080` | every address that the name stands for on this machine |
/// | `:8080`, `*:8080` | all interfaces, IPv6 and IPv4 |
/// | `127.0.0.1`, `[::1]`, `localhost` | port 8080 |
/// | `unix:/run/app.sock` | a unix socket at a path |
/// | `unix:@app` | a unix socket with a name in Linux's abstract name space, without a file |
/// | `systemd:http` | the sockets of that name that the process was given when it started (`FileDescriptorName=http`) |
/// | `systemd:` | all sockets that the process was given |
/// | `tls:` and one of these | the same, encrypted with the configuration that `Server::tls` was given |
///
/// An address is made of text without a check, so that it can be given to a builder; one that makes no sense is the
/// error of [`Server::start`](crate::Server::start), before anything listens. [`str::parse`] checks at once.
///
/// # Examples
///
/// ```
/// use wharf_server::listener::Address;
///
/// assert_eq!(Address::from("localhost").to_string(), "localhost:8080");
/// assert!("127.0.0.1:http".parse::<Address>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    target: Target,
    tls: bool,
}

/// What an address comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One socket address.
    Socket(SocketAddr),
    /// A name to resolve, and a port.
    Name(String, u16),
    /// All interfaces, by IPv6 and IPv4.
    Any(u16),
    /// A unix socket at a path.
    Unix(PathBuf),
    /// A unix socket in the abstract name space.
    Abstract(String),
    /// The sockets of that name that the process was given when it started; all that it was given without one.
    Inherited(Option<String>),
    /// Text that makes no sense, and why.
    Bad(String, &'static str),
}

impl Address {
    /// Returns what to bind.
    ///
    /// # Errors
    ///
    /// Why the text makes no sense.
    pub(crate) fn target(&self) -> Result<&Target, Error> {
        match &self.target {
            Target::Bad(_, reason) => Err(Error::new(
                ErrorKind::Settings,
                format!("`{self}` is not an address to listen on: {reason}"),
            )),
            target => Ok(target),
        }
    }
}

impl Address {
    /// Tells whether connections are to be encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }
}

impl Default for Address {
    /// Returns `127.0.0.1:8080`.
    fn default() -> Self {
        Self::from(SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tls {
            f.write_str("tls:")?;
        }
        match &self.target {
            Target::Socket(addr) => addr.fmt(f),
            Target::Name(name, port) => write!(f, "{name}:{port}"),
            Target::Any(port) => write!(f, "*:{port}"),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
            Target::Abstract(name) => write!(f, "unix:@{name}"),
            Target::Inherited(name) => write!(f, "systemd:{}", name.as_deref().unwrap_or_default()),
            Target::Bad(text, _) => f.write_str(text),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self {
            target: Target::Socket(addr),
            tls: false,
        }
    }
}

impl From<(IpAddr, u16)> for Address {
    fn from(addr: (IpAddr, u16)) -> Self {
        Self::from(SocketAddr::from(addr))
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        let (tls, rest) = match text.trim_start().strip_prefix("tls:") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let target = parse(rest).unwrap_or_else(|reason| Target::Bad(rest.to_owned(), reason));
        Self { target, tls }
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Address {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let address = Self::from(text);
        address.target()?;
        Ok(address)
    }
}

fn parse(text: &str) -> Result<Target, &'static str> {
    let text = text.trim();
    if let Some(path) = text.strip_prefix("unix:") {
        return parse_unix(path);
    }
    if let Some(name) = text.strip_prefix("systemd:") {
        let graphic = name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':');
        return match graphic {
            true => Ok(Target::Inherited(
                Some(name.to_owned()).filter(|name| !name.is_empty()),
            )),
            false => Err("the name of a socket has neither spaces nor colons"),
        };
    }
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.contains("://") {
        return Err("write host and port without a scheme, such as 127.0.0.1:8080");
    }
    if text.contains('/') {
        return Err("a path is written with unix: before it");
    }
    if let Ok(addr) = text.parse() {
        return Ok(Target::Socket(addr));
    }
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(text).parse() {
        return Ok(Target::Socket(SocketAddr::new(ip, DEFAULT_PORT)));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            "a port needs a host before it, such as 127.0.0.1:8080, or *:8080 for all interfaces",
        );
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (
            host,
            port.parse()
                .ok()
                .filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or("the port is a number from 0 to 65535")?,
        ),
        None => (text, DEFAULT_PORT),
    };
    if host.is_empty() || host == "*" {
        return Ok(Target::Any(port));
    }
    if host.contains([':', '[', ']']) {
        return Err("an IPv6 address is written in brackets, such as [::1]:8080");
    }
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !host.bytes().all(of_a_name) {
        return Err("a host has letters, digits, dots and hyphens only");
    }
    // Nobody's name ends in a number: what looks like an IPv4 address is a mistyped one, not a question for the resolver.
    if host
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err("an IPv4 address has four numbers from 0 to 255");
    }
    Ok(Target::Name(host.to_owned(), port))
}

fn parse_unix(path: &str) -> Result<Target, &'static str> {
    if path.contains('\0') {
        return Err("the path of a unix socket has no zero byte");
    }
    match path.strip_prefix('@') {
        Some("") => Err("the name after unix:@ is empty"),
        Some(name) => Ok(Target::Abstract(name.to_owned())),
        None if path.is_empty() => Err("the path after unix: is empty"),
        None => Ok(Target::Unix(path.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_table_is_understood() {
        for (text, printed) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::]:80", "[::]:80"),
            ("[::1]", "[::1]:8080"),
            ("::1", "[::1]:8080"),
            ("127.0.0.1", "127.0.0.1:8080"),
            ("localhost:0", "localhost:0"),
            ("localhost", "localhost:8080"),
            (" quay-1.test:81 ", "quay-1.test:81"),
            (":81", "*:81"),
            ("*:81", "*:81"),
            ("unix:/run/app.sock", "unix:/run/app.sock"),
            ("unix:app.sock", "unix:app.sock"),
            ("unix:@app", "unix:@app"),
            ("systemd:http", "systemd:http"),
            ("systemd:", "systemd:"),
            ("tls:*:443", "tls:*:443"),
            (" tls:[::1]", "tls:[::1]:8080"),
            ("tls:unix:/run/app.sock", "tls:unix:/run/app.sock"),
        ] {
            let address = text.parse::<Address>().expect(text);
            assert_eq!(address.to_string(), printed);
        }
    }

    #[test]
    fn what_makes_no_sense_is_named_with_what_was_expected() {
        for (text, expected) in [
            ("", "it is empty"),
            ("8080", "a port needs a host before it"),
            ("127.0.0.1:", "the port is a number"),
            ("127.0.0.1:65536", "the port is a number"),
            ("127.0.0.1:+80", "the port is a number"),
            ("127.0.0.1:http", "the port is a number"),
            ("127.0.0:80", "four numbers"),
            ("256.0.0.1:80", "four numbers"),
            ("::1:80:90000", "the port is a number"),
            ("[::g]:80", "in brackets"),
            ("http://localhost:80", "without a scheme"),
            ("/run/app.sock", "unix: before it"),
            ("unix:", "is empty"),
            ("unix:@", "is empty"),
            ("two words:80", "letters, digits"),
            ("systemd:a:b", "neither spaces nor colons"),
            ("tls:", "it is empty"),
            ("tls:443", "a port needs a host before it"),
            ("tls:tls:a:443", "in brackets"),
        ] {
            let error = text.parse::<Address>().expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Settings);
            let message = error.to_string();
            assert!(message.contains(expected), "{message}");
            assert!(
                message.starts_with(&format!("`{text}` is not an address")),
                "{message}"
            );
        }
    }
}
