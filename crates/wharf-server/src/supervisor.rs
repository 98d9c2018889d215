//! [`Supervisor`], what a running server is told and does about it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use wharf_http::Service;
use wharf_http::connection::Local;

use crate::error::{Error, ErrorKind};
use crate::handle::Board;
use crate::listener::{self, Inherited, Listener, ListenerId, OpenListener, TcpConfig, UnixConfig};
use crate::shutdown::{Control, Report, Shutdown, until};
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
}

enum Happening {
    Event(Event),
    Request(Request),
}

/// What a running server consists of.
pub(crate) struct Supervisor<S> {
    pub(crate) service: Arc<S>,
    pub(crate) crew: Crew<S>,
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
}

impl<S: Service> Supervisor<S> {
    /// Serves until it is told to end, then ends in order.
    pub(crate) async fn run(mut self) -> Result<Report, Error> {
        let begin = self.control.begin.clone();
        while until(self.step(), begin.fired()).await.is_some() {}
        let Self {
            service,
            crew,
            open,
            board,
            shutdown,
            control,
            ..
        } = self;
        let outcome = shutdown.run(&*service, crew, open, &control).await;
        board.set(Vec::new());
        outcome
    }

    /// Deals with one thing that happens.
    async fn step(&mut self) {
        let happening = poll_fn(|cx| {
            if let Poll::Ready(Some(event)) = self.events.poll_recv(cx) {
                return Poll::Ready(Happening::Event(event));
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
        }
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
        }
    }

    async fn listen(&mut self, listener: Listener) -> Result<Vec<ListenerId>, Error> {
        let listener = listener.or(&self.tcp, &self.unix);
        let listeners = vec![listener];
        listener::check(&listeners)?;
        let mut nothing = Inherited::default();
        let opened =
            listener::open_all(listeners, self.workers, &mut nothing, &mut self.next).await?;
        for open in &opened {
            self.crew.listen(open).map_err(|cause| {
                Error::new(
                    ErrorKind::Bind,
                    format!("the workers could not be given {}", open.label()),
                )
                .because(cause)
            })?;
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
pub(crate) fn listed(open: &[OpenListener]) -> Vec<(ListenerId, Local)> {
    open.iter()
        .map(|open| (open.id, open.local().clone()))
        .collect()
}
