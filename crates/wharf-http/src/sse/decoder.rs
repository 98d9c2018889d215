use std::error::Error as StdError;
use std::fmt;
use std::mem;
use std::time::Duration;

use bytes::{Buf, Bytes};

use super::Event;

const MAX_LINE: usize = 1 << 20;
const MAX_EVENT: usize = 1 << 20;

/// Makes events of the bytes of a stream (WHATWG HTML, "Interpreting an event stream").
///
/// Bytes that are not UTF-8 become U+FFFD. It holds one line and the data of one event at most.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use wharf_http::sse::Decoder;
///
/// let mut decoder = Decoder::new();
/// assert_eq!(decoder.decode(&mut Bytes::from("data: he"))?, None);
/// let event = decoder.decode(&mut Bytes::from("llo\n\n"))?.unwrap();
/// assert_eq!(event.data(), Some("hello"));
/// # Ok::<(), wharf_http::sse::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    max_line: usize,
    max_event: usize,
    pub(super) line: Vec<u8>,
    /// The last byte was a CR, to which an LF belongs.
    after_cr: bool,
    /// No line was complete yet, so that the next may start with a byte order mark.
    first: bool,
    id: String,
    name: String,
    pub(super) data: String,
    has_data: bool,
    event_retry: Option<Duration>,
    last_id: String,
    retry: Option<Duration>,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// Creates a decoder for the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_line: MAX_LINE,
            max_event: MAX_EVENT,
            line: Vec::new(),
            after_cr: false,
            first: true,
            id: String::new(),
            name: String::new(),
            data: String::new(),
            has_data: false,
            event_retry: None,
            last_id: String::new(),
            retry: None,
            failed: None,
        }
    }

    /// Sets how long a line may be, in bytes and without its end.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Sets how long the data of one event may be, in bytes.
    ///
    /// Default: 1 MiB.
    #[must_use]
    pub fn max_event(mut self, bytes: usize) -> Self {
        self.max_event = bytes;
        self
    }

    /// Sets the id that events have until the stream names one, for a stream that goes on after a lost connection.
    ///
    /// Default: none.
    #[must_use]
    pub fn with_last_event_id(mut self, id: impl Into<String>) -> Self {
        self.last_id = id.into();
        self.id.clone_from(&self.last_id);
        self
    }

    /// Returns the id to name when connecting again: the last one of an event that was complete, with data or without.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        Some(self.last_id.as_str()).filter(|id| !id.is_empty())
    }

    /// Returns how long the stream wants a reader to wait before it connects again; `None` when it did not say.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Reads on in `input`, takes what it has read off it, and returns the next event; `None` when all was read and
    /// more is needed. An event that is not complete when the stream ends is none.
    ///
    /// # Errors
    ///
    /// A line or an event is longer than allowed. Every later call says so again.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Option<Event>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let decoded = self.read(input);
        if let Err(error) = &decoded {
            self.failed = Some(error.clone());
            self.line = Vec::new();
            self.data = String::new();
        }
        decoded
    }

    fn read(&mut self, input: &mut Bytes) -> Result<Option<Event>, DecodeError> {
        while let Some(&byte) = input.first() {
            if mem::take(&mut self.after_cr) && byte == b'\n' {
                input.advance(1);
                continue;
            }
            let end = input.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let length = end.unwrap_or(input.len());
            if self.line.len().saturating_add(length) > self.max_line {
                return Err(DecodeError::Line {
                    limit: self.max_line,
                });
            }
            let piece = input.split_to(length);
            if end.is_none() {
                self.line.extend_from_slice(&piece);
                break;
            }
            self.after_cr = input.first() == Some(&b'\r');
            input.advance(1);
            let event = if self.line.is_empty() {
                self.line(&piece)?
            } else {
                self.line.extend_from_slice(&piece);
                let line = mem::take(&mut self.line);
                self.line(&line)?
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    fn line(&mut self, mut line: &[u8]) -> Result<Option<Event>, DecodeError> {
        if mem::take(&mut self.first) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = match colon {
            None => (line, &[][..]),
            Some(colon) => (&line[..colon], &line[colon + 1..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => self.data(&String::from_utf8_lossy(value))?,
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => {
                self.id = String::from_utf8_lossy(value).into_owned();
            }
            b"retry" => self.retry_after(value),
            // Comments, which have no name, and fields that nobody knows.
            _ => {}
        }
        Ok(None)
    }

    fn data(&mut self, value: &str) -> Result<(), DecodeError> {
        let separator = usize::from(self.has_data);
        let length = self.data.len().saturating_add(value.len() + separator);
        if length > self.max_event {
            return Err(DecodeError::Event {
                limit: self.max_event,
            });
        }
        if self.has_data {
            self.data.push('\n');
        }
        self.data.push_str(value);
        self.has_data = true;
        Ok(())
    }

    /// Takes a number of milliseconds; what has anything but digits in it is ignored.
    fn retry_after(&mut self, value: &[u8]) {
        if !value.iter().all(u8::is_ascii_digit) {
            return;
        }
        let number = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
        if let Some(milliseconds) = number {
            self.retry = Some(Duration::from_millis(milliseconds));
            self.event_retry = self.retry;
        }
    }

    /// Ends an event; one without data changes only what is remembered.
    fn dispatch(&mut self) -> Option<Event> {
        self.last_id.clone_from(&self.id);
        let name = mem::take(&mut self.name);
        let data = mem::take(&mut self.data);
        let retry = self.event_retry.take();
        mem::take(&mut self.has_data).then(|| Event {
            id: self.last_event_id().map(str::to_owned),
            name: Some(name).filter(|name| !name.is_empty()),
            retry,
            ..Event::new(data)
        })
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a stream of events cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A line is longer than [`Decoder::max_line`].
    Line {
        /// The limit in bytes.
        limit: usize,
    },
    /// The data of an event is longer than [`Decoder::max_event`].
    Event {
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { limit } => {
                write!(f, "a line of the event stream is longer than {limit} bytes")
            }
            Self::Event { limit } => write!(
                f,
                "an event of the stream has more than {limit} bytes of data"
            ),
        }
    }
}

impl StdError for DecodeError {}
