//! [`Flash`]: a message for the next page.

use serde_json::{Value, json};

/// How many messages wait at most; the oldest go first.
pub(super) const MOST: usize = 16;

/// How many bytes a message has at most; the rest is cut off.
pub(super) const LONGEST: usize = 512;

/// A message that is shown once, on the next page that asks for them, such as `Saved.` after a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    level: Level,
    text: String,
}

/// What kind of message a [`Flash`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// Something to know.
    Info,
    /// It has worked.
    Success,
    /// It has worked, but.
    Warning,
    /// It has not worked.
    Error,
}

impl Level {
    const ALL: [Self; 4] = [Self::Info, Self::Success, Self::Warning, Self::Error];

    /// Returns the name in small letters, as for a class of a style sheet: `info`, `success`, `warning`, `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Flash {
    pub(super) fn new(level: Level, text: impl Into<String>) -> Self {
        let mut text = text.into();
        let end = (0..=LONGEST.min(text.len()))
            .rev()
            .find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        Self { level, text }
    }

    /// Returns the kind.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns the text, not escaped.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn to_json(&self) -> Value {
        json!([self.level.as_str(), self.text])
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let [level, text] = value.as_array()?.as_slice() else {
            return None;
        };
        let name = level.as_str()?;
        let level = Level::ALL
            .into_iter()
            .find(|level| level.as_str() == name)?;
        Some(Self::new(level, text.as_str()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_an_end() {
        for (text, bytes) in [
            ("a".repeat(LONGEST), LONGEST),
            ("a".repeat(LONGEST + 1), LONGEST),
            ("ä".repeat(LONGEST), LONGEST),
            (format!("a{}", "ä".repeat(LONGEST)), LONGEST - 1),
            (String::new(), 0),
        ] {
            assert_eq!(Flash::new(Level::Info, text).text().len(), bytes);
        }
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        for level in Level::ALL {
            let flash = Flash::new(level, "moored at \"7\"");
            assert_eq!(Flash::from_json(&flash.to_json()), Some(flash));
        }
        for bad in [
            json!(null),
            json!([]),
            json!(["loud", "x"]),
            json!(["info", 1]),
        ] {
            assert_eq!(Flash::from_json(&bad), None, "{bad}");
        }
    }
}
