use std::cmp::Reverse;
use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::grammar::{self, Quoted, Weight};
use super::{BadHeader, TypedHeader};

/// The `Accept` field: which media types a client takes, and how gladly (RFC 9110 §12.5.1).
///
/// Members that are malformed are left out: a client that cannot spell still gets an answer. A field without any
/// valid member counts as absent, and then everything is taken.
///
/// # Examples
///
/// ```
/// use wharf_http::header::Accept;
///
/// let browser = "text/html,application/xml;q=0.9,*/*;q=0.8";
/// let accept = Accept::parse([browser]);
/// assert_eq!(accept.best(["application/json", "text/html; charset=utf-8"]), Some("text/html; charset=utf-8"));
/// assert_eq!(accept.best(["application/json", "application/xml"]), Some("application/xml"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Accept {
    ranges: Vec<MediaRange>,
}

/// One member of the field.
#[derive(Clone, Debug)]
struct MediaRange {
    /// In lower case; `*` stands for any type or subtype.
    kind: String,
    subtype: String,
    /// Names in lower case, values without quotes.
    parameters: Vec<(String, String)>,
    quality: Weight,
    position: usize,
}

/// How gladly a client takes a media type: more is greater.
///
/// First counts the quality that the client gave, then how specific the range is that gave it, then which the client
/// wrote first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    quality: Weight,
    specificity: usize,
    position: Reverse<usize>,
}

impl Preference {
    /// Of what no range matches.
    const NONE: Self = Self {
        quality: Weight::NONE,
        specificity: 0,
        position: Reverse(usize::MAX),
    };

    /// Of everything, when the client says nothing.
    const ANY: Self = Self {
        quality: Weight::FULL,
        specificity: 0,
        position: Reverse(0),
    };

    /// Tells whether the client takes it at all.
    #[must_use]
    pub fn is_acceptable(self) -> bool {
        self.quality > Weight::NONE
    }

    /// Returns the quality in thousandths, 0 to 1000.
    #[must_use]
    pub fn quality(self) -> u16 {
        self.quality.thousandths()
    }

    /// Tells whether the client named the very type, and not a wildcard for it.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.specificity >= EXACT
    }
}

/// The specificity of a range without wildcards; each parameter adds one.
const EXACT: usize = 2;

impl Accept {
    /// Reads the lines of the field.
    pub fn parse(lines: impl IntoIterator<Item: AsRef<[u8]>>) -> Self {
        let mut ranges = Vec::new();
        for line in lines {
            let Ok(line) = str::from_utf8(line.as_ref()) else {
                continue;
            };
            for member in grammar::split(line, b',') {
                ranges.extend(MediaRange::parse(member, ranges.len()));
            }
        }
        Self { ranges }
    }

    /// Returns how gladly the client takes a media type, which may have parameters.
    ///
    /// The most specific range decides, so that `text/html;q=0, */*` is everything but HTML. A range that asks for
    /// `charset=utf-8` is met by a type that does not name its charset.
    #[must_use]
    pub fn preference(&self, media_type: &str) -> Preference {
        if self.ranges.is_empty() {
            return Preference::ANY;
        }
        let Some(offer) = MediaRange::parse(media_type, 0) else {
            return Preference::NONE;
        };
        let matching = self.ranges.iter().filter(|range| range.covers(&offer));
        matching
            .map(MediaRange::preference)
            .max_by_key(|preference| (preference.specificity, *preference))
            .unwrap_or(Preference::NONE)
    }

    /// Returns the types that the client named, without parameters and in lower case, wildcards included.
    pub fn ranges(&self) -> impl Iterator<Item = (&str, &str, Preference)> {
        self.ranges
            .iter()
            .map(|range| (&*range.kind, &*range.subtype, range.preference()))
    }

    /// Returns the offer that the client takes most gladly, of equals the first; `None` when it takes none of them.
    #[must_use]
    pub fn best<'a>(&self, offers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let mut best: Option<(Preference, &str)> = None;
        for offer in offers {
            let preference = self.preference(offer);
            if preference.is_acceptable() && best.is_none_or(|(known, _)| preference > known) {
                best = Some((preference, offer));
            }
        }
        best.map(|(_, offer)| offer)
    }
}

impl MediaRange {
    fn parse(text: &str, position: usize) -> Option<Self> {
        let mut parts = grammar::split(text, b';');
        let essence = parts.next()?;
        // Some old clients write `*` for `*/*`.
        let (kind, subtype) = match essence {
            "*" => ("*", "*"),
            _ => essence.split_once('/')?,
        };
        let wild_kind_only = kind == "*" && subtype != "*";
        if !grammar::is_token(kind) || !grammar::is_token(subtype) || wild_kind_only {
            return None;
        }
        let mut range = Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            parameters: Vec::new(),
            quality: Weight::FULL,
            position,
        };
        for parameter in parts {
            let (name, value) = grammar::parameter(parameter)?;
            if name.eq_ignore_ascii_case("q") {
                // What follows the weight was once an extension of the field, and is none any more (RFC 9110 §12.5.1).
                range.quality = Weight::parse(&value)?;
                break;
            }
            range
                .parameters
                .push((name.to_ascii_lowercase(), value.into_owned()));
        }
        Some(range)
    }

    fn covers(&self, offer: &Self) -> bool {
        let wild = |own: &str, other: &str| own == "*" || own == other;
        wild(&self.kind, &offer.kind)
            && wild(&self.subtype, &offer.subtype)
            && self.parameters.iter().all(|(name, value)| {
                match offer.parameters.iter().find(|(other, _)| other == name) {
                    Some((_, other)) => other.eq_ignore_ascii_case(value),
                    None => name == "charset" && value.eq_ignore_ascii_case("utf-8"),
                }
            })
    }

    fn preference(&self) -> Preference {
        let specificity = match (&*self.kind, &*self.subtype) {
            ("*", _) => 0,
            (_, "*") => 1,
            _ => EXACT + self.parameters.len(),
        };
        Preference {
            quality: self.quality,
            specificity,
            position: Reverse(self.position),
        }
    }
}

impl TypedHeader for Accept {
    const NAME: HeaderName = header::ACCEPT;

    /// Never fails: what is malformed counts as not there.
    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let accept = Self::parse(headers.get_all(Self::NAME));
        Ok((!accept.ranges.is_empty()).then_some(accept))
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}/{}", range.kind, range.subtype)?;
            for (name, value) in &range.parameters {
                write!(f, ";{name}={}", Quoted(value))?;
            }
            write!(f, "{}", range.quality)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accept(text: &str) -> Accept {
        Accept::parse([text])
    }

    #[test]
    fn the_most_specific_range_decides() {
        // The example of RFC 9110 §12.5.1.
        let accept = accept(
            "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5",
        );
        for (media_type, quality) in [
            ("text/plain;format=flowed", 1000),
            ("text/plain", 700),
            ("text/html", 300),
            ("image/jpeg", 500),
            ("text/plain;format=fixed", 400),
            ("text/html;level=3", 300),
        ] {
            assert_eq!(
                accept.preference(media_type).quality(),
                quality,
                "{media_type}"
            );
        }
    }

    #[test]
    fn a_weight_of_zero_takes_a_type_out_of_a_wildcard() {
        let accept = accept("text/html;q=0, */*;q=0.1");
        assert!(!accept.preference("text/html").is_acceptable());
        assert_eq!(accept.best(["text/html", "text/plain"]), Some("text/plain"));
        assert_eq!(accept.best(["text/html"]), None);
    }

    #[test]
    fn members_that_are_malformed_are_left_out() {
        for text in [
            "",
            ",,",
            "text",
            "*/html",
            "text/html;q=2",
            "text/html;q=0.1234",
            "text/html;q=-1",
            "text/html;q",
            "te xt/html",
        ] {
            assert_eq!(
                accept(text).preference("image/png"),
                Preference::ANY,
                "{text}"
            );
        }
        let accept = accept("text/html;q=nonsense, application/json;q=.5;ext=1, *;q=0.");
        assert_eq!(accept.preference("application/json").quality(), 500);
        assert!(!accept.preference("text/html").is_acceptable());
    }

    #[test]
    fn quoted_text_keeps_its_commas_and_letters_have_no_case() {
        let accept =
            accept(r#"Text/HTML;Profile="a,b;\",c";Q=0.5, text/plain;CHARSET=UTF-8;q=0.4"#);
        assert_eq!(accept.ranges().count(), 2);
        assert!(!accept.preference("text/html").is_acceptable());
        assert_eq!(
            accept.preference("text/plain; charset=utf-8").quality(),
            400
        );
        assert_eq!(accept.preference("text/plain").quality(), 400);
        assert!(
            !accept
                .preference("text/plain; charset=latin1")
                .is_acceptable()
        );
    }

    #[test]
    fn several_lines_are_one_field() {
        let accept = Accept::parse(["text/html;q=0.5", "application/json"]);
        assert_eq!(
            accept.best(["text/html", "application/json"]),
            Some("application/json")
        );
    }

    #[test]
    fn among_equals_the_exact_type_wins_then_the_one_written_first() {
        let offers = ["text/plain", "application/json", "text/html"];
        assert_eq!(accept("*/*").best(offers), Some("text/plain"));
        assert_eq!(
            accept("*/*, application/json").best(offers),
            Some("application/json")
        );
        assert_eq!(
            accept("text/html, application/json").best(offers),
            Some("text/html")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_the_same(
            text in r#"([ab*/;=q.0-9, "\\\\]|text/html|;q=0.){0,12}|.{0,40}"#,
        ) {
            let accept = Accept::parse([&text]);
            let written = accept.to_string();
            prop_assert_eq!(Accept::parse([&written]).to_string(), written);
            prop_assert!(accept.preference(&text).quality() <= 1000);
        }
    }
}
