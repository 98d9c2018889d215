//! [`Server`], what listens and serves until it is told to stop, and its builder.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wharf_http::error::ErrorLog;
use wharf_http::{ErrorChain, Serve, Service, Signal, Tasks};

use crate::access_log::AccessLog;
use crate::arrival::Arrival;
use crate::banner::Banner;
use crate::config::{Http1Config, Http2Config, Limits, Timeouts};
use crate::conn::{ConnectionConfig, ForwardedBy};
use crate::develop::Develop;
use crate::error::{Error, ErrorKind};
use crate::handle::{Board, ServerHandle};
use crate::health::{Health, HealthDesk};
use crate::listener::{self, Address, Inherited, Listener, OpenListener, TcpConfig, UnixConfig};
use crate::notice::Notice;
use crate::notify::Notify;
use crate::pid_file::PidFile;
use crate::restart::Program;
use crate::settings::Settings;
use crate::shutdown::{Control, Report, Shutdown, until};
use crate::signals::{Signals, Told};
use crate::stats::Stats;
use crate::supervisor::{self, Request, Supervisor};
use crate::tls::{self, TlsConfig, Watch};
use crate::trust::TrustedProxies;
use crate::watchdog::{self, Describe, Watchdog};
use crate::worker::{Crew, Plan, Workers};
use crate::{descriptors, restart, runtime};

/// How often the queue of a worker that is held up is looked at.
const RELIEF: Duration = Duration::from_millis(20);

/// After how long a worker that is held up is reported while the service is being debugged.
const DEBUG_WARNING: Duration = Duration::from_millis(100);

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
    pub(crate) listeners: Vec<Listener>,
    /// The first one that was given.
    pub(crate) tls: Option<Arc<TlsConfig>>,
    /// The files of a certificate and its key that came from outside.
    pub(crate) tls_files: (Option<PathBuf>, Option<PathBuf>),
    pub(crate) tcp: TcpConfig,
    pub(crate) unix: UnixConfig,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(crate) http1: Http1Config,
    pub(crate) http2: Http2Config,
    pub(crate) access_log: AccessLog,
    pub(crate) server_header: Option<HeaderValue>,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) forwarded_by: ForwardedBy,
    pub(crate) banner: Banner,
    pub(crate) lead: Duration,
    unready: Signal,
    pub(crate) workers: Option<Workers>,
    pub(crate) watchdog: Option<Watchdog>,
    pub(crate) health: Option<Health>,
    pub(crate) health_everywhere: bool,
    pub(crate) restart_timeout: Duration,
    pub(crate) pid_file: Option<PathBuf>,
}

impl<S: Serve> Server<S> {
    /// Creates a server with the default limits that listens on `127.0.0.1:8080` unless it is told otherwise.
    pub fn new(serve: S) -> Self {
        Self {
            serve,
            listeners: Vec::new(),
            tls: None,
            tls_files: (None, None),
            tcp: TcpConfig::new(),
            unix: UnixConfig::new(),
            timeouts: Timeouts::new(),
            limits: Limits::new(),
            http1: Http1Config::new(),
            http2: Http2Config::new(),
            access_log: AccessLog::new(),
            server_header: None,
            trusted_proxies: TrustedProxies::new(),
            forwarded_by: ForwardedBy::default(),
            banner: Banner::default(),
            lead: Duration::ZERO,
            unready: Signal::new(),
            workers: None,
            watchdog: None,
            health: None,
            health_everywhere: false,
            restart_timeout: Duration::from_secs(60),
            pid_file: None,
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

    /// Sets how many workers serve, each with a thread and a runtime of its own: a number, or [`Workers`].
    ///
    /// Default: one for each core from [`run`](Self::run); none from [`start`](Self::start), which then serves on the
    /// runtime of the caller.
    pub fn workers(mut self, workers: impl Into<Workers>) -> Self {
        self.workers = Some(workers.into());
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
        self.health = Some(health);
        self.health_everywhere = true;
        self
    }

    /// Lets the health of the process be asked for on a listener of its own, and nothing else there; see
    /// [`health`](Self::health). On the other listeners the paths belong to the service.
    pub fn health_on(mut self, listener: impl Into<Listener>, health: Health) -> Self {
        let mut listener = listener.into();
        listener.health_alone = true;
        self.health = Some(health);
        self.listen(listener)
    }

    /// Sets what happens when a worker's loop does not turn, such as when a handler blocks.
    ///
    /// Without effect where the runtime of the caller serves.
    ///
    /// Default: a warning after a second, which names the route; after a tenth of one when the service is being debugged.
    pub fn watchdog(mut self, watchdog: Watchdog) -> Self {
        self.watchdog = Some(watchdog);
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
        self.trusted_proxies = trusted.into();
        self
    }

    /// Sets which header fields of trusted proxies say who their client is.
    ///
    /// Default: [`ForwardedBy::XForwarded`], which is what most proxies are set up to send.
    pub fn forwarded_by(mut self, by: ForwardedBy) -> Self {
        self.forwarded_by = by;
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

    /// Sets how long a new process may take to serve when this one is to hand over to it; see
    /// [`ServerHandle::restart`].
    ///
    /// Default: 60 seconds. A process that takes longer is ended, and this one serves on.
    pub fn restart_timeout(mut self, limit: Duration) -> Self {
        self.restart_timeout = limit;
        self
    }

    /// Sets a file for the number of the process, for scripts that send it signals. [`run`](Self::run) writes it when
    /// all addresses listen, and removes it at the end unless a successor has written its own.
    ///
    /// Default: `None`, no such file.
    pub fn pid_file(mut self, path: impl Into<Option<PathBuf>>) -> Self {
        self.pid_file = path.into();
        self
    }

    /// Applies what the program was told from outside; what is not set there stays as it is.
    ///
    /// Addresses replace those that were added before. What [`Settings`] say of the call of a program, such as
    /// [`Settings::check`] and the wish for help, is the caller's to act on, or that of [`run_with`](Self::run_with).
    pub fn settings(mut self, settings: Settings) -> Self {
        settings.apply(&mut self.in_force());
        self
    }

    /// Finds out whether the server could start: whether addresses, options and certificates make sense, and what the
    /// service says. Nothing is bound.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub async fn check(&mut self) -> Result<(), Error> {
        self.check_options()?;
        self.serve
            .check()
            .await
            .map_err(|cause| Error::new(ErrorKind::Check, "the check failed").because(cause))
    }

    /// The part of [`check`](Self::check) that does not ask the service.
    pub(crate) fn check_options(&self) -> Result<(), Error> {
        listener::check(&self.listeners)?;
        self.tls_in_force()
            .and_then(|tls| tls::check(&self.listeners, tls.as_ref()))?;
        self.unix.check()?;
        self.workers.as_ref().map_or(Ok(()), Workers::check)?;
        self.trusted_proxies.check()
    }

    /// Checks and starts the service, binds all addresses, and serves on the caller's tokio runtime, or with
    /// [`workers`](Self::workers) on theirs. The service itself is started on the caller's in either case.
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
        runtime::require()?;
        let around = Around {
            notice: Notice::new(false),
            threads: self.workers.clone(),
            inherited: Inherited::from_env(),
            program: Program::current(),
            notify: Notify::default(),
        };
        let (ask, requests) = unbounded_channel();
        self.launch(around, Control::default(), ask, requests).await
    }

    /// Serves until the process gets SIGINT or SIGTERM: requests on workers, by default one for each core, and what the
    /// service does beside them on a runtime that outlives the workers.
    ///
    /// The first of these signals ends the server in order, the second skips the wait for running requests, the third
    /// the wait for the service. SIGUSR2 hands over to a new process, see [`ServerHandle::restart`]; SIGHUP reads again
    /// what may have changed, see [`ServerHandle::reload`], unless standard error is a terminal: then the terminal was
    /// closed, and the server ends. The soft limit of open descriptors is raised to the hard one.
    ///
    /// # Errors
    ///
    /// Why it did not start, or why the service could not be stopped properly. Also when it is called within a tokio
    /// runtime; await [`start`](Self::start) there.
    pub fn run(self) -> Result<Report, Error> {
        let ran = self.run_or_develop(None)?;
        Ok(ran.unwrap_or_default())
    }

    /// Serves, or has children do it that are replaced when something changes; these are asked for nothing of the kind.
    pub(crate) fn run_or_develop(
        mut self,
        develop: Option<Develop>,
    ) -> Result<Option<Report>, Error> {
        self.access_log = self.access_log.stderr(true);
        if matches!(self.banner, Banner::ByCaller) {
            self.banner = Banner::Stdout;
        }
        let around = Around {
            notice: Notice::new(true),
            threads: Some(self.workers.clone().unwrap_or_default()),
            // Before there is any other thread that could read the environment while it is changed.
            inherited: Inherited::from_env(),
            program: Program::current(),
            notify: Notify::from_env(),
        };
        match develop.filter(|_| !around.inherited.is_successor()) {
            Some(develop) => {
                runtime::block_on(self.develop(develop, around))??;
                Ok(None)
            }
            None => Ok(Some(runtime::block_on(self.run_until_signalled(around))??)),
        }
    }

    async fn develop(mut self, develop: Develop, mut around: Around) -> Result<(), Error> {
        listener::check(&self.listeners)?;
        let listeners = self.take_listeners();
        let open = listener::open_all(listeners, 1, &mut around.inherited, &mut 0).await?;
        develop.run(open, self.restart_timeout, around.notice).await
    }

    /// Returns the TLS of addresses that are written `tls:`: that of files from outside, or that of the program.
    fn tls_in_force(&self) -> Result<Option<Arc<TlsConfig>>, Error> {
        match &self.tls_files {
            (None, None) => Ok(self.tls.clone()),
            (Some(certificate), Some(key)) => tls::of_files(certificate, key).map(Some),
            _ => Err(Error::new(
                ErrorKind::Settings,
                "a certificate needs its key and a key its certificate: give both --tls-certificate and --tls-key",
            )),
        }
    }

    /// Returns what is to be listened on, with all options.
    fn take_listeners(&mut self) -> Vec<Listener> {
        if self.listeners.iter().all(|listener| listener.health_alone) {
            self.listeners.insert(0, Address::default().into());
        }
        std::mem::take(&mut self.listeners)
            .into_iter()
            .map(|listener| listener.or(&self.tcp, &self.unix))
            .collect()
    }

    async fn run_until_signalled(self, around: Around) -> Result<Report, Error> {
        let signals = Signals::install().map_err(|cause| {
            Error::new(ErrorKind::Runtime, "could not listen for signals").because(cause)
        })?;
        let control = Control::default();
        let (ask, requests) = unbounded_channel();
        let watch = tokio::spawn(obey(signals, control.clone(), ask.clone()));
        if let Some((before, now)) = descriptors::raise() {
            tracing::info!(target: "wharf::server", before, now, "raised the limit of open descriptors");
        }
        let pid_file = self.pid_file.clone();
        // A first signal during the start lets it come to its end, so that it can be undone in order.
        let launch = self.launch(around, control.clone(), ask, requests);
        let outcome = match until(launch, control.cut.fired()).await {
            Some(Ok(mut handle)) => match pid_file.as_deref().map(PidFile::write).transpose() {
                Ok(_removed_at_the_end) => handle.wait().await,
                Err(error) => {
                    control.begin.fire();
                    handle.wait().await.and(Err(error))
                }
            },
            Some(Err(error)) => Err(error),
            None => Err(Error::new(
                ErrorKind::Start,
                "the service was told to stop twice before it had started",
            )),
        };
        watch.abort();
        outcome
    }

    /// Everything up to the moment when all addresses listen. Without threads it serves on the caller's runtime.
    async fn launch(
        mut self,
        around: Around,
        control: Control,
        ask: UnboundedSender<Request>,
        requests: UnboundedReceiver<Request>,
    ) -> Result<ServerHandle, Error> {
        let Around {
            notice,
            threads,
            mut inherited,
            program,
            notify,
        } = around;
        self.check().await?;
        self.serve
            .log_errors(ErrorLog::new().stderr(notice.to_stderr()));
        let mut listeners = self.take_listeners();
        let watch = Watch::default();
        let tls = self.tls_in_force()?;
        tls::replace(&mut listeners, self.tls.as_ref(), tls.as_ref());
        tls::prepare(&mut listeners, tls.as_ref(), &watch)?;
        let service = self.serve.start().await.map_err(|cause| {
            Error::new(ErrorKind::Start, "the service did not start").because(cause)
        })?;
        let service = Arc::new(service);
        let shutdown = Shutdown {
            lead: self.lead,
            unready: self.unready,
            limit: self.timeouts.shutdown,
            cut: Signal::new(),
            tasks: Tasks::new(),
            notice,
        };
        let stats = Stats::new().with_routes(service.route_count());
        let workers = threads.as_ref().map_or(1, Workers::number);
        let limit = connection_limit(self.limits.connections, workers, notice);
        let (tell, events) = unbounded_channel();
        let describe: Describe = {
            let service = Arc::clone(&service);
            Arc::new(move |number| service.describe_route(number))
        };
        let watchdog = match (self.watchdog, service.is_debug()) {
            (Some(watchdog), _) => watchdog,
            (None, true) => Watchdog::new().warn_after(DEBUG_WARNING),
            (None, false) => Watchdog::new(),
        };
        let kennel = if threads.is_some() {
            let watch = watchdog::Watch {
                watchdog,
                describe: Arc::clone(&describe),
                notice,
                events: tell.clone(),
            };
            watch.start()
        } else {
            Arc::default()
        };
        let config = ConnectionConfig::new(Arc::clone(&service))
            .timeouts(self.timeouts)
            .limits(self.limits)
            .http1(self.http1)
            .http2(self.http2)
            .access_log(self.access_log)
            .server_header(self.server_header)
            .health(self.health.clone().map(|health| HealthDesk {
                health,
                everywhere: self.health_everywhere,
                kennel: Arc::clone(&kennel),
            }))
            .trusted_proxies(self.trusted_proxies)
            .forwarded_by(self.forwarded_by)
            .stats(stats.clone())
            .abort(shutdown.cut.clone())
            .handed_over(control.handed_over.clone());
        let plan = Plan {
            kennel,
            arrival: Arrival::new(config, shutdown.tasks.clone(), notice),
            threads,
            limit,
            notice,
            events: tell,
        };
        let mut next = 0;
        let opened = open(listeners, plan, &mut inherited, &mut next).await;
        let (open, crew) = match opened {
            Ok(opened) => opened,
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
        for name in inherited.left() {
            notice.warn(format_args!(
                "the process was given a socket named `{name}` that no address asks for; `systemd:{name}` would"
            ));
        }
        let board = Arc::new(Board::new(describe));
        board.set(supervisor::listed(&open));
        board.set_loads(crew.loads());
        let urls: Vec<String> = open.iter().map(|open| open.site.url()).collect();
        self.banner.print(&urls);
        if let Some(health) = &self.health {
            health.follow(&shutdown.unready);
            if inherited.is_successor() {
                // Whoever waits for this process has a limit of its own.
                health.passed().await;
            }
        }
        let health = self.health.map(|health| tokio::spawn(health.run()));
        let is_successor = restart::tell_ready(&mut inherited);
        notify.ready(is_successor);
        let supervisor = Supervisor {
            service,
            crew,
            open,
            next,
            tcp: self.tcp,
            unix: self.unix,
            workers,
            requests,
            events,
            board: Arc::clone(&board),
            shutdown,
            control: control.clone(),
            alive: notify.watchdog_interval().map(tokio::time::interval),
            notify: Arc::new(notify),
            program,
            restart_timeout: self.restart_timeout,
            succession: None,
            relieving: Vec::new(),
            relief: tokio::time::interval(RELIEF),
            tls,
            watch: watch.clone(),
        };
        let outcome = tokio::spawn(async move {
            // Looked after for as long as the server runs.
            let looking = tokio::spawn(supervisor.watch.clone().run(notice));
            let outcome = supervisor.run().await;
            looking.abort();
            if let Some(health) = health {
                health.abort();
            }
            outcome
        });
        Ok(ServerHandle::new(
            board, ask, control, stats, watch, outcome,
        ))
    }
}

/// What surrounds a server: how it was started, and whom it tells.
struct Around {
    notice: Notice,
    threads: Option<Workers>,
    inherited: Inherited,
    program: Option<Program>,
    notify: Notify,
}

/// Does what the signals of the process say.
async fn obey(mut signals: Signals, control: Control, ask: UnboundedSender<Request>) {
    // A terminal sends the same signal when it is closed.
    let in_terminal = std::io::stderr().is_terminal();
    loop {
        // The server may have ended meanwhile, and not listen any more.
        match signals.next().await {
            Told::Stop => control.advance(),
            Told::Reload if in_terminal => control.advance(),
            Told::Reload => {
                let _ended = ask.send(Request::Reload(None));
            }
            Told::Restart => {
                let _ended = ask.send(Request::Restart(None));
            }
        }
    }
}

/// Opens all listeners and starts the workers that accept from them.
async fn open<S: Service>(
    listeners: Vec<Listener>,
    plan: Plan<S>,
    inherited: &mut Inherited,
    next: &mut usize,
) -> Result<(Vec<OpenListener>, Crew<S>), Error> {
    let open = listener::open_all(listeners, plan.count(), inherited, next).await?;
    let crew = Crew::start(plan)?;
    for open in &open {
        crew.listen(open)?;
    }
    Ok((open, crew))
}

/// The connections that are wanted for each worker, or those that the system has descriptors for.
fn connection_limit(wanted: usize, workers: usize, notice: Notice) -> usize {
    let room = match descriptors::connections(workers) {
        Some(room) if room / workers < wanted => room,
        _ => return wanted,
    };
    let wanted = wanted.saturating_mul(workers);
    // Few servers come near the default; a newcomer need not read of it before there is cause for concern.
    if room < wanted / 10 {
        notice.warn(format_args!(
            "at most {room} connections at a time instead of {wanted}: the limit of open descriptors allows no more"
        ));
    } else {
        tracing::info!(target: "wharf::server", room, wanted, "the limit of open descriptors allows fewer connections");
    }
    (room / workers).max(1)
}
