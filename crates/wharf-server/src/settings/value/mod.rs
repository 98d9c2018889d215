//! [`Value`], what a setting can be: read from text, printed so that it can be read again.

mod number;
mod plain;
mod size;
mod time;
mod words;

use std::fmt;
use std::path::PathBuf;

use http::HeaderValue;

use crate::listener::Address;
use crate::trust::TrustedProxies;

pub(super) use number::{Auto, Mode, Positive};
pub(super) use plain::Plain;
pub(super) use size::Size;

/// A value that can be read from text and printed.
pub(super) trait Value: Clone + fmt::Debug + PartialEq {
    /// What the methods of [`Settings`](super::Settings) take and what is given to the server.
    type Public;

    /// Makes it of what a program gives, without a check: that is the server's.
    fn new(public: Self::Public) -> Self;

    /// Returns what the server takes.
    fn public(self) -> Self::Public;

    /// Returns what it means to be given both on one command line: the later one, except for lists.
    fn and(self, later: Self) -> Self {
        later
    }

    /// Reads it from a flag or a variable; the error says what was given and what was expected.
    fn parse(text: &str) -> Result<Self, String>;

    /// Prints it. [`parse`](Self::parse) understands the text, unless the program gave what nobody could write.
    fn plain(&self) -> Plain;

    /// Prints it if the text is read again as the same.
    fn written(&self) -> Option<Plain> {
        let plain = self.plain();
        match Self::parse(&plain.bare()) {
            Ok(read) if read == *self => Some(plain),
            _ => None,
        }
    }

    /// Says what a file should have here, when it has something else.
    fn expected() -> String;

    /// Tells whether a file may have it in this form; the text is parsed then.
    fn takes(plain: &Plain) -> bool {
        matches!(plain, Plain::Text(_))
    }
}

/// The part of [`Value`] for a type that is its own public form.
macro_rules! own_public {
    () => {
        type Public = Self;

        fn new(public: Self) -> Self {
            public
        }

        fn public(self) -> Self {
            self
        }
    };
}
use own_public;

/// A value that can be switched off by the word `none`.
impl<T: Value> Value for Option<T> {
    type Public = Option<T::Public>;

    fn new(public: Self::Public) -> Self {
        public.map(T::new)
    }

    fn public(self) -> Self::Public {
        self.map(T::public)
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(None),
            text => match T::parse(text) {
                Ok(value) => Ok(Some(value)),
                Err(reason) => Err(format!("{reason}, or none")),
            },
        }
    }

    fn plain(&self) -> Plain {
        self.as_ref().map_or_else(|| Plain::text("none"), T::plain)
    }

    fn expected() -> String {
        format!("{}, or \"none\"", T::expected())
    }

    fn takes(plain: &Plain) -> bool {
        *plain == Plain::text("none") || T::takes(plain)
    }
}

impl Value for bool {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(format!("`{text}` is neither `yes` nor `no`")),
        }
    }

    fn plain(&self) -> Plain {
        Plain::Boolean(*self)
    }

    fn expected() -> String {
        "true or false".into()
    }

    fn takes(plain: &Plain) -> bool {
        matches!(plain, Plain::Boolean(_))
    }
}

impl Value for String {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn plain(&self) -> Plain {
        Plain::text(self)
    }

    fn expected() -> String {
        "a text".into()
    }
}

impl Value for PathBuf {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the path is empty".into());
        }
        Ok(text.into())
    }

    fn plain(&self) -> Plain {
        Plain::Text(self.display().to_string())
    }

    fn expected() -> String {
        "a path such as \"/run/app.pid\"".into()
    }
}

impl Value for Address {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: crate::Error| error.to_string())
    }

    fn plain(&self) -> Plain {
        Plain::Text(self.to_string())
    }

    fn expected() -> String {
        "an address such as \"127.0.0.1:8080\"".into()
    }
}

impl Value for TrustedProxies {
    own_public!();

    fn and(self, later: Self) -> Self {
        Self::and(self, later)
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: crate::Error| error.to_string())
    }

    fn plain(&self) -> Plain {
        Plain::List(self.words().map(Plain::Text).collect())
    }

    fn expected() -> String {
        "a list such as [\"10.0.0.0/8\", \"loopback\"]".into()
    }

    fn takes(plain: &Plain) -> bool {
        match plain {
            Plain::List(items) => items.iter().all(|item| matches!(item, Plain::Text(_))),
            plain => matches!(plain, Plain::Text(_)),
        }
    }
}

/// The value of a field of answers.
impl Value for HeaderValue {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        // Spaces around it would not be part of it for whoever gets it (RFC 9110 §5.5).
        Self::from_str(text)
            .ok()
            .filter(|_| !text.is_empty() && text.trim() == text)
            .ok_or_else(|| {
                format!(
                    "`{}` is not the value of a header field",
                    text.escape_debug()
                )
            })
    }

    fn plain(&self) -> Plain {
        Plain::Text(String::from_utf8_lossy(self.as_bytes()).into_owned())
    }

    fn expected() -> String {
        "a text such as \"harbour\"".into()
    }
}
