//! [`Resolve`], who knows the addresses of names, and [`SystemResolver`].

use std::net::IpAddr;
use std::sync::Arc;

use wharf_http::{BoxError, BoxFuture};

/// Looks up the addresses of names.
///
/// A client asks the system ([`SystemResolver`]) unless another one is given to
/// [`ClientBuilder::resolver`](crate::ClientBuilder::resolver): one that speaks to name servers itself, or to a registry
/// of services. The client keeps the answers, asks once for many calls, and tries the addresses; see
/// [`DnsConfig`](crate::DnsConfig).
///
/// # Examples
///
/// ```
/// use std::net::IpAddr;
/// use wharf_client::{Client, connect::{Resolve, SystemResolver}};
/// use wharf_http::BoxError;
///
/// /// Knows what the registry knows, and asks the system for the rest.
/// struct Registry;
///
/// impl Resolve for Registry {
///     async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
///         match host.strip_suffix(".service") {
///             Some("ships") => Ok(vec![[10, 0, 0, 7].into(), [10, 0, 0, 8].into()]),
///             Some(_) => Ok(Vec::new()),
///             None => SystemResolver::new().resolve(host).await,
///         }
///     }
/// }
///
/// let client = Client::builder().resolver(Registry).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// Returns the addresses of a name, the best one of each family first. The name is in lower case and never an address.
    ///
    /// It runs on a task of its own, which goes on when the call that began it ends, and holds one of the
    /// [places](crate::DnsConfig::concurrent) for look-ups: it has to come to an end by itself.
    ///
    /// # Errors
    ///
    /// Why nothing can be said about the name; addresses that were found earlier may be used then. That it has no address is no
    /// error but an empty list.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped only when its runtime ends.
    fn resolve(&self, host: &str) -> impl Future<Output = Result<Vec<IpAddr>, BoxError>> + Send;
}

impl<R: Resolve> Resolve for Arc<R> {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
        R::resolve(self, host).await
    }
}

/// A resolver behind a pointer, as connectors hold it.
pub(crate) trait Erased: Send + Sync {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, BoxError>>;
}

impl<R: Resolve> Erased for R {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, BoxError>> {
        Box::pin(Resolve::resolve(self, host))
    }
}

/// Asks the system (`getaddrinfo`), so that names mean the same as in other programs: hosts file, search domains, mDNS.
///
/// Each look-up takes a blocking thread of the runtime until the system answers, and cannot be cancelled.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemResolver;

impl SystemResolver {
    /// Creates a resolver.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, BoxError> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
