//! Rooms: groups of WebSockets, and messages for all in one of them.
//!
//! ~~~text
//! broadcast ─▶ room ─▶ queue of each member ─▶ relay ─▶ WebSocket
//!     └─▶ Broker ─▶ the rooms of other instances
//! ~~~
//!
//! [`Rooms`] is the registry, a [`Member`] one WebSocket in it. A broadcast only puts the message, of which there is one copy,
//! into the queues of the members and never waits for any of them: what becomes of a member that is slow is decided by
//! [`SlowMember`]. With a [`Broker`] a broadcast reaches the members of all instances of a service; `RedisBroker` (feature
//! `redis`) is one.

mod broker;
mod config;
mod member;
mod queue;
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
mod tests;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::RedisBroker;
pub use broker::{Broker, Delivery};
pub use config::{RoomsConfig, SlowMember};
pub use member::{Member, MemberId, TooSlow};

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use wharf_http::ws::Message;
use wharf_http::{BoxError, ErrorChain, Signal};

use self::broker::{Envelope, Erased};
use self::queue::Queue;

/// How long to wait after the first failure of a broker; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long to wait at most.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Groups of WebSockets. Cheap to clone; clones share the groups.
///
/// An app [provides](crate::App::provide) it as state. A room exists while somebody is in it.
///
/// # Examples
///
/// ```
/// use wharf_core::rooms::Rooms;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let rooms = Rooms::new();
/// let mut ann = rooms.join("harbour");
/// let ben = rooms.join("harbour");
/// assert_eq!(rooms.count("harbour"), 2);
///
/// drop(ben);
/// assert_eq!(rooms.broadcast("harbour", "high tide").await?, 1);
/// assert_eq!(ann.recv().await?.as_text(), Some("high tide"));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Rooms {
    inner: Arc<Inner>,
}

struct Inner {
    config: RoomsConfig,
    registry: RwLock<Registry>,
    next: AtomicU64,
    broker: Option<Box<dyn Erased>>,
    /// By which an instance knows its own messages when the broker returns them.
    instance: u64,
    listening: Signal,
}

#[derive(Default)]
struct Registry {
    rooms: HashMap<Arc<str>, HashMap<MemberId, Arc<Queue>>>,
    members: HashMap<MemberId, Arc<Queue>>,
}

impl Rooms {
    /// Creates rooms with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(RoomsConfig::new())
    }

    /// Creates rooms with other settings.
    #[must_use]
    pub fn with_config(config: RoomsConfig) -> Self {
        Self::build(config, None)
    }

    /// Creates rooms that share their broadcasts with other instances of the service; [`listen`](Self::listen) has to run.
    #[must_use]
    pub fn with_broker(config: RoomsConfig, broker: impl Broker) -> Self {
        Self::build(config, Some(Box::new(broker)))
    }

    fn build(config: RoomsConfig, broker: Option<Box<dyn Erased>>) -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self {
            inner: Arc::new(Inner {
                config,
                registry: RwLock::default(),
                next: AtomicU64::new(0),
                broker,
                // The keys of a hasher are random, and differ from process to process.
                instance: RandomState::new().hash_one(std::process::id()),
                listening: Signal::new(),
            }),
        }
    }

    /// Adds a member that is in no room yet.
    #[must_use]
    pub fn enter(&self) -> Member {
        let id = MemberId::new(self.inner.next.fetch_add(1, Ordering::Relaxed));
        let queue = Arc::new(Queue::new(&self.inner.config));
        self.write().members.insert(id, Arc::clone(&queue));
        Member::new(self.clone(), id, queue)
    }

    /// Adds a member that is in one room. It leaves when it is dropped.
    #[must_use]
    pub fn join(&self, room: &str) -> Member {
        let mut member = self.enter();
        member.join(room);
        member
    }

    /// Puts a message into the queue of every member of a room, here and, with a broker, in all instances; returns how many
    /// members that are here.
    ///
    /// It does not wait for members. With a broker it waits until that has the message.
    ///
    /// # Errors
    ///
    /// What kept the broker from taking the message; the members that are here get it all the same.
    ///
    /// # Cancel safety
    ///
    /// The members that are here get the message when the future is first polled; dropping it later may keep it from others.
    pub async fn broadcast(
        &self,
        room: &str,
        message: impl Into<Message>,
    ) -> Result<usize, BoxError> {
        let message = message.into();
        let count = self.deliver(room, &message);
        if let Some(broker) = &self.inner.broker {
            let envelope = Envelope::seal(self.inner.instance, &message);
            broker.publish(room, envelope).await?;
        }
        Ok(count)
    }

    /// Puts a value, encoded as JSON once, into the queue of every member of a room, like [`broadcast`](Self::broadcast).
    ///
    /// # Errors
    ///
    /// Why the value cannot be encoded, and those of [`broadcast`](Self::broadcast).
    ///
    /// # Cancel safety
    ///
    /// As with [`broadcast`](Self::broadcast).
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn broadcast_json<T: serde_core::Serialize + Sync>(
        &self,
        room: &str,
        value: &T,
    ) -> Result<usize, BoxError> {
        use wharf_http::json::{JsonCodec, SerdeJson};
        let text = String::from_utf8(SerdeJson::encode(value)?)?;
        self.broadcast(room, text).await
    }

    /// Puts a message into the queue of one member of this instance; tells whether there is such a member.
    pub fn send_to(&self, member: MemberId, message: impl Into<Message>) -> bool {
        let message = message.into();
        let registry = self.read();
        let queue = registry.members.get(&member);
        queue.inspect(|queue| queue.push(&message)).is_some()
    }

    /// Returns how many members of this instance are in a room.
    #[must_use]
    pub fn count(&self, room: &str) -> usize {
        self.read().rooms.get(room).map_or(0, HashMap::len)
    }

    /// Returns how many members this instance has, in whatever rooms.
    #[must_use]
    pub fn members(&self) -> usize {
        self.read().members.len()
    }

    /// Lists the rooms that members of this instance are in, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let registry = self.read();
        let mut names: Vec<String> = registry.rooms.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    /// Passes on what other instances broadcast, until it is dropped; without a broker it does nothing, for ever.
    ///
    /// An app has it run as a [task](crate::App::task): `app.task("rooms", move |_| rooms.listen())`. When the broker fails it is tried
    /// again after 100 milliseconds, then after twice as long each time, at most 10 seconds; what is broadcast elsewhere
    /// meanwhile does not arrive.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping it ends the listening.
    pub fn listen(&self) -> impl Future<Output = ()> + Send + use<> {
        let rooms = self.clone();
        async move {
            let Some(broker) = &rooms.inner.broker else {
                return std::future::pending().await;
            };
            let mut wait = FIRST_WAIT;
            loop {
                let delivery = Delivery::new(rooms.clone());
                let started = delivery.is_started();
                let ended = broker.listen(delivery).await;
                if started.is_fired() {
                    wait = FIRST_WAIT;
                }
                match ended {
                    Ok(()) => tracing::warn!("the broker of the rooms has ended, trying again"),
                    Err(error) => tracing::warn!(
                        error = %ErrorChain::new(error.as_ref()),
                        "the broker of the rooms failed, trying again in {wait:?}"
                    ),
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }

    /// Waits until [`listen`](Self::listen) has reached the broker for the first time.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future loses nothing.
    pub async fn listening(&self) {
        self.inner.listening.fired().await;
    }

    /// Puts a message into the queues of the members that are here.
    fn deliver(&self, room: &str, message: &Message) -> usize {
        let registry = self.read();
        let Some(members) = registry.rooms.get(room) else {
            return 0;
        };
        for queue in members.values() {
            queue.push(message);
        }
        members.len()
    }

    /// Adds a member to a room, unless it is there already.
    fn add(&self, room: &Arc<str>, id: MemberId, queue: &Arc<Queue>) {
        let mut registry = self.write();
        let members = registry.rooms.entry(Arc::clone(room)).or_default();
        members.insert(id, Arc::clone(queue));
    }

    /// Takes a member out of a room.
    fn remove(&self, room: &str, id: MemberId) {
        let mut registry = self.write();
        if let Some(members) = registry.rooms.get_mut(room) {
            members.remove(&id);
            if members.is_empty() {
                registry.rooms.remove(room);
            }
        }
    }

    /// Forgets a member.
    fn forget(&self, id: MemberId) {
        self.write().members.remove(&id);
    }

    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        let registry = &self.inner.registry;
        registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        let registry = &self.inner.registry;
        registry.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registry = self.read();
        f.debug_struct("Rooms")
            .field("rooms", &registry.rooms.len())
            .field("members", &registry.members.len())
            .finish_non_exhaustive()
    }
}
