//! Hosts, and the domains whose cookies they get (RFC 6265bis §5.1.3).

#[cfg_attr(feature = "public-suffix", path = "listed.rs")]
#[cfg_attr(not(feature = "public-suffix"), path = "unlisted.rs")]
mod suffix;

use std::net::Ipv4Addr;

use url::Url;

/// Returns the host of a URL in the one form in which hosts are compared.
pub(super) fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| !host.is_empty())?;
    Some(host.to_ascii_lowercase())
}

/// Tells whether a host is an address, which is never part of a domain.
pub(super) fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// Tells whether a host is a domain or lies below it.
pub(super) fn covers(domain: &str, host: &str) -> bool {
    match host.strip_suffix(domain) {
        Some(rest) => rest.is_empty() || (rest.ends_with('.') && !is_address(host)),
        None => false,
    }
}

/// Returns the host and the domains above it, the host first.
pub(super) fn and_above(host: &str) -> impl Iterator<Item = &str> {
    let alone = is_address(host);
    std::iter::successors(Some(host), move |domain: &&str| {
        let (_, above) = domain.split_once('.')?;
        (!alone).then_some(above)
    })
}

/// Tells whether a domain belongs to a registry, so that its cookies would reach sites of strangers.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    suffix::is_public(domain.strip_suffix('.').unwrap_or(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_covers_itself_and_what_is_below() {
        for (domain, host, expected) in [
            ("quay.test", "quay.test", true),
            ("quay.test", "a.quay.test", true),
            ("quay.test", "b.a.quay.test", true),
            ("a.quay.test", "quay.test", false),
            ("quay.test", "aquay.test", false),
            ("quay.test", "quay.test.evil.test", false),
            ("quay.test", "quay.tes", false),
            ("quay.test", "quay.test.", false),
            ("quay.test.", "a.quay.test.", true),
            (".quay.test", "a.quay.test", false),
            ("0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]", "[::1]", true),
        ] {
            assert_eq!(covers(domain, host), expected, "{domain} {host}");
        }
    }

    #[test]
    fn the_domains_above_a_host_are_its_own_endings() {
        for (host, expected) in [
            ("b.a.test", &["b.a.test", "a.test", "test"][..]),
            ("localhost", &["localhost"]),
            ("127.0.0.1", &["127.0.0.1"]),
            ("[::ffff:1.2.3.4]", &["[::ffff:1.2.3.4]"]),
        ] {
            assert_eq!(and_above(host).collect::<Vec<_>>(), expected, "{host}");
        }
    }

    #[test]
    fn hosts_are_compared_in_one_form() {
        for (url, expected) in [
            ("http://QUAY.test/", Some("quay.test")),
            ("http://münchen.test/", Some("xn--mnchen-3ya.test")),
            ("http://127.1/", Some("127.0.0.1")),
            ("http://[0:0::1]/", Some("[::1]")),
            ("other://Quay.test/", Some("quay.test")),
            ("data:text/plain,x", None),
            ("file:///x", None),
        ] {
            let host = host_of(&url.parse().unwrap());
            assert_eq!(host.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_single_label_is_a_public_suffix() {
        for (domain, expected) in [
            ("com", true),
            ("com.", true),
            ("localhost", true),
            ("test", true),
            ("quay.test", false),
            ("example.com", false),
            ("example.com.", false),
        ] {
            assert_eq!(is_public_suffix(domain), expected, "{domain}");
        }
    }
}
