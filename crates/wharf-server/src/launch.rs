//! From a [`Server`] that was described to one that runs: on the caller's runtime, or on its own until it is signalled.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use wharf_http::{BoxFuture, ErrorChain, Serve, Service, Signal, Tasks};

use crate::arrival::Arrival;
use crate::banner::Banner;
use crate::conn::ConnectionConfig;
use crate::develop::Develop;
use crate::erased::{AnyServe, AnyService};
use crate::error::{Error, ErrorKind};
use crate::handle::{Board, ServerHandle};
use crate::health::{Health, HealthDesk};
use crate::listener::{self, Inherited, Listener, OpenListener};
use crate::notice::Notice;
use crate::notify::Notify;
use crate::options::Options;
use crate::pid_file::PidFile;
use crate::restart::Program;
use crate::server::{Server, checked};
use crate::shutdown::{Control, Report, Shutdown, until};
use crate::signals::{Signals, Told};
use crate::supervisor::{self, Request, Supervisor};
use crate::tls::{self, Watch};
use crate::watchdog::{self, Describe, Kennel, Watchdog};
use crate::worker::{Crew, Event, Plan, Workers};
use crate::{descriptors, restart, runtime};

/// How often the queue of a worker that is held up is looked at.
const RELIEF: Duration = Duration::from_millis(20);

/// After how long a worker that is held up is reported while the service is being debugged.
const DEBUG_WARNING: Duration = Duration::from_millis(100);

impl<S: Serve> Server<S> {
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
        self.launch().start().await
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
        let ran = self.launch().run_or_develop(None)?;
        Ok(ran.unwrap_or_default())
    }

    /// Forgets what it is that is served.
    pub(crate) fn launch(self) -> Launch {
        Launch {
            serve: AnyServe::new(self.serve),
            options: self.options,
        }
    }
}

/// A server that is about to serve.
pub(crate) struct Launch {
    serve: AnyServe,
    pub(crate) options: Options,
}

impl Launch {
    /// Serves on the runtime of the caller.
    fn start(self) -> BoxFuture<'static, Result<ServerHandle, Error>> {
        Box::pin(async {
            runtime::require()?;
            let around = Around {
                notice: Notice::new(false),
                threads: self.options.workers.clone(),
                inherited: Inherited::from_env(),
                program: Program::current(),
                notify: Notify::default(),
            };
            let (ask, requests) = unbounded_channel();
            self.launch(around, Control::default(), ask, requests).await
        })
    }

    /// Finds out what is wrong, without starting anything.
    pub(crate) async fn check(&mut self) -> Result<(), Error> {
        self.options.check()?;
        checked(self.serve.check().await)
    }

    /// Serves, or has children do it that are replaced when something changes; these are asked for nothing of the kind.
    pub(crate) fn run_or_develop(
        mut self,
        develop: Option<Develop>,
    ) -> Result<Option<Report>, Error> {
        self.options.access_log = self.options.access_log.stderr(true);
        if matches!(self.options.banner, Banner::ByCaller) {
            self.options.banner = Banner::Stdout;
        }
        let around = Around {
            notice: Notice::new(true),
            threads: Some(self.options.workers.clone().unwrap_or_default()),
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
        listener::check(&self.options.listeners)?;
        let listeners = self.options.take_listeners();
        let open = opening(listeners, 1, &mut around.inherited, &mut 0).await?;
        developing(develop, open, self.options.restart_timeout, around.notice).await
    }

    async fn run_until_signalled(self, around: Around) -> Result<Report, Error> {
        let signals = Signals::install().map_err(|cause| {
            Error::new(ErrorKind::Runtime, "could not listen for signals").because(cause)
        })?;
        let control = Control::default();
        let (ask, requests) = unbounded_channel();
        let watch = spawn_obeying(signals, control.clone(), ask.clone());
        if let Some((before, now)) = descriptors::raise() {
            tracing::info!(target: "wharf::server", before, now, "raised the limit of open descriptors");
        }
        let pid_file = self.options.pid_file.clone();
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
    ///
    /// In a box: it is large, and whatever holds it would be compiled for its size.
    fn launch(
        self,
        around: Around,
        control: Control,
        ask: UnboundedSender<Request>,
        requests: UnboundedReceiver<Request>,
    ) -> BoxFuture<'static, Result<ServerHandle, Error>> {
        Box::pin(self.launch_unboxed(around, control, ask, requests))
    }

    async fn launch_unboxed(
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
        let mut error_log = std::mem::take(&mut self.options.error_log);
        if notice.to_stderr() {
            error_log = error_log.stderr(true);
        }
        self.serve.log_errors(error_log.clone());
        let mut listeners = self.options.take_listeners();
        let watch = Watch::default();
        let tls = self.options.tls_in_force()?;
        tls::replace(&mut listeners, self.options.tls.as_ref(), tls.as_ref());
        tls::prepare(&mut listeners, tls.as_ref(), &watch)?;
        let service = self.serve.start().await.map_err(|cause| {
            Error::new(ErrorKind::Start, "the service did not start").because(cause)
        })?;
        let shutdown = Shutdown {
            lead: self.options.lead,
            unready: self.options.unready,
            limit: self.options.timeouts.shutdown,
            cut: Signal::new(),
            tasks: Tasks::new(),
            notice,
        };
        let stats = self.options.stats.with_routes(service.route_count());
        let workers = threads.as_ref().map_or(1, Workers::number);
        let limit = connection_limit(self.options.limits.connections, workers, notice);
        let (tell, events) = unbounded_channel();
        let describe: Describe = {
            let service = Arc::clone(&service);
            Arc::new(move |number| service.describe_route(number))
        };
        let watchdog = self
            .options
            .watchdog
            .unwrap_or_else(|| usual(service.is_debug()));
        let kennel = match threads {
            Some(_) => watched(watchdog, &describe, notice, &tell),
            None => Arc::default(),
        };
        let config = ConnectionConfig::new(Arc::clone(&service))
            .timeouts(self.options.timeouts)
            .limits(self.options.limits)
            .http1(self.options.http1)
            .http2(self.options.http2)
            .access_log(self.options.access_log)
            .error_log(error_log)
            .server_header(self.options.server_header)
            .health(self.options.health.clone().map(|health| HealthDesk {
                health,
                everywhere: self.options.health_everywhere,
                kennel: Arc::clone(&kennel),
            }))
            .trusted_proxies(self.options.trusted_proxies)
            .forwarded_by(self.options.forwarded_by)
            .stats(stats.clone())
            .abort(shutdown.cut.clone())
            .handed_over(control.handed_over.clone());
        let plan = Plan {
            kennel,
            arrival: Arrival::new(config, shutdown.tasks.clone()),
            threads,
            limit,
            notice,
            events: tell,
        };
        if let Some(health) = &self.options.health {
            health.follow(&shutdown.unready);
            if inherited.is_successor() {
                // Before it accepts. Whoever waits for this process has a limit of its own.
                health.passed().await;
            }
        }
        let mut next = 0;
        let opened = open(listeners, plan, &mut inherited, &mut next).await;
        let (open, crew) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                stop(&service, notice).await;
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
        self.options.banner.print(&urls);
        let health = self.options.health.map(spawn_health);
        let is_successor = restart::tell_ready(&mut inherited);
        notify.ready(is_successor);
        let supervisor = Supervisor {
            service,
            crew,
            open,
            next,
            tcp: self.options.tcp,
            unix: self.options.unix,
            workers,
            requests,
            events,
            board: Arc::clone(&board),
            shutdown,
            control: control.clone(),
            alive: notify.watchdog_interval().map(tokio::time::interval),
            notify: Arc::new(notify),
            program,
            restart_timeout: self.options.restart_timeout,
            succession: None,
            relieving: Vec::new(),
            relief: tokio::time::interval(RELIEF),
            tls,
            watch: watch.clone(),
        };
        let outcome = spawn_serving(Box::pin(async move {
            // Looked after for as long as the server runs.
            let looking = spawn_watch(supervisor.watch.clone(), notice);
            let outcome = supervisor.run().await;
            looking.abort();
            if let Some(health) = health {
                health.abort();
            }
            outcome
        }));
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

fn spawn_serving(
    work: BoxFuture<'static, Result<Report, Error>>,
) -> JoinHandle<Result<Report, Error>> {
    tokio::spawn(work)
}

fn spawn_health(health: Health) -> JoinHandle<()> {
    runtime::spawn(Box::pin(health.run()))
}

fn spawn_watch(watch: Watch, notice: Notice) -> JoinHandle<()> {
    runtime::spawn(Box::pin(watch.run(notice)))
}

fn spawn_obeying(
    signals: Signals,
    control: Control,
    ask: UnboundedSender<Request>,
) -> JoinHandle<()> {
    runtime::spawn(Box::pin(obey(signals, control, ask)))
}

fn developing(
    develop: Develop,
    open: Vec<OpenListener>,
    limit: Duration,
    notice: Notice,
) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(develop.run(open, limit, notice))
}

fn opening<'a>(
    listeners: Vec<Listener>,
    workers: usize,
    inherited: &'a mut Inherited,
    next: &'a mut usize,
) -> BoxFuture<'a, Result<Vec<OpenListener>, Error>> {
    Box::pin(listener::open_all(listeners, workers, inherited, next))
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

/// Stops a service that did not come to serve.
async fn stop(service: &AnyService, notice: Notice) {
    if let Err(cause) = service.stop().await {
        notice.warn(format_args!(
            "the service did not stop properly: {}",
            ErrorChain::new(&*cause)
        ));
    }
}

/// Returns the watchdog of a server that has been told of none.
fn usual(is_debug: bool) -> Watchdog {
    match is_debug {
        true => Watchdog::new().warn_after(DEBUG_WARNING),
        false => Watchdog::new(),
    }
}

/// Starts to watch; the workers are yet to come.
fn watched(
    watchdog: Watchdog,
    describe: &Describe,
    notice: Notice,
    events: &UnboundedSender<Event>,
) -> Arc<Kennel> {
    let watch = watchdog::Watch {
        watchdog,
        describe: Arc::clone(describe),
        notice,
        events: events.clone(),
    };
    watch.start()
}

/// Opens all listeners and starts the workers that accept from them.
async fn open(
    listeners: Vec<Listener>,
    plan: Plan,
    inherited: &mut Inherited,
    next: &mut usize,
) -> Result<(Vec<OpenListener>, Crew), Error> {
    let open = opening(listeners, plan.count(), inherited, next).await?;
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
