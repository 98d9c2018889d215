//! How a WebSocket ends: codes, reasons and close frames (RFC 6455 §7).

use std::borrow::Cow;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::error::Violation;
use super::frame::CONTROL;

/// Why a WebSocket was closed, a number from 1000 to 4999 (RFC 6455 §7.4).
///
/// # Examples
///
/// ```
/// use wharf_http::ws::CloseCode;
///
/// assert_eq!(CloseCode::AWAY, CloseCode::new(1001));
/// assert!(CloseCode::new(4321).can_be_sent());
/// assert!(!CloseCode::ABNORMAL.can_be_sent());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: this end goes away: a server shuts down, a page is left.
    pub const AWAY: Self = Self(1001);
    /// 1002: the other end broke the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// 1003: the other end sent a kind of message that this one does not take.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1005: the close frame had no code. Never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: the connection ended without a close frame. Never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: text was not UTF-8, or a message did not fit its type.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: a message breaks this end's policy.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message is too large.
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the server did not negotiate an extension that the client needs.
    pub const EXTENSION: Self = Self(1010);
    /// 1011: something unforeseen keeps the server from going on.
    pub const INTERNAL: Self = Self(1011);
    /// 1012: the server restarts.
    pub const RESTART: Self = Self(1012);
    /// 1013: the server has too much to do; try again later.
    pub const TRY_AGAIN: Self = Self(1013);
    /// 1014: a gateway got a bad answer from the server behind it.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Creates a code from its number, whatever it is.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Tells whether a close frame may carry the code.
    ///
    /// The codes are 1000 to 1014 but 1004, 1005 and 1006, those that libraries register from 3000 on, and those of
    /// applications from 4000 on (RFC 6455 §7.4.2).
    #[must_use]
    pub const fn can_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

/// What a close frame says: a code, and a reason for people to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CloseFrame {
    code: CloseCode,
    reason: Cow<'static, str>,
}

impl CloseFrame {
    /// Creates a close frame.
    ///
    /// A reason of more than 123 bytes is cut to what fits into a frame, between two characters.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::ws::{CloseCode, CloseFrame};
    ///
    /// let frame = CloseFrame::new(CloseCode::AWAY, "see you tomorrow");
    /// assert_eq!(frame.reason(), "see you tomorrow");
    /// ```
    #[must_use]
    pub fn new(code: impl Into<CloseCode>, reason: impl Into<Cow<'static, str>>) -> Self {
        let mut reason = reason.into();
        if reason.len() > CONTROL - 2 {
            let mut end = CONTROL - 2;
            while !reason.is_char_boundary(end) {
                end -= 1;
            }
            reason = match reason {
                Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
                Cow::Owned(mut text) => {
                    text.truncate(end);
                    Cow::Owned(text)
                }
            };
        }
        Self {
            code: code.into(),
            reason,
        }
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> CloseCode {
        self.code
    }

    /// Returns the reason, which is often empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Reads the payload of a close frame.
    pub(super) fn read(payload: &[u8]) -> Result<Self, Violation> {
        let Some((number, reason)) = payload.split_first_chunk::<2>() else {
            return match payload {
                [] => Ok(Self::new(CloseCode::NO_STATUS, "")),
                _ => Err(Violation::protocol("a close frame with half a code")),
            };
        };
        let code = CloseCode(u16::from_be_bytes(*number));
        if !code.can_be_sent() {
            return Err(Violation::protocol("a close code that may not be sent"));
        }
        match std::str::from_utf8(reason) {
            Ok(reason) => Ok(Self::new(code, reason.to_owned())),
            Err(_) => Err(Violation::text()),
        }
    }

    /// Writes the payload; [`CloseCode::NO_STATUS`] stands for an empty one.
    pub(super) fn write(&self) -> Bytes {
        if self.code == CloseCode::NO_STATUS {
            return Bytes::new();
        }
        let mut payload = BytesMut::with_capacity(2 + self.reason.len());
        payload.put_u16(self.code.0);
        payload.put_slice(self.reason.as_bytes());
        payload.freeze()
    }
}

impl fmt::Display for CloseFrame {
    /// Prints the code, and the reason in parentheses where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        match &*self.reason {
            "" => Ok(()),
            reason => write!(f, " ({})", reason.escape_debug()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_frame_is_read_as_it_was_written() {
        for frame in [
            CloseFrame::new(1000, ""),
            CloseFrame::new(4999, "κόσμε"),
            CloseFrame::new(CloseCode::NO_STATUS, ""),
        ] {
            assert_eq!(CloseFrame::read(&frame.write()).unwrap(), frame);
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let frame = CloseFrame::new(1000, "é".repeat(100));
        assert_eq!(frame.reason(), "é".repeat(61));
        assert!(frame.write().len() <= CONTROL);
    }

    #[test]
    fn payloads_that_break_the_rules_are_refused() {
        for code in [
            0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535,
        ] {
            let error = CloseFrame::read(&code.to_be_bytes()).unwrap_err();
            assert_eq!(error.code(), CloseCode::PROTOCOL, "{code}");
        }
        assert_eq!(
            CloseFrame::read(&[3]).unwrap_err().code(),
            CloseCode::PROTOCOL
        );
        assert_eq!(
            CloseFrame::read(&[3, 0xe8, 0xff]).unwrap_err().code(),
            CloseCode::INVALID_DATA
        );
    }
}
