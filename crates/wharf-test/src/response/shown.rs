//! What a failure shows: the request as it was sent, a body in part, the route, the server's log.

use std::fmt;

use http::header::{
    AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
};

use crate::request::Asked;

/// How much of a body a message shows, in bytes.
const EXCERPT: usize = 2048;

/// In place of a secret.
const HIDDEN: &str = "[hidden]";

impl fmt::Display for Asked {
    /// Prints the request line, the header fields without their secrets, and the start of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trail.last() {
            Some(sent) => {
                writeln!(f, "{} {}", sent.method, sent.uri)?;
                fields(f, &sent.headers, true)?;
            }
            None => writeln!(f, "{}", self.line)?,
        }
        match &self.body {
            Some(body) if body.is_empty() => Ok(()),
            Some(body) => writeln!(f, "\n{}", Excerpt(body)),
            None => writeln!(f, "\n(a stream)"),
        }
    }
}

impl Asked {
    /// Returns which route has served the request, and what the server has logged; empty where neither is known.
    pub(crate) fn log(&self) -> String {
        let Some(sent) = self.trail.last() else {
            return String::new();
        };
        let account = sent.account();
        let mut text = String::new();
        if let Some(route) = &account.route {
            text += &format!("\nroute: {route}");
        }
        if !account.lines.is_empty() {
            text += "\nlog:";
        }
        for line in &account.lines {
            text += &format!("\n  {line}");
        }
        text
    }
}

/// Prints header fields, one a line.
pub(super) fn fields(f: &mut fmt::Formatter<'_>, fields: &HeaderMap, hide: bool) -> fmt::Result {
    for (name, value) in fields {
        match hide {
            true => writeln!(f, "{name}: {}", harmless(name, value))?,
            false => writeln!(f, "{name}: {}", value.as_bytes().escape_ascii())?,
        }
    }
    Ok(())
}

/// A field without the secret in it: what kind of credentials there are is told, and what cookies are called.
fn harmless(name: &HeaderName, value: &HeaderValue) -> String {
    let text = value.as_bytes().escape_ascii().to_string();
    if *name == AUTHORIZATION || *name == PROXY_AUTHORIZATION {
        return match text.split_once(' ') {
            Some((scheme, _)) => format!("{scheme} {HIDDEN}"),
            None => HIDDEN.to_owned(),
        };
    }
    if *name == COOKIE {
        let cookies = text.split("; ").map(|cookie| match cookie.split_once('=') {
            Some((name, _)) => format!("{name}={HIDDEN}"),
            None => HIDDEN.to_owned(),
        });
        return cookies.collect::<Vec<_>>().join("; ");
    }
    if value.is_sensitive() || name == "x-api-key" {
        return HIDDEN.to_owned();
    }
    text
}

/// The start of a body.
pub(super) struct Excerpt<'a>(pub(super) &'a [u8]);

impl Excerpt<'_> {
    fn shown(&self) -> &[u8] {
        &self.0[..self.0.len().min(EXCERPT)]
    }

    /// The bytes as a string literal, cut where they are long.
    pub(super) fn quoted(&self) -> String {
        let shown = self.shown();
        let more = if shown.len() < self.0.len() {
            "..."
        } else {
            ""
        };
        format!("{:?}{more}", String::from_utf8_lossy(shown))
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown();
        let is_text = match std::str::from_utf8(shown) {
            Ok(text) => !text.contains('\0'),
            // It may have been cut within a character.
            Err(error) => error.error_len().is_none(),
        };
        match is_text {
            // The line ends below.
            true => f.write_str(String::from_utf8_lossy(shown).trim_end_matches('\n'))?,
            false => write!(f, "{}", shown.escape_ascii())?,
        }
        if shown.len() < self.0.len() {
            write!(f, "\n... ({} bytes in all)", self.0.len())?;
        }
        Ok(())
    }
}
