use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::grammar::{self, Weight};
use super::{BadHeader, TypedHeader};

/// Which content codings a client takes, and how gladly: `Accept-Encoding` (RFC 9110 §12.5.3).
///
/// Members that are malformed are left out.
///
/// # Examples
///
/// ```
/// use wharf_http::header::AcceptEncoding;
///
/// let accept = AcceptEncoding::parse(["gzip;q=0.8, br, *;q=0"]);
/// assert_eq!(accept.best(["zstd", "gzip", "br"]), Some("br"));
/// assert_eq!(accept.best(["zstd"]), None);
/// assert_eq!(accept.quality("identity"), 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptEncoding {
    /// In lower case; `*` stands for any that is not named.
    codings: Vec<(String, Weight)>,
}

impl AcceptEncoding {
    /// Reads the lines of the field.
    pub fn parse(lines: impl IntoIterator<Item: AsRef<[u8]>>) -> Self {
        let mut codings = Vec::new();
        for line in lines {
            if let Ok(line) = str::from_utf8(line.as_ref()) {
                codings.extend(grammar::split(line, b',').filter_map(member));
            }
        }
        Self { codings }
    }

    /// Returns how gladly the client takes a coding, in thousandths; 0 is not at all.
    ///
    /// `identity`, which is no coding, is taken unless it is refused by name or by `*;q=0`.
    #[must_use]
    pub fn quality(&self, coding: &str) -> u16 {
        let find = |wanted: &str| {
            let mut codings = self.codings.iter();
            codings
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, weight)| weight.thousandths())
        };
        let identity = coding.eq_ignore_ascii_case("identity");
        // `x-gzip` is an old name of gzip (RFC 9110 §8.4.1.3).
        let alias = coding.eq_ignore_ascii_case("gzip").then(|| find("x-gzip"));
        find(coding)
            .or(alias.flatten())
            .or_else(|| find("*"))
            .unwrap_or(if identity { 1000 } else { 0 })
    }

    /// Returns the coding that the client takes most gladly, of equals the first; `None` when it takes none of them,
    /// or takes them less gladly than no coding at all.
    #[must_use]
    pub fn best<'a>(&self, offers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let mut best: Option<(u16, &str)> = None;
        for offer in offers {
            let quality = self.quality(offer);
            if quality > 0 && best.is_none_or(|(known, _)| quality > known) {
                best = Some((quality, offer));
            }
        }
        let named = |coding: &str| self.codings.iter().any(|(name, _)| name == coding);
        best.filter(|(quality, _)| !named("identity") || *quality >= self.quality("identity"))
            .map(|(_, offer)| offer)
    }
}

fn member(text: &str) -> Option<(String, Weight)> {
    let mut parts = grammar::split(text, b';');
    let coding = parts.next().filter(|coding| grammar::is_token(coding))?;
    let weight = match parts.next() {
        None => Weight::FULL,
        Some(parameter) => match grammar::parameter(parameter)? {
            (name, value) if name.eq_ignore_ascii_case("q") => Weight::parse(&value)?,
            _ => return None,
        },
    };
    Some((coding.to_ascii_lowercase(), weight))
}

impl TypedHeader for AcceptEncoding {
    const NAME: HeaderName = header::ACCEPT_ENCODING;

    /// Never fails: what is malformed counts as not there.
    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let there = headers.contains_key(Self::NAME);
        Ok(there.then(|| Self::parse(headers.get_all(Self::NAME))))
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for AcceptEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (coding, weight)) in self.codings.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{coding}{weight}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_best_coding_is_chosen_by_weight_and_then_by_the_servers_order() {
        let rows = [
            ("gzip, br", Some("br")),
            ("gzip;q=1.0, br;q=0.5", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("x-gzip", Some("gzip")),
            ("*", Some("br")),
            ("*;q=0", None),
            ("br;q=0, *", Some("gzip")),
            ("", None),
            ("deflate", None),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0.1, gzip;q=0.5", Some("gzip")),
            ("gzip;q=nonsense, br;level=3", None),
            ("gzip;q=0.000", None),
        ];
        for (text, expected) in rows {
            let accept = AcceptEncoding::parse([text]);
            assert_eq!(accept.best(["br", "gzip"]), expected, "{text}");
        }
    }

    #[test]
    fn no_coding_is_taken_unless_refused() {
        for (text, quality) in [
            ("", 1000),
            ("gzip", 1000),
            ("identity;q=0", 0),
            ("*;q=0", 0),
            ("*;q=0, identity;q=0.5", 500),
        ] {
            let accept = AcceptEncoding::parse([text]);
            assert_eq!(accept.quality("identity"), quality, "{text}");
        }
        assert_eq!(
            AcceptEncoding::parse(["a;q=0.5, *;q=0,b"]).to_string(),
            "a;q=0.5, *;q=0, b"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_the_same(
            text in r#"([ab*;=q.0-9, ]|gzip|;q=0.){0,12}|.{0,40}"#,
        ) {
            let accept = AcceptEncoding::parse([&text]);
            prop_assert_eq!(&AcceptEncoding::parse([accept.to_string()]), &accept);
            prop_assert!(accept.quality(&text) <= 1000);
        }
    }
}
