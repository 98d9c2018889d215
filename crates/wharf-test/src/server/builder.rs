use wharf_http::{BoxError, ErrorChain, Serve};
use wharf_server::Server;

use super::TestServer;
#[cfg(unix)]
use super::socket_file::SocketFile;
use crate::client::plain;
use crate::fail;
use crate::host::{Place, Site};
use crate::journal::Journal;
use crate::observed::{Observed, Watch};
#[cfg(feature = "tls")]
use crate::tls::Authority;

/// Settings of a [`TestServer`] to be: on what kind of socket, behind which TLS.
///
/// # Examples
///
/// ```
/// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// # use wharf_test::TestServer;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let app = service_fn(|_: Request, _: Context| async { Response::new(Body::from("hi")) });
/// # #[cfg(unix)]
/// # {
/// let server = TestServer::builder().unix().start(app).await;
/// assert!(server.socket_path().unwrap().exists());
/// server.get("/").send().await.assert_text("hi");
/// # }
/// # });
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct TestServerBuilder {
    #[cfg(unix)]
    unix: bool,
    #[cfg(feature = "http2")]
    http2: bool,
    #[cfg(feature = "tls")]
    authority: Option<Authority>,
    /// Whether clients are asked for a certificate, and have to have one.
    #[cfg(feature = "tls")]
    clients: Option<bool>,
}

impl TestServerBuilder {
    /// Listens on a unix socket in a new folder for temporary files, which is removed with the server.
    ///
    /// Default: a free port of `127.0.0.1`.
    #[cfg(unix)]
    pub fn unix(mut self) -> Self {
        self.unix = true;
        self
    }

    /// Lets the server's own client speak HTTP/2. Default: HTTP/1.1. Other clients choose for themselves.
    #[cfg(feature = "http2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Speaks TLS, with a certificate of a new authority for `localhost` and its addresses.
    ///
    /// [`TestServer::ca_pem`] is what a client has to believe.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn tls(self) -> Self {
        self.authority(&Authority::new())
    }

    /// Speaks TLS, with a certificate of this authority for `localhost` and its addresses.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn authority(mut self, authority: &Authority) -> Self {
        self.authority = Some(authority.clone());
        self
    }

    /// Asks clients for a certificate of the same authority; `required` says whether those without are refused. It brings TLS.
    ///
    /// The server's own client shows one for the name `wharf-test`.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn ask_clients(mut self, required: bool) -> Self {
        self.authority.get_or_insert_default();
        self.clients = Some(required);
        self
    }

    /// Starts `app` with the default settings.
    ///
    /// # Panics
    ///
    /// Panics when it does not start, with everything that is wrong with it.
    pub async fn start<S: Serve>(self, app: S) -> TestServer {
        let journal = Journal::default();
        let watch = Watch {
            journal: journal.clone(),
            client: None,
            #[cfg(feature = "tracing")]
            events: false,
        };
        let server = Server::new(Observed::new(app, watch))
            .error_log(journal.errors(wharf_http::error::ErrorLog::new().stderr(true)))
            .access_log(journal.requests(wharf_server::AccessLog::new()));
        started(self.launch(server, journal).await)
    }

    /// Starts a server with settings of its own, on a socket of these besides the addresses that it has.
    ///
    /// # Panics
    ///
    /// Panics when it does not start, with everything that is wrong with it.
    pub async fn start_server<S: Serve>(self, server: Server<S>) -> TestServer {
        started(self.try_start_server(server).await)
    }

    /// Starts a server like [`start_server`](Self::start_server).
    ///
    /// # Errors
    ///
    /// Why it does not start.
    pub async fn try_start_server<S: Serve>(
        self,
        server: Server<S>,
    ) -> Result<TestServer, BoxError> {
        self.launch(server, Journal::default()).await
    }

    async fn launch<S: Serve>(
        self,
        server: Server<S>,
        journal: Journal,
    ) -> Result<TestServer, BoxError> {
        #[cfg(unix)]
        let file = self.unix.then(SocketFile::new).transpose()?;
        #[cfg(unix)]
        let mut server = match &file {
            Some(file) => server.bind(format!("unix:{}", file.path().display())),
            None => server.bind("127.0.0.1:0"),
        };
        #[cfg(not(unix))]
        let mut server = server.bind("127.0.0.1:0");
        #[cfg(feature = "tls")]
        if let Some(authority) = &self.authority {
            server = server.tls(match self.clients {
                Some(required) => authority.server_config_for_clients(required),
                None => authority.server_config(),
            });
        }
        server = server.banner(false);
        let handle = server.start().await?;
        let locals = handle.locals();
        let address = locals.last().ok_or("the server does not listen")?;
        let place = match address {
            wharf_http::connection::Local::Tcp(address) => Place::Tcp(*address),
            #[cfg(unix)]
            wharf_http::connection::Local::Unix(Some(path)) => Place::Unix(path.clone()),
            other => return Err(format!("the server listens on {other:?}").into()),
        };
        let site = Site {
            place,
            #[cfg(feature = "tls")]
            authority: self.authority,
        };
        let scheme = site.scheme();
        let base = match &site.place {
            Place::Tcp(address) => format!("{scheme}://{address}/"),
            #[cfg(unix)]
            Place::Unix(_) => format!("{scheme}://localhost/"),
        };
        let builder = plain().base(base.clone()).connector(site.clone());
        let builder = site.trusted_by(builder).observer(journal);
        #[cfg(feature = "http2")]
        let builder = {
            let config = wharf_client::config::Http2Config::new();
            let prior = self.http2 && scheme == http::uri::Scheme::HTTP;
            builder.http2(config.offered(self.http2).prior_knowledge(prior))
        };
        #[cfg(feature = "tls")]
        let builder = match (&site.authority, self.clients) {
            (Some(authority), Some(_)) => {
                let certificate = authority.client_certificate("wharf-test");
                builder.tls(authority.client_config_as(&certificate))
            }
            _ => builder,
        };
        Ok(TestServer {
            handle,
            site,
            base,
            client: builder.build()?,
            #[cfg(unix)]
            _file: file,
        })
    }
}

fn started(result: Result<TestServer, BoxError>) -> TestServer {
    match result {
        Ok(server) => server,
        Err(error) => {
            let chain = ErrorChain::new(error.as_ref());
            fail(&format!("the server does not start: {chain}"))
        }
    }
}
