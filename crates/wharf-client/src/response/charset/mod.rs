//! The charset of a text: what the header says, what the text itself says, or a guess.

#[cfg_attr(feature = "charset", path = "every.rs")]
#[cfg_attr(not(feature = "charset"), path = "few.rs")]
mod known;

use std::sync::Arc;

use wharf_http::BoxError;

pub(super) use self::known::Charset;

/// Names the charset of a body whose `content-type` names none, by that type and the bytes.
pub(crate) type CharsetGuess = Arc<dyn Fn(Option<&str>, &[u8]) -> Option<String> + Send + Sync>;

impl Charset {
    /// Finds the charset that a media type names; `None` when it names none.
    ///
    /// JSON has no charset parameter, and is always UTF-8 (RFC 8259 §8.1 and §11).
    pub(super) fn declared(content_type: Option<&str>) -> Result<Option<Self>, BoxError> {
        match content_type {
            Some(content_type) if is_json(content_type) => Ok(Some(Self::UTF_8)),
            Some(content_type) => parameter(content_type).map(Self::called).transpose(),
            None => Ok(None),
        }
    }

    fn called(name: &str) -> Result<Self, BoxError> {
        Self::named(name).ok_or_else(|| format!("the charset `{name}` is not supported").into())
    }

    /// Decodes bytes that are known to be of this charset.
    pub(super) fn text(self, bytes: &[u8]) -> Result<String, BoxError> {
        if self == Self::UTF_8 {
            return Ok(std::str::from_utf8(bytes)?.to_owned());
        }
        let text = self.decode(bytes);
        text.ok_or_else(|| format!("it is not valid {}", self.name()).into())
    }

    /// Tells whether the lines of this charset can be told apart before they are decoded.
    pub(super) fn check_lines(self) -> Result<(), BoxError> {
        match self.has_ascii_lines() {
            true => Ok(()),
            false => Err(format!("{} is not read by lines", self.name()).into()),
        }
    }
}

/// Decodes a whole body. A byte order mark says more than the header, as in browsers (WHATWG Encoding Standard §6), save in JSON.
pub(super) fn decode(
    content_type: Option<&str>,
    bytes: &[u8],
    guess: impl FnOnce(Option<&str>, &[u8]) -> Option<String>,
) -> Result<String, BoxError> {
    if content_type.is_some_and(is_json) {
        return Charset::UTF_8.text(unmarked(bytes));
    }
    if let Some((charset, length)) = Charset::marked(bytes) {
        return charset.text(&bytes[length..]);
    }
    let declared = Charset::declared(content_type)?;
    let charset = match declared {
        Some(charset) => charset,
        None => match guess(content_type, bytes) {
            Some(name) => Charset::called(&name)?,
            None => Charset::UTF_8,
        },
    };
    charset.text(bytes)
}

/// Takes a byte order mark of UTF-8 off.
pub(super) fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

/// Returns the `charset` parameter of a media type (RFC 9110 §8.3.2).
pub(super) fn parameter(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// Tells whether a media type is that of JSON, or of a format that is made of it (RFC 6839 §3.1).
pub(super) fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let subtype = essence.split_once('/').map_or("", |(_, subtype)| subtype);
    let suffix = subtype.rsplit('+').next().unwrap_or_default();
    suffix.eq_ignore_ascii_case("json")
}

#[cfg(test)]
mod tests;
