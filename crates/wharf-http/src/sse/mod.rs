//! Server-sent events (WHATWG HTML, "Server-sent events"): one event, written, and a stream of them, read.
//!
//! [`Event`] is what is sent and what is read. [`Decoder`] makes events of bytes, in pieces of any size; it does no I/O.

mod decoder;
mod event;
#[cfg(feature = "json")]
mod json;

pub use decoder::{DecodeError, Decoder};
pub use event::{BadEvent, Event};

/// The media type of an event stream (WHATWG HTML, "Parsing an event stream").
pub const MEDIA_TYPE: &str = "text/event-stream";

#[cfg(test)]
mod tests;
