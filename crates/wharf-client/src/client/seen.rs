//! [`Seen`]: the origin of the last URL, which the next one is likely to have too.

use std::sync::Mutex;

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
    url: Url,
}

impl Seen {
    /// Parses an absolute URL.
    pub(super) fn parse(&self, url: &str) -> Result<Url, ParseError> {
        let Some(path) = plain_path(url) else {
            return Url::parse(url);
        };
        let origin = &url[..url.len() - path.len()];
        // Parsing is sooner done than waiting.
        let Ok(mut last) = self.last.try_lock() else {
            return Url::parse(url);
        };
        if let Some(seen) = &*last
            && *seen.text == *origin
        {
            return seen.url.join(path);
        }
        let parsed = Url::parse(url)?;
        if origin.len() <= LONGEST {
            *last = Some(Origin {
                text: origin.into(),
                url: parsed.join("/")?,
            });
        }
        Ok(parsed)
    }
}

/// Returns the path of a URL, and what follows it, if they mean the same when they are joined to what stands before.
fn plain_path(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))?;
    let slash = rest.find('/')?;
    let (host, path) = rest.split_at(slash);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    // Two slashes name a host, backslashes are slashes (WHATWG URL §4.4), and white space may be left out before that is seen.
    let joins = !path.starts_with("//") && !path.bytes().any(|byte| byte <= b' ' || byte == b'\\');
    (!host.is_empty() && host.bytes().all(is_plain) && joins).then_some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            for _ in 0..2 {
                assert_eq!(seen.parse(url), Url::parse(url), "{url}");
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
            let _primed = seen.parse(&format!("{host}/"));
            let url = format!("{host}{rest}");
            prop_assert_eq!(seen.parse(&url), Url::parse(&url));
        }
    }
}
