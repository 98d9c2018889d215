//! Compression of messages (RFC 7692): what is agreed on, and both directions of it.
//!
//! Where contexts are not kept, a compressor is borrowed for one message from a [`Pool`](pool::Pool) that all
//! connections of one configuration share: an idle connection has none.

use std::sync::Arc;

use super::config::WebSocketConfig;
use super::extension::Extension;
use super::frame::Role;

mod compress;
mod inflate;
mod pool;

pub(super) use compress::Deflater;
pub(super) use inflate::Inflater;

use pool::Pool;

/// How messages are compressed, where the peer can do it too.
///
/// By default neither end keeps a context from one message to the next. That makes a stream of small, similar messages
/// larger than it could be, and saves the memory: a context costs about 300 KiB to send with and 40 KiB to receive
/// with, for each connection.
///
/// # Examples
///
/// ```
/// use wharf_http::ws::{DeflateConfig, WebSocketConfig};
///
/// // Few connections with many small messages: contexts are worth their memory, in a small window.
/// let deflate = DeflateConfig::new()
///     .min_size(64)
///     .server_no_context_takeover(false)
///     .client_no_context_takeover(false)
///     .server_max_window_bits(11)
///     .client_max_window_bits(11);
/// let config = WebSocketConfig::new().deflate(deflate);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DeflateConfig {
    level: u32,
    min_size: usize,
    server: Direction,
    client: Direction,
    pool: Arc<Pool>,
}

/// How one end compresses what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Direction {
    /// The base-2 logarithm of the window, 8 to 15.
    bits: u8,
    /// Whether each message is compressed on its own.
    alone: bool,
}

/// The most that the standard knows, and what is used unless something else is said.
const MOST: u8 = 15;

/// The least that the standard knows.
const LEAST: u8 = 8;

/// The least that zlib can do without a header: asked for less, it would take this and say nothing.
const LEAST_POSSIBLE: u8 = 9;

impl DeflateConfig {
    /// Creates settings with the defaults.
    pub fn new() -> Self {
        let direction = Direction {
            bits: MOST,
            alone: true,
        };
        Self {
            level: 3,
            min_size: 1024,
            server: direction,
            client: direction,
            pool: Arc::default(),
        }
    }

    pub(super) fn by_default() -> Option<Self> {
        Some(Self::new())
    }

    /// Sets how hard to try, from 0 (not at all) over 1 (fast) to 9 (small). More is taken as 9.
    ///
    /// Default: 3.
    pub fn level(mut self, level: u32) -> Self {
        self.level = level.min(9);
        self.pool = Arc::default();
        self
    }

    /// Sets how many bytes a message must have to be compressed at all.
    ///
    /// Default: 1024. 0 compresses all but empty ones.
    pub fn min_size(mut self, bytes: usize) -> Self {
        self.min_size = bytes;
        self
    }

    /// Sets whether the server is to compress each message on its own (RFC 7692 §7.1.1.1).
    ///
    /// Default: `true`. With `false` the peer may still wish it.
    pub fn server_no_context_takeover(mut self, on: bool) -> Self {
        self.server.alone = on;
        self
    }

    /// Sets whether the client is to compress each message on its own (RFC 7692 §7.1.1.2).
    ///
    /// Default: `true`. With `false` the peer may still wish it.
    pub fn client_no_context_takeover(mut self, on: bool) -> Self {
        self.client.alone = on;
        self
    }

    /// Sets how large the window of the server's messages may be: 2 to this power, in bytes (RFC 7692 §7.1.2.1).
    ///
    /// Default: 15, 32 KiB. Less than 9 is taken as 9, more than 15 as 15.
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server.bits = bits.clamp(LEAST_POSSIBLE, MOST);
        self
    }

    /// Sets how large the window of the client's messages may be: 2 to this power, in bytes (RFC 7692 §7.1.2.2).
    ///
    /// Default: 15, 32 KiB. Less than 9 is taken as 9, more than 15 as 15.
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client.bits = bits.clamp(LEAST_POSSIBLE, MOST);
        self
    }

    /// Writes a client's offer.
    pub(super) fn offer(&self) -> String {
        let mut offer = String::from("permessage-deflate");
        if self.server.alone {
            offer.push_str("; server_no_context_takeover");
        }
        if self.client.alone {
            offer.push_str("; client_no_context_takeover");
        }
        if self.server.bits < MOST {
            offer.push_str(&format!("; server_max_window_bits={}", self.server.bits));
        }
        offer.push_str("; client_max_window_bits");
        if self.client.bits < MOST {
            offer.push_str(&format!("={}", self.client.bits));
        }
        offer
    }

    /// Answers a client's offer as its server, unless it cannot be kept to.
    pub(super) fn accept(&self, offer: &Extension<'_>) -> Option<(Agreed, String)> {
        let offer = Parameters::read(offer)?;
        let asked = offer.server_bits.unwrap_or(MOST);
        if asked < LEAST_POSSIBLE {
            // Nobody here can compress so; the client may have another offer.
            return None;
        }
        let mut answer = String::from("permessage-deflate");
        let server = Direction {
            bits: asked.min(self.server.bits),
            alone: offer.server_alone || self.server.alone,
        };
        if server.alone {
            answer.push_str("; server_no_context_takeover");
        }
        if offer.server_bits.is_some() || server.bits < MOST {
            answer.push_str(&format!("; server_max_window_bits={}", server.bits));
        }
        let mut client = Direction {
            bits: MOST,
            alone: offer.client_alone || self.client.alone,
        };
        if client.alone {
            answer.push_str("; client_no_context_takeover");
        }
        // RFC 7692 §7.1.2.2: only those who say that they know it may be asked.
        if let Some(asked) = offer.client_bits {
            client.bits = asked.unwrap_or(MOST).min(self.client.bits);
            if client.bits < MOST {
                answer.push_str(&format!("; client_max_window_bits={}", client.bits));
            }
        }
        Some((Agreed { server, client }, answer))
    }

    /// Checks a server's answer as its client.
    pub(super) fn check(&self, answer: &Extension<'_>) -> Option<Agreed> {
        let answer = Parameters::read(answer)?;
        let server = Direction {
            bits: answer.server_bits.unwrap_or(MOST),
            alone: answer.server_alone,
        };
        // What was asked for has to be kept to. A context more than was asked for costs memory only.
        if server.bits > self.server.bits {
            return None;
        }
        let client = Direction {
            bits: match answer.client_bits {
                None => self.client.bits,
                Some(bits) => bits?.min(self.client.bits),
            },
            alone: answer.client_alone || self.client.alone,
        };
        Some(Agreed { server, client })
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl WebSocketConfig {
    /// Sets how messages are compressed, where the peer can do it too.
    ///
    /// Default: [`DeflateConfig::new`]. `None` neither offers nor accepts compression.
    pub fn deflate(mut self, deflate: impl Into<Option<DeflateConfig>>) -> Self {
        self.deflate = deflate.into();
        self
    }
}

/// What both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    server: Direction,
    client: Direction,
}

impl Agreed {
    /// Returns how this end compresses.
    fn ours(self, role: Role) -> Direction {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }

    /// Returns how the other end compresses.
    fn theirs(self, role: Role) -> Direction {
        match role {
            Role::Server => self.client,
            Role::Client => self.server,
        }
    }
}

/// The parameters of an offer or answer (RFC 7692 §7.1).
#[derive(Default)]
struct Parameters {
    server_alone: bool,
    client_alone: bool,
    server_bits: Option<u8>,
    /// May come without a value, in an offer.
    client_bits: Option<Option<u8>>,
}

impl Parameters {
    /// Reads them; `None` for what is unknown, comes twice or has a wrong value.
    fn read(extension: &Extension<'_>) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in &extension.parameters {
            let first = match (*name, value) {
                ("server_no_context_takeover", None) => {
                    !std::mem::replace(&mut read.server_alone, true)
                }
                ("client_no_context_takeover", None) => {
                    !std::mem::replace(&mut read.client_alone, true)
                }
                ("server_max_window_bits", Some(value)) => {
                    read.server_bits.replace(bits(value)?).is_none()
                }
                ("client_max_window_bits", None) => read.client_bits.replace(None).is_none(),
                ("client_max_window_bits", Some(value)) => {
                    read.client_bits.replace(Some(bits(value)?)).is_none()
                }
                _ => false,
            };
            first.then_some(())?;
        }
        Some(read)
    }
}

/// Reads a size of a window: a number without a leading zero.
fn bits(text: &str) -> Option<u8> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let bits = text.parse().ok().filter(|_| plain)?;
    (LEAST..=MOST).contains(&bits).then_some(bits)
}

#[cfg(test)]
mod tests;
