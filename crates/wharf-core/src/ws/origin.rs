//! [`Origins`]: which pages may open a WebSocket.

use http::header::{self, HeaderMap};
use http::uri::Scheme;

use crate::origin::is_same;

/// Which pages may open a WebSocket (RFC 6455 §10.2). Browsers send cookies with the handshake whatever page asks for it, and
/// tell the page's origin; nothing else keeps a page of somebody else from acting in the name of its visitor.
#[derive(Clone, Debug, Default)]
pub(super) enum Origins {
    /// Those from the host that the request is for.
    #[default]
    Same,
    /// Those, and those of these origins.
    Listed(Vec<String>),
    Any,
}

impl Origins {
    /// Tells whether the page may; who names no page is no browser.
    pub(super) fn allow(&self, headers: &HeaderMap, scheme: &Scheme) -> Result<(), String> {
        let mut values = headers.get_all(header::ORIGIN).iter();
        let Some(value) = values.next() else {
            return Ok(());
        };
        if matches!(self, Self::Any) {
            return Ok(());
        }
        let refused = |what: &str| Err(format!("the origin `{what}` may not open this WebSocket"));
        let Ok(origin) = value.to_str() else {
            return refused("?");
        };
        if values.next().is_some() {
            return refused("of several");
        }
        if let Self::Listed(listed) = self
            && listed.iter().any(|one| one.eq_ignore_ascii_case(origin))
        {
            return Ok(());
        }
        match is_same(origin, headers, scheme) {
            true => Ok(()),
            false => refused(origin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &Origins, origin: &str, host: &str, scheme: &Scheme) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        origins.allow(&headers, scheme).is_ok()
    }

    #[test]
    fn a_page_is_of_the_same_origin_when_host_and_port_are_those_of_the_request() {
        for (origin, host, scheme, is_same) in [
            ("http://quay.test", "quay.test", Scheme::HTTP, true),
            ("http://QUAY.test", "quay.test:80", Scheme::HTTP, true),
            (
                "http://quay.test:8080",
                "quay.test:8080",
                Scheme::HTTP,
                true,
            ),
            ("https://quay.test", "quay.test", Scheme::HTTPS, true),
            ("https://quay.test", "quay.test", Scheme::HTTP, true),
            ("http://[::1]:81", "[::1]:81", Scheme::HTTP, true),
            ("http://quay.test", "quay.test", Scheme::HTTPS, false),
            ("http://quay.test", "quay.test:8080", Scheme::HTTP, false),
            ("http://other.test", "quay.test", Scheme::HTTP, false),
            (
                "http://quay.test.evil.test",
                "quay.test",
                Scheme::HTTP,
                false,
            ),
            (
                "http://quay.test@evil.test",
                "quay.test",
                Scheme::HTTP,
                false,
            ),
            ("null", "quay.test", Scheme::HTTP, false),
            ("file://", "quay.test", Scheme::HTTP, false),
            ("", "quay.test", Scheme::HTTP, false),
        ] {
            let same = allowed(&Origins::Same, origin, host, &scheme);
            assert_eq!(same, is_same, "{origin} at {host} over {scheme}");
        }
    }

    #[test]
    fn listed_origins_are_added_to_the_same_one() {
        let listed = Origins::Listed(vec!["https://app.test".to_owned()]);
        let allowed = |origin| allowed(&listed, origin, "quay.test", &Scheme::HTTPS);
        assert!(allowed("https://app.test"));
        assert!(allowed("https://quay.test"));
        assert!(!allowed("https://app.test.evil.test"));
    }

    #[test]
    fn who_names_no_page_is_no_browser() {
        let headers = HeaderMap::new();
        assert!(Origins::Same.allow(&headers, &Scheme::HTTP).is_ok());
    }
}
