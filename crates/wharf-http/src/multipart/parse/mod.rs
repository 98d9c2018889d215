//! The format itself (RFC 2046 §5.1.1): pieces in, heads and pieces of parts out. Nothing here waits.
//!
//! ~~~text
//! preamble ─▶ head ─▶ content ─┬─▶ head ─▶ ...
//!                              └─▶ epilogue
//! ~~~
//!
//! Held are what may be the beginning of a boundary, a hundred bytes or so, and the head of one part.

mod delimiter;
mod head;

use bytes::{Buf as _, Bytes, BytesMut};
use http::HeaderMap;

use super::{Error, ErrorKind, Limits};
use delimiter::{Delimiter, Found};

/// Takes a multipart body apart.
pub(super) struct Parser {
    delimiter: Delimiter,
    /// What was fed and is not used up.
    ahead: Bytes,
    /// The head of a part as far as it came, from the line break of its boundary on.
    head: BytesMut,
    state: State,
    /// Nothing more will be fed.
    ended: bool,
    /// Whether it may end without the last boundary.
    endless: bool,
    max_headers: usize,
    max_head: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Head,
    /// Before the first byte of content: the line break after the head may belong to a boundary.
    Content,
    Inside,
    Epilogue,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    /// More has to be fed.
    Hungry,
    /// A part begins.
    Head(HeaderMap),
    /// A piece of the part, never empty.
    Data(Bytes),
    /// The part has ended.
    PartEnd,
    /// There are no more parts. What is fed now is passed over.
    End,
}

impl Parser {
    pub(super) fn new(boundary: &str, limits: &Limits) -> Self {
        Self {
            delimiter: Delimiter::new(boundary),
            // A boundary begins a line, and so does the body.
            ahead: Bytes::from_static(b"\r\n"),
            head: BytesMut::new(),
            state: State::Preamble,
            ended: false,
            endless: false,
            max_headers: limits.headers,
            max_head: limits.head_bytes,
        }
    }

    /// Lets the body end within a part, as a stream that never ends by itself does.
    pub(super) fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    pub(super) fn set_limits(&mut self, limits: &Limits) {
        self.max_headers = limits.headers;
        self.max_head = limits.head_bytes;
    }

    pub(super) fn feed(&mut self, piece: Bytes) {
        if self.ahead.is_empty() {
            self.ahead = piece;
        } else if !piece.is_empty() {
            let mut joined = BytesMut::with_capacity(self.ahead.len() + piece.len());
            joined.extend_from_slice(&self.ahead);
            joined.extend_from_slice(&piece);
            self.ahead = joined.freeze();
        }
    }

    /// Says that nothing more will be fed.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn next(&mut self) -> Result<Event, Error> {
        loop {
            match self.state {
                State::Head => return self.next_head(),
                State::Epilogue => {
                    self.ahead = Bytes::new();
                    return Ok(Event::End);
                }
                State::Preamble | State::Content | State::Inside => {
                    if let Some(event) = self.next_content()? {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Looks for the boundary that ends the preamble or a part.
    fn next_content(&mut self) -> Result<Option<Event>, Error> {
        let (content, found) = self.delimiter.find(&self.ahead, self.ended);
        let mut piece = self.ahead.split_to(content);
        if self.state == State::Content && content > 0 {
            // The line break after the head was none of a boundary.
            piece.advance(2.min(piece.len()));
            self.state = State::Inside;
        }
        if self.state == State::Inside && !piece.is_empty() {
            return Ok(Some(Event::Data(piece)));
        }
        let before = self.state;
        match found {
            Found::Next(length) => {
                // The line break stays, so that a head without fields is an empty line as well.
                self.ahead.advance(length - 2);
                self.state = State::Head;
            }
            Found::Last(length) => {
                self.ahead.advance(length);
                self.state = State::Epilogue;
            }
            Found::Nothing if !self.ended => return Ok(Some(Event::Hungry)),
            Found::Nothing if self.endless && before != State::Preamble => {
                self.state = State::Epilogue;
            }
            Found::Nothing if before == State::Preamble => {
                return Err(Error::new(ErrorKind::Truncated)
                    .because("the boundary that the content type names does not occur"));
            }
            Found::Nothing => return Err(Error::new(ErrorKind::Truncated)),
        }
        Ok((before != State::Preamble).then_some(Event::PartEnd))
    }

    fn next_head(&mut self) -> Result<Event, Error> {
        let (before, limit) = (self.head.len(), self.max_head.saturating_add(4));
        let taken = self.ahead.len().min(limit - before.min(limit));
        self.head.extend_from_slice(&self.ahead[..taken]);
        // The end may have begun in what came before.
        let from = before.saturating_sub(3);
        match memchr::memmem::find(&self.head[from..], b"\r\n\r\n") {
            Some(at) => {
                let end = from + at + 2;
                let fields = head::parse(&self.head[2.min(end)..end], self.max_headers)?;
                // The last line break stays: it belongs to the boundary when the part is empty.
                if let Some(used) = end.checked_sub(before) {
                    self.ahead.advance(used);
                } else {
                    let content = self.ahead.split_off(end + 2 - before);
                    self.ahead = Bytes::from_static(b"\r\n");
                    self.feed(content);
                }
                self.head.clear();
                self.state = State::Content;
                Ok(Event::Head(fields))
            }
            None if self.head.len() >= limit => Err(Error::new(ErrorKind::HeadTooLarge {
                limit: self.max_head,
            })),
            None if self.ended && self.endless && self.head.len() <= 2 => {
                self.state = State::Epilogue;
                Ok(Event::End)
            }
            None if self.ended => Err(Error::new(ErrorKind::Truncated)),
            None => {
                self.ahead = Bytes::new();
                Ok(Event::Hungry)
            }
        }
    }
}

#[cfg(test)]
mod tests;
