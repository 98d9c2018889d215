//! [`Supervisor`], what a running server is told and does about it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::Interval;
use wharf_http::BoxFuture;

use crate::erased::AnyService;
use crate::error::Error;
use crate::handle::{Board, Listed};
use crate::listener::{self, Inherited, Listener, ListenerId, OpenListener, TcpConfig, UnixConfig};
use crate::notify::Notify;
use crate::restart::{Program, Successor};
use crate::runtime::spawn;
use crate::shutdown::{Control, Report, Shutdown, until};
use crate::tls::{self, TlsConfig, Watch};
use crate::worker::{Crew, Event};

/// What the handle of a server asks of it.
#[derive(Debug)]
pub(crate) enum Request {
    /// Listen at one more place; the answer is its numbers.
    Listen(
        Box<Listener>,
        oneshot::Sender<Result<Vec<ListenerId>, Error>>,
    ),
    /// Stop listening there; the answer is whether it was listened there.
    Close(ListenerId, oneshot::Sender<bool>),
    /// Read again what may have changed.
    Reload(Option<oneshot::Sender<Result<(), Error>>>),
    /// Hand over to a new process; the answer is its number.
    Restart(Option<Answer>),
}

/// Who waits for the outcome of a restart.
type Answer = oneshot::Sender<Result<u32, Error>>;

/// A new process on its way up.
pub(crate) struct Succession {
    ready: BoxFuture<'static, Result<u32, Error>>,
    answers: Vec<Answer>,
}

enum Happening {
    Event(Event),
    Request(Request),
    Succession(Result<u32, Error>, Vec<Answer>),
}

/// What a running server consists of.
pub(crate) struct Supervisor {
    pub(crate) service: Arc<AnyService>,
    pub(crate) crew: Crew,
    pub(crate) open: Vec<OpenListener>,
    /// The number of the next listener.
    pub(crate) next: usize,
    pub(crate) tcp: TcpConfig,
    pub(crate) unix: UnixConfig,
    pub(crate) workers: usize,
    pub(crate) requests: UnboundedReceiver<Request>,
    pub(crate) events: UnboundedReceiver<Event>,
    /// Where the handle reads what is listened on.
    pub(crate) board: Arc<Board>,
    pub(crate) shutdown: Shutdown,
    pub(crate) control: Control,
    pub(crate) notify: Arc<Notify>,
    pub(crate) program: Option<Program>,
    pub(crate) restart_timeout: Duration,
    pub(crate) succession: Option<Succession>,
    /// The TLS of addresses that are written `tls:`.
    pub(crate) tls: Option<Arc<TlsConfig>>,
    /// All certificates in use.
    pub(crate) watch: Watch,
    /// Workers that are held up, and when the queues of such are looked at.
    pub(crate) relieving: Vec<usize>,
    pub(crate) relief: Interval,
    /// When the supervisor of the process is to be told that all is well.
    pub(crate) alive: Option<Interval>,
}

impl Supervisor {
    /// Serves until it is told to end, then ends in order.
    pub(crate) async fn run(mut self) -> Result<Report, Error> {
        let begin = self.control.begin.clone();
        while until(self.step(), begin.fired()).await.is_some() {}
        // Who ends it does not want another in its place.
        self.succession = None;
        if !self.control.handed_over.is_fired() {
            self.notify.stopping();
        }
        let Self {
            service,
            crew,
            open,
            board,
            shutdown,
            control,
            ..
        } = self;
        let outcome = shutdown.run(&service, crew, open, &control).await;
        board.set(Vec::new());
        outcome
    }

    /// Deals with one thing that happens.
    async fn step(&mut self) {
        let happening = poll_fn(|cx| {
            while !self.relieving.is_empty() && self.relief.poll_tick(cx).is_ready() {
                let (crew, open) = (&self.crew, &self.open);
                self.relieving.retain(|&index| crew.relieve(index, open));
            }
            while let Some(alive) = &mut self.alive
                && alive.poll_tick(cx).is_ready()
            {
                if !self.crew.is_stuck() {
                    self.notify.alive();
                }
            }
            if let Poll::Ready(Some(event)) = self.events.poll_recv(cx) {
                return Poll::Ready(Happening::Event(event));
            }
            if let Some(succession) = &mut self.succession
                && let Poll::Ready(outcome) = succession.ready.as_mut().poll(cx)
            {
                let answers = std::mem::take(&mut succession.answers);
                self.succession = None;
                return Poll::Ready(Happening::Succession(outcome, answers));
            }
            match self.requests.poll_recv(cx) {
                Poll::Ready(Some(request)) => Poll::Ready(Happening::Request(request)),
                // Nobody is left who could ask, or nobody asks.
                _ => Poll::Pending,
            }
        });
        match happening.await {
            Happening::Event(event) => self.replace(&event),
            Happening::Request(request) => self.answer(request).await,
            Happening::Succession(outcome, answers) => self.succeed(&outcome, answers),
        }
    }

    /// Starts a new process, unless one is on its way up already.
    fn restart(&mut self, answer: Option<Answer>) {
        if let Some(succession) = &mut self.succession {
            succession.answers.extend(answer);
            return;
        }
        match Successor::start(self.program.as_ref(), &self.open) {
            Ok(successor) => {
                self.shutdown
                    .notice
                    .info(format_args!("a new process is started to take over"));
                let limit = self.restart_timeout;
                self.succession = Some(Succession {
                    ready: Box::pin(async move { Ok(successor.ready(limit).await?.release()) }),
                    answers: answer.into_iter().collect(),
                });
            }
            Err(error) => self.succeed(&Err(error), answer.into_iter().collect()),
        }
    }

    /// Gives way to the new process, or serves on without it.
    fn succeed(&self, outcome: &Result<u32, Error>, answers: Vec<Answer>) {
        let notice = self.shutdown.notice;
        match outcome {
            Ok(process) => {
                notice.info(format_args!(
                    "process {process} has taken over; this one finishes its requests"
                ));
                self.control.handed_over.fire();
                self.control.begin.fire();
            }
            Err(error) => notice.warn(format_args!(
                "nothing has changed, since no new process took over: {error:#}"
            )),
        }
        for answer in answers {
            let outcome = match outcome {
                Ok(process) => Ok(*process),
                Err(error) => Err(Error::new(error.kind(), format!("{error:#}"))),
            };
            // Whoever asked may have gone.
            let _gone = answer.send(outcome);
        }
    }

    /// Reads again what may have changed since the start, in the background.
    fn reload(&self, answer: Option<oneshot::Sender<Result<(), Error>>>) {
        let (watch, notify) = (self.watch.clone(), Arc::clone(&self.notify));
        let notice = self.shutdown.notice;
        let _in_the_background = spawn(Box::pin(async move {
            notify.reloading();
            let reloaded = watch.reload().await;
            notify.ready(false);
            match (answer, reloaded) {
                // Whoever asked may have gone.
                (Some(answer), reloaded) => drop(answer.send(reloaded)),
                (None, Ok(())) => notice.info(format_args!("read again what may have changed")),
                (None, Err(error)) => notice.warn(format_args!(
                    "nothing has changed, since what was read cannot be used: {error:#}"
                )),
            }
        }));
    }

    fn replace(&mut self, event: &Event) {
        let notice = self.shutdown.notice;
        let index = match *event {
            Event::Worn(index) => {
                notice.info(format_args!(
                    "worker {index} has served its requests and is replaced"
                ));
                index
            }
            Event::Gone(index) => {
                notice.warn(format_args!("worker {index} has died and is replaced"));
                index
            }
            Event::HeldUp(index) => {
                self.relieving.push(index);
                return;
            }
        };
        let replaced = self.crew.replace(index, &self.open);
        self.board.set_loads(self.crew.loads());
        if let Err(error) = replaced {
            notice.warn(format_args!(
                "worker {index} could not be replaced: {error:#}"
            ));
        }
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Listen(listener, answer) => {
                let opened = self.listen(*listener).await;
                // Whoever asked may have gone; the listener stays all the same.
                let _gone = answer.send(opened);
            }
            Request::Close(id, answer) => {
                let at = self.open.iter().position(|open| open.id == id);
                if let Some(at) = at {
                    self.crew.close(id).await;
                    for accepted in self.open.remove(at).close() {
                        self.crew.serve(accepted);
                    }
                    self.publish();
                }
                let _gone = answer.send(at.is_some());
            }
            Request::Restart(answer) => self.restart(answer),
            Request::Reload(answer) => self.reload(answer),
        }
    }

    async fn listen(&mut self, listener: Listener) -> Result<Vec<ListenerId>, Error> {
        let listener = listener.or(&self.tcp, &self.unix);
        let mut listeners = vec![listener];
        listener::check(&listeners)?;
        tls::prepare(&mut listeners, self.tls.as_ref(), &self.watch)?;
        let mut nothing = Inherited::default();
        let opened =
            listener::open_all(listeners, self.workers, &mut nothing, &mut self.next).await?;
        for open in &opened {
            self.crew.listen(open)?;
        }
        let ids = opened.iter().map(|open| open.id).collect();
        self.open.extend(opened);
        self.publish();
        Ok(ids)
    }

    fn publish(&self) {
        self.board.set(listed(&self.open));
    }
}

/// Returns what is listened on.
pub(crate) fn listed(open: &[OpenListener]) -> Vec<Listed> {
    open.iter()
        .map(|open| Listed {
            id: open.id,
            local: open.local().clone(),
            url: open.site.url(),
        })
        .collect()
}
