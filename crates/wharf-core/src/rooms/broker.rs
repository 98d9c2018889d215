//! [`Broker`], what connects the rooms of several instances, and [`Envelope`], what goes through it.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use wharf_http::ws::{Message, Text};
use wharf_http::{BoxError, BoxFuture, Signal};

use super::Rooms;

/// Hands the broadcasts of one instance to all others, such as a server for publishing and subscribing.
///
/// What is handed over while an instance does not listen it does not get. An instance may get what it has published itself, and
/// ignores it.
pub trait Broker: Send + Sync + 'static {
    /// Publishes a message, which is opaque, for the members of a room.
    ///
    /// # Errors
    ///
    /// Why the message was not taken.
    fn publish(
        &self,
        room: &str,
        message: Bytes,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Gives `delivery` what all instances publish, until it fails or is dropped.
    ///
    /// # Errors
    ///
    /// Why no more comes. It is called again after a while.
    fn listen(&self, delivery: Delivery) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A broker behind a pointer.
pub(super) trait Erased: Send + Sync {
    fn publish<'a>(&'a self, room: &'a str, message: Bytes) -> BoxFuture<'a, Result<(), BoxError>>;
    fn listen(&self, delivery: Delivery) -> BoxFuture<'_, Result<(), BoxError>>;
}

impl<B: Broker> Erased for B {
    fn publish<'a>(&'a self, room: &'a str, message: Bytes) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(Broker::publish(self, room, message))
    }

    fn listen(&self, delivery: Delivery) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(Broker::listen(self, delivery))
    }
}

/// What a [`Broker`] gives the messages of other instances to.
pub struct Delivery {
    rooms: Rooms,
    started: Signal,
}

impl Delivery {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self {
            rooms,
            started: Signal::new(),
        }
    }

    pub(super) fn is_started(&self) -> Signal {
        self.started.clone()
    }

    /// Says that whatever is published from now on comes here.
    pub fn started(&self) {
        self.started.fire();
        self.rooms.inner.listening.fire();
    }

    /// Takes a message as it was published. What is not from wharf, or came from here, is ignored.
    pub fn message(&self, room: &str, message: Bytes) {
        if let Some(message) = Envelope::open(self.rooms.inner.instance, message) {
            self.rooms.deliver(room, &message);
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("rooms", &self.rooms)
            .finish_non_exhaustive()
    }
}

const VERSION: u8 = 1;
const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// A message on its way: a version, the sender in eight bytes, the kind, then the payload.
pub(super) enum Envelope {}

impl Envelope {
    pub(super) fn seal(instance: u64, message: &Message) -> Bytes {
        let payload = message.as_bytes();
        let mut envelope = BytesMut::with_capacity(10 + payload.len());
        envelope.put_u8(VERSION);
        envelope.put_u64(instance);
        envelope.put_u8(match message {
            Message::Text(_) => TEXT,
            _ => BINARY,
        });
        envelope.put_slice(payload);
        envelope.freeze()
    }

    /// Reads a message; `None` when it is malformed, or from `instance` itself.
    pub(super) fn open(instance: u64, mut envelope: Bytes) -> Option<Message> {
        let (head, _) = envelope.split_first_chunk::<10>()?;
        let [VERSION, sender @ .., kind] = *head else {
            return None;
        };
        if u64::from_be_bytes(sender) == instance {
            return None;
        }
        let payload = envelope.split_off(10);
        match kind {
            TEXT => Text::try_from(payload).ok().map(Message::Text),
            BINARY => Some(Message::Binary(payload)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_is_opened_by_all_others(text in ".{0,40}", bytes: Vec<u8>) {
            for message in [Message::from(text), Message::from(bytes)] {
                let sealed = Envelope::seal(7, &message);
                prop_assert_eq!(Envelope::open(8, sealed.clone()), Some(message));
                prop_assert_eq!(Envelope::open(7, sealed), None);
            }
        }

        #[test]
        fn any_bytes_are_a_message_or_none(bytes: Vec<u8>) {
            let _message = Envelope::open(7, bytes.into());
        }
    }
}
