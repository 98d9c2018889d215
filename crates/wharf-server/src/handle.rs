//! [`ServerHandle`], the way to a server that is running.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wharf_http::Signal;
use wharf_http::connection::Local;

use crate::error::{Error, ErrorKind};
use crate::listener::{Listener, ListenerId};
use crate::shutdown::{Control, Report};
use crate::stats::Stats;
use crate::supervisor::Request;
use crate::tls::Watch;
use crate::watchdog::Describe;
use crate::worker::Load;

/// What a running server shows of itself.
pub(crate) struct Board {
    shown: Mutex<Shown>,
    describe: Describe,
}

#[derive(Debug, Default)]
pub(crate) struct Shown {
    listeners: Vec<Listed>,
    loads: Vec<Arc<Load>>,
}

/// One listener as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: ListenerId,
    pub(crate) local: Local,
    pub(crate) url: String,
}

impl Board {
    pub(crate) fn new(describe: Describe) -> Self {
        Self {
            shown: Mutex::default(),
            describe,
        }
    }

    pub(crate) fn set(&self, listeners: Vec<Listed>) {
        self.lock().listeners = listeners;
    }

    pub(crate) fn set_loads(&self, loads: Vec<Arc<Load>>) {
        self.lock().loads = loads;
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to a server that is running.
///
/// Dropping it tells the server to stop, in order and in the background: call [`wait`](Self::wait) or
/// [`shutdown`](Self::shutdown) to know when it has.
#[must_use = "dropping the handle stops the server"]
pub struct ServerHandle {
    board: Arc<Board>,
    requests: UnboundedSender<Request>,
    control: Control,
    stats: Stats,
    #[cfg_attr(
        not(feature = "tls-core"),
        expect(dead_code, reason = "its twin has nothing to give")
    )]
    pub(crate) tls: Watch,
    outcome: Option<JoinHandle<Result<Report, Error>>>,
}

impl ServerHandle {
    pub(crate) fn new(
        board: Arc<Board>,
        requests: UnboundedSender<Request>,
        control: Control,
        stats: Stats,
        tls: Watch,
        outcome: JoinHandle<Result<Report, Error>>,
    ) -> Self {
        Self {
            board,
            requests,
            control,
            stats,
            tls,
            outcome: Some(outcome),
        }
    }

    /// Returns what the server listens on, with the ports that the system chose; nothing when it has stopped.
    ///
    /// The order is that of the builder; a name can stand for several addresses.
    #[must_use]
    pub fn locals(&self) -> Vec<Local> {
        let listeners = self.listeners();
        listeners.into_iter().map(|(_, local)| local).collect()
    }

    /// Returns the listeners with their numbers, and what each is bound to.
    #[must_use]
    pub fn listeners(&self) -> Vec<(ListenerId, Local)> {
        let board = self.board.lock();
        let listed = board.listeners.iter();
        listed
            .map(|listed| (listed.id, listed.local.clone()))
            .collect()
    }

    /// Adds a listener to the running server, and returns its number, or several when a name stands for several
    /// addresses. It has the options of the server where it has none of its own.
    ///
    /// # Errors
    ///
    /// Why it could not be bound, and that the server is stopping. Nothing has changed then.
    ///
    /// # Cancel safety
    ///
    /// The listener may be added all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use wharf_http::{Context, Request, Response, service::service_fn};
    /// # use wharf_server::Server;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # let hello = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
    /// let server = Server::new(hello).bind("127.0.0.1:0").start().await?;
    /// let admin = server.listen("127.0.0.1:0").await?;
    /// assert_eq!(server.addrs().len(), 2);
    /// assert!(server.close_listener(admin[0]).await);
    /// assert_eq!(server.addrs().len(), 1);
    /// # server.shutdown().await?;
    /// # Ok::<(), wharf_server::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn listen(&self, listener: impl Into<Listener>) -> Result<Vec<ListenerId>, Error> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Listen(Box::new(listener.into()), answer);
        self.ask(request, answered).await.unwrap_or_else(|| {
            let message = "the server is stopping and listens no more";
            Err(Error::new(ErrorKind::Bind, message))
        })
    }

    /// Closes a listener of the running server; returns whether there was one of that number.
    ///
    /// Who waits in its queue is served still, and connections that came by it live on.
    ///
    /// # Cancel safety
    ///
    /// The listener is closed all the same.
    pub async fn close_listener(&self, id: ListenerId) -> bool {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Close(id, answer), answered)
            .await
            .unwrap_or(false)
    }

    /// Hands over to a new process of the same program, with the arguments and in the folder that this one was started
    /// with; returns its number when it serves. Then this server ends in order.
    ///
    /// The new process is given all listening sockets as they are, runs its check, enters its resources and accepts from
    /// the same queues, so that no connection is refused or reset. The program is looked for where it was when it was
    /// started: what is there by now is run. A listener that was made of a socket of the program's own is not taken over
    /// by itself, since the program binds it before the server can look for it.
    ///
    /// # Errors
    ///
    /// Why no new process serves, such as that its check failed or that it took longer than
    /// [`Server::restart_timeout`](crate::Server::restart_timeout): it was ended, and this server serves on as if nothing
    /// had happened. Also where the system cannot hand sockets to a child.
    ///
    /// # Cancel safety
    ///
    /// The restart goes on.
    pub async fn restart(&self) -> Result<u32, Error> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Restart(Some(answer));
        self.ask(request, answered).await.unwrap_or_else(|| {
            let message = "the server is stopping and starts no other";
            Err(Error::new(ErrorKind::Restart, message))
        })
    }

    /// Reads again what may have changed since the start.
    ///
    /// # Errors
    ///
    /// What could not be read, or makes no sense: the server goes on with what it had. Also when it is stopping.
    ///
    /// # Cancel safety
    ///
    /// It is read all the same.
    pub async fn reload(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Reload(Some(answer));
        self.ask(request, answered).await.unwrap_or_else(|| {
            let message = "the server is stopping and reads nothing any more";
            Err(Error::new(ErrorKind::Settings, message))
        })
    }

    /// Asks the server; `None` when it is stopping.
    async fn ask<T>(&self, request: Request, answered: oneshot::Receiver<T>) -> Option<T> {
        self.requests.send(request).ok()?;
        answered.await.ok()
    }

    /// Returns how many requests each route is dealing with at this moment, as the service describes the routes. Routes
    /// that have nothing to do, and requests without a route, are left out.
    #[must_use]
    pub fn in_flight_by_route(&self) -> Vec<(String, u64)> {
        let by_route = self.stats.in_flight_by_route().into_iter();
        by_route
            .map(|(number, running)| {
                let route = (self.board.describe)(number);
                (route.unwrap_or_else(|| format!("route {number}")), running)
            })
            .collect()
    }

    /// Returns how many workers are held up at this moment, as the [`Watchdog`](crate::Watchdog) sees it.
    #[must_use]
    pub fn workers_held_up(&self) -> usize {
        let board = self.board.lock();
        board.loads.iter().filter(|load| load.is_stuck()).count()
    }

    /// Returns how many connections each worker has, in the order of their numbers.
    #[must_use]
    pub fn connections_by_worker(&self) -> Vec<usize> {
        let board = self.board.lock();
        board.loads.iter().map(|load| load.connections()).collect()
    }

    /// Returns the TCP addresses among [`locals`](Self::locals).
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.locals()
            .into_iter()
            .filter_map(|local| match local {
                Local::Tcp(addr) => Some(addr),
                _ => None,
            })
            .collect()
    }

    /// Returns a URL for each of [`locals`](Self::locals), as the banner prints it.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let board = self.board.lock();
        let listed = board.listeners.iter();
        listed.map(|listed| listed.url.clone()).collect()
    }

    /// Returns the live counters.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Returns the signal that tells the server to stop in order. A clone of it can be fired from anywhere.
    #[must_use]
    pub fn shutdown_signal(&self) -> &Signal {
        &self.control.begin
    }

    /// Tells the server to stop in order, and returns at once.
    pub fn begin_shutdown(&self) {
        self.control.begin.fire();
    }

    /// Tells the server to stop without waiting for running requests, and returns at once.
    pub fn cut(&self) {
        self.control.begin.fire();
        self.control.cut.fire();
    }

    /// Waits until the server has stopped, whoever told it to.
    ///
    /// # Errors
    ///
    /// What the service could not close. Also when it is called again after it has returned.
    ///
    /// # Cancel safety
    ///
    /// Safe: the server goes on, and the call can be made again.
    pub async fn wait(&mut self) -> Result<Report, Error> {
        let Some(outcome) = &mut self.outcome else {
            return Err(Error::new(
                ErrorKind::Runtime,
                "the outcome of the server was taken by an earlier call",
            ));
        };
        let outcome = outcome.await;
        self.outcome = None;
        outcome.unwrap_or_else(|cause| {
            Err(
                Error::new(ErrorKind::Runtime, "the server was ended by its runtime")
                    .because(cause),
            )
        })
    }

    /// Stops the server in order and waits until it has stopped.
    ///
    /// New connections are refused, idle ones closed; running requests may finish within the time that
    /// [`Timeouts::shutdown`](crate::Timeouts::shutdown) allows; then the service is stopped.
    ///
    /// # Errors
    ///
    /// What the service could not close.
    ///
    /// # Cancel safety
    ///
    /// Safe: the server stops all the same.
    pub async fn shutdown(mut self) -> Result<Report, Error> {
        self.begin_shutdown();
        self.wait().await
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.control.begin.fire();
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("urls", &self.urls())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
