//! [`RedisStore`]: sessions that several instances share by a Redis server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Client, Cmd, FromRedisValue, RedisError, cmd};
use bytes::Bytes;
use tokio::sync::Mutex;
use wharf_http::BoxError;

use super::{Replaced, SessionStore, Stored};
use crate::session::SessionKey;

/// The version in eight bytes is in front of the session.
const VERSION_LENGTH: usize = 8;

/// Compares the version and sets the value; Redis does nothing else meanwhile.
const REPLACE: &str = "\
local old = redis.call('GET', KEYS[1])
if not old then return 0 end
if string.sub(old, 1, 8) ~= ARGV[1] then return 1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 2";

/// Keeps sessions in a Redis server: for several instances. Cheap to clone; clones share the connection.
///
/// Each session is one value under `wharf:session:` and its key, and Redis removes it when its time is over. There is one connection,
/// made when it is first needed and made anew when it is lost. Give the server a `maxmemory-policy` that suits: `volatile-ttl` has
/// those go first that would go first anyway.
///
/// # Examples
///
/// ```
/// use wharf_core::session::{RedisStore, Sessions};
///
/// # fn example() -> Result<(), wharf_core::BoxError> {
/// let sessions = Sessions::<u32>::new(RedisStore::new("redis://127.0.0.1/")?);
/// # drop(sessions);
/// # Ok(()) }
/// # example().unwrap();
/// ```
#[derive(Clone)]
pub struct RedisStore {
    client: Client,
    prefix: String,
    connection: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl RedisStore {
    /// Names a server by its URL, such as `redis://user:password@redis.test:6379/0`; nothing is connected yet.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL.
    pub fn new(url: &str) -> Result<Self, BoxError> {
        Ok(Self {
            client: Client::open(url)?,
            prefix: "wharf:session:".to_owned(),
            connection: Arc::default(),
        })
    }

    /// Sets what the names of values begin with: services that share a server, but no sessions, need different ones.
    ///
    /// Default: `wharf:session:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    fn name(&self, key: &SessionKey) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Asks over the connection that is there, or a new one; and once more if it was lost, perhaps long ago.
    async fn ask<R: FromRedisValue>(&self, question: &Cmd) -> Result<R, BoxError> {
        match self.ask_once(question).await {
            Err(error) if error.is_io_error() || error.is_connection_dropped() => {
                Ok(self.ask_once(question).await?)
            }
            answer => Ok(answer?),
        }
    }

    async fn ask_once<R: FromRedisValue>(&self, question: &Cmd) -> Result<R, RedisError> {
        let connection = self.connection.lock().await.clone();
        let mut connection = match connection {
            Some(connection) => connection,
            None => {
                let opened = self.client.get_multiplexed_async_connection().await?;
                self.connection.lock().await.insert(opened).clone()
            }
        };
        let answer = question.query_async(&mut connection).await;
        if let Err(error) = &answer
            && (error.is_io_error() || error.is_connection_dropped() || error.is_timeout())
        {
            *self.connection.lock().await = None;
        }
        answer
    }
}

impl SessionStore for RedisStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, BoxError> {
        let value: Option<Vec<u8>> = self.ask(cmd("GET").arg(self.name(key))).await?;
        let value = Bytes::from(value.unwrap_or_default());
        let stored = value.split_first_chunk().map(|(version, _)| {
            Stored::new(u64::from_be_bytes(*version), value.slice(VERSION_LENGTH..))
        });
        Ok(stored)
    }

    async fn insert(&self, key: &SessionKey, data: Bytes, keep: Duration) -> Result<(), BoxError> {
        let mut command = cmd("SET");
        command.arg(self.name(key)).arg(value(1, &data));
        self.ask(command.arg("PX").arg(milliseconds(keep))).await
    }

    async fn replace(
        &self,
        key: &SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> Result<Replaced, BoxError> {
        let mut command = cmd("EVAL");
        command.arg(REPLACE).arg(1).arg(self.name(key));
        command.arg(&version.to_be_bytes()[..]);
        command.arg(value(version.wrapping_add(1), &data));
        match self.ask(command.arg(milliseconds(keep))).await? {
            0_u8 => Ok(Replaced::Gone),
            1 => Ok(Replaced::Changed),
            _ => Ok(Replaced::Done),
        }
    }

    async fn remove(&self, key: &SessionKey) -> Result<(), BoxError> {
        self.ask(cmd("DEL").arg(self.name(key))).await
    }
}

fn value(version: u64, data: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(VERSION_LENGTH + data.len());
    value.extend_from_slice(&version.to_be_bytes());
    value.extend_from_slice(data);
    value
}

/// Redis takes no time of zero, and none that ends after its own.
fn milliseconds(keep: Duration) -> u64 {
    let century = 100 * 365 * 86_400 * 1_000;
    u64::try_from(keep.as_millis()).map_or(century, |keep| keep.clamp(1, century))
}

impl fmt::Debug for RedisStore {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
