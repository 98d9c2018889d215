use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

/// One event of a stream (WHATWG HTML, "Server-sent events").
///
/// Whatever is put into it, it is written as one event: text with line breaks becomes several lines, and where a line
/// break cannot be written there is an error.
///
/// # Examples
///
/// ```
/// use wharf_http::sse::Event;
///
/// let event = Event::new("two\nlines").with_id(7)?.with_name("note")?;
/// assert_eq!(event.encode(), "id: 7\nevent: note\ndata: two\ndata: lines\n\n");
/// # Ok::<(), wharf_http::sse::BadEvent>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) data: Option<String>,
    pub(super) retry: Option<Duration>,
    pub(super) comment: Option<String>,
}

impl Event {
    /// Creates an event with `data`, which may have several lines. CR and CRLF in it are read as LF by the other end.
    pub fn new(data: impl Into<String>) -> Self {
        Self {
            data: Some(data.into()),
            ..Self::default()
        }
    }

    /// Creates an event without data: readers take its id and retry, and report nothing.
    #[must_use]
    pub fn without_data() -> Self {
        Self::default()
    }

    /// Sets the id, which a reader that connects again sends as `last-event-id`. An empty one makes it forget the last.
    ///
    /// Default: none; the last one stays valid.
    ///
    /// # Errors
    ///
    /// It has a line break, which cannot be written, or NUL, for which readers ignore it.
    pub fn with_id(mut self, id: impl fmt::Display) -> Result<Self, BadEvent> {
        self.id = Some(single_line("id", id.to_string())?);
        Ok(self)
    }

    /// Sets the name, by which a page listens: the field `event`.
    ///
    /// Default: none, which browsers read as `message`.
    ///
    /// # Errors
    ///
    /// It has a line break or NUL.
    pub fn with_name(mut self, name: impl Into<String>) -> Result<Self, BadEvent> {
        self.name = Some(single_line("event", name.into())?);
        Ok(self)
    }

    /// Sets how long the reader waits before it connects again, from now on. Sent in whole milliseconds.
    ///
    /// Default: none; the reader keeps what it has.
    #[must_use]
    pub fn with_retry(mut self, after: Duration) -> Self {
        self.retry = Some(after);
        self
    }

    /// Sets a comment, which readers skip. It may have several lines.
    #[must_use]
    pub fn with_comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Returns the id. In an event that was read it is the last one that the stream had, of this event or one before.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the name; `None` stands for `message`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the data; an event that was read has some, which may be empty.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }

    /// Returns how long to wait before connecting again, where the event says it.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Returns the comment. Those of a stream that is read are skipped.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// Writes the event as it is sent, with the empty line that ends it.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut text = String::new();
        // A colon starts a comment, which is a field without a name.
        write_lines(&mut text, "", self.comment.as_deref());
        if let Some(id) = &self.id {
            write_field(&mut text, "id", id);
        }
        if let Some(name) = &self.name {
            write_field(&mut text, "event", name);
        }
        if let Some(retry) = self.retry {
            let milliseconds = u64::try_from(retry.as_millis()).unwrap_or(u64::MAX);
            write_field(&mut text, "retry", &milliseconds.to_string());
        }
        write_lines(&mut text, "data", self.data.as_deref());
        text.push('\n');
        text.into()
    }
}

fn write_field(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    // Readers take one space off, which saves one that the value starts with.
    text.push_str(": ");
    text.push_str(value);
    text.push('\n');
}

fn write_lines(text: &mut String, name: &str, value: Option<&str>) {
    let Some(mut rest) = value else { return };
    while let Some(end) = rest.find(['\r', '\n']) {
        write_field(text, name, &rest[..end]);
        let length = if rest[end..].starts_with("\r\n") {
            2
        } else {
            1
        };
        rest = &rest[end + length..];
    }
    write_field(text, name, rest);
}

fn single_line(field: &'static str, value: String) -> Result<String, BadEvent> {
    match value.contains(['\r', '\n', '\0']) {
        true => Err(BadEvent { field }),
        false => Ok(value),
    }
}

/// A value that cannot be a field of an event: it has a line break or NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEvent {
    field: &'static str,
}

impl fmt::Display for BadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the field `{}` of an event has a line break or NUL",
            self.field
        )
    }
}

impl StdError for BadEvent {}
