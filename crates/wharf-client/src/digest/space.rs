use http::Uri;

use super::Asker;

/// Where a URI leads: scheme, host and port (RFC 6454 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let default = if secure { 443 } else { 80 };
        Some(Self {
            secure,
            host: uri.host()?.to_ascii_lowercase(),
            port: uri.port_u16().unwrap_or(default),
        })
    }
}

/// The URIs that take the same credentials (RFC 7616 §3.3, `domain`).
#[derive(Debug)]
pub(super) enum Space {
    /// Everything there.
    Origin(Origin),
    /// What lies under one of these.
    Listed(Vec<(Origin, String)>),
}

impl Space {
    /// Reads the parameter `domain` of who answers at `origin`. It means nothing from a proxy.
    pub(super) fn new(asker: Asker, origin: Origin, domain: &str) -> Self {
        let place = |text: &str| {
            let uri: Uri = text.parse().ok()?;
            if uri.authority().is_none() {
                return Some((origin.clone(), path(&uri)?.to_owned()));
            }
            // A list must not bring credentials from a secure connection to an open one.
            let found = Origin::of(&uri).filter(|found| found.secure || !origin.secure)?;
            Some((found, path(&uri)?.to_owned()))
        };
        let listed: Vec<_> = match asker {
            Asker::Server => domain.split_whitespace().filter_map(place).collect(),
            Asker::Proxy => Vec::new(),
        };
        match listed.is_empty() {
            true => Self::Origin(origin),
            false => Self::Listed(listed),
        }
    }

    pub(super) fn contains(&self, uri: &Uri) -> bool {
        let Some(origin) = Origin::of(uri) else {
            return false;
        };
        match self {
            Self::Origin(own) => *own == origin,
            Self::Listed(places) => places.iter().any(|(place, above)| {
                *place == origin && path(uri).is_some_and(|path| lies_under(path, above))
            }),
        }
    }
}

/// Returns an absolute path; `*` is none.
fn path(uri: &Uri) -> Option<&str> {
    match uri.path() {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

/// Tells whether `path` is `above` or begins with its segments.
fn lies_under(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || above.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let origin = |text| Origin::of(&uri(text));
        assert_eq!(
            origin("http://Quay.test/a"),
            origin("http://quay.test:80/b?c")
        );
        assert_eq!(origin("https://quay.test"), origin("https://quay.test:443"));
        assert_ne!(origin("http://quay.test:443"), origin("https://quay.test"));
        assert_ne!(origin("http://quay.test:81"), origin("http://quay.test"));
        assert_ne!(origin("http://a.quay.test"), origin("http://quay.test"));
        assert_eq!(origin("ftp://quay.test"), None);
        assert_eq!(origin("/a"), None);
    }

    #[test]
    fn a_space_holds_what_lies_under_its_places() {
        for (domain, wanted, expected) in [
            ("", "https://quay.test/a", true),
            ("", "https://quay.test:444/", false),
            ("", "http://quay.test/", false),
            ("/a", "https://quay.test/a", true),
            ("/a", "https://quay.test/a?b", true),
            ("/a", "https://quay.test/a/b", true),
            ("/a", "https://quay.test/ab", false),
            ("/a/", "https://quay.test/a/b", true),
            ("/a/", "https://quay.test/a", false),
            ("/a  /b", "https://quay.test/b", true),
            ("/", "https://quay.test/any", true),
            ("https://pier.test", "https://pier.test/any", true),
            ("https://pier.test/a", "https://pier.test/b", false),
            ("https://pier.test/a", "https://quay.test/a", false),
            // An open connection gets nothing that was made for a secure one.
            ("/a http://pier.test/", "http://pier.test/", false),
            ("/a http://quay.test/", "http://quay.test/", false),
            // A list that cannot be read is none.
            ("no://where \\", "https://quay.test/a", true),
        ] {
            let own = Origin::of(&uri("https://quay.test/")).unwrap();
            let space = Space::new(Asker::Server, own.clone(), domain);
            assert_eq!(space.contains(&uri(wanted)), expected, "{domain} {wanted}");
            let space = Space::new(Asker::Proxy, own.clone(), domain);
            assert_eq!(
                space.contains(&uri(wanted)),
                Origin::of(&uri(wanted)) == Some(own)
            );
        }
    }
}
