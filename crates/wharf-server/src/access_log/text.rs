//! [`Text`], text that is copied into many lines.

use std::io::Write as _;

/// Text that is copied into many lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    text: String,
    /// Short text, filled up: it is copied by moving a register, and not by a call.
    padded: [u8; SHORT],
}

/// As long as an IPv4 address, and longer than what stands between two atoms.
const SHORT: usize = 16;

impl Text {
    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let mut padded = [0; SHORT];
        let _rest = (&mut padded[..]).write(text.as_bytes());
        Self { text, padded }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Adds more text at the end.
    pub(super) fn push(&mut self, text: &str) {
        *self = Self::new(self.text.clone() + text);
    }

    #[inline]
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        if self.text.len() <= SHORT {
            let end = out.len() + self.text.len();
            out.extend_from_slice(&self.padded);
            out.truncate(end);
        } else {
            out.extend_from_slice(self.text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_is_printed_as_it_is() {
        for length in 0..40 {
            let (mut text, half) = (Text::default(), "é-"[..].repeat(length));
            text.push(&half);
            text.push("|");
            let mut out = b"before".to_vec();
            text.print(&mut out);
            assert_eq!(str::from_utf8(&out).unwrap(), format!("before{half}|"));
            assert_eq!(text.as_str(), format!("{half}|"));
        }
    }
}
