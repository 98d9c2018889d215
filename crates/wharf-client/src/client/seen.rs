//! [`Seen`]: the origin of the last URL, which the next one is likely to have too.

use std::sync::Mutex;

use http::Uri;
use url::{ParseError, Url};

/// The longest origin that is kept, in bytes: a scheme, a name as long as they get, and a port.
const LONGEST: usize = 300;

/// The origin of the last URL, so that the host of the next one need not be parsed again, which is most of the work.
#[derive(Default)]
pub(crate) struct Seen {
    last: Mutex<Option<Origin>>,
}

struct Origin {
    /// As it was written.
    text: Box<str>,
    /// What it is; `None` until it is seen a second time, so that a client which sends but one request does not pay for it.
    known: Option<Known>,
}

struct Known {
    url: Url,
    uri: Uri,
}

/// A URL, and where that is known already, its scheme and authority as a URI has them.
pub(crate) struct Place {
    pub(crate) url: Url,
    pub(crate) origin: Option<Uri>,
}

impl From<Url> for Place {
    fn from(url: Url) -> Self {
        Self { url, origin: None }
    }
}

impl Seen {
    /// Parses an absolute URL.
    pub(super) fn parse(&self, url: &str) -> Result<Place, ParseError> {
        // Parsing is sooner done than waiting.
        let Ok(mut last) = self.last.try_lock() else {
            return Url::parse(url).map(Place::from);
        };
        if let Some(seen) = &mut *last
            && let Some(path) = url.strip_prefix(&*seen.text)
            && is_plain_path(path)
        {
            if let Some(known) = &seen.known {
                return known.at(path);
            }
            let parsed = Url::parse(url)?;
            seen.known = Known::of(&parsed);
            return Ok(parsed.into());
        }
        let parsed = Url::parse(url)?;
        if let Some(text) = plain_origin(url).filter(|text| text.len() <= LONGEST) {
            *last = Some(Origin {
                text: text.into(),
                known: None,
            });
        }
        Ok(parsed.into())
    }
}

impl Known {
    fn of(parsed: &Url) -> Option<Self> {
        let url = parsed.join("/").ok()?;
        let uri = Uri::try_from(url.as_str()).ok()?;
        Some(Self { url, uri })
    }

    fn at(&self, path: &str) -> Result<Place, ParseError> {
        let url = if path.contains(['?', '#']) {
            self.url.join(path)?
        } else {
            let mut url = self.url.clone();
            url.set_path(path);
            url
        };
        Ok(Place {
            url,
            origin: Some(self.uri.clone()),
        })
    }
}

/// Returns what stands before the path of a URL, if a path means the same when it is joined to that.
fn plain_origin(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let (host, _) = rest.split_once('/')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let is_plain = !host.is_empty() && host.bytes().all(is_plain);
    is_plain.then(|| &url[..url.len() - rest.len() + host.len()])
}

/// Tells whether a path, and what follows it, means the same behind each origin: two slashes name a host, backslashes are slashes
/// (WHATWG URL §4.4), and white space may be left out before that is seen.
fn is_plain_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.bytes().any(|byte| byte <= b' ' || byte == b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::redirect::to_uri;

    /// Parses a URL, and looks at what is known of it besides.
    fn parse(seen: &Seen, url: &str) -> Result<Url, ParseError> {
        let Place { url, origin } = seen.parse(url)?;
        if let Some(origin) = origin {
            let uri = to_uri(&url).unwrap();
            assert_eq!(origin.scheme(), uri.scheme(), "{url}");
            assert_eq!(origin.authority(), uri.authority(), "{url}");
        }
        Ok(url)
    }

    #[test]
    fn a_url_is_the_same_whether_its_origin_was_seen_or_not() {
        let seen = Seen::default();
        for url in [
            "http://quay.test/",
            "http://quay.test/a/../b?c#d",
            "http://quay.test//other.test/",
            "http://quay.test/\\other.test/",
            "http://quay.test/\t/other.test/",
            "http://quay.test/.//other.test/",
            "http://quay.test?a/b",
            "http://quay.test:80/x",
            "http://QUAY.test:8080/%7e/ü",
            "http://me:secret@quay.test/x",
            "https://quay.test/x",
            "https://quay.test/y",
            "http://[::1]:81/x",
            "http://127.1/x",
            "http://127.1/y",
            "http://1.2.3.999/x",
            "http:///x",
        ] {
            for _ in 0..3 {
                assert_eq!(parse(&seen, url), Url::parse(url), "{url}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_follows_the_origin_is_parsed_as_ever(
            rest in "[/\\\\.a%2e?#@: \t\n\u{0}\u{e9}]{0,12}",
            host in "(http|https)://[a.:1@\\[\\]-]{0,6}",
        ) {
            let seen = Seen::default();
            for _ in 0..2 {
                let _primed = seen.parse(&format!("{host}/"));
            }
            let url = format!("{host}{rest}");
            prop_assert_eq!(parse(&seen, &url), Url::parse(&url));
        }
    }
}
