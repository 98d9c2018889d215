//! [`Queue`]: what waits to be sent to one member.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wharf_http::ws::{CloseCode, Message};

use super::{RoomsConfig, SlowMember};

/// What waits to be sent to one member: bounded, and filled without waiting.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    most: usize,
    most_bytes: usize,
    policy: SlowMember,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Message>,
    bytes: usize,
    dropped: u64,
    /// The member was too slow, and is to be closed with this.
    over: Option<CloseCode>,
}

impl Queue {
    pub(super) fn new(config: &RoomsConfig) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            most: config.queue,
            most_bytes: config.queue_bytes,
            policy: config.slow_member,
        }
    }

    /// Adds a message, or does what the policy says when there is no room.
    pub(super) fn push(&self, message: &Message) {
        let length = message.as_bytes().len();
        let mut state = self.lock();
        if state.over.is_some() {
            return;
        }
        while !self.has_room(&state, length) {
            match self.policy {
                SlowMember::DropOldest => {
                    state.pop();
                    state.dropped += 1;
                }
                SlowMember::DropNewest => {
                    state.dropped += 1;
                    return;
                }
                SlowMember::Close(code) => {
                    state.dropped += state.waiting.len() as u64 + 1;
                    state.waiting = VecDeque::new();
                    state.bytes = 0;
                    state.over = Some(code);
                    drop(state);
                    self.changed.notify_one();
                    return;
                }
            }
        }
        state.bytes += length;
        state.waiting.push_back(message.clone());
        drop(state);
        self.changed.notify_one();
    }

    fn has_room(&self, state: &State, length: usize) -> bool {
        state.waiting.is_empty()
            || state.waiting.len() < self.most
                && state.bytes.saturating_add(length) <= self.most_bytes
    }

    /// Waits for the first message, or for the code with which the member is to be closed.
    pub(super) async fn pop(&self) -> Result<Message, CloseCode> {
        loop {
            {
                let mut state = self.lock();
                if let Some(code) = state.over {
                    return Err(code);
                }
                if let Some(message) = state.pop() {
                    return Ok(message);
                }
            }
            // Only the member itself waits, so that one permit is enough.
            self.changed.notified().await;
        }
    }

    /// Waits until the member was too slow.
    pub(super) async fn over(&self) -> CloseCode {
        loop {
            if let Some(code) = self.lock().over {
                return code;
            }
            self.changed.notified().await;
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pop(&mut self) -> Option<Message> {
        let message = self.waiting.pop_front()?;
        self.bytes -= message.as_bytes().len();
        if self.waiting.is_empty() {
            // Most members are idle most of the time.
            self.waiting = VecDeque::new();
        }
        Some(message)
    }
}
