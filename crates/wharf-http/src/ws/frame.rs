//! Frames on the wire (RFC 6455 §5.2): their heads, read and written.

use super::error::Violation;

/// Which end of a connection this one is: a client masks what it sends, a server never does (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn read(bits: u8) -> Result<Self, Violation> {
        match bits {
            0x0 => Ok(Self::Continuation),
            0x1 => Ok(Self::Text),
            0x2 => Ok(Self::Binary),
            0x8 => Ok(Self::Close),
            0x9 => Ok(Self::Ping),
            0xa => Ok(Self::Pong),
            _ => Err(Violation::protocol("a reserved opcode")),
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The most bytes that a control frame may carry (RFC 6455 §5.5).
pub(super) const CONTROL: usize = 125;

/// The most bytes that a head takes.
pub(super) const HEAD: usize = 14;

/// The head of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Whether this is the last frame of its message.
    pub(super) last: bool,
    /// RSV1: whether the message is compressed (RFC 7692 §6).
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: Option<[u8; 4]>,
    pub(super) length: u64,
}

impl Head {
    /// Reads a head that `bytes` begin with, and how many bytes it takes; `None` when some are missing.
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x30 != 0 {
            return Err(Violation::protocol("a reserved bit that nobody negotiated"));
        }
        let last = first & 0x80 != 0;
        let opcode = Opcode::read(first & 0x0f)?;
        let (length, rest) = match second & 0x7f {
            126 => match rest.split_first_chunk::<2>() {
                None => return Ok(None),
                Some((bytes, rest)) => (u64::from(u16::from_be_bytes(*bytes)), rest),
            },
            127 => match rest.split_first_chunk::<8>() {
                None => return Ok(None),
                Some((bytes, rest)) => (u64::from_be_bytes(*bytes), rest),
            },
            short => (u64::from(short), rest),
        };
        if opcode.is_control() && (!last || length > CONTROL as u64) {
            return Err(Violation::protocol(match last {
                true => "a control frame of more than 125 bytes",
                false => "a control frame in pieces",
            }));
        }
        // RFC 6455 §5.2: the fewest bytes have to be used, and the highest bit of the longest form is 0.
        let fewest = match second & 0x7f {
            126 => length > 125,
            127 => length > 0xffff && length >> 63 == 0,
            _ => true,
        };
        if !fewest {
            return Err(Violation::protocol("a length in the wrong form"));
        }
        let (mask, rest) = match second & 0x80 {
            0 => (None, rest),
            _ => match rest.split_first_chunk::<4>() {
                None => return Ok(None),
                Some((mask, rest)) => (Some(*mask), rest),
            },
        };
        let head = Self {
            last,
            compressed: first & 0x40 != 0,
            opcode,
            mask,
            length,
        };
        Ok(Some((head, bytes.len() - rest.len())))
    }

    /// Writes the head, and returns how many bytes it takes.
    #[inline]
    pub(super) fn write(&self, out: &mut [u8; HEAD]) -> usize {
        out[0] = u8::from(self.last) << 7 | u8::from(self.compressed) << 6 | self.opcode.bits();
        let masked = u8::from(self.mask.is_some()) << 7;
        let mut end = match (u8::try_from(self.length), u16::try_from(self.length)) {
            (Ok(short @ ..=125), _) => {
                out[1] = masked | short;
                2
            }
            (_, Ok(middle)) => {
                out[1] = masked | 126;
                out[2..4].copy_from_slice(&middle.to_be_bytes());
                4
            }
            _ => {
                out[1] = masked | 127;
                out[2..10].copy_from_slice(&self.length.to_be_bytes());
                10
            }
        };
        if let Some(mask) = self.mask {
            out[end..end + 4].copy_from_slice(&mask);
            end += 4;
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heads() -> impl Strategy<Value = Head> {
        let opcodes = prop_oneof![
            Just(Opcode::Continuation),
            Just(Opcode::Text),
            Just(Opcode::Binary),
            Just(Opcode::Close),
            Just(Opcode::Ping),
            Just(Opcode::Pong),
        ];
        let lengths = prop_oneof![0..200_u64, 65_500..65_600_u64, 0..=u64::MAX >> 1];
        (
            any::<[bool; 2]>(),
            opcodes,
            any::<Option<[u8; 4]>>(),
            lengths,
        )
            .prop_map(|([last, compressed], opcode, mask, length)| Head {
                last: last || opcode.is_control(),
                compressed,
                opcode,
                mask,
                length: match opcode.is_control() {
                    true => length % 126,
                    false => length,
                },
            })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(head in heads(), more in proptest::collection::vec(any::<u8>(), 0..4)) {
            let mut bytes = [0; HEAD];
            let end = head.write(&mut bytes);
            for cut in 0..end {
                prop_assert_eq!(Head::read(&bytes[..cut]), Ok(None));
            }
            let whole = [&bytes[..end], &more].concat();
            prop_assert_eq!(Head::read(&whole), Ok(Some((head, end))));
        }

        #[test]
        fn what_can_be_read_is_written_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(Some((head, end))) = Head::read(&bytes) {
                let mut written = [0; HEAD];
                prop_assert_eq!(head.write(&mut written), end);
                prop_assert_eq!(&written[..end], &bytes[..end]);
            }
        }
    }

    #[test]
    fn heads_that_break_the_rules_are_refused() {
        for bad in [
            &[0xa1, 0x00][..],                          // RSV2
            &[0x91, 0x00],                              // RSV3
            &[0x83, 0x00],                              // a reserved opcode
            &[0x8b, 0x00],                              // a reserved control opcode
            &[0x09, 0x00],                              // a ping in pieces
            &[0x89, 126, 0, 126],                       // a long ping
            &[0x82, 126, 0, 125],                       // two bytes where one would do
            &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], // eight where two would do
            &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0],    // the highest bit
        ] {
            assert!(Head::read(bad).is_err(), "{bad:x?}");
        }
    }
}
