//! Parameter values with a character set: `UTF-8''%e2%82%ac` (RFC 8187).

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What needs no escape (RFC 8187 §3.2.1).
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Reads an extended value, such as `UTF-8'en'a%20b` (RFC 8187 §3.2).
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '\'');
    let (charset, _language, value) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_decode_str(value);
    if charset.eq_ignore_ascii_case("utf-8") {
        bytes.decode_utf8().ok().map(Cow::into_owned)
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        Some(bytes.map(char::from).collect())
    } else {
        None
    }
}

/// Writes a text as an extended value.
pub(crate) struct Extended<'t>(pub(crate) &'t str);

impl fmt::Display for Extended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UTF-8''{}", utf8_percent_encode(self.0, ATTRIBUTE))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_in_both_character_sets_of_the_rfc() {
        for (text, expected) in [
            ("UTF-8''%e2%82%ac%20rates", Some("€ rates")),
            ("iso-8859-1'en'%A3%20rates", Some("£ rates")),
            ("utf-8''%ff", None),
            ("koi8-r''a", None),
            ("UTF-8'a", None),
            ("", None),
        ] {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(text in ".{0,20}") {
            prop_assert_eq!(decode(&Extended(&text).to_string()), Some(text));
        }
    }
}
