//! [`Plain`], a value without its meaning: what a file of settings has, and what is printed.

use std::fmt::{self, Write};

/// A value as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::settings) enum Plain {
    Boolean(bool),
    /// An integer as it is written, such as `2048` or `0o660`.
    Whole(String),
    Text(String),
    List(Vec<Self>),
    /// Something that no setting is, by the name of its kind.
    #[cfg_attr(
        not(feature = "toml"),
        expect(dead_code, reason = "only a file can have it")
    )]
    Other(&'static str),
}

impl Plain {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Returns what a flag would be given.
    pub(in crate::settings) fn bare(&self) -> String {
        match self {
            Self::Boolean(true) => "yes".into(),
            Self::Boolean(false) => "no".into(),
            Self::Whole(text) | Self::Text(text) => text.clone(),
            Self::List(items) => items.iter().map(Self::bare).collect::<Vec<_>>().join(", "),
            Self::Other(kind) => (*kind).into(),
        }
    }
}

/// Prints it as TOML.
impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(on) => on.fmt(f),
            Self::Whole(text) => f.write_str(text),
            Self::Text(text) => quote(text, f),
            Self::List(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_char(']')
            }
            Self::Other(kind) => f.write_str(kind),
        }
    }
}

/// Prints a text in quotes: as it is in single ones where that saves escapes, or else with the escapes of TOML.
fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let has_control = text.contains(|c: char| c.is_control());
    if text.contains(['"', '\\']) && !text.contains('\'') && !has_control {
        return write!(f, "'{text}'");
    }
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
