//! Routes: patterns are parsed or refused, the matcher finds what a naive one finds, and URLs lead back to their route.
#![no_main]

use std::borrow::Cow;
use std::fmt::Display;

use http::Method;
use libfuzzer_sys::fuzz_target;
use wharf_core::routing::{Lookup, Pattern, RouteOptions, RouterBuilder, TrailingSlash};

/// Splits and decodes a path.
fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let decode = |part| {
        percent_encoding::percent_decode_str(part)
            .decode_utf8()
            .ok()
    };
    path.strip_prefix('/')?.split('/').map(decode).collect()
}

/// Whether a pattern is made of nothing but literals, `{name}` and `{*rest}`, which is what the naive matcher knows.
fn is_plain(pattern: &Pattern) -> bool {
    pattern.as_str().split('/').all(|part| {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        name.unwrap_or(part)
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'*')
            && (name.is_some() || !part.contains('*'))
    })
}

/// Matches a path, and tells of each segment whether it is a literal, a parameter or the rest: 0, 1 or 2.
fn naive(pattern: &Pattern, path: &str) -> Option<Vec<u8>> {
    let parts = segments(path)?;
    let mut parts = parts.iter();
    let mut ranks = Vec::new();
    for wanted in pattern.as_str()[1..].split('/') {
        if wanted.starts_with("{*") {
            let rest = parts.as_slice().join("/");
            ranks.push(2);
            return (!rest.is_empty() && parts.len() > 0).then_some(ranks);
        }
        let part = parts.next()?;
        let parameter = wanted.starts_with('{');
        if !(if parameter {
            !part.is_empty()
        } else {
            part == wanted
        }) {
            return None;
        }
        ranks.push(u8::from(parameter));
    }
    parts.next().is_none().then_some(ranks)
}

fn round_trip(pattern: &Pattern, value: &str) {
    let parameters: Vec<(&str, &dyn Display)> = pattern
        .parameters()
        .map(|name| (name, &value as &dyn Display))
        .collect();
    let Ok(url) = pattern.url(&parameters) else {
        return;
    };
    let mut builder = RouterBuilder::new();
    builder.insert(pattern, Method::GET, RouteOptions::new(), ());
    let router = builder.build().unwrap();
    let Lookup::Found(found) = router.find(&Method::GET, &url) else {
        panic!("{url} is not found by {pattern}");
    };
    for index in 0..found.params.len() {
        assert_eq!(
            found.params.get(index, &url).as_deref(),
            Some(value),
            "{pattern} {url}"
        );
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let (Some(path), Some(mode)) = (lines.next(), lines.next()) else {
        return;
    };
    let mode = [
        TrailingSlash::Strict,
        TrailingSlash::Redirect,
        TrailingSlash::Ignore,
    ][mode.len() % 3];
    let patterns: Vec<Pattern> = lines.take(20).flat_map(Pattern::parse).collect();
    let (mut every, mut plain) = (RouterBuilder::new(), RouterBuilder::new());
    for pattern in &patterns {
        round_trip(pattern, path);
        every.insert(
            pattern,
            Method::GET,
            RouteOptions::new().trailing_slash(mode),
            (),
        );
        if is_plain(pattern) {
            plain.insert(pattern, Method::GET, RouteOptions::new(), pattern);
        }
    }
    every.overlaps();
    if let Ok(router) = every.build()
        && let Lookup::Redirect(to) = router.find(&Method::GET, path)
    {
        assert!(
            matches!(router.find(&Method::GET, &to), Lookup::Found(_)),
            "{path} {to}"
        );
        assert!(!to.starts_with("//") && !to.starts_with("/\\"));
    }
    let Ok(router) = plain.build() else { return };
    let fitting = patterns.iter().filter(|pattern| is_plain(pattern));
    let best = fitting.filter_map(|pattern| naive(pattern, path)).min();
    match router.find(&Method::GET, path) {
        Lookup::Found(found) => assert_eq!(naive(found.value, path), best, "{path}"),
        Lookup::NotFound => assert_eq!(best, None, "{path}"),
        Lookup::Bad(_) => {}
        other => panic!("{other:?}"),
    }
});
