//! One line of a `cookies.txt`.

use std::fmt::Write;

use crate::jar::set_cookie;
use crate::jar::{Cookie, SameSite};

/// Marks a cookie as `HttpOnly`. curl began it; older readers take the line for a comment.
const HTTP_ONLY: &str = "#HttpOnly_";

const SAME_SITE: &str = "# SameSite=";

/// What a line is.
#[derive(Debug)]
pub(super) enum Line {
    /// Nothing that counts, or nothing at all.
    Comment,
    /// The attribute of the cookie in the next line.
    SameSite(SameSite),
    Cookie(Cookie),
}

/// Writes a cookie with the end of its line.
pub(super) fn write(text: &mut String, cookie: &Cookie) {
    let flag = |set| if set { "TRUE" } else { "FALSE" };
    if let Some(same_site) = cookie.same_site {
        // `SameSite` prints its variants as the attribute spells them.
        let _infallible = writeln!(text, "{SAME_SITE}{same_site:?}");
    }
    let mark = if cookie.http_only { HTTP_ONLY } else { "" };
    // Python wants the dot where the flag is set, and only there.
    let dot = if cookie.host_only { "" } else { "." };
    let _infallible = writeln!(
        text,
        "{mark}{dot}{domain}\t{below}\t{path}\t{secure}\t{end}\t{name}\t{value}",
        domain = cookie.domain,
        below = flag(!cookie.host_only),
        path = cookie.path,
        secure = flag(cookie.secure),
        end = cookie.expires.unwrap_or(0),
        name = cookie.name,
        value = cookie.value,
    );
}

/// Reads a line, or tells what is wrong with it without telling a value.
pub(super) fn read(text: &str) -> Result<Line, String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let (text, http_only) = match text.strip_prefix(HTTP_ONLY) {
        Some(text) => (text, true),
        None => (text, false),
    };
    if !http_only && (text.starts_with('#') || text.trim().is_empty()) {
        let same_site = text.strip_prefix(SAME_SITE);
        let same_site = same_site.and_then(set_cookie::same_site);
        return Ok(same_site.map_or(Line::Comment, Line::SameSite));
    }
    let fields: Vec<&str> = text.split('\t').collect();
    let [domain, below, path, secure, end, name, value] = fields[..] else {
        let found = fields.len();
        return Err(format!(
            "expected 7 fields with tabs between, found {found}"
        ));
    };
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    if domain.is_empty() || domain.contains(char::is_whitespace) {
        return Err("its domain is empty or holds white space".into());
    }
    if !path.starts_with('/') {
        return Err("its path does not begin with a slash".into());
    }
    if text.contains(|c: char| c.is_ascii_control() && c != '\t') {
        return Err("it holds a control character".into());
    }
    if name.contains([';', '=']) || value.contains(';') || path.contains(';') {
        return Err("its name, value or path holds a semicolon, or its name an equals sign".into());
    }
    Ok(Line::Cookie(Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: domain.to_ascii_lowercase(),
        host_only: !flag(below).ok_or("its second field is neither TRUE nor FALSE")?,
        path: path.to_owned(),
        expires: expiry(end).ok_or("its end is not in seconds since 1970")?,
        secure: flag(secure).ok_or("its fourth field is neither TRUE nor FALSE")?,
        http_only,
        same_site: None,
    }))
}

fn flag(text: &str) -> Option<bool> {
    let is = |other| text.eq_ignore_ascii_case(other);
    is("true").then_some(true).or(is("false").then_some(false))
}

/// Reads an end. A session cookie has 0 or, as Python writes it, nothing.
fn expiry(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = text.parse().unwrap_or(u64::MAX);
    Some((seconds > 0).then_some(seconds))
}
