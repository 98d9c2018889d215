//! [`Scanner`], which finds the frames in a stream of bytes, however it is cut (RFC 9113 §4.1).
//!
//! It reads frame headers and the few numbers of payloads that matter here, keeps nothing else, and judges nothing: what
//! is against the rules is hyper's business.

/// What a client begins with (RFC 9113 §3.4).
pub(in crate::conn) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The length of a frame header.
pub(super) const HEADER: usize = 9;

// Frame types (RFC 9113 §6).
pub(super) const DATA: u8 = 0x0;
pub(super) const HEADERS: u8 = 0x1;
pub(super) const RST_STREAM: u8 = 0x3;
pub(super) const SETTINGS: u8 = 0x4;
pub(super) const GOAWAY: u8 = 0x7;
pub(super) const WINDOW_UPDATE: u8 = 0x8;
pub(super) const CONTINUATION: u8 = 0x9;

// Flags, and one setting (RFC 9113 §6.1, §6.2, §6.5.2).
const END_STREAM: u8 = 0x1;
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const INITIAL_WINDOW_SIZE: u16 = 0x4;

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u32,
    pub(super) kind: u8,
    flags: u8,
    pub(super) stream: u32,
}

impl Head {
    fn parse(bytes: [u8; HEADER]) -> Self {
        let [high, middle, low, kind, flags, a, b, c, d] = bytes;
        Self {
            length: u32::from_be_bytes([0, high, middle, low]),
            kind,
            flags,
            stream: u32::from_be_bytes([a, b, c, d]) & !(1 << 31),
        }
    }

    /// Tells whether the sender sends nothing more on the stream.
    pub(super) fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    /// Tells whether a block of fields is complete with this frame.
    pub(super) fn ends_fields(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION) && self.flags & END_HEADERS != 0
    }

    /// Returns the size of the pieces of the payload that are to be looked at, and how many of them.
    fn items(self) -> (usize, u32) {
        match self.kind {
            SETTINGS if self.flags & ACK == 0 => (6, u32::MAX),
            GOAWAY | WINDOW_UPDATE => (4, 1),
            _ => (0, 0),
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A frame whose header is complete.
    Begun(Head),
    /// A frame that is complete.
    Ended(Head),
    /// The window of a stream, or of the connection for stream 0, has grown.
    Window { stream: u32, by: u32 },
    /// Windows of streams begin with this size.
    InitialWindow(u32),
    /// Streams above this one are not dealt with.
    LastStream(u32),
}

/// Finds the frames of one direction.
#[derive(Debug)]
pub(super) struct Scanner {
    /// What is left of the preface.
    preface: usize,
    header: [u8; HEADER],
    /// How much of the header is there.
    have: usize,
    frame: Option<Head>,
    /// How much of the payload is yet to come.
    left: u32,
    item: [u8; 6],
    /// How much of the item is there, and how many items are to come.
    item_have: usize,
    items: u32,
}

impl Scanner {
    /// Creates a scanner of a stream whose first `preface` bytes are no frames.
    pub(super) fn new(preface: usize) -> Self {
        Self {
            preface,
            header: [0; HEADER],
            have: 0,
            frame: None,
            left: 0,
            item: [0; 6],
            item_have: 0,
            items: 0,
        }
    }

    /// Tells whether no frame has begun that is not complete.
    pub(super) fn is_between_frames(&self) -> bool {
        self.have == 0 && self.frame.is_none() && self.preface == 0
    }

    /// Goes on with the next bytes of the stream; `found` is told what, and how many of the bytes come after it.
    pub(super) fn scan(&mut self, bytes: &[u8], mut found: impl FnMut(Event, usize)) {
        let skipped = self.preface.min(bytes.len());
        self.preface -= skipped;
        let mut bytes = &bytes[skipped..];
        while !bytes.is_empty() {
            if self.frame.is_none() {
                let taken = bytes.len().min(HEADER - self.have);
                self.header[self.have..][..taken].copy_from_slice(&bytes[..taken]);
                self.have += taken;
                bytes = &bytes[taken..];
                if self.have < HEADER {
                    return;
                }
                let head = Head::parse(self.header);
                self.have = 0;
                self.frame = Some(head);
                self.left = head.length;
                self.item_have = 0;
                self.items = head.items().1;
                found(Event::Begun(head), bytes.len());
            }
            bytes = self.payload(bytes, &mut found);
        }
    }

    /// Goes on with the payload of the present frame; returns what comes after it.
    fn payload<'a>(&mut self, bytes: &'a [u8], found: &mut impl FnMut(Event, usize)) -> &'a [u8] {
        let Some(head) = self.frame else {
            return bytes;
        };
        let taken = bytes.len().min(self.left as usize);
        let (mut part, rest) = bytes.split_at(taken);
        // No more than 32 bits were left.
        self.left -= taken as u32;
        let (size, _) = head.items();
        while self.items > 0 && !part.is_empty() {
            let more = part.len().min(size - self.item_have);
            self.item[self.item_have..][..more].copy_from_slice(&part[..more]);
            self.item_have += more;
            part = &part[more..];
            if self.item_have == size {
                self.item_have = 0;
                self.items -= 1;
                if let Some(event) = item(head, self.item) {
                    found(event, part.len() + rest.len());
                }
            }
        }
        if self.left == 0 {
            // Reached in the same call for a frame without payload.
            self.frame = None;
            found(Event::Ended(head), rest.len());
        }
        rest
    }
}

fn item(head: Head, item: [u8; 6]) -> Option<Event> {
    let [a, b, c, d, e, f] = item;
    let number = u32::from_be_bytes([a, b, c, d]) & !(1 << 31);
    match head.kind {
        SETTINGS if u16::from_be_bytes([a, b]) == INITIAL_WINDOW_SIZE => {
            Some(Event::InitialWindow(u32::from_be_bytes([c, d, e, f])))
        }
        GOAWAY => Some(Event::LastStream(number)),
        WINDOW_UPDATE => Some(Event::Window {
            stream: head.stream,
            by: number,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn scan(preface: usize, pieces: &[&[u8]]) -> (Vec<Event>, bool) {
        let mut scanner = Scanner::new(preface);
        let mut events = Vec::new();
        for piece in pieces {
            scanner.scan(piece, |event, _| events.push(event));
        }
        (events, scanner.is_between_frames())
    }

    fn head(length: u32, kind: u8, flags: u8, stream: u32) -> Head {
        Head {
            length,
            kind,
            flags,
            stream,
        }
    }

    #[test]
    fn frames_and_their_numbers_are_found() {
        let mut bytes = PREFACE.to_vec();
        bytes.extend(b"\0\0\x0c\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0\0\x0a");
        bytes.extend(b"\0\0\x04\x08\0\x80\0\0\x01\x80\0\0\x07");
        bytes.extend(b"\0\0\0\x01\x05\0\0\0\x03");
        let settings = head(12, SETTINGS, 0, 0);
        let update = head(4, WINDOW_UPDATE, 0, 1);
        let request = head(0, HEADERS, END_STREAM | END_HEADERS, 3);
        assert!(request.ends_stream() && request.ends_fields());
        let expected = [
            Event::Begun(settings),
            Event::InitialWindow(10),
            Event::Ended(settings),
            Event::Begun(update),
            Event::Window { stream: 1, by: 7 },
            Event::Ended(update),
            Event::Begun(request),
        ];
        // A frame without payload ends with its header.
        let (events, between) = scan(24, &[&bytes]);
        assert_eq!(events[..7], expected);
        assert_eq!(events[7..], [Event::Ended(request)]);
        assert!(between);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_frames(
            bytes in vec(prop_oneof![Just(0_u8), 0..10_u8, any::<u8>()], 0..400),
            cuts in vec(0_usize..60, 0..20),
            preface in 0_usize..30,
        ) {
            let whole = scan(preface, &[&bytes]);
            let mut pieces = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(whole, scan(preface, &pieces));
        }
    }
}
