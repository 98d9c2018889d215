//! Compression of what is sent (RFC 7692 §7.2.1).

use std::sync::Arc;

use flate2::{Compress, FlushCompress};

use super::super::config::WebSocketConfig;
use super::super::frame::Role;
use super::pool::Pool;
use super::{Agreed, Direction, LEAST_POSSIBLE};

pub(in crate::ws) struct Deflater {
    direction: Direction,
    level: u32,
    min_size: usize,
    pool: Arc<Pool>,
    /// The context, where one is kept.
    kept: Option<Box<Compress>>,
}

/// What ends each message, and goes without saying (RFC 7692 §7.2.1).
pub(super) const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

impl Deflater {
    pub(in crate::ws) fn new(agreed: Agreed, role: Role, config: &WebSocketConfig) -> Self {
        let config = config.deflate.clone().unwrap_or_default();
        Self {
            direction: agreed.ours(role),
            level: config.level,
            min_size: config.min_size,
            pool: config.pool,
            kept: None,
        }
    }

    /// Tells whether a message is to be compressed.
    pub(in crate::ws) fn takes(&self, message: &[u8]) -> bool {
        // A window that is too small for us does not oblige us to compress.
        let able = self.direction.bits >= LEAST_POSSIBLE;
        able && message.len() >= self.min_size.max(1)
    }

    /// Compresses a whole message; `None` when it is better sent as it is.
    pub(in crate::ws) fn deflate(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if !self.takes(message) {
            return None;
        }
        let Direction { bits, alone } = self.direction;
        let kept = self.kept.take();
        let mut compress = kept.unwrap_or_else(|| self.pool.compress(bits, self.level));
        let deflated = run(&mut compress, message);
        if alone {
            self.pool.put_compress(bits, compress);
            return deflated.filter(|deflated| deflated.len() < message.len());
        }
        // What has gone through the context must be sent through it, even if it has grown. After a failure nothing
        // has, and the next message begins a new one.
        if deflated.is_some() {
            self.kept = Some(compress);
        }
        deflated
    }

    #[cfg(test)]
    pub(super) fn holds_context(&self) -> bool {
        self.kept.is_some()
    }
}

fn run(compress: &mut Compress, message: &[u8]) -> Option<Vec<u8>> {
    let mut deflated = Vec::with_capacity(message.len() / 4 + 64);
    let mut rest = message;
    loop {
        let before = compress.total_in();
        let flushed = compress.compress_vec(rest, &mut deflated, FlushCompress::Sync);
        flushed.ok()?;
        let read = usize::try_from(compress.total_in() - before).ok()?;
        rest = rest.get(read..)?;
        // A flush is over when it leaves room.
        if rest.is_empty() && deflated.len() < deflated.capacity() {
            break;
        }
        deflated.reserve(deflated.len());
    }
    let whole = deflated.ends_with(&TAIL);
    deflated.truncate(deflated.len().saturating_sub(TAIL.len()));
    whole.then_some(deflated)
}
