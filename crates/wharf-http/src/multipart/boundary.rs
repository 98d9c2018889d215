use std::fmt::Write as _;

use bytes::Bytes;

use super::BadForm;

/// What separates the parts, and occurs in none of them (RFC 2046 §5.1.1).
#[derive(Clone, Debug)]
pub(super) struct Boundary {
    text: String,
    chosen: bool,
}

impl Boundary {
    /// Makes one that nobody can guess, and so put into a part.
    pub(super) fn random() -> Result<Self, BadForm> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| BadForm::new(format!("the system has no random bytes: {error}")))?;
        let mut text = String::with_capacity(2 * random.len());
        for byte in random {
            // Writing into a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self {
            text,
            chosen: false,
        })
    }

    /// Takes one of 1 to 70 characters of a small set, not ending with a space.
    pub(super) fn chosen(text: String) -> Result<Self, BadForm> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
        if matches!(text.len(), 1..=70) && text.bytes().all(allowed) && !text.ends_with(' ') {
            return Ok(Self { text, chosen: true });
        }
        Err(BadForm::new(format!(
            "the boundary {text:?} is not 1 to 70 letters, digits and `'()+_,-./:=?`"
        )))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Checks a part that is in memory. A random boundary needs no check.
    pub(super) fn check(&self, part: &Bytes) -> Result<(), BadForm> {
        // Counted from the start of the part, before which there is a line break.
        let delimiter = format!("\r\n--{}", self.text);
        let delimiter = delimiter.as_bytes();
        let held = part.starts_with(&delimiter[2..])
            || part
                .windows(delimiter.len())
                .any(|window| window == delimiter);
        match self.chosen && held {
            true => Err(BadForm::new(format!(
                "a part holds the boundary {:?}",
                self.text
            ))),
            false => Ok(()),
        }
    }
}
