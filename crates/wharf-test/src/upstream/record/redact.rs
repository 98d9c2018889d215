//! What does not go into a file: credentials, in header fields and in queries.

use http::header::{
    AUTHORIZATION, CONTENT_LOCATION, COOKIE, HeaderName, HeaderValue, LOCATION,
    PROXY_AUTHORIZATION, REFERER, SET_COOKIE,
};
use wharf_client::Url;

/// What stands in place of a secret.
pub(in crate::upstream) const REDACTED: &str = "REDACTED";

/// Which fields and names hold secrets.
#[derive(Clone, Debug)]
pub(super) struct Redaction {
    headers: Vec<HeaderName>,
    queries: Vec<String>,
}

impl Redaction {
    pub(super) fn new() -> Self {
        Self {
            headers: vec![AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE],
            queries: Vec::new(),
        }
    }

    pub(super) fn add_header(&mut self, name: HeaderName) {
        self.headers.push(name);
    }

    pub(super) fn add_query(&mut self, name: String) {
        self.queries.push(name);
    }

    /// Returns a field's value without what is secret of it.
    pub(super) fn value(&self, name: &HeaderName, value: &HeaderValue) -> String {
        let text = String::from_utf8_lossy(value.as_bytes());
        if !self.headers.contains(name) {
            return match *name {
                LOCATION | CONTENT_LOCATION | REFERER => self.url(&text),
                _ => text.into_owned(),
            };
        }
        let kept = match *name {
            // The scheme is none of the secret.
            AUTHORIZATION | PROXY_AUTHORIZATION => text.split_once(' '),
            _ => None,
        };
        if let Some((scheme, _)) = kept {
            return format!("{scheme} {REDACTED}");
        }
        if *name == SET_COOKIE {
            return cookie(&text);
        }
        REDACTED.to_owned()
    }

    /// Returns a URL, absolute or not, without what is secret of its query.
    pub(super) fn url(&self, url: &str) -> String {
        let (rest, fragment) = match url.split_once('#') {
            Some((rest, fragment)) => (rest, format!("#{fragment}")),
            None => (url, String::new()),
        };
        let Some((path, query)) = rest.split_once('?') else {
            return url.to_owned();
        };
        let pairs: Vec<_> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if self.is_secret(name) => format!("{name}={REDACTED}"),
                _ => pair.to_owned(),
            })
            .collect();
        format!("{path}?{}{fragment}", pairs.join("&"))
    }

    /// Tells whether a name, as it is encoded in a query, is one whose value is secret.
    fn is_secret(&self, name: &str) -> bool {
        let url = Url::parse(&format!("http://mock/?{name}"));
        let url = url.ok();
        let decoded = url.as_ref().and_then(|url| url.query_pairs().next());
        decoded.is_some_and(|(name, _)| self.queries.iter().any(|secret| *secret == name))
    }
}

/// Keeps the name of a cookie and its attributes, so that a jar does with it what it did before.
fn cookie(text: &str) -> String {
    let (pair, attributes) = match text.split_once(';') {
        Some((pair, attributes)) => (pair, format!(";{attributes}")),
        None => (text, String::new()),
    };
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={REDACTED}{attributes}"),
        None => format!("{REDACTED}{attributes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_and_what_surrounds_them_is_kept() {
        let mut redaction = Redaction::new();
        redaction.add_header(HeaderName::from_static("x-api-key"));
        redaction.add_query("api key".to_owned());
        for (name, value, left) in [
            ("authorization", "Bearer abc", "Bearer REDACTED"),
            ("authorization", "abc", "REDACTED"),
            ("cookie", "sid=abc; a=b", "REDACTED"),
            (
                "set-cookie",
                "sid=abc; Path=/; HttpOnly",
                "sid=REDACTED; Path=/; HttpOnly",
            ),
            ("set-cookie", "sid=abc", "sid=REDACTED"),
            ("proxy-authorization", "Basic YTpi", "Basic REDACTED"),
            ("x-api-key", "abc def", "REDACTED"),
            (
                "location",
                "/next?api+key=abc&b=c#d",
                "/next?api+key=REDACTED&b=c#d",
            ),
            ("accept", "*/*", "*/*"),
        ] {
            let name = HeaderName::from_static(name);
            let value = HeaderValue::from_static(value);
            assert_eq!(redaction.value(&name, &value), left);
        }
        for (url, left) in [
            ("http://a.test/b", "http://a.test/b"),
            ("http://a.test/b?c=d", "http://a.test/b?c=d"),
            (
                "http://a.test/?api%20key=x&api%20key=y&api%20key",
                "http://a.test/?api%20key=REDACTED&api%20key=REDACTED&api%20key",
            ),
        ] {
            assert_eq!(redaction.url(url), left);
        }
    }
}
