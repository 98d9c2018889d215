//! [`Crew`], all workers of a server, as the supervisor sees them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::sleep;
use wharf_http::Signal;

use super::balance::{Balance, Seat};
use super::thread::Thread;
use super::{Command, Event, Load, Neighbours, Workers};
use crate::accept::Acceptor;
use crate::arrival::Arrival;
use crate::error::{Error, ErrorKind};
use crate::listener::{ListenerId, OpenListener, RawAccepted};
use crate::notice::Notice;
use crate::runtime::spawn;
use crate::shutdown::until;
use crate::watchdog::{Kennel, Pulse};

/// How long a worker may take to close its listeners before it counts as held up.
const ANSWER: Duration = Duration::from_millis(200);

/// How long threads may take to end when nothing is left to do; one that is held up never does.
const LEFT_OVER: Duration = Duration::from_millis(500);

/// How workers are made.
pub(crate) struct Plan {
    pub(crate) arrival: Arrival,
    /// `None` serves on the runtime of the caller, as one worker.
    pub(crate) threads: Option<Workers>,
    /// How many connections each may have.
    pub(crate) limit: usize,
    pub(crate) notice: Notice,
    /// Where workers are watched.
    pub(crate) kennel: Arc<Kennel>,
    pub(crate) events: UnboundedSender<Event>,
}

impl Plan {
    /// Returns how many workers there are.
    pub(crate) fn count(&self) -> usize {
        self.threads.as_ref().map_or(1, Workers::number)
    }
}

/// All workers of a server. Dropping it tells them to end at once.
pub(crate) struct Crew {
    plan: Plan,
    balance: Arc<Balance>,
    members: Vec<Member>,
    /// Replaced ones that still have connections.
    leaving: Vec<Member>,
    /// Fires when nothing that still runs on the workers is wanted any more.
    end: Signal,
}

/// One worker.
struct Member {
    commands: UnboundedSender<Command>,
    load: Arc<Load>,
    /// Tells its connections that they are to end soon.
    shutdown: Signal,
    /// Fires when its last connection has ended.
    ended: Signal,
    /// Fires when its thread has ended.
    gone: Signal,
}

impl Member {
    fn tell(&self, command: Command) {
        // One that is gone has nothing left to do.
        let _gone = self.commands.send(command);
    }
}

impl Crew {
    /// Starts all workers; none accepts yet.
    pub(crate) fn start(plan: Plan) -> Result<Self, Error> {
        let mut crew = Self {
            balance: Arc::default(),
            members: Vec::new(),
            leaving: Vec::new(),
            end: Signal::new(),
            plan,
        };
        for index in 0..crew.plan.count() {
            let member = crew.hire(index)?;
            crew.members.push(member);
        }
        Ok(crew)
    }

    fn hire(&self, index: usize) -> Result<Member, Error> {
        let (commands, receiver) = unbounded_channel();
        let member = Member {
            commands: commands.clone(),
            load: Arc::default(),
            shutdown: Signal::new(),
            ended: Signal::new(),
            gone: Signal::new(),
        };
        let plan = &self.plan;
        let worn = plan.threads.as_ref().and_then(Workers::next_limit);
        // The runtime of the caller has no loop of which it could be told whether it turns.
        let pulse = plan.threads.as_ref().map(|_| Arc::<Pulse>::default());
        let shutdown = member.shutdown.clone();
        let (arrival, worn) = plan.arrival.of_worker(index, shutdown, worn, pulse.clone());
        let mut acceptor = Acceptor::new(
            Arc::new(arrival),
            receiver,
            Arc::clone(&member.load),
            plan.limit,
            plan.notice,
        );
        if let Some(threads) = &plan.threads {
            if threads.number() > 1 {
                acceptor.balance(Neighbours::new(Arc::clone(&self.balance), index));
            }
            acceptor.tell_when_worn(worn, {
                let events = plan.events.clone();
                move || {
                    // Nobody is left to replace it when the supervisor is gone.
                    let _gone = events.send(Event::Worn(index));
                }
            });
            let pulse = pulse.unwrap_or_default();
            plan.kennel.add(index, &pulse, &member.load);
            Thread {
                index,
                acceptor,
                pulse,
                end: self.end.clone(),
                ended: member.ended.clone(),
                gone: member.gone.clone(),
                events: plan.events.clone(),
                affinity: threads.affinity,
                notice: plan.notice,
            }
            .spawn()?;
        } else {
            let ended = FireOnDrop(member.ended.clone(), member.gone.clone());
            spawn(Box::pin(async move {
                acceptor.run().await;
                drop(acceptor);
                drop(ended);
            }));
        }
        let load = Arc::clone(&member.load);
        self.balance.set(index, Seat { load, commands });
        Ok(member)
    }

    /// Lets all workers accept from a listener.
    pub(crate) fn listen(&self, open: &OpenListener) -> Result<(), Error> {
        // All handles first, so that it is all or nothing.
        let shares: Vec<_> = (0..self.members.len())
            .map(|index| open.share(index, self.members.len()))
            .collect::<Result<_, _>>()
            .map_err(|cause| {
                let message = format!("the workers could not be given {}", open.label());
                Error::new(ErrorKind::Bind, message).because(cause)
            })?;
        for (member, share) in self.members.iter().zip(shares) {
            member.tell(Command::Listen(open.id, Arc::clone(&open.site), share));
        }
        Ok(())
    }

    /// Lets no worker accept from a listener any more, or from any; returns when none does.
    ///
    /// A worker whose thread is held up does not answer, and is not waited for: the supervisor empties its queue.
    pub(crate) async fn close(&self, id: impl Into<Option<ListenerId>>) {
        let id = id.into();
        let mut done = Vec::new();
        for member in &self.members {
            let (tell, told) = oneshot::channel();
            member.tell(Command::Close(id, tell));
            done.push(told);
        }
        let all = async {
            for told in done {
                let _dropped = told.await;
            }
        };
        let _all = until(all, sleep(ANSWER)).await;
    }

    /// Gives a connection that was accepted elsewhere to the worker that has the fewest.
    pub(crate) fn serve(&self, accepted: RawAccepted) {
        let lightest = self
            .members
            .iter()
            .min_by_key(|member| (member.load.is_stuck(), member.load.connections()));
        if let Some(member) = lightest {
            member.load.add();
            member.tell(Command::Serve(accepted));
        }
    }

    /// Lets others serve who waits in the queue of a worker that is held up; returns whether it still is.
    pub(crate) fn relieve(&self, index: usize, open: &[OpenListener]) -> bool {
        let Some(member) = self
            .members
            .get(index)
            .filter(|member| member.load.is_stuck())
        else {
            return false;
        };
        if self.members.iter().all(|other| other.load.is_stuck()) {
            // Nobody could do better, and whoever is free first takes them out of the queue.
            return member.load.is_stuck();
        }
        for open in open {
            for accepted in open.drain(index, self.members.len()) {
                self.serve(accepted);
            }
        }
        true
    }

    /// Replaces a worker that is worn or gone.
    pub(crate) fn replace(&mut self, index: usize, open: &[OpenListener]) -> Result<(), Error> {
        let count = self.members.len();
        let member = self.hire(index)?;
        for open in open {
            match open.share(index, count) {
                Ok(share) => {
                    member.tell(Command::Listen(open.id, Arc::clone(&open.site), share));
                }
                Err(cause) => self.plan.notice.warn(format_args!(
                    "worker {index} could not be given a listener: {cause}"
                )),
            }
        }
        let old = std::mem::replace(&mut self.members[index], member);
        let (tell, _nobody_waits) = oneshot::channel();
        old.tell(Command::Close(None, tell));
        old.shutdown.fire();
        old.tell(Command::Finish);
        self.leaving.retain(|member| !member.ended.is_fired());
        self.leaving.push(old);
        Ok(())
    }

    /// Tells all connections to end soon, and all workers to end with their last one.
    pub(crate) fn finish(&self) {
        for member in self.everybody() {
            member.shutdown.fire();
            member.tell(Command::Finish);
        }
    }

    /// Waits until no worker has a connection any more; [`finish`](Self::finish) comes first.
    pub(crate) async fn ended(&self) {
        for member in self.everybody() {
            member.ended.fired().await;
        }
    }

    /// Drops all connections that do not notice that they were cut.
    pub(crate) fn abort(&self) {
        for member in self.everybody() {
            member.tell(Command::Abort);
        }
    }

    /// Returns how many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.everybody()
            .map(|member| member.load.connections())
            .sum()
    }

    /// Tells whether the thread of a worker is held up.
    pub(crate) fn is_stuck(&self) -> bool {
        self.members.iter().any(|member| member.load.is_stuck())
    }

    /// Returns how many connections each worker has.
    pub(crate) fn loads(&self) -> Vec<Arc<Load>> {
        self.members
            .iter()
            .map(|member| Arc::clone(&member.load))
            .collect()
    }

    /// Ends all threads and what still runs there; waits a moment for them.
    pub(crate) async fn dismiss(self) {
        self.end.fire();
        let gone = async {
            for member in self.everybody() {
                member.gone.fired().await;
            }
        };
        let _held_up = until(gone, sleep(LEFT_OVER)).await;
    }

    fn everybody(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().chain(&self.leaving)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in self.members.iter().chain(&self.leaving) {
            member.shutdown.fire();
            member.tell(Command::Abort);
            member.tell(Command::Finish);
        }
        self.end.fire();
    }
}

struct FireOnDrop(Signal, Signal);

impl Drop for FireOnDrop {
    fn drop(&mut self) {
        self.0.fire();
        self.1.fire();
    }
}
