//! What is sent and received: text, binary data, and the control frames that can be asked for.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// One message.
///
/// # Examples
///
/// ```
/// use wharf_http::ws::Message;
///
/// assert_eq!(Message::from("ahoy").as_text(), Some("ahoy"));
/// assert_eq!(Message::from(vec![1, 2]).as_text(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// Text, which is UTF-8.
    Text(Text),
    /// Any bytes.
    Binary(Bytes),
    /// A ping. Received only where [`control_frames`](super::WebSocketConfig::control_frames) is on; it was answered
    /// already.
    Ping(Bytes),
    /// A pong. Received only where [`control_frames`](super::WebSocketConfig::control_frames) is on.
    Pong(Bytes),
}

impl Message {
    /// Returns the text, or `None` if this is not a text message.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the bytes of any message, text included.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        match self {
            Self::Text(text) => &text.0,
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
        }
    }

    /// Returns the bytes of any message, text included, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.0,
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
        }
    }

    /// Tells what this is, for errors.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text message where binary data was wanted",
            Self::Binary(_) => "binary data where text was wanted",
            Self::Ping(_) => "a ping where a message was wanted",
            Self::Pong(_) => "a pong where a message was wanted",
        }
    }
}

impl From<Text> for Message {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}

/// Text whose clones share its bytes, so that one message can go to many WebSockets.
///
/// It reads as a `str`. Reading checks the bytes again, about a microsecond for 32 KiB: keep the `&str` where it is
/// needed often.
///
/// # Examples
///
/// ```
/// use wharf_http::ws::Text;
///
/// let text = Text::from("S/S Tug");
/// assert!(text.starts_with("S/S"));
/// assert_eq!(text, "S/S Tug");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Bytes);

impl Text {
    /// Creates text from a literal without a copy.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// Returns the text.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "there is no other text")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only UTF-8 is made into text")
    }

    /// Returns the bytes without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Takes bytes that were found to be UTF-8 already.
    pub(super) fn checked(bytes: Bytes) -> Self {
        debug_assert!(std::str::from_utf8(&bytes).is_ok());
        Self(bytes)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl TryFrom<Bytes> for Text {
    type Error = std::str::Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        std::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
