//! Tables and paths made to take long: each would take years if a search could visit a node twice, or try every way of splitting
//! a segment. That they end at all is the test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Method;
use wharf_core::routing::{Lookup, Mounts, Pattern, RouteOptions, Router, RouterBuilder};

/// As long as a request head may be.
const LONG: usize = 64 * 1024;

fn router(patterns: &[String]) -> Router<usize> {
    let mut builder = RouterBuilder::new();
    for (number, pattern) in patterns.iter().enumerate() {
        builder.insert(
            &Pattern::parse(pattern).unwrap(),
            Method::GET,
            RouteOptions::new(),
            number,
        );
    }
    builder.build().unwrap()
}

#[test]
fn every_combination_of_literal_and_parameter_is_visited_once() {
    // 4,096 routes, of which every one but the last segment fits in every way.
    let depth = 12;
    let pattern = |number: u32| {
        let segment = |level| {
            if number >> level & 1 == 0 {
                "/a".to_owned()
            } else {
                format!("/{{p{level}}}")
            }
        };
        (0..depth)
            .map(segment)
            .chain(["/end".to_owned()])
            .collect::<String>()
    };
    let patterns: Vec<_> = (0..1 << depth).map(pattern).collect();
    let router = router(&patterns);
    let path = "/a".repeat(depth);
    assert!(matches!(
        router.find(&Method::GET, &format!("{path}/other")),
        Lookup::NotFound
    ));
    let Lookup::Found(found) = router.find(&Method::GET, &format!("{path}/end")) else {
        panic!("not found")
    };
    assert_eq!((*found.value, found.params.len()), (0, 0));
    let Lookup::MethodNotAllowed { allow } = router.find(&Method::PUT, &format!("{path}/end"))
    else {
        panic!("found")
    };
    assert_eq!(allow, "GET, HEAD, OPTIONS");
}

#[test]
fn a_segment_that_splits_in_countless_ways_is_read_in_one_go() {
    let fields = |constraint: &str| {
        ["a", "b", "c", "d", "e", "f", "g", "h"]
            .map(|name| format!("{{{name}{constraint}}}"))
            .join("-")
    };
    let patterns = [
        format!("/plain/{}x", fields("")),
        format!("/runs/{}x", fields(r":\d+")),
        format!("/engine/{}x", fields(":[a-]+")),
    ];
    let router = router(&patterns);
    let half = |text: &str| text.repeat(LONG / 2 / text.len());
    for (kind, text) in [
        ("plain", format!("{}-a-b-c-d-e-f", half("a"))),
        ("plain", half("a")),
        ("runs", half("1-")),
        ("runs", format!("{}-{}", half("1"), half("1"))),
        ("engine", format!("{}!{}", half("-"), half("-"))),
        ("engine", format!("{}!{}", half("a-"), half("a-"))),
    ] {
        let path = format!("/{kind}/{text}x");
        assert!(
            matches!(router.find(&Method::GET, &path), Lookup::NotFound),
            "{kind}"
        );
    }
    let path = format!("/plain/{}x", "-".repeat(LONG));
    let Lookup::Found(found) = router.find(&Method::GET, &path) else {
        panic!("not found")
    };
    assert_eq!(found.params.get(0, &path).unwrap().len(), LONG - 14);
}

#[test]
fn a_path_of_slashes_or_escapes_only_is_read_in_one_go() {
    let rests = (0..100).map(|level| {
        format!(
            "{}/{{*rest:[a-z/]+!}}",
            "/{x}".repeat(level).replace("{x}", "a")
        )
    });
    let mut patterns: Vec<_> = rests.collect();
    patterns.push(format!(
        "{}/end",
        (0..100)
            .map(|level| format!("/{{p{level}}}"))
            .collect::<String>()
    ));
    let router = router(&patterns);
    for path in [
        "/a".repeat(LONG / 2),
        "/".repeat(LONG),
        "/%61".repeat(LONG / 4),
        format!("/{}", "%2F".repeat(LONG / 3)),
    ] {
        assert!(matches!(router.find(&Method::GET, &path), Lookup::NotFound));
    }
    let mounts = Mounts::new([
        (Pattern::parse("/{a}/{b}").unwrap(), 1),
        (Pattern::parse("/a").unwrap(), 2),
    ]);
    assert_eq!(mounts.owner(&"/a".repeat(LONG / 2)), Some(&1));
}
