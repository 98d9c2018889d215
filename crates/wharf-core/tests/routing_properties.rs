//! What holds for all routes and all paths: held against another router, against a slow matcher that follows the documented
//! table word by word, and against the way back from parameters to path.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Display;

use http::Method;
use proptest::prelude::*;
use proptest::sample::select;
use wharf_core::routing::{
    Lookup, Mounts, Pattern, RouteOptions, Router, RouterBuilder, TrailingSlash, Verb,
};

/// Makes a router of the patterns that do not conflict; each has its number as value.
fn router(patterns: &[(Method, String)]) -> Router<usize> {
    let mut taken = BTreeSet::new();
    let mut builder = RouterBuilder::new();
    for (number, (method, text)) in patterns.iter().enumerate() {
        let pattern = Pattern::parse(text).unwrap();
        if taken.insert((method.as_str(), pattern.shape().to_owned())) {
            builder.insert(&pattern, method, RouteOptions::new(), number);
        }
    }
    builder.build().unwrap()
}

fn values(
    pattern: &str,
    params: &wharf_core::routing::Params,
    path: &str,
) -> Vec<(String, String)> {
    let pattern = Pattern::parse(pattern).unwrap();
    let values = pattern.parameters().enumerate();
    values
        .map(|(at, name)| (name.to_owned(), params.get(at, path).unwrap().into_owned()))
        .collect()
}

/// Patterns of literals, parameters and rests, named by where they stand so that the other router accepts them side by side.
fn plain_patterns() -> impl Strategy<Value = Vec<String>> {
    let segment = select(vec!["a", "b", "ab", "{}", "{}"]);
    let end = select(vec!["", "", "/", "/{*rest}"]);
    let pattern = (prop::collection::vec(segment, 0..4), end).prop_map(|(segments, end)| {
        let text: String = segments
            .iter()
            .enumerate()
            .map(|(at, segment)| format!("/{}", segment.replace("{}", &format!("{{p{at}}}"))))
            .collect();
        match (text + end).as_str() {
            "" => "/".to_owned(),
            text => text.to_owned(),
        }
    });
    prop::collection::vec(pattern, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn plain_routes_are_found_as_matchit_finds_them(
        patterns in plain_patterns(),
        paths in prop::collection::vec("(/(a|b|ab|c)?){1,5}", 1..16),
    ) {
        let mut oracle = matchit::Router::new();
        // What it refuses to hold side by side is left out on both sides.
        let held: Vec<_> = patterns
            .iter()
            .enumerate()
            .filter(|(number, pattern)| oracle.insert(pattern.as_str(), *number).is_ok())
            .map(|(_, pattern)| (Method::GET, pattern.clone()))
            .collect();
        let numbers: Vec<_> = held.iter().map(|(_, text)| patterns.iter().position(|pattern| pattern == text).unwrap()).collect();
        let router = router(&held);
        for path in paths {
            let expected = oracle.at(&path).ok().map(|found| {
                let params: Vec<_> = found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                (*found.value, params)
            });
            let given = match router.find(&Method::GET, &path) {
                Lookup::Found(found) => {
                    let number = numbers[*found.value];
                    Some((number, values(&patterns[number], &found.params, &path)))
                }
                _ => None,
            };
            prop_assert_eq!(given, expected, "{} in {:?}", path, held);
        }
    }
}

/// A segment of a pattern, as the table of precedence speaks of it.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(&'static str),
    Parameter {
        prefix: &'static str,
        digits: bool,
        suffix: &'static str,
    },
    Rest {
        prefix: &'static str,
        digits: bool,
    },
}

impl Piece {
    fn text(&self, at: usize) -> String {
        let constraint = |digits: &bool| if *digits { r":[\d/]+" } else { "" };
        match self {
            Self::Literal(text) => (*text).to_owned(),
            Self::Parameter {
                prefix,
                digits,
                suffix,
            } => format!("{prefix}{{p{at}{}}}{suffix}", constraint(digits)),
            Self::Rest { prefix, digits } => format!("{prefix}{{*p{at}{}}}", constraint(digits)),
        }
    }

    fn fits(&self, segments: &[&str]) -> bool {
        let is_value = |text: &str, digits: bool| {
            !text.is_empty()
                && (!digits
                    || text
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'/'))
        };
        match self {
            Self::Literal(text) => segments == [*text],
            Self::Parameter {
                prefix,
                digits,
                suffix,
            } => {
                let value =
                    |text: &str| Some(text.strip_prefix(prefix)?.strip_suffix(suffix)?.to_owned());
                segments.len() == 1
                    && value(segments[0]).is_some_and(|value| is_value(&value, *digits))
            }
            Self::Rest { prefix, digits } => segments
                .join("/")
                .strip_prefix(prefix)
                .is_some_and(|value| is_value(value, *digits)),
        }
    }

    /// The lesser wins.
    fn rank(&self) -> (u8, [isize; 3]) {
        let len = |text: &str| -isize::try_from(text.len()).unwrap();
        match self {
            Self::Literal(_) => (0, [0; 3]),
            Self::Parameter {
                prefix,
                digits,
                suffix,
            } => (1, [len(prefix), len(suffix), -isize::from(*digits)]),
            Self::Rest { prefix, digits } => (2, [len(prefix), -isize::from(*digits), 0]),
        }
    }
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let literal = select(vec!["a", "1", "ab", "a1"]).prop_map(Piece::Literal);
    let affix = || select(vec!["", "", "", "a", "ab"]);
    let parameter =
        (affix(), any::<bool>(), affix()).prop_map(|(prefix, digits, suffix)| Piece::Parameter {
            prefix,
            digits,
            suffix,
        });
    let rest = (affix(), any::<bool>()).prop_map(|(prefix, digits)| Piece::Rest { prefix, digits });
    let end = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Piece::Literal(""))),
        2 => rest.prop_map(Some),
    ];
    let segments = prop::collection::vec(prop_oneof![literal, parameter], 1..4);
    (segments, end).prop_map(|(mut segments, end)| {
        segments.extend(end);
        segments
    })
}

fn fits(pieces: &[Piece], path: &str) -> bool {
    let segments: Vec<&str> = path[1..].split('/').collect();
    let each = |count: usize| {
        pieces
            .iter()
            .take(count)
            .zip(&segments)
            .all(|(piece, segment)| piece.fits(&[*segment]))
    };
    match pieces.last() {
        Some(rest @ Piece::Rest { .. }) => {
            let fixed = pieces.len() - 1;
            segments.len() > fixed && each(fixed) && rest.fits(&segments[fixed..])
        }
        _ => segments.len() == pieces.len() && each(pieces.len()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_table_of_precedence_decides_and_refusals_name_every_method(
        routes in prop::collection::vec((select(vec![Method::GET, Method::POST]), pieces()), 1..24),
        paths in prop::collection::vec("(/(a|b|ab)?[01]?(ab|a)?){1,4}", 1..16),
    ) {
        let texts: Vec<(Method, String)> = routes
            .iter()
            .map(|(method, pieces)| {
                let text = pieces.iter().enumerate().map(|(at, piece)| format!("/{}", piece.text(at)));
                (method.clone(), text.collect())
            })
            .collect();
        let router = router(&texts);
        for path in paths {
            let candidates: Vec<usize> = (0..routes.len()).filter(|&number| fits(&routes[number].1, &path)).collect();
            let best = candidates
                .iter()
                .copied()
                .filter(|&number| routes[number].0 == Method::GET)
                .min_by_key(|&number| (routes[number].1.iter().map(Piece::rank).collect::<Vec<_>>(), number));
            let expected = match best {
                Some(number) => format!("{number}"),
                None if candidates.is_empty() => "404".to_owned(),
                None => "405 OPTIONS, POST".to_owned(),
            };
            let given = match router.find(&Method::GET, &path) {
                Lookup::Found(found) => found.value.to_string(),
                Lookup::MethodNotAllowed { allow } => format!("405 {}", allow.to_str().unwrap()),
                Lookup::NotFound => "404".to_owned(),
                other => format!("{other:?}"),
            };
            prop_assert_eq!(given, expected, "{} in {:?}", path, texts);
        }
    }

    #[test]
    fn escaping_a_path_changes_nothing_but_where_parameters_stand(
        routes in prop::collection::vec(pieces(), 1..12),
        path in "(/(a|b|ab)?[01]?(ab|a)?){1,4}",
        escaped in prop::collection::vec(any::<bool>(), 32),
    ) {
        let texts: Vec<(Method, String)> = routes
            .iter()
            .map(|pieces| (Method::GET, pieces.iter().enumerate().map(|(at, piece)| format!("/{}", piece.text(at))).collect()))
            .collect();
        let router = router(&texts);
        let encoded: String = path
            .chars()
            .zip(escaped)
            .map(|(character, escape)| match character {
                '/' => "/".to_owned(),
                other if escape => format!("%{:02X}", u32::from(other)),
                other => other.to_string(),
            })
            .collect();
        let found = |path: &str| match router.find(&Method::GET, path) {
            Lookup::Found(found) => Some((*found.value, values(&texts[*found.value].1, &found.params, path))),
            _ => None,
        };
        prop_assert_eq!(found(&path), found(&encoded), "{} and {}", path, encoded);
    }
}

proptest! {
    #[test]
    fn no_pattern_and_no_path_makes_a_router_panic(
        patterns in prop::collection::vec(r"/[a-c/{}*:%.\\d+é-]{0,16}", 0..8),
        paths in prop::collection::vec(prop_oneof![".{0,24}", r"/[a-c/%0-9A-F.\\é-]{0,24}"], 0..8),
        mode in select(vec![TrailingSlash::Strict, TrailingSlash::Redirect, TrailingSlash::Ignore]),
    ) {
        let parsed: Vec<_> = patterns.iter().filter_map(|text| Pattern::parse(text).ok()).collect();
        let mut builder = RouterBuilder::new();
        for (number, pattern) in parsed.iter().enumerate() {
            let options = RouteOptions::new().trailing_slash(mode);
            builder.insert(pattern, if number % 3 == 0 { Verb::Any } else { Method::GET.into() }, options, number);
        }
        builder.overlaps();
        let mounts = Mounts::new(parsed.into_iter().zip(0..));
        let built = builder.build();
        for path in paths {
            mounts.owner(&path);
            let Ok(router) = &built else { continue };
            for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT] {
                if let Lookup::Found(found) = router.find(&method, &path) {
                    for at in 0..found.params.len() {
                        prop_assert!(!found.params.get(at, &path).unwrap().is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn a_url_leads_back_to_its_route_and_values(
        pattern in select(vec![
            "/{a}/{b}", "/x/{a}.{b}", r"/{a:\d+}-{b}", "/{a}é{b}/y", "/{a}/{*b}", "/pre{a}post/{*b:[^.]+}", "/{{{a}}}/{b}", "/a%2F{a}/{b}",
        ]),
        a in "[a-c0-9/.é %\\\\-]{0,6}",
        b in "[a-c0-9/.é %?-]{0,6}",
    ) {
        let parsed = Pattern::parse(pattern).unwrap();
        let router = router(&[(Method::GET, pattern.to_owned())]);
        if let Ok(url) = parsed.url(&[("a", &a as &dyn Display), ("b", &b)]) {
            prop_assert!(url.is_ascii() && url.parse::<http::Uri>().is_ok());
            let Lookup::Found(found) = router.find(&Method::GET, &url) else {
                return Err(TestCaseError::fail(format!("{url} does not match {pattern}")));
            };
            prop_assert_eq!(values(pattern, &found.params, &url), [("a".to_owned(), a), ("b".to_owned(), b)]);
        }
    }

    #[test]
    fn plain_values_always_make_a_url(a in "[^./]{1,6}", b in "[^./]{1,6}") {
        let pattern = Pattern::parse("/x/{a}.{b}/{c}").unwrap();
        prop_assert!(pattern.url(&[("a", &a), ("b", &b), ("c", &1)]).is_ok());
    }
}
