//! Messages in, bytes out: the sending half of the codec, which does no I/O.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use super::close::CloseFrame;
use super::config::WebSocketConfig;
use super::deflate::{Agreed, Deflater};
use super::frame::{HEAD, Head, Opcode, Role};
use super::mask::{self, Masks};
use super::message::Message;

pub(super) struct Encoder {
    role: Role,
    fragment: usize,
    masks: Masks,
    deflater: Option<Deflater>,
    /// What waits to be sent: first large pieces that nobody copied, with the heads before them, ...
    pieces: VecDeque<Bytes>,
    /// ... then this.
    tail: BytesMut,
    /// How many bytes were encoded in all, and how many of them are gone.
    encoded: u64,
    written: u64,
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
            tail: BytesMut::new(),
            encoded: 0,
            written: 0,
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
            Message::Ping(payload) => self.control(Opcode::Ping, payload),
            Message::Pong(payload) => self.control(Opcode::Pong, payload),
        }
    }

    /// Encodes a ping of our own.
    pub(super) fn ping(&mut self) -> io::Result<()> {
        self.control(Opcode::Ping, Bytes::new())
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
            self.control(Opcode::Pong, payload)?;
            self.pong_end = self.encoded;
            self.pong_bytes += usize::try_from(self.encoded - before).unwrap_or(PONGS);
        }
        Ok(())
    }

    /// Encodes the close frame, after which nothing may be encoded.
    pub(super) fn close(&mut self, frame: &CloseFrame) -> io::Result<()> {
        self.pong = None;
        self.control(Opcode::Close, frame.write())
    }

    fn data(&mut self, opcode: Opcode, payload: Bytes) -> io::Result<()> {
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
                opcode,
                mask: None,
                length: 0,
            };
            self.frame(head, piece)?;
            if rest.is_empty() {
                return Ok(());
            }
            opcode = Opcode::Continuation;
            compressed = false;
        }
    }

    fn control(&mut self, opcode: Opcode, payload: Bytes) -> io::Result<()> {
        let head = Head {
            last: true,
            compressed: false,
            opcode,
            mask: None,
            length: 0,
        };
        self.frame(head, payload)
    }

    fn frame(&mut self, mut head: Head, payload: Bytes) -> io::Result<()> {
        head.length = payload.len() as u64;
        head.mask = match self.role {
            Role::Client => Some(self.masks.next()?),
            Role::Server => None,
        };
        let mut bytes = [0; HEAD];
        let end = head.write(&mut bytes);
        self.encoded += (end + payload.len()) as u64;
        if payload.len() < SHARED {
            self.tail.reserve(end + payload.len());
            self.tail.extend_from_slice(&bytes[..end]);
            let start = self.tail.len();
            self.tail.extend_from_slice(&payload);
            if let Some(mask) = head.mask {
                mask::apply(&mut self.tail[start..], mask, 0);
            }
            return Ok(());
        }
        self.tail.extend_from_slice(&bytes[..end]);
        self.pieces.push_back(self.tail.split().freeze());
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
        Ok(())
    }

    /// Returns how many bytes wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        usize::try_from(self.encoded - self.written).unwrap_or(usize::MAX)
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
            None => &self.tail,
        }
    }

    /// Fills in what waits to be sent, and returns how many slices that took.
    pub(super) fn chunks<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let all = self.pieces.iter().map(|piece| &**piece);
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(all.chain([&*self.tail])) {
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
                self.tail.advance(count.min(self.tail.len()));
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
            self.tail = BytesMut::new();
            self.pieces = VecDeque::new();
        }
        self.release_pong()
    }

    /// Forgets all that waits to be sent.
    pub(super) fn clear(&mut self) {
        self.written = self.encoded;
        self.tail = BytesMut::new();
        self.pieces = VecDeque::new();
        self.pong = None;
        self.deflater = None;
    }
}
