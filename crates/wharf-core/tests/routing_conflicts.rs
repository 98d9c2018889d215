//! Routes in each other's way: all are reported, none panics, and what only looks like a conflict is none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Method;
use wharf_core::routing::{Lookup, Pattern, RouteOptions, RouterBuilder, TrailingSlash, Verb};

/// Adds routes written `METHOD pattern`, with `*` for any method.
fn builder(routes: &[&str]) -> RouterBuilder<usize> {
    let mut builder = RouterBuilder::new();
    for (number, route) in routes.iter().enumerate() {
        let (method, pattern) = route.split_once(' ').unwrap();
        let verb = match method {
            "*" => Verb::Any,
            method => Method::from_bytes(method.as_bytes()).unwrap().into(),
        };
        let pattern = Pattern::parse(pattern).unwrap();
        assert_eq!(
            builder.insert(&pattern, verb, RouteOptions::new(), number),
            number
        );
    }
    builder
}

fn conflicts(routes: &[&str]) -> Vec<(usize, usize)> {
    builder(routes)
        .conflicts()
        .iter()
        .map(|conflict| (conflict.first, conflict.second))
        .collect()
}

fn overlaps(routes: &[&str]) -> Vec<(usize, usize)> {
    builder(routes)
        .overlaps()
        .iter()
        .map(|overlap| (overlap.first, overlap.second))
        .collect()
}

#[test]
fn all_conflicts_are_reported_at_once_with_both_routes() {
    let builder = builder(&[
        "GET /a",
        "GET /u/{id}",
        "POST /a",
        "GET /u/{name}",
        "GET /a",
    ]);
    let conflicts = builder.build().unwrap_err();
    let pairs: Vec<_> = conflicts
        .iter()
        .map(|conflict| (conflict.first, conflict.second))
        .collect();
    assert_eq!(pairs, [(1, 3), (0, 4)]);
    assert_eq!(
        conflicts[0].to_string(),
        "`GET /u/{id}` and `GET /u/{name}` match the same requests"
    );
}

#[test]
fn the_same_requests_are_a_conflict_however_they_are_written() {
    for routes in [
        ["GET /a", "GET /a"],
        ["GET /a/{x}", "GET /a/{y}"],
        ["GET /caf%C3%A9", "GET /café"],
        [r"GET /{a:\d+}.{b}", r"GET /{x:\d+}.{y}"],
        ["GET /{*a}", "GET /{*b}"],
        ["GET /a", "* /a"],
        ["* /a", "GET /a"],
        ["* /a", "* /a"],
        ["PURGE /a/", "PURGE /a/"],
    ] {
        assert_eq!(conflicts(&routes), [(0, 1)], "{routes:?}");
        assert!(builder(&routes).build().is_err());
    }
}

#[test]
fn what_can_be_told_apart_is_no_conflict() {
    for routes in [
        ["GET /a", "POST /a"],
        ["GET /a", "HEAD /a"],
        ["GET /a", "GET /a/"],
        ["GET /a", "GET /{x}"],
        [r"GET /{x:\d+}", "GET /{x}"],
        [r"GET /{x:\d+}", "GET /{x:[0-9]+}"],
        ["GET /{x}", "GET /{*x}"],
        ["GET /{x}", "GET /{x}.json"],
        ["GET /a%2Fb", "GET /a/b"],
        ["GET /{{x}}", "GET /{x}"],
        ["* /a", "GET /b"],
    ] {
        assert_eq!(conflicts(&routes), [], "{routes:?}");
        assert!(builder(&routes).build().is_ok());
    }
}

#[test]
fn a_route_is_reported_against_the_first_of_several_equal_ones() {
    assert_eq!(conflicts(&["GET /a", "GET /a", "GET /a"]), [(0, 1), (0, 2)]);
    assert_eq!(conflicts(&["GET /a", "POST /a", "* /a"]), [(0, 2), (1, 2)]);
}

#[test]
fn ignoring_the_slash_is_no_conflict_with_the_path_that_has_one() {
    let mut builder = RouterBuilder::new();
    for (number, path) in ["/x", "/x/"].iter().enumerate() {
        let options = RouteOptions::new().trailing_slash(TrailingSlash::Ignore);
        builder.insert(&Pattern::parse(path).unwrap(), Method::GET, options, number);
    }
    let router = builder.build().unwrap();
    for (path, expected) in [("/x", 0), ("/x/", 1)] {
        let Lookup::Found(found) = router.find(&Method::GET, path) else {
            panic!("{path}")
        };
        assert_eq!(*found.value, expected, "{path}");
    }
}

#[test]
fn different_constraints_at_one_place_are_listed_in_the_order_they_are_tried() {
    assert_eq!(
        overlaps(&[r"GET /{x:\d+}", "GET /{x:[a-f0-9]+}", "GET /{x}"]),
        [(0, 1)]
    );
    assert_eq!(overlaps(&[r"GET /{x:\d+}", "POST /{x:[0-9]+}"]), []);
    assert_eq!(overlaps(&[r"GET /{x:\d+}", "* /{x:[0-9]+}"]), [(0, 1)]);
    assert_eq!(overlaps(&["GET /{*x:a+}", "GET /{*x:b+}"]), [(0, 1)]);
    assert_eq!(overlaps(&["GET /{a}-{b}", "GET /{a}.{b}"]), [(0, 1)]);
    assert_eq!(overlaps(&["GET /{x:a+}.json", "GET /{x:b+}.html"]), []);
    assert_eq!(overlaps(&["GET /{x:a+}", "GET /{x}.{y}", "GET /x"]), []);
}

#[test]
fn a_sibling_is_as_old_as_the_first_route_through_it() {
    // `[a-f]+` is known at its place since the first route, so that the third is tried before the second.
    let routes = [
        "GET /{x:[a-f]+}/1",
        "GET /{y:[a-z]+}/2",
        "GET /{x:[a-f]+}/2",
    ];
    assert_eq!(overlaps(&routes), [(2, 1)]);
    let router = builder(&routes).build().unwrap();
    let Lookup::Found(found) = router.find(&Method::GET, "/abc/2") else {
        panic!("not found")
    };
    assert_eq!(*found.value, 2);
}
