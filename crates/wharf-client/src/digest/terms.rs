use http::header::{HeaderMap, HeaderName};
use wharf_http::header::Challenge;

use super::algorithm::Algorithm;

/// What a server asks for: a challenge of the scheme `Digest` (RFC 7616 §3.3).
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) domain: String,
    pub(super) stale: bool,
    pub(super) algorithm: Algorithm,
    /// As it was sent.
    pub(super) algorithm_name: Option<String>,
    pub(super) protections: Protections,
    /// Whether the server is known to read UTF-8.
    pub(super) utf8: bool,
    pub(super) userhash: bool,
}

/// What the parameter `qop` offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protections {
    /// The parameter is missing, as in RFC 2069.
    Unnamed,
    Named {
        auth: bool,
        auth_int: bool,
    },
}

/// What a digest covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// Method and target, without a client nonce (RFC 2069).
    Unnamed,
    /// Method and target.
    Auth,
    /// The body too.
    AuthInt,
}

impl Terms {
    /// Picks the challenge with the strongest algorithm that can be answered; the first of those that are equal.
    pub(super) fn strongest(
        headers: &HeaderMap,
        name: &HeaderName,
        body_in_memory: bool,
    ) -> Option<Self> {
        let mut best: Option<Self> = None;
        for terms in Challenge::all(headers, name).iter().filter_map(Self::of) {
            let stronger = |best: &Self| terms.algorithm.hash > best.algorithm.hash;
            if terms.protections.choose(body_in_memory).is_some()
                && best.as_ref().is_none_or(stronger)
            {
                best = Some(terms);
            }
        }
        best
    }

    fn of(challenge: &Challenge) -> Option<Self> {
        if !challenge.is("digest") {
            return None;
        }
        let get = |name| challenge.parameters().get(name);
        let says = |name, word| get(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        let owned = |name| get(name).map(str::to_owned);
        Some(Self {
            realm: owned("realm").unwrap_or_default(),
            nonce: owned("nonce")?,
            opaque: owned("opaque"),
            domain: owned("domain").unwrap_or_default(),
            stale: says("stale", "true"),
            algorithm: get("algorithm").map_or(Some(Algorithm::DEFAULT), Algorithm::parse)?,
            algorithm_name: owned("algorithm"),
            protections: Protections::parse(get("qop").unwrap_or_default()),
            utf8: says("charset", "utf-8"),
            userhash: says("userhash", "true"),
        })
    }
}

impl Protections {
    fn parse(text: &str) -> Self {
        let words = || text.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        let offers = |name| words().any(|word| word.eq_ignore_ascii_case(name));
        match words().next() {
            None => Self::Unnamed,
            Some(_) => Self::Named {
                auth: offers("auth"),
                auth_int: offers("auth-int"),
            },
        }
    }

    /// Chooses one; `None` when there is none that can be done.
    ///
    /// A digest of the body is made only where nothing else will do: it hashes all of the body, and what changes a body
    /// on its way, such as a proxy, breaks it.
    pub(super) fn choose(self, body_in_memory: bool) -> Option<Protection> {
        match self {
            Self::Unnamed => Some(Protection::Unnamed),
            Self::Named { auth: true, .. } => Some(Protection::Auth),
            Self::Named { auth_int: true, .. } if body_in_memory => Some(Protection::AuthInt),
            Self::Named { .. } => None,
        }
    }
}
