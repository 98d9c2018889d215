//! Messages in, bytes out: the sending half of the codec, which does no I/O.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::ReadBuf;

use super::close::CloseFrame;
use super::config::WebSocketConfig;
use super::deflate::{Agreed, Deflater};
use super::frame::{CONTROL, HEAD, Head, Opcode, Role};
use super::mask::{self, Masks};
use super::message::Message;

pub(super) struct Encoder {
    role: Role,
    fragment: usize,
    masks: Masks,
    deflater: Option<Deflater>,
    /// What waits to be sent: first large pieces that nobody copied, with the heads before them, ...
    pieces: VecDeque<Bytes>,
    /// ... then this, whose first bytes may be gone.
    tail: Vec<u8>,
    tail_gone: usize,
    /// How many bytes were encoded in all, and how many of them are gone.
    encoded: u64,
    written: u64,
    /// How many messages there were.
    messages: u64,
    /// Where the last pong ends, and how many bytes of pongs were encoded since none waited.
    pong_end: u64,
    pong_bytes: usize,
    /// The answer to the latest ping, while too many others are still waiting to be sent.
    pong: Option<Bytes>,
}

/// Payloads from this size on are sent from where they are.
const SHARED: usize = 8 << 10;

/// How many bytes of pongs may wait to be sent before one takes the place of the next.
const PONGS: usize = 1 << 10;

/// The largest payload of a frame that is put together where it is written from.
pub(super) const ALONE: usize = 4 << 10;

/// How many pieces one write takes.
pub(super) const SLICES: usize = 16;

impl Encoder {
    pub(super) fn new(role: Role, config: &WebSocketConfig, deflate: Option<Agreed>) -> Self {
        Self {
            role,
            fragment: config.fragment.unwrap_or(usize::MAX),
            masks: Masks::default(),
            deflater: deflate.map(|agreed| Deflater::new(agreed, role, config)),
            pieces: VecDeque::new(),
            tail: Vec::new(),
            tail_gone: 0,
            encoded: 0,
            written: 0,
            messages: 0,
            pong_end: 0,
            pong_bytes: 0,
            pong: None,
        }
    }

    /// Encodes a message.
    pub(super) fn message(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::Text(text) => self.data(Opcode::Text, text.into_bytes()),
            Message::Binary(bytes) => self.data(Opcode::Binary, bytes),
            Message::Ping(payload) => self.single(Opcode::Ping, control(payload)),
            Message::Pong(payload) => self.single(Opcode::Pong, control(payload)),
        }
    }

    /// Puts a message together where there is room for it, and does not keep it: it is to be written from there, and what
    /// is left of it to be [kept](Self::keep). `false` for one that is large, is to be compressed or has to wait.
    #[inline]
    pub(super) fn put(&mut self, message: &Message, out: &mut ReadBuf<'_>) -> io::Result<bool> {
        let opcode = match message {
            Message::Text(_) => Opcode::Text,
            Message::Binary(_) => Opcode::Binary,
            Message::Ping(_) | Message::Pong(_) => return Ok(false),
        };
        let payload = message.as_bytes();
        let deflater = self.deflater.as_ref();
        if self.waiting() > 0
            || payload.len() > self.fragment.min(ALONE)
            || deflater.is_some_and(|deflater| deflater.takes(payload))
        {
            return Ok(false);
        }
        let mut bytes = [0; HEAD];
        let head = self.head(opcode, payload)?;
        let end = head.write(&mut bytes);
        // All of them, which is quicker.
        out.put_slice(&bytes);
        out.set_filled(end);
        out.put_slice(payload);
        if let Some(mask) = head.mask {
            mask::apply(&mut out.filled_mut()[end..], mask, 0);
        }
        Ok(true)
    }

    /// Counts bytes that were [put together](Self::put), and keeps what is left of them when the first `written` are gone.
    #[inline]
    pub(super) fn keep(&mut self, bytes: &[u8], written: usize) {
        self.messages += 1;
        self.encoded += bytes.len() as u64;
        self.written += written as u64;
        if written < bytes.len() {
            self.tail.extend_from_slice(&bytes[written..]);
        }
    }

    /// Encodes a ping of our own.
    pub(super) fn ping(&mut self) -> io::Result<()> {
        self.single(Opcode::Ping, Bytes::new())
    }

    /// Answers a ping. A peer that asks and does not read gets no memory for it: beyond a few answers that wait to be
    /// sent there is one, to the latest ping, which is enough (RFC 6455 §5.5.3).
    pub(super) fn pong(&mut self, payload: Bytes) -> io::Result<()> {
        self.pong = Some(payload);
        self.release_pong()
    }

    fn release_pong(&mut self) -> io::Result<()> {
        if self.written >= self.pong_end {
            self.pong_bytes = 0;
        }
        if self.pong_bytes < PONGS
            && let Some(payload) = self.pong.take()
        {
            let before = self.encoded;
            self.single(Opcode::Pong, payload)?;
            self.pong_end = self.encoded;
            self.pong_bytes += usize::try_from(self.encoded - before).unwrap_or(PONGS);
        }
        Ok(())
    }

    /// Encodes the close frame, after which nothing may be encoded.
    pub(super) fn close(&mut self, frame: &CloseFrame) -> io::Result<()> {
        self.pong = None;
        self.single(Opcode::Close, frame.write())
    }

    fn data(&mut self, opcode: Opcode, payload: Bytes) -> io::Result<()> {
        self.messages += 1;
        if self.deflater.is_none() && payload.len() <= self.fragment {
            return self.single(opcode, payload);
        }
        let deflated = match &mut self.deflater {
            Some(deflater) => deflater.deflate(&payload),
            None => None,
        };
        let compressed = deflated.is_some();
        let mut rest = deflated.map_or(payload, Bytes::from);
        let mut opcode = opcode;
        let mut compressed = compressed;
        loop {
            let piece = rest.split_to(rest.len().min(self.fragment));
            let head = Head {
                last: rest.is_empty(),
                compressed,
                ..self.head(opcode, &piece)?
            };
            self.frame(head, piece);
            if rest.is_empty() {
                return Ok(());
            }
            opcode = Opcode::Continuation;
            compressed = false;
        }
    }

    /// Encodes one frame that is a whole message, and plain.
    fn single(&mut self, opcode: Opcode, payload: Bytes) -> io::Result<()> {
        let head = self.head(opcode, &payload)?;
        self.frame(head, payload);
        Ok(())
    }

    /// Returns the head of a frame that is a whole message, and plain.
    #[inline]
    fn head(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<Head> {
        Ok(Head {
            last: true,
            compressed: false,
            opcode,
            mask: match self.role {
                Role::Client => Some(self.masks.next()?),
                Role::Server => None,
            },
            length: payload.len() as u64,
        })
    }

    fn frame(&mut self, head: Head, payload: Bytes) {
        let mut bytes = [0; HEAD];
        let end = head.write(&mut bytes);
        self.encoded += (end + payload.len()) as u64;
        if payload.len() < SHARED {
            self.make_room(end + payload.len());
            self.tail.extend_from_slice(&bytes[..end]);
            let start = self.tail.len();
            self.tail.extend_from_slice(&payload);
            if let Some(mask) = head.mask {
                mask::apply(&mut self.tail[start..], mask, 0);
            }
            return;
        }
        self.make_room(end);
        self.tail.extend_from_slice(&bytes[..end]);
        let mut tail = Bytes::from(std::mem::take(&mut self.tail));
        tail.advance(std::mem::take(&mut self.tail_gone));
        self.pieces.push_back(tail);
        self.pieces.push_back(match head.mask {
            None => payload,
            Some(mask) => {
                // In place when nobody else has these bytes.
                let mut own = payload
                    .try_into_mut()
                    .unwrap_or_else(|shared| BytesMut::from(&*shared));
                mask::apply(&mut own, mask, 0);
                own.freeze()
            }
        });
    }

    /// Makes room at the end of the tail, first of all where bytes are gone.
    fn make_room(&mut self, count: usize) {
        if self.tail.capacity() == 0 {
            self.tail = Vec::with_capacity(count);
        } else if self.tail.capacity() - self.tail.len() < count {
            if self.tail_gone >= self.tail.len() / 2 {
                self.tail.drain(..std::mem::take(&mut self.tail_gone));
            }
            self.tail.reserve(count);
        }
    }

    /// Returns how many bytes wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        usize::try_from(self.encoded - self.written).unwrap_or(usize::MAX)
    }

    /// Returns how many messages were encoded, control frames left out.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Returns how many bytes are gone.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Returns where the last encoded byte is in all that is ever sent.
    pub(super) fn end(&self) -> u64 {
        self.encoded
    }

    /// Tells whether all bytes up to there are gone.
    pub(super) fn is_written(&self, end: u64) -> bool {
        self.written >= end
    }

    /// Returns the first bytes that wait to be sent.
    pub(super) fn chunk(&self) -> &[u8] {
        match self.pieces.front() {
            Some(piece) => piece,
            None => &self.tail[self.tail_gone..],
        }
    }

    /// Fills in what waits to be sent, and returns how many slices that took.
    pub(super) fn chunks<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let all = self.pieces.iter().map(|piece| &**piece);
        let mut count = 0;
        for (slice, bytes) in slices
            .iter_mut()
            .zip(all.chain([&self.tail[self.tail_gone..]]))
        {
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        count
    }

    /// Forgets bytes that were written.
    pub(super) fn advance(&mut self, mut count: usize) -> io::Result<()> {
        self.written += count as u64;
        while count > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                self.tail_gone = (self.tail_gone + count).min(self.tail.len());
                break;
            };
            let here = count.min(piece.len());
            piece.advance(here);
            count -= here;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        if self.waiting() == 0 {
            // A WebSocket that has nothing to send holds no memory for it.
            self.forget();
        }
        self.release_pong()
    }

    /// Forgets all that waits to be sent.
    pub(super) fn clear(&mut self) {
        self.written = self.encoded;
        self.forget();
        self.pong = None;
        self.deflater = None;
    }

    fn forget(&mut self) {
        self.tail = Vec::new();
        self.tail_gone = 0;
        if self.pieces.capacity() > 0 {
            self.pieces = VecDeque::new();
        }
    }
}

/// Cuts the payload of a control frame to what fits into one (RFC 6455 §5.5).
fn control(mut payload: Bytes) -> Bytes {
    payload.truncate(CONTROL);
    payload
}
