//! From text to the value of a setting.

use std::path::PathBuf;
use std::time::Duration;

use crate::access_log::{AccessLog, AccessLogFormat};
use crate::listener::Address;
use crate::trust::TrustedProxies;

/// Where a setting is kept: nothing at first, then one value, or a list of them.
pub(crate) trait Slot {
    type Item: Value;

    /// Whether one variable of the environment can hold several values, separated by commas.
    const IS_LIST: bool;

    fn put(&mut self, item: Self::Item);

    /// Returns what is kept here, or else what is kept in `other`.
    fn or(self, other: Self) -> Self;
}

impl<T: Value> Slot for Option<T> {
    type Item = T;

    const IS_LIST: bool = false;

    fn put(&mut self, item: T) {
        *self = Some(item);
    }

    fn or(self, other: Self) -> Self {
        self.or(other)
    }
}

impl<T: Value> Slot for Vec<T> {
    type Item = T;

    const IS_LIST: bool = true;

    fn put(&mut self, item: T) {
        self.push(item);
    }

    fn or(self, other: Self) -> Self {
        if self.is_empty() { other } else { self }
    }
}

/// A value that can be read from text; the error says what was given and what was expected.
pub(crate) trait Value: Sized {
    fn parse(text: &str) -> Result<Self, String>;
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err(format!("`{text}` is neither `yes` nor `no`")),
        }
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the path is empty".into());
        }
        Ok(text.into())
    }
}

impl Value for usize {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| format!("`{text}` is not a whole number"))
    }
}

impl Value for Address {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: crate::Error| error.to_string())
    }
}

impl Value for TrustedProxies {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: crate::Error| error.to_string())
    }
}

impl Value for AccessLog {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "on" => Ok(Self::new()),
            "off" => Ok(Self::off()),
            // Text without any atom would print the same line for every request.
            _ if !text.contains('%') => Err(format!(
                "`{text}` is neither `on` nor `off` nor a format such as `{}`",
                AccessLogFormat::DEFAULT
            )),
            format => AccessLogFormat::parse(format)
                .map(|format| Self::new().format(format))
                .map_err(|error| error.to_string()),
        }
    }
}

/// A time limit; `none` switches it off.
impl Value for Option<Duration> {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(None);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let milliseconds = match unit.trim() {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        number
            .parse::<u64>()
            .ok()
            .filter(|_| milliseconds != 0)
            .and_then(|number| number.checked_mul(milliseconds))
            .map(|time| Some(Duration::from_millis(time)))
            .ok_or_else(|| format!("`{text}` is not a time such as 25s, 500ms, 2m or none"))
    }
}

/// The permissions of a file, read and printed in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode(pub(crate) u32);

impl From<u32> for Mode {
    fn from(bits: u32) -> Self {
        Self(bits)
    }
}

impl Value for Mode {
    fn parse(text: &str) -> Result<Self, String> {
        u32::from_str_radix(text.strip_prefix("0o").unwrap_or(text), 8)
            .ok()
            .filter(|&bits| bits <= 0o777)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a mode in octal from 0 to 777"))
    }
}
