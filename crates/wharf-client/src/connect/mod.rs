//! Opening streams: the [`Connector`] trait, and those for TCP and unix sockets.
//!
//! ~~~text
//! TcpConnector ─▶ host ─▶ dns ─▶ address policy ─▶ race ─▶ dial, once per address ─▶ probed ─▶ Stream
//! ~~~

mod attempts;
mod dial;
mod dns;
mod establish;
mod host;
#[cfg(feature = "in-process")]
mod in_process;
mod interface;
mod opener;
mod probed;
mod race;
mod route;
mod socket;
mod stream;
mod tcp;
#[cfg(feature = "proxy")]
mod through;
mod unix;

pub use attempts::{Attempt, Attempts};
pub use dns::{Resolve, SystemResolver};
pub(crate) use establish::{establish, warm_up};
#[cfg(feature = "in-process")]
#[cfg_attr(docsrs, doc(cfg(feature = "in-process")))]
pub use in_process::InProcess;
pub(crate) use opener::Opener;
pub(crate) use route::{Route, SocketPath};
pub use socket::Socket;
pub(crate) use stream::Probe;
pub use stream::Stream;
pub use tcp::TcpConnector;
pub use unix::UnixConnector;

use std::fmt;
use std::sync::Arc;

use http::Uri;
use wharf_http::{BoxError, BoxFuture};

use crate::{Error, ErrorKind};

/// Opens the streams that requests are sent over.
///
/// A client uses [`TcpConnector`] unless another one is given to
/// [`ClientBuilder::connector`](crate::ClientBuilder::connector): to reach a server in the same process, to count
/// connections, to go through a tunnel.
///
/// # Examples
///
/// ```
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use wharf_client::{Client, Connector, connect::{Stream, Target}};
/// use wharf_http::BoxError;
///
/// /// A server in the same process that says hi, once per connection.
/// struct Greeter;
///
/// impl Connector for Greeter {
///     async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
///         let (near, mut far) = tokio::io::duplex(1024);
///         tokio::spawn(async move {
///             let _head = far.read(&mut [0; 1024]).await?;
///             far.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await
///         });
///         Ok(Stream::new(near))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let client = Client::builder().connector(Greeter).build()?;
/// assert_eq!(client.get("http://quay.test/").send().await?.text().await?, "hi");
/// # Ok::<(), wharf_client::Error>(()) }).unwrap();
/// ```
pub trait Connector: Send + Sync + 'static {
    /// Opens a stream to `target`.
    ///
    /// # Errors
    ///
    /// Why that was not possible; it becomes the cause of an error of kind [`ErrorKind::Connect`]. An [`Error`], such as another
    /// connector returns it, is handed on as it is.
    ///
    /// # Cancel safety
    ///
    /// The client drops the future when its `connect` limit is reached, so it must be safe to drop.
    fn connect(&self, target: Target) -> impl Future<Output = Result<Stream, BoxError>> + Send;
}

/// A connector behind a pointer, as clients hold it.
pub(crate) trait Erased: Send + Sync {
    fn connect(&self, target: Target) -> BoxFuture<'_, Result<Stream, BoxError>>;
}

impl<C: Connector> Erased for C {
    fn connect(&self, target: Target) -> BoxFuture<'_, Result<Stream, BoxError>> {
        Box::pin(Connector::connect(self, target))
    }
}

/// Makes an error of what a connector returned; one that is the client's own already, with its kind, stays what it is.
pub(crate) fn failed(target: &Target, cause: BoxError) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => *error,
        Err(cause) => Error::new(ErrorKind::Connect).at(target).because(cause),
    }
}

/// The host and port that a connection leads to. Cheap to clone.
///
/// Prints as `host:port`, an IPv6 address in brackets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    host: Arc<str>,
    port: u16,
}

impl Target {
    /// Names a host, an IPv6 address with or without brackets, and a port.
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Self {
            host: without_brackets(host).into(),
            port,
        }
    }

    /// Reads the target of an absolute URI, and whether it is to be reached over TLS.
    #[cfg(any(test, feature = "proxy"))]
    pub(crate) fn of(uri: &Uri) -> Result<(Self, bool), Error> {
        let (host, port, secure) = Self::read(uri)?;
        Ok((Self::new(host, port), secure))
    }

    /// Reads the host, without brackets, and the port of an absolute URI, and whether they are to be reached over TLS.
    pub(crate) fn read(uri: &Uri) -> Result<(&str, u16, bool), Error> {
        let invalid = |why: &str| Err(Error::new(ErrorKind::Url).because(why));
        let Some(authority) = uri.authority() else {
            return invalid("it names no host");
        };
        // The scheme is safe to print; what stands between it and the host may be a password.
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") if cfg!(feature = "tls-core") => true,
            Some(other) => return invalid(&format!("the scheme `{other}` is not supported")),
            None => return invalid("it names no scheme"),
        };
        let authority = authority.as_str();
        if authority.contains('@') {
            return invalid("credentials belong in the `authorization` header");
        }
        // The colons of an IPv6 address are in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, ""),
        };
        if host.is_empty() || host == "[]" {
            return invalid("its host is empty");
        }
        let port = match port {
            "" => default_port(secure),
            _ => match port.parse() {
                Ok(port) => port,
                Err(_no_port) => return invalid("its port is no number below 65536"),
            },
        };
        Ok((without_brackets(host), port, secure))
    }

    /// Returns the host: a name or an IP address, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn without_brackets(host: &str) -> &str {
    let bare = host.strip_prefix('[');
    let bare = bare.and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host)
}

pub(crate) fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_prints_as_host_and_port() {
        for (uri, text) in [
            ("http://quay.test/a?b", "quay.test:80"),
            ("http://quay.test:8080", "quay.test:8080"),
            ("http://quay.test:/", "quay.test:80"),
            ("http://[::1]:81/", "[::1]:81"),
            ("http://[::1]/", "[::1]:80"),
        ] {
            let (target, _) = Target::of(&uri.parse().unwrap()).unwrap();
            assert_eq!(target.to_string(), text, "{uri}");
        }
    }

    #[test]
    fn a_uri_that_leads_nowhere_is_refused_without_printing_it() {
        for (uri, text) in [
            ("/secret", "invalid URL: it names no host"),
            (
                "gopher://quay.test/secret",
                "invalid URL: the scheme `gopher` is not supported",
            ),
            (
                "http://me:secret@quay.test/",
                "invalid URL: credentials belong in the `authorization` header",
            ),
        ] {
            let error = Target::of(&uri.parse().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Url);
            assert_eq!(format!("{error:#}"), text);
            assert!(!format!("{error:?}").contains("secret"));
        }
    }
}
