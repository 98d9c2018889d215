//! [`Server`], what listens and serves until it is told to stop, and its builder.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use wharf_http::connection::Local;
use wharf_http::error::ErrorLog;
use wharf_http::{ErrorChain, Serve, Service, Signal, Tasks};

use crate::accept::Acceptor;
use crate::access_log::AccessLog;
use crate::arrival::Arrival;
use crate::banner::Banner;
use crate::config::{Http1Config, Http2Config, Limits, Timeouts};
use crate::conn::ConnectionConfig;
use crate::error::{Error, ErrorKind};
use crate::handle::ServerHandle;
use crate::listener::{self, Address, Listener, TcpConfig, UnixConfig};
use crate::notice::Notice;
use crate::settings::Settings;
use crate::shutdown::{self, Control, Report, Shutdown, until};
use crate::signals::Signals;
use crate::stats::Stats;
use crate::{descriptors, worker};

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
    serve: S,
    listeners: Vec<Listener>,
    tcp: TcpConfig,
    unix: UnixConfig,
    timeouts: Timeouts,
    limits: Limits,
    http1: Http1Config,
    http2: Http2Config,
    access_log: AccessLog,
    server_header: Option<HeaderValue>,
    banner: Banner,
    lead: Duration,
    unready: Signal,
}

impl<S: Serve> Server<S> {
    /// Creates a server with the default limits that listens on `127.0.0.1:8080` unless it is told otherwise.
    pub fn new(serve: S) -> Self {
        Self {
            serve,
            listeners: Vec::new(),
            tcp: TcpConfig::new(),
            unix: UnixConfig::new(),
            timeouts: Timeouts::new(),
            limits: Limits::new(),
            http1: Http1Config::new(),
            http2: Http2Config::new(),
            access_log: AccessLog::new(),
            server_header: None,
            banner: Banner::default(),
            lead: Duration::ZERO,
            unready: Signal::new(),
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
        self.listeners.push(listener.into());
        self
    }

    /// Sets the options of TCP sockets that have none of their own.
    pub fn tcp(mut self, config: TcpConfig) -> Self {
        self.tcp = config;
        self
    }

    /// Sets the options of unix sockets that have none of their own.
    pub fn unix(mut self, config: UnixConfig) -> Self {
        self.unix = config;
        self
    }

    /// Sets the limits on time.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the limits on size and number.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how HTTP/1 is spoken.
    pub fn http1(mut self, config: Http1Config) -> Self {
        self.http1 = config;
        self
    }

    /// Sets how HTTP/2 is spoken.
    pub fn http2(mut self, config: Http2Config) -> Self {
        self.http2 = config;
        self
    }

    /// Sets where the access log goes. Default: to `tracing`, and from [`run`](Self::run) to standard error as long as
    /// the program has set no subscriber.
    pub fn access_log(mut self, log: AccessLog) -> Self {
        self.access_log = log;
        self
    }

    /// Sets the `Server` field of answers that have none (RFC 9110 §10.2.4). Default: `None`, no such field.
    pub fn server_header(mut self, value: impl Into<Option<HeaderValue>>) -> Self {
        self.server_header = value.into();
        self
    }

    /// Sets whether the addresses are printed to standard output when all of them listen.
    ///
    /// Default: true for [`run`](Self::run), false for [`start`](Self::start), since there Ctrl-C is not the server's.
    pub fn banner(mut self, on: bool) -> Self {
        self.banner = if on { Banner::Stdout } else { Banner::Silent };
        self
    }

    /// Sets a writer that gets the banner instead of standard output. An error of the writer is ignored.
    pub fn banner_to(mut self, writer: impl Write + Send + 'static) -> Self {
        self.banner = Banner::Writer(Box::new(writer));
        self
    }

    /// Sets for how long new connections are still served after the server was told to stop, so that a load balancer
    /// can learn of it and send its requests elsewhere.
    ///
    /// It learns from the answer to its health checks; see [`unready`](Self::unready).
    ///
    /// Default: zero. It comes before the time that [`Timeouts::shutdown`] allows.
    pub fn readiness_lead(mut self, time: Duration) -> Self {
        self.lead = time;
        self
    }

    /// Sets the signal that is fired first of all when the server was told to stop.
    ///
    /// Keep a clone where health checks are answered: when it has fired, this process wants no more requests.
    pub fn unready(mut self, signal: Signal) -> Self {
        self.unready = signal;
        self
    }

    /// Applies what the program was told from outside; what is not set there stays as it is.
    ///
    /// Addresses replace those that were added before. [`Settings::check`] and the wish for help are the caller's to
    /// act on, or those of [`run_with`](Self::run_with).
    pub fn settings(mut self, settings: Settings) -> Self {
        if !settings.bind.is_empty() {
            self.listeners = settings.bind.into_iter().map(Listener::from).collect();
        }
        if let Some(mode) = settings.unix_mode {
            self.unix = self.unix.mode(mode.0);
        }
        if let Some(limit) = settings.shutdown_timeout {
            self.timeouts = self.timeouts.shutdown(limit);
        }
        if settings.quiet == Some(true) {
            self.banner = Banner::Silent;
            self.access_log = AccessLog::off();
        }
        if let Some(log) = settings.access_log {
            self.access_log = log;
        }
        self
    }

    /// Finds out whether the server could start: whether addresses and options make sense, and what the service says.
    /// Nothing is bound.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub async fn check(&mut self) -> Result<(), Error> {
        listener::check(&self.listeners)?;
        self.unix.check()?;
        self.serve
            .check()
            .await
            .map_err(|cause| Error::new(ErrorKind::Check, "the check failed").because(cause))
    }

    /// Checks and starts the service, binds all addresses, and serves on the caller's tokio runtime.
    ///
    /// It returns when every address listens. No signal of the process is touched, and its limit of open descriptors
    /// is left as it is.
    ///
    /// # Errors
    ///
    /// Why it did not start. What had been started was stopped again, and nothing listens.
    ///
    /// # Cancel safety
    ///
    /// Not safe: a service that is starting while the future is dropped is dropped too, without being stopped.
    pub async fn start(self) -> Result<ServerHandle, Error> {
        worker::require()?;
        self.launch(Control::default(), Notice::new(false)).await
    }

    /// Serves on a runtime of its own, with a thread for each core, until the process gets SIGINT or SIGTERM.
    ///
    /// The first signal ends the server in order, the second skips the wait for running requests, the third the wait
    /// for the service. The soft limit of open descriptors is raised to the hard one.
    ///
    /// # Errors
    ///
    /// Why it did not start, or why the service could not be stopped properly. Also when it is called within a tokio
    /// runtime; await [`start`](Self::start) there.
    pub fn run(mut self) -> Result<Report, Error> {
        let notice = Notice::new(true);
        self.access_log = self.access_log.stderr(true);
        if matches!(self.banner, Banner::ByCaller) {
            self.banner = Banner::Stdout;
        }
        worker::block_on(self.run_until_signalled(notice))?
    }

    async fn run_until_signalled(self, notice: Notice) -> Result<Report, Error> {
        let mut signals = Signals::install().map_err(|cause| {
            Error::new(ErrorKind::Runtime, "could not listen for signals").because(cause)
        })?;
        let control = Control::default();
        let watch = tokio::spawn({
            let control = control.clone();
            async move {
                loop {
                    signals.next().await;
                    control.advance();
                }
            }
        });
        if let Some((before, now)) = descriptors::raise() {
            tracing::info!(target: "wharf::server", before, now, "raised the limit of open descriptors");
        }
        // A first signal during the start lets it come to its end, so that it can be undone in order.
        let outcome = match until(self.launch(control.clone(), notice), control.cut.fired()).await {
            Some(Ok(mut handle)) => handle.wait().await,
            Some(Err(error)) => Err(error),
            None => Err(Error::new(
                ErrorKind::Start,
                "the service was told to stop twice before it had started",
            )),
        };
        watch.abort();
        outcome
    }

    /// Everything up to the moment when all addresses listen.
    async fn launch(mut self, control: Control, notice: Notice) -> Result<ServerHandle, Error> {
        self.check().await?;
        self.serve
            .log_errors(ErrorLog::new().stderr(notice.to_stderr()));
        if self.listeners.is_empty() {
            self.listeners.push(Address::default().into());
        }
        let listeners = self
            .listeners
            .into_iter()
            .map(|listener| listener.or(&self.tcp, &self.unix))
            .collect();
        let service = self.serve.start().await.map_err(|cause| {
            Error::new(ErrorKind::Start, "the service did not start").because(cause)
        })?;
        let sockets = match listener::bind_all(listeners).await {
            Ok(sockets) => sockets,
            Err(error) => {
                if let Err(cause) = service.stop().await {
                    notice.warn(format_args!(
                        "the service did not stop properly: {}",
                        ErrorChain::new(&*cause)
                    ));
                }
                return Err(error);
            }
        };
        let locals: Vec<Local> = sockets
            .iter()
            .map(|socket| socket.local().clone())
            .collect();
        let shutdown = Shutdown {
            lead: self.lead,
            unready: self.unready,
            limit: self.timeouts.shutdown,
            signal: Signal::new(),
            cut: Signal::new(),
            tasks: Tasks::new(),
            notice,
        };
        let limit = connection_limit(self.limits.connections, notice);
        let stats = Stats::new();
        let config = ConnectionConfig::new(service)
            .timeouts(self.timeouts)
            .limits(self.limits)
            .http1(self.http1)
            .http2(self.http2)
            .access_log(self.access_log)
            .server_header(self.server_header)
            .stats(stats.clone())
            .abort(shutdown.cut.clone());
        let service = Arc::clone(config.service());
        let (signal, tasks) = (shutdown.signal.clone(), shutdown.tasks.clone());
        let arrival = Arrival::new(config, signal, tasks, notice);
        let acceptor = Acceptor::new(sockets, limit, notice, move |accepted| {
            arrival.serve(accepted)
        });
        self.banner.print(&locals);
        let outcome = tokio::spawn({
            let control = control.clone();
            async move { shutdown::serve(&*service, acceptor, shutdown, control).await }
        });
        Ok(ServerHandle::new(locals, control, stats, outcome))
    }
}

/// The connections that are wanted, or those that the system has descriptors for.
fn connection_limit(wanted: usize, notice: Notice) -> usize {
    let room = match descriptors::connections() {
        Some(room) if room < wanted => room,
        _ => return wanted,
    };
    // Few servers come near the default; a newcomer need not read of it before there is cause for concern.
    if room < wanted / 10 {
        notice.warn(format_args!(
            "at most {room} connections at a time instead of {wanted}: the limit of open descriptors allows no more"
        ));
    } else {
        tracing::info!(target: "wharf::server", room, wanted, "the limit of open descriptors allows fewer connections");
    }
    room
}
