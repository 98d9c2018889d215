//! [`Server`], what listens and serves until it is told to stop, and its builder.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use wharf_http::error::ErrorLog;
use wharf_http::{BoxError, Serve, Signal};

use crate::access_log::AccessLog;
use crate::banner::Banner;
use crate::config::{Http1Config, Http2Config, Limits, Timeouts};
use crate::conn::ForwardedBy;
use crate::error::{Error, ErrorKind};
use crate::health::Health;
use crate::listener::{Address, Listener, TcpConfig, UnixConfig};
use crate::options::Options;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::trust::TrustedProxies;
use crate::watchdog::Watchdog;
use crate::worker::Workers;

/// Listens, and serves a service until it is told to stop.
///
/// What it serves is anything that implements [`Serve`]: an application, or a function made a service by
/// [`service_fn`](wharf_http::service::service_fn).
///
/// # Examples
///
/// ```
/// use wharf_http::{Context, Request, Response, service::service_fn};
/// use wharf_server::Server;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let hello = service_fn(|_request: Request, _context: Context| async { Response::new("hello".into()) });
/// let server = Server::new(hello).bind("127.0.0.1:0").start().await?;
/// println!("listening on {}", server.urls().join(", "));
/// let report = server.shutdown().await?;
/// assert_eq!(report.cut, 0);
/// # Ok::<(), wharf_server::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "a server does nothing until it is started or run"]
pub struct Server<S> {
    pub(crate) serve: S,
    pub(crate) options: Options,
}

impl<S: Serve> Server<S> {
    /// Creates a server with the default limits that listens on `127.0.0.1:8080` unless it is told otherwise.
    pub fn new(serve: S) -> Self {
        Self {
            serve,
            options: Options::new(),
        }
    }

    /// Adds an address to listen on, such as `127.0.0.1:8080`, `localhost:0` or `unix:/run/app.sock`; see [`Address`].
    ///
    /// An address that makes no sense is the error of [`start`](Self::start) and [`run`](Self::run).
    ///
    /// Default: `127.0.0.1:8080`, when no listener was added.
    pub fn bind(self, address: impl Into<Address>) -> Self {
        self.listen(address.into())
    }

    /// Adds a listener: a socket that is bound already, or an address with socket options of its own.
    pub fn listen(mut self, listener: impl Into<Listener>) -> Self {
        self.options.listeners.push(listener.into());
        self
    }

    /// Sets the options of TCP sockets that have none of their own.
    pub fn tcp(mut self, config: TcpConfig) -> Self {
        self.options.tcp = config;
        self
    }

    /// Sets the options of unix sockets that have none of their own.
    pub fn unix(mut self, config: UnixConfig) -> Self {
        self.options.unix = config;
        self
    }

    /// Sets how many workers serve, each with a thread and a runtime of its own: a number, or [`Workers`].
    ///
    /// Default: one for each core from [`run`](Self::run); none from [`start`](Self::start), which then serves on the
    /// runtime of the caller.
    pub fn workers(mut self, workers: impl Into<Workers>) -> Self {
        self.options.workers = Some(workers.into());
        self
    }

    /// Lets load balancers and supervisors ask for the health of the process, on all listeners: `/-/live` and `/-/ready`,
    /// see [`Health`].
    ///
    /// Default: no such paths.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use wharf_http::{Context, Request, Response, service::service_fn};
    /// use wharf_server::{Health, Server};
    ///
    /// # let service = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
    /// let server = Server::new(service)
    ///     .bind("0.0.0.0:8080")
    ///     .health(Health::new())
    ///     .readiness_lead(Duration::from_secs(5)); // not ready for so long before the listeners close
    /// # let _ = server;
    /// ```
    pub fn health(mut self, health: Health) -> Self {
        self.options.health = Some(health);
        self.options.health_everywhere = true;
        self
    }

    /// Lets the health of the process be asked for on a listener of its own, and nothing else there; see
    /// [`health`](Self::health). On the other listeners the paths belong to the service.
    pub fn health_on(mut self, listener: impl Into<Listener>, health: Health) -> Self {
        let mut listener = listener.into();
        listener.health_alone = true;
        self.options.health = Some(health);
        self.listen(listener)
    }

    /// Sets what happens when a worker's loop does not turn, such as when a handler blocks.
    ///
    /// Without effect where the runtime of the caller serves.
    ///
    /// Default: a warning after a second, which names the route; after a tenth of one when the service is being debugged.
    pub fn watchdog(mut self, watchdog: Watchdog) -> Self {
        self.options.watchdog = Some(watchdog);
        self
    }

    /// Sets the limits on time.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.options.timeouts = timeouts;
        self
    }

    /// Sets the limits on size and number.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Sets how HTTP/1 is spoken.
    pub fn http1(mut self, config: Http1Config) -> Self {
        self.options.http1 = config;
        self
    }

    /// Sets how HTTP/2 is spoken.
    pub fn http2(mut self, config: Http2Config) -> Self {
        self.options.http2 = config;
        self
    }

    /// Sets where the access log goes. Default: to `tracing`, and from [`run`](Self::run) to standard error as long as
    /// the program has set no subscriber.
    pub fn access_log(mut self, log: AccessLog) -> Self {
        self.options.access_log = log;
        self
    }

    /// Sets where errors go that no caller will see, such as the cause of an answer with status 500.
    ///
    /// Default: [`ErrorLog::new`], to `tracing`. From [`run`](Self::run) they go to standard error in any case as long as the
    /// program has set no subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::error::ErrorLog;
    /// # use wharf_http::{Context, Request, Response, service::service_fn};
    /// use wharf_server::Server;
    ///
    /// # let service = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
    /// # fn page_somebody(_line: &str) {}
    /// let server = Server::new(service).error_log(ErrorLog::new().also(page_somebody));
    /// # let _ = server;
    /// ```
    pub fn error_log(mut self, log: ErrorLog) -> Self {
        self.options.error_log = log;
        self
    }

    /// Has the server count in `stats`, so that the service can show what is counted, also where [`run`](Self::run) keeps the
    /// [handle](crate::ServerHandle) for itself.
    ///
    /// Counters are of one server: two that share them are added up. Default: counters of its own.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wharf_http::{Context, Request, Response, service::service_fn};
    /// use wharf_server::{Server, Stats};
    ///
    /// let stats = Stats::new();
    /// let shown = stats.clone();
    /// let service = service_fn(move |_: Request, _: Context| {
    ///     let text = format!("{} connections\n", shown.connections());
    ///     async { Response::new(text.into()) }
    /// });
    /// Server::new(service).stats(stats).run()?;
    /// # Ok::<(), wharf_server::Error>(())
    /// ```
    pub fn stats(mut self, stats: Stats) -> Self {
        self.options.stats = stats;
        self
    }

    /// Sets the `Server` field of answers that have none (RFC 9110 §10.2.4). Default: `None`, no such field.
    pub fn server_header(mut self, value: impl Into<Option<HeaderValue>>) -> Self {
        self.options.server_header = value.into();
        self
    }

    /// Sets which peers are proxies whose word counts for who their client is: what they say of it in the fields of
    /// [`forwarded_by`](Self::forwarded_by).
    ///
    /// [`Context::peer`](wharf_http::Context::peer) is then the client, [`Context::scheme`](wharf_http::Context::scheme)
    /// what it asked by, and the field `Host` what it asked for, where the proxy says so; access log and extractors go
    /// by them. Of several proxies in a row each has to be on the list, or the client is the first that is not. A head
    /// that never parsed has no fields, and is the proxy's.
    ///
    /// A network that makes no sense is the error of [`start`](Self::start) and [`run`](Self::run).
    ///
    /// Default: nobody. Then no such header field is looked at.
    ///
    /// # Examples
    ///
    /// ```
    /// # use wharf_http::{Context, Request, Response, service::service_fn};
    /// use wharf_server::{Server, TrustedProxies};
    ///
    /// # let service = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
    /// // nginx on this machine, over loopback or a unix socket
    /// let server = Server::new(service).trusted_proxies(TrustedProxies::new().loopback().unix());
    /// # let _ = server;
    /// ```
    pub fn trusted_proxies(mut self, trusted: impl Into<TrustedProxies>) -> Self {
        self.options.trusted_proxies = trusted.into();
        self
    }

    /// Sets which header fields of trusted proxies say who their client is.
    ///
    /// Default: [`ForwardedBy::XForwarded`], which is what most proxies are set up to send.
    pub fn forwarded_by(mut self, by: ForwardedBy) -> Self {
        self.options.forwarded_by = by;
        self
    }

    /// Sets whether the addresses are printed to standard output when all of them listen.
    ///
    /// Default: true for [`run`](Self::run), false for [`start`](Self::start), since there Ctrl-C is not the server's.
    pub fn banner(mut self, on: bool) -> Self {
        self.options.banner = if on { Banner::Stdout } else { Banner::Silent };
        self
    }

    /// Sets a writer that gets the banner instead of standard output. An error of the writer is ignored.
    pub fn banner_to(mut self, writer: impl Write + Send + 'static) -> Self {
        self.options.banner = Banner::Writer(Box::new(writer));
        self
    }

    /// Sets for how long new connections are still served after the server was told to stop, so that a load balancer
    /// can learn of it and send its requests elsewhere.
    ///
    /// It learns from the answer to its health checks; see [`unready`](Self::unready).
    ///
    /// Default: zero. It comes before the time that [`Timeouts::shutdown`] allows.
    pub fn readiness_lead(mut self, time: Duration) -> Self {
        self.options.lead = time;
        self
    }

    /// Sets the signal that is fired first of all when the server was told to stop.
    ///
    /// Keep a clone where health checks are answered: when it has fired, this process wants no more requests.
    pub fn unready(mut self, signal: Signal) -> Self {
        self.options.unready = signal;
        self
    }

    /// Sets how long a new process may take to serve when this one is to hand over to it; see
    /// [`ServerHandle::restart`](crate::ServerHandle::restart).
    ///
    /// Default: 60 seconds. A process that takes longer is ended, and this one serves on.
    pub fn restart_timeout(mut self, limit: Duration) -> Self {
        self.options.restart_timeout = limit;
        self
    }

    /// Sets a file for the number of the process, for scripts that send it signals. [`run`](Self::run) writes it when
    /// all addresses listen, and removes it at the end unless a successor has written its own.
    ///
    /// Default: no such file.
    pub fn pid_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.pid_file = Some(path.into());
        self
    }

    /// Applies what the program was told from outside; what is not set there stays as it is.
    ///
    /// Addresses replace those that were added before. What [`Settings`] say of the call of a program, such as
    /// [`Settings::check`] and the wish for help, is the caller's to act on, or that of [`run_with`](Self::run_with).
    pub fn settings(mut self, settings: Settings) -> Self {
        settings.apply(&mut self.options.in_force());
        self
    }

    /// Finds out whether the server could start: whether addresses, options and certificates make sense, and what the
    /// service says. Nothing is bound.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub async fn check(&mut self) -> Result<(), Error> {
        self.options.check()?;
        checked(self.serve.check().await)
    }
}

/// Says what a service has found wrong with itself.
pub(crate) fn checked(found: Result<(), BoxError>) -> Result<(), Error> {
    found.map_err(|cause| Error::new(ErrorKind::Check, "the check failed").because(cause))
}
