//! Decompression of what is received (RFC 7692 §7.2.2).

use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};

use super::super::config::WebSocketConfig;
use super::super::error::Violation;
use super::super::frame::Role;
use super::compress::TAIL;
use super::pool::Pool;
use super::{Agreed, Direction, LEAST_POSSIBLE};

pub(in crate::ws) struct Inflater {
    direction: Direction,
    pool: Arc<Pool>,
    /// The context: of the message under way, or of all of them.
    state: Option<Box<Decompress>>,
    /// Whether a block that says that it is the last was the last thing to come.
    ended: bool,
}

/// The least that the output grows by.
const GROWTH: usize = 1 << 10;

impl Inflater {
    pub(in crate::ws) fn new(agreed: Agreed, role: Role, config: &WebSocketConfig) -> Self {
        let mut direction = agreed.theirs(role);
        // A larger window understands all that was made for a smaller one.
        direction.bits = direction.bits.max(LEAST_POSSIBLE);
        let pool = config
            .deflate
            .as_ref()
            .map(|deflate| Arc::clone(&deflate.pool));
        Self {
            direction,
            pool: pool.unwrap_or_default(),
            state: None,
            ended: false,
        }
    }

    /// Inflates a piece of a message onto `output`, which may get `limit` bytes at most.
    pub(in crate::ws) fn inflate(
        &mut self,
        mut input: &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Violation> {
        let Self {
            direction, pool, ..
        } = self;
        let state = self
            .state
            .get_or_insert_with(|| pool.inflate(direction.bits));
        if !input.is_empty() {
            self.ended = false;
        }
        loop {
            if output.len() == output.capacity() {
                // Exactly one byte more than allowed, so that a bomb is known by it and costs no more than that.
                let most = limit.saturating_add(1) - output.len();
                let growth = output.len().max(input.len() * 2).max(GROWTH);
                output.reserve_exact(growth.min(most));
            }
            let (read, written) = (state.total_in(), output.len());
            let status = state
                .decompress_vec(input, output, FlushDecompress::None)
                .map_err(|_corrupt| Violation::protocol("a message that cannot be inflated"))?;
            let read = usize::try_from(state.total_in() - read).unwrap_or(usize::MAX);
            input = input.get(read..).unwrap_or_default();
            if output.len() > limit {
                return Err(Violation::too_large(limit));
            }
            if status == Status::StreamEnd {
                // RFC 7692 §7.2.3.4: a message may have a last block, after which others may come.
                state.reset(false);
                self.ended = input.is_empty();
            }
            if input.is_empty() && output.len() < output.capacity() {
                return Ok(());
            }
            if read == 0 && output.len() == written && output.len() < output.capacity() {
                return Err(Violation::protocol("a message that cannot be inflated"));
            }
        }
    }

    /// Inflates what ends each message and goes without saying.
    pub(in crate::ws) fn finish(
        &mut self,
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), Violation> {
        if !self.ended {
            self.inflate(&TAIL, output, limit)?;
        }
        self.ended = false;
        if self.direction.alone
            && let Some(state) = self.state.take()
        {
            self.pool.put_inflate(self.direction.bits, state);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn holds_context(&self) -> bool {
        self.state.is_some()
    }
}
