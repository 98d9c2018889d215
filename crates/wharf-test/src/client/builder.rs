use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::uri::Scheme;
use tokio::runtime::Handle;
use wharf_client::connect::{Stream, Target};
use wharf_client::jar::CookieJar;
use wharf_client::redirect::RedirectPolicy;
use wharf_client::{Client, ClientBuilder, Connector, Timeouts};
use wharf_http::connection::PeerCertificate;
use wharf_http::{BoxError, ErrorChain, Request, Serve};
use wharf_server::AccessLog;

use super::TestClient;
use crate::fail;
use crate::host::{Host, HostConfig};
use crate::journal::Journal;
use crate::mode::Mode;
use crate::request::REDIRECTS;

type Change = Box<dyn FnOnce(ClientBuilder) -> ClientBuilder + Send>;

/// Settings of a [`TestClient`] to be.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_server::Timeouts;
/// use wharf_test::TestClient;
/// # use wharf_http::{Context, Request, Response, service::service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
/// # let app = service_fn(|_: Request, _: Context| async { Response::default() });
/// let client = TestClient::builder()
///     .server_timeouts(Timeouts::new().request_head(Duration::from_secs(3)))
///     .start(app)
///     .await;
/// let reply = client.raw("GET / HT").await;
/// assert_eq!(reply.status_line(), "HTTP/1.1 408 Request Timeout");
/// # });
/// ```
#[must_use]
pub struct TestClientBuilder {
    host: HostConfig,
    timeouts: Option<Timeouts>,
    jar: Option<CookieJar>,
    follow: bool,
    changes: Vec<Change>,
}

impl TestClientBuilder {
    pub(super) fn new() -> Self {
        let jar = CookieJar::builder()
            .secure_origin("http://localhost")
            .build();
        Self {
            host: HostConfig::new(),
            timeouts: None,
            jar: Some(jar.expect("the origin is one")),
            follow: false,
            changes: Vec::new(),
        }
    }

    /// Sets how requests reach the application. Default: [`Mode::Memory`].
    pub fn mode(mut self, mode: Mode) -> Self {
        self.host.mode = mode;
        self
    }

    /// Speaks HTTP/2. Default: HTTP/1.1.
    ///
    /// Without HTTP on the wire, in [`Mode::Direct`], it is what the requests say of themselves.
    #[cfg(feature = "http2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    pub fn http2(mut self) -> Self {
        self.host.only_http2 = true;
        self
    }

    /// Sets the address that the application sees requests coming from.
    ///
    /// Default: none, a peer in memory; over a socket, the address of that. Over a socket it is what
    /// [`Context::peer`](wharf_http::Context::peer) says, as behind a proxy, and the connection tells the truth.
    pub fn peer(mut self, address: SocketAddr) -> Self {
        self.host.peer = Some(address);
        self
    }

    /// Sets the scheme by which the application sees itself asked, such as `https` without any TLS.
    ///
    /// Default: `http`, or `https` where TLS is spoken. The client's own URLs do not change; it sends `Secure` cookies to
    /// `http://localhost/` too.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.host.scheme = Some(scheme);
        self
    }

    /// Sets the certificate by which the client has proved who it is, as far as the application can see. Nothing is encrypted,
    /// and nothing verified.
    ///
    /// Default: `None`. Over a socket it cannot be made up, and the start fails: a [`TestServer`](crate::TestServer) asks
    /// for real ones.
    pub fn client_certificate(mut self, certificate: impl Into<Option<PeerCertificate>>) -> Self {
        self.host.certificate = certificate.into();
        self
    }

    /// Follows redirects, ten at most. Default: a reply is what the application has answered.
    ///
    /// [`TestRequest::follow_redirects`](crate::TestRequest::follow_redirects) does it for one request.
    pub fn follow_redirects(mut self) -> Self {
        self.follow = true;
        self
    }

    /// Sets the cookie jar. Default: one of its own, empty, which sends `Secure` cookies back too. `None` keeps none.
    pub fn cookies(mut self, jar: impl Into<Option<CookieJar>>) -> Self {
        self.jar = jar.into();
        self
    }

    /// Changes any other setting of the client, such as its pool, retries or default fields.
    ///
    /// `change` is given a builder with the settings of this one: the cookie jar, no redirects, codings that are not undone.
    /// It may give back another one. What leads to the application is set afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
    /// # use wharf_test::TestClient;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let app = service_fn(|request: Request, _: Context| async move {
    /// #     Response::new(Body::from(request.headers()["x-ship"].as_bytes().to_vec()))
    /// # });
    /// let client = TestClient::builder()
    ///     .client(|client| client.header("x-ship", "Ada").decode(true))
    ///     .start(app)
    ///     .await;
    /// client.get("/").send().await.assert_text("Ada");
    /// # });
    /// ```
    pub fn client(
        mut self,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static,
    ) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// Sets the time limits of the client.
    pub fn client_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sets the time limits of the server's side.
    pub fn server_timeouts(mut self, timeouts: wharf_server::Timeouts) -> Self {
        self.host.timeouts = timeouts;
        self
    }

    /// Sets the size limits of the server's side.
    pub fn server_limits(mut self, limits: wharf_server::Limits) -> Self {
        self.host.limits = limits;
        self
    }

    /// Sets how the server's side speaks HTTP/1.
    pub fn server_http1(mut self, config: wharf_server::Http1Config) -> Self {
        self.host.http1 = config;
        self
    }

    /// Sets how the server's side speaks HTTP/2.
    #[cfg(feature = "http2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    pub fn server_http2(mut self, config: wharf_server::Http2Config) -> Self {
        self.host.http2 = config;
        self
    }

    /// Sets where a line for each request goes. Default: to `tracing`.
    pub fn access_log(mut self, access_log: AccessLog) -> Self {
        self.host.access_log = access_log;
        self
    }

    /// Sets whether errors that only the log would show, such as the cause of an answer with status 500, are written to
    /// standard error while no `tracing` subscriber is set. Default: true.
    ///
    /// An assertion that fails shows those of its request in any case.
    pub fn errors_to_stderr(mut self, on: bool) -> Self {
        self.host.errors_to_stderr = on;
        self
    }

    /// Has an assertion that fails show the `tracing` events of handlers and middleware too, at `DEBUG` and above.
    ///
    /// They are caught while the answer to a request is being made, in its own task; those of tasks that a handler spawns are
    /// not. A subscriber that the test has set sees them as ever, and none is installed. `tracing` itself remembers for the
    /// whole process that there was one, so that wharf no longer writes errors to standard error of its own accord.
    ///
    /// Default: off.
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    pub fn show_events(mut self) -> Self {
        self.host.events = true;
        self
    }

    /// Starts `app` and makes the client.
    ///
    /// # Panics
    ///
    /// Panics when the application does not start, or a time limit is zero; and outside a tokio runtime.
    pub async fn start<S: Serve>(self, app: S) -> TestClient {
        match self.try_start(app).await {
            Ok(client) => client,
            Err(error) => fail(&format!(
                "the application does not start: {}",
                ErrorChain::new(error.as_ref())
            )),
        }
    }

    /// Starts `app` and makes the client.
    ///
    /// # Errors
    ///
    /// Why the application does not start, or that a time limit is zero.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub async fn try_start<S: Serve>(self, app: S) -> Result<TestClient, BoxError> {
        let mode = self.host.mode;
        let journal = Journal::default();
        let mut builder = plain();
        if self.follow {
            builder = builder.redirects(RedirectPolicy::follow(REDIRECTS));
        }
        if let Some(timeouts) = self.timeouts {
            builder = builder.timeouts(timeouts);
        }
        if let Some(jar) = &self.jar {
            builder = builder.cookies(jar.clone());
        }
        for change in self.changes {
            builder = change(builder);
        }
        #[cfg(feature = "http2")]
        {
            let config = wharf_client::config::Http2Config::new();
            let only = self.host.only_http2;
            builder = builder.http2(config.offered(only).prior_knowledge(only));
        }
        let base = format!("{}://localhost/", mode.scheme());
        let ways = Ways::default();
        builder = builder.base(base).observer(journal.clone());
        builder = match mode {
            Mode::Direct => {
                let ways = ways.clone();
                builder.answered_by(move |request: Request| {
                    let host = ways.host();
                    async move { host?.call(request).await }
                })
            }
            _ => builder.connector(ways.clone()),
        };
        let host = self.host;
        #[cfg(feature = "tls")]
        let (host, builder) = {
            let mut host = host;
            host.authority = matches!(mode, Mode::Tls).then(crate::tls::Authority::new);
            match &host.authority {
                Some(authority) => {
                    let config = authority.client_config();
                    (host, builder.tls(config))
                }
                None => (host, builder),
            }
        };
        // Before anything is started that would have to be stopped again.
        let client = builder.build()?;
        let host = host.start(app, &journal).await?;
        ways.lead_to(&host);
        Ok(TestClient {
            client,
            host: Some(host),
            jar: self.jar,
            runtime: Handle::current(),
        })
    }
}

impl fmt::Debug for TestClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClientBuilder")
            .field("host", &self.host)
            .field("follow_redirects", &self.follow)
            .finish_non_exhaustive()
    }
}

/// Leads to the application, whatever the target, once it was started. Cheap to clone.
///
/// The client is made first, so that a bad setting is found before anything was started.
#[derive(Clone, Default)]
struct Ways {
    host: Arc<std::sync::OnceLock<Arc<dyn Host>>>,
}

impl Ways {
    fn lead_to(&self, host: &Arc<dyn Host>) {
        self.host.get_or_init(|| Arc::clone(host));
    }

    fn host(&self) -> Result<Arc<dyn Host>, BoxError> {
        let host = self.host.get().cloned();
        host.ok_or_else(|| "the application has not started".into())
    }
}

impl Connector for Ways {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        self.host()?.open().await
    }
}

/// Starts the building of a client that hands out what was answered, and nothing that it makes of it.
pub(crate) fn plain() -> ClientBuilder {
    Client::builder()
        .redirects(RedirectPolicy::stop())
        .decode(false)
}
