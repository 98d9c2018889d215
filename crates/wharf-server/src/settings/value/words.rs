//! What is chosen by a word.

use super::{Plain, Value, own_public};
use crate::access_log::{AccessLog, AccessLogFormat};
use crate::conn::ForwardedBy;

impl Value for AccessLog {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "on" | "yes" => Ok(Self::new()),
            "off" | "no" => Ok(Self::off()),
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

    fn plain(&self) -> Plain {
        match self.format_in_use() {
            None => Plain::text("off"),
            Some(format) if *format == AccessLogFormat::default() => Plain::text("on"),
            Some(format) => Plain::Text(format.to_string()),
        }
    }

    fn expected() -> String {
        "\"on\", \"off\" or a format such as \"%a %s\"".into()
    }

    fn takes(plain: &Plain) -> bool {
        matches!(plain, Plain::Text(_) | Plain::Boolean(_))
    }
}

const FORWARDED_BY: [(&str, ForwardedBy); 3] = [
    ("x-forwarded", ForwardedBy::XForwarded),
    ("x-forwarded-with-host", ForwardedBy::XForwardedWithHost),
    ("forwarded", ForwardedBy::Forwarded),
];

impl Value for ForwardedBy {
    own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        FORWARDED_BY
            .iter()
            .find(|(word, _)| *word == text)
            .map(|&(_, by)| by)
            .ok_or_else(|| {
                format!("`{text}` is neither x-forwarded nor x-forwarded-with-host nor forwarded")
            })
    }

    fn plain(&self) -> Plain {
        FORWARDED_BY
            .iter()
            .find(|(_, by)| by == self)
            .map_or_else(|| Plain::text(""), |(word, _)| Plain::text(*word))
    }

    fn expected() -> String {
        "\"x-forwarded\", \"x-forwarded-with-host\" or \"forwarded\"".into()
    }
}
