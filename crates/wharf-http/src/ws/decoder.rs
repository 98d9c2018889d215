//! Bytes in, messages out: the receiving half of the codec, which does no I/O.
//!
//! ~~~text
//! head ─▶ payload ─▶ head ...     one frame, plain:   its payload stays where it was read, and becomes the message
//!                                 several, or deflated: each piece goes to the message under way
//! ~~~

use bytes::{Buf, Bytes, BytesMut};

use super::close::CloseFrame;
use super::config::WebSocketConfig;
use super::deflate::{Agreed, Inflater};
use super::error::Violation;
use super::frame::{Head, Opcode, Role};
use super::mask;
use super::message::{Message, Text};

/// What the peer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Text or binary data.
    Message(Message),
    Ping(Bytes),
    Pong(Bytes),
    Close(CloseFrame),
}

pub(super) struct Decoder {
    role: Role,
    max_message: usize,
    max_frame: usize,
    /// What was read and is not decoded yet.
    input: BytesMut,
    stage: Stage,
    /// The message of which some frames have come.
    partial: Option<Partial>,
    inflater: Option<Inflater>,
}

/// Where in a frame the input begins.
enum Stage {
    Head,
    /// A frame that is a whole message, and plain: how many bytes of its payload, which stays in the input, are
    /// unmasked, and how many of these are known to be UTF-8.
    Whole {
        head: Head,
        done: usize,
        text: usize,
    },
    /// A frame whose payload goes to the message under way, and how many bytes of it are gone.
    Piece {
        head: Head,
        gone: usize,
    },
    /// The rest of a control frame.
    Control(Head),
}

struct Partial {
    text: bool,
    compressed: bool,
    bytes: Vec<u8>,
    /// How many of the bytes are known to be UTF-8.
    checked: usize,
    frames: usize,
    /// Bytes on the wire.
    wire: usize,
}

/// Payloads up to this size are copied out of the input, which costs no more than to share it and does not keep it.
const COPIED: usize = 4 << 10;

/// How much is asked for at once of a payload that has not come yet.
const AHEAD: usize = 64 << 10;

impl Decoder {
    pub(super) fn new(role: Role, config: &WebSocketConfig, deflate: Option<Agreed>) -> Self {
        Self {
            role,
            max_message: config.max_message,
            max_frame: config.max_frame,
            input: BytesMut::new(),
            stage: Stage::Head,
            partial: None,
            inflater: deflate.map(|agreed| Inflater::new(agreed, role, config)),
        }
    }

    /// Takes bytes that were read elsewhere, and returns the message that they begin with if it is whole and plain, as most
    /// are: it needs no place in the input. After a violation nothing more may be decoded.
    #[inline]
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> Result<Option<Message>, Violation> {
        match self.small(bytes) {
            None => {
                self.input.extend_from_slice(bytes);
                Ok(None)
            }
            Some((head, start, end)) => {
                if end < bytes.len() {
                    self.input.extend_from_slice(&bytes[end..]);
                }
                copied(&head, &mut bytes[start..end]).map(Some)
            }
        }
    }

    /// Returns the head of a message that bytes begin with if it is whole, plain and small, and where its payload begins and
    /// ends. Whatever else there is, and every violation, is for the [steps](Self::steps) of a frame.
    #[inline]
    fn small(&self, bytes: &[u8]) -> Option<(Head, usize, usize)> {
        let (head, start) = Head::read(bytes).ok()??;
        let length = length(&head);
        let end = start.checked_add(length)?;
        let plain = matches!(head.opcode, Opcode::Text | Opcode::Binary)
            && (head.last && !head.compressed)
            && head.mask.is_some() == (self.role == Role::Server);
        let fits = end <= bytes.len() && length <= COPIED.min(self.max_message).min(self.max_frame);
        let begins = matches!(self.stage, Stage::Head) && self.partial.is_none();
        (plain && fits && begins).then_some((head, start, end))
    }

    #[inline]
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Tells whether there is a frame under way or anything to decode.
    #[inline]
    fn is_amid(&self) -> bool {
        !self.input.is_empty() || !matches!(self.stage, Stage::Head)
    }

    /// Returns where bytes that were read belong.
    pub(super) fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Returns how many bytes are missing of a payload that stays in the input, as far as it is wise to make room
    /// for them: a head may promise what never comes.
    pub(super) fn missing(&self) -> usize {
        match &self.stage {
            Stage::Whole { head, .. } => {
                let missing = length(head).saturating_sub(self.input.len());
                missing.min(AHEAD.max(self.input.len()))
            }
            _ => 0,
        }
    }

    /// Gives memory back that the next message, whenever it comes, can do without.
    #[inline]
    pub(super) fn rest(&mut self) {
        if self.input.capacity() > 0 && self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// Forgets all that was read.
    pub(super) fn clear(&mut self) {
        self.input = BytesMut::new();
        self.stage = Stage::Head;
        self.partial = None;
        self.inflater = None;
    }

    /// Decodes what comes next; `None` when more bytes are needed. After a violation nothing more may be decoded.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Event>, Violation> {
        match self.is_amid() {
            true => self.decode(),
            false => Ok(None),
        }
    }

    fn decode(&mut self) -> Result<Option<Event>, Violation> {
        if let Some((head, start, end)) = self.small(&self.input) {
            let message = copied(&head, &mut self.input[start..end])?;
            self.input.advance(end);
            return Ok(Some(Event::Message(message)));
        }
        self.steps()
    }

    /// Goes from one stage of a frame to the next.
    fn steps(&mut self) -> Result<Option<Event>, Violation> {
        loop {
            match self.stage {
                Stage::Head => {
                    let Some((head, end)) = Head::read(&self.input)? else {
                        return Ok(None);
                    };
                    self.stage = self.begin(head)?;
                    self.input.advance(end);
                }
                Stage::Whole { head, done, text } => {
                    let length = length(&head);
                    let here = self.input.len().min(length);
                    unmask(&mut self.input[done..here], &head, done);
                    let text = match head.opcode {
                        Opcode::Text => text + valid(&self.input[text..here])?,
                        _ => here,
                    };
                    if here < length {
                        self.stage = Stage::Whole {
                            head,
                            done: here,
                            text,
                        };
                        return Ok(None);
                    }
                    if text < length {
                        return Err(Violation::text());
                    }
                    self.stage = Stage::Head;
                    let bytes = self.take(length);
                    let message = message(head.opcode == Opcode::Text, bytes);
                    return Ok(Some(Event::Message(message)));
                }
                Stage::Piece { head, gone } => {
                    if let Some(event) = self.piece(head, gone)? {
                        return Ok(Some(event));
                    }
                    if let Stage::Piece { .. } = self.stage {
                        return Ok(None);
                    }
                }
                Stage::Control(head) => {
                    let length = length(&head);
                    if self.input.len() < length {
                        return Ok(None);
                    }
                    unmask(&mut self.input[..length], &head, 0);
                    self.stage = Stage::Head;
                    let payload = self.take(length);
                    return Ok(Some(match head.opcode {
                        Opcode::Ping => Event::Ping(payload),
                        Opcode::Pong => Event::Pong(payload),
                        _ => Event::Close(CloseFrame::read(&payload)?),
                    }));
                }
            }
        }
    }

    /// Checks a head against what came before it.
    #[inline]
    fn begin(&mut self, head: Head) -> Result<Stage, Violation> {
        // RFC 6455 §5.1
        match (self.role, head.mask) {
            (Role::Server, None) => return Err(Violation::protocol("a frame without a mask")),
            (Role::Client, Some(_)) => return Err(Violation::protocol("a frame with a mask")),
            _ => {}
        }
        // RFC 7692 §6.1: the bit is for the first frame of a message.
        let may_compress =
            self.inflater.is_some() && matches!(head.opcode, Opcode::Text | Opcode::Binary);
        if head.compressed && !may_compress {
            return Err(Violation::protocol("a reserved bit that nobody negotiated"));
        }
        if head.opcode.is_control() {
            return Ok(Stage::Control(head));
        }
        if head.length > self.max_frame as u64 {
            return Err(Violation::too_large(self.max_frame));
        }
        let wire = match (head.opcode, &mut self.partial) {
            (Opcode::Continuation, Some(partial)) => {
                partial.frames += 1;
                if partial.frames > self.max_message {
                    return Err(Violation::too_large(self.max_message));
                }
                partial.wire
            }
            (Opcode::Continuation, None) => {
                return Err(Violation::protocol("a continuation of nothing"));
            }
            (_, Some(_)) => {
                return Err(Violation::protocol("a message within another"));
            }
            (_, None) => 0,
        };
        // On the wire, too: what was compressed is hardly ever longer for it, by five bytes in 16 KiB at most.
        let most = match head.compressed || self.partial.as_ref().is_some_and(|it| it.compressed) {
            true => self
                .max_message
                .saturating_add(self.max_message / 1024 + 1024),
            false => self.max_message,
        };
        if head.length > most.saturating_sub(wire) as u64 {
            return Err(Violation::too_large(self.max_message));
        }
        let length = length(&head);
        if let Some(partial) = &mut self.partial {
            partial.wire += length;
        } else if head.compressed || !head.last {
            self.partial = Some(Partial {
                text: head.opcode == Opcode::Text,
                compressed: head.compressed,
                bytes: Vec::new(),
                checked: 0,
                frames: 1,
                wire: length,
            });
        } else {
            return Ok(Stage::Whole {
                head,
                done: 0,
                text: 0,
            });
        }
        Ok(Stage::Piece { head, gone: 0 })
    }

    /// Moves what is there of a frame to the message under way, and returns the message if that was all of it.
    fn piece(&mut self, head: Head, gone: usize) -> Result<Option<Event>, Violation> {
        let Some(partial) = &mut self.partial else {
            // A piece is begun only where there is a message.
            return Err(Violation::protocol("a continuation of nothing"));
        };
        let length = length(&head);
        let here = self.input.len().min(length - gone);
        let bytes = &mut self.input[..here];
        unmask(bytes, &head, gone);
        match &mut self.inflater {
            Some(inflater) if partial.compressed => {
                inflater.inflate(bytes, &mut partial.bytes, self.max_message)?;
            }
            _ => partial.bytes.extend_from_slice(bytes),
        }
        self.input.advance(here);
        let whole = gone + here == length;
        let last = whole && head.last;
        if last
            && partial.compressed
            && let Some(inflater) = &mut self.inflater
        {
            inflater.finish(&mut partial.bytes, self.max_message)?;
        }
        if partial.text {
            partial.checked += valid(&partial.bytes[partial.checked..])?;
        }
        if !whole {
            self.stage = Stage::Piece {
                head,
                gone: gone + here,
            };
            return Ok(None);
        }
        self.stage = Stage::Head;
        if !last {
            return Ok(None);
        }
        if partial.text && partial.checked < partial.bytes.len() {
            return Err(Violation::text());
        }
        let text = partial.text;
        let bytes = std::mem::take(&mut partial.bytes);
        self.partial = None;
        Ok(Some(Event::Message(message(text, bytes.into()))))
    }

    /// Takes the first bytes out of the input: as a copy where sharing would keep much more memory than it needs.
    fn take(&mut self, length: usize) -> Bytes {
        if length <= COPIED || length < self.input.capacity() / 2 {
            let bytes = Bytes::copy_from_slice(&self.input[..length]);
            self.input.advance(length);
            bytes
        } else if length == self.input.len() {
            std::mem::take(&mut self.input).freeze()
        } else {
            self.input.split_to(length).freeze()
        }
    }
}

fn length(head: &Head) -> usize {
    usize::try_from(head.length).unwrap_or(usize::MAX)
}

fn unmask(bytes: &mut [u8], head: &Head, offset: usize) {
    if let Some(mask) = head.mask {
        mask::apply(bytes, mask, offset);
    }
}

/// Copies the payload of a whole message.
#[inline]
fn copied(head: &Head, payload: &mut [u8]) -> Result<Message, Violation> {
    unmask(payload, head, 0);
    let text = head.opcode == Opcode::Text;
    if text && std::str::from_utf8(payload).is_err() {
        return Err(Violation::text());
    }
    Ok(message(text, Bytes::copy_from_slice(payload)))
}

/// Returns how many bytes are whole characters; the rest may be the beginning of one.
fn valid(bytes: &[u8]) -> Result<usize, Violation> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.len()),
        Err(error) if error.error_len().is_none() => Ok(error.valid_up_to()),
        Err(_) => Err(Violation::text()),
    }
}

fn message(text: bool, bytes: Bytes) -> Message {
    match text {
        true => Message::Text(Text::checked(bytes)),
        false => Message::Binary(bytes),
    }
}
