use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use wharf_http::ws::{CloseCode, Message, WebSocket};

use super::Rooms;
use super::queue::Queue;

/// The name of a [`Member`] within its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u64);

impl MemberId {
    pub(super) fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A member of rooms: what is broadcast there waits in its queue. Dropping it leaves all rooms.
pub struct Member {
    rooms: Rooms,
    id: MemberId,
    queue: Arc<Queue>,
    joined: Vec<Arc<str>>,
}

/// A member had too many messages waiting, and is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow {
    code: CloseCode,
}

impl TooSlow {
    /// Returns the code with which the member is to be closed.
    #[must_use]
    pub fn code(&self) -> CloseCode {
        self.code
    }
}

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the member took its messages too slowly")
    }
}

impl std::error::Error for TooSlow {}

impl Member {
    pub(super) fn new(rooms: Rooms, id: MemberId, queue: Arc<Queue>) -> Self {
        Self {
            rooms,
            id,
            queue,
            joined: Vec::new(),
        }
    }

    /// Returns the name of the member, by which [`Rooms::send_to`] reaches it.
    #[must_use]
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// Joins another room; joining one twice does nothing.
    pub fn join(&mut self, room: &str) {
        if self.is_in(room) {
            return;
        }
        let room: Arc<str> = room.into();
        self.rooms.add(&room, self.id, &self.queue);
        self.joined.push(room);
    }

    /// Leaves a room; what was broadcast there before still arrives.
    pub fn leave(&mut self, room: &str) {
        if self.is_in(room) {
            self.rooms.remove(room, self.id);
            self.joined.retain(|joined| **joined != *room);
        }
    }

    /// Tells whether the member is in a room.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.joined.iter().any(|joined| **joined == *room)
    }

    /// Lists the rooms that the member is in, in the order of joining.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.joined.iter().map(|room| &**room)
    }

    /// Returns how many messages wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Returns how many messages the member has lost by being slow.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Waits for the next message that was broadcast.
    ///
    /// # Errors
    ///
    /// [`TooSlow`] once the queue was full under [`SlowMember::Close`](super::SlowMember::Close), and ever after.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future loses no message.
    pub async fn recv(&mut self) -> Result<Message, TooSlow> {
        self.queue.pop().await.map_err(|code| TooSlow { code })
    }

    /// Waits for the next message of the peer, and meanwhile sends it what is broadcast; `None` when the WebSocket has ended.
    ///
    /// A member that is [too slow](super::SlowMember::Close) leaves all rooms and is closed, and its WebSocket ends.
    ///
    /// # Errors
    ///
    /// Those of the WebSocket.
    ///
    /// # Cancel safety
    ///
    /// Safe for what is received. A message that is being sent when the future is dropped may be lost or arrive, as with
    /// [`WebSocket::send`].
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::rooms::Rooms;
    /// use wharf_core::ws::WebSocket;
    /// use wharf_http::BoxError;
    ///
    /// /// Hands all that somebody says to everybody in the lobby.
    /// async fn chat(mut socket: WebSocket, rooms: Rooms) -> Result<(), BoxError> {
    ///     let mut member = rooms.join("lobby");
    ///     while let Some(message) = member.relay(&mut socket).await? {
    ///         rooms.broadcast("lobby", message).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn relay(
        &mut self,
        socket: &mut WebSocket,
    ) -> Result<Option<Message>, wharf_http::ws::Error> {
        loop {
            let message = match first(socket.recv(), self.queue.pop()).await {
                First::Left(received) => return received,
                First::Right(Ok(message)) => message,
                First::Right(Err(code)) => return self.turn_away(socket, code).await,
            };
            match first(socket.send(message), self.queue.over()).await {
                First::Left(sent) => sent?,
                First::Right(code) => return self.turn_away(socket, code).await,
            }
        }
    }

    async fn turn_away(
        &mut self,
        socket: &mut WebSocket,
        code: CloseCode,
    ) -> Result<Option<Message>, wharf_http::ws::Error> {
        // Before the peer has agreed, which may take its time: nothing more is to be put aside for it.
        for room in std::mem::take(&mut self.joined) {
            self.rooms.remove(&room, self.id);
        }
        socket.close(code, "too many messages wait").await?;
        Ok(None)
    }
}

enum First<L, R> {
    Left(L),
    Right(R),
}

/// Waits for whichever of the two is ready first, and drops the other.
async fn first<L, R>(left: impl Future<Output = L>, right: impl Future<Output = R>) -> First<L, R> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx| {
        if let Poll::Ready(output) = left.as_mut().poll(cx) {
            return Poll::Ready(First::Left(output));
        }
        right.as_mut().poll(cx).map(First::Right)
    })
    .await
}

impl Drop for Member {
    fn drop(&mut self) {
        for room in &self.joined {
            self.rooms.remove(room, self.id);
        }
        self.rooms.forget(self.id);
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("id", &self.id)
            .field("rooms", &self.joined)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
