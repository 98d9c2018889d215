//! [`RedisBroker`]: the rooms of several instances, connected by a Redis server.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncCommands, Client, RedisError};
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::Mutex;
use wharf_http::BoxError;

use super::{Broker, Delivery};

/// Connects the rooms of several instances by publishing and subscribing at a Redis server.
///
/// Each instance has two connections, made when they are first needed and made anew when they are lost, and gets the messages
/// of all rooms. A message for room `harbour` goes through the channel `wharf:rooms:harbour`.
///
/// # Examples
///
/// ```no_run
/// use wharf_core::App;
/// use wharf_core::rooms::{RedisBroker, Rooms, RoomsConfig};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let broker = RedisBroker::new("redis://127.0.0.1/")?;
/// let rooms = Rooms::with_broker(RoomsConfig::new(), broker);
/// let app = App::new().provide(rooms.clone()).task("rooms", move |_| rooms.listen());
/// # Ok(()) }
/// ```
pub struct RedisBroker {
    client: Client,
    prefix: String,
    publishing: Mutex<Option<MultiplexedConnection>>,
}

impl RedisBroker {
    /// Names a server by its URL, such as `redis://user:password@redis.test:6379/0`; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL.
    pub fn new(url: &str) -> Result<Self, BoxError> {
        Ok(Self {
            client: Client::open(url)?,
            prefix: "wharf:rooms:".to_owned(),
            publishing: Mutex::default(),
        })
    }

    /// Sets what the names of channels begin with: services that share a server, but no rooms, need different ones.
    ///
    /// Default: `wharf:rooms:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Publishes once, over the connection that is there or a new one.
    async fn publish_once(&self, channel: &str, message: &[u8]) -> Result<(), RedisError> {
        let connection = self.publishing.lock().await.clone();
        let mut connection = match connection {
            Some(connection) => connection,
            None => {
                let opened = self.client.get_multiplexed_async_connection().await?;
                self.publishing.lock().await.insert(opened).clone()
            }
        };
        let published = connection.publish::<_, _, ()>(channel, message).await;
        if published.is_err() {
            *self.publishing.lock().await = None;
        }
        published
    }
}

impl Broker for RedisBroker {
    async fn publish(&self, room: &str, message: Bytes) -> Result<(), BoxError> {
        let channel = format!("{}{room}", self.prefix);
        match self.publish_once(&channel, &message).await {
            // The connection may have been lost long ago; nobody has the message then.
            Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                Ok(self.publish_once(&channel, &message).await?)
            }
            published => Ok(published?),
        }
    }

    async fn listen(&self, delivery: Delivery) -> Result<(), BoxError> {
        let mut subscription = self.client.get_async_pubsub().await?;
        subscription
            .psubscribe(format!("{}*", escaped(&self.prefix)))
            .await?;
        delivery.started();
        let mut messages = pin!(subscription.on_message());
        while let Some(message) = poll_fn(|cx| messages.as_mut().poll_next(cx)).await {
            if let Some(room) = message.get_channel_name().strip_prefix(&self.prefix) {
                delivery.message(room, Bytes::copy_from_slice(message.get_payload_bytes()));
            }
        }
        Ok(())
    }
}

/// Takes from the characters of a pattern what they mean there.
fn escaped(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len());
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

impl fmt::Debug for RedisBroker {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBroker")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
