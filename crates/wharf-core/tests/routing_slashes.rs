//! What a slash more or less does to a request, in each of the three modes; and below a mount.
//!
//! Expected is the number of the route, or a status with what comes along. A mount is written `prefix > METHOD pattern`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use TrailingSlash::{Ignore, Redirect, Strict};
use http::Method;
use wharf_core::routing::{Lookup, Pattern, RouteOptions, Router, RouterBuilder, TrailingSlash};

type Row = (&'static [&'static str], &'static str, [&'static str; 3]);

const PLAIN: &[&str] = &["GET /", "GET /x", "GET /y/", "POST /y/"];
const BOTH: &[&str] = &["GET /x", "GET /x/", "POST /x"];
const DEEP: &[&str] = &[
    "GET /a/b/{id}",
    r"GET /n/{id:\d+}/",
    "GET /f/{*rest}",
    "GET /a/{name}.json/",
];
const MOUNT: &[&str] = &[
    "/p > GET /",
    "/p > GET /x",
    "/p/ > GET /y/",
    "/{t} > GET /z",
];
const OPEN: &[&str] = &["GET /{*all:[a-z.]+/}", "GET /evil.test", "GET /e/"];
const FALLBACK: &[&str] = &["GET /s", "GET /{a}/", "GET /{*rest}"];

/// Routes, request, and what is found in the modes `Strict`, `Redirect` and `Ignore`.
const ROWS: &[Row] = &[
    (PLAIN, "GET /", ["0", "0", "0"]),
    (PLAIN, "GET //", ["404", "308 /", "404"]),
    (PLAIN, "GET ///", ["404", "308 /", "404"]),
    (PLAIN, "GET /x", ["1", "1", "1"]),
    (PLAIN, "GET /x/", ["404", "308 /x", "1"]),
    (PLAIN, "GET /x//", ["404", "308 /x", "404"]),
    (PLAIN, "GET //x", ["404", "308 /x", "404"]),
    (PLAIN, "GET //x/", ["404", "308 /x", "404"]),
    (PLAIN, "GET /y/", ["2", "2", "2"]),
    (PLAIN, "GET /y", ["404", "308 /y/", "2"]),
    (PLAIN, "GET /y//", ["404", "308 /y/", "404"]),
    (PLAIN, "GET //y", ["404", "308 /y/", "404"]),
    (PLAIN, "HEAD /x/", ["404", "308 /x", "1"]),
    (PLAIN, "POST /y", ["404", "308 /y/", "3"]),
    (PLAIN, "POST /x/", ["404", "404", "405 GET, HEAD, OPTIONS"]),
    (
        PLAIN,
        "PUT /y",
        ["404", "404", "405 GET, HEAD, OPTIONS, POST"],
    ),
    (
        PLAIN,
        "OPTIONS /x/",
        ["404", "404", "204 GET, HEAD, OPTIONS"],
    ),
    (PLAIN, "GET /z/", ["404", "404", "404"]),
    (BOTH, "GET /x", ["0", "0", "0"]),
    (BOTH, "GET /x/", ["1", "1", "1"]),
    (BOTH, "POST /x/", ["405 GET, HEAD, OPTIONS", "308 /x", "2"]),
    (
        BOTH,
        "PUT /x/",
        [
            "405 GET, HEAD, OPTIONS",
            "405 GET, HEAD, OPTIONS",
            "405 GET, HEAD, OPTIONS, POST",
        ],
    ),
    (DEEP, "GET /a/b/1/", ["404", "308 /a/b/1", "0"]),
    (DEEP, "GET /a//b/1", ["404", "308 /a/b/1", "404"]),
    (DEEP, "GET /a//b//1/", ["404", "308 /a/b/1", "404"]),
    (DEEP, "GET /a/b/%2F/", ["404", "308 /a/b/%2F", "0"]),
    (DEEP, "GET /a/b//", ["404", "404", "404"]),
    (DEEP, "GET /n/12", ["404", "308 /n/12/", "1"]),
    (DEEP, "GET /n/x", ["404", "404", "404"]),
    (DEEP, "GET /f/a/", ["2", "2", "2"]),
    (DEEP, "GET /f//a", ["2", "2", "2"]),
    (DEEP, "GET /f", ["404", "404", "404"]),
    (DEEP, "GET /a/x.json", ["404", "308 /a/x.json/", "3"]),
    (DEEP, "GET /a/b/%zz/", ["400", "400", "400"]),
    (MOUNT, "GET /p", ["0", "0", "0"]),
    (MOUNT, "GET /p/", ["404", "308 /p", "0"]),
    (MOUNT, "GET /p/x", ["1", "1", "1"]),
    (MOUNT, "GET /p/x/", ["404", "308 /p/x", "1"]),
    (MOUNT, "GET /p/y", ["404", "308 /p/y/", "2"]),
    (MOUNT, "GET /p//y", ["404", "308 /p/y/", "404"]),
    (MOUNT, "GET /q/z/", ["404", "308 /q/z", "3"]),
    (MOUNT, "GET //p", ["404", "308 /p", "404"]),
    (MOUNT, "GET /q", ["404", "404", "404"]),
    // RFC 3986 §4.2: what begins with two slashes names a host.
    (OPEN, "GET //evil.test", ["404", "308 /evil.test", "404"]),
    (OPEN, "GET //evil.test/", ["404", "308 /evil.test/", "404"]),
    (OPEN, "GET //e", ["404", "308 /e/", "404"]),
    (OPEN, "GET /\\evil.test", ["404", "404", "404"]),
    (OPEN, "GET //\\evil.test", ["404", "404", "404"]),
    (FALLBACK, "GET /s/", ["1", "1", "0"]),
    (FALLBACK, "GET /t", ["2", "2", "1"]),
];

fn router(routes: &[&str], mode: impl Fn(usize) -> TrailingSlash) -> Router<usize> {
    let mut builder = RouterBuilder::new();
    for (number, route) in routes.iter().enumerate() {
        let (prefix, route) = route.split_once(" > ").unwrap_or(("/", route));
        let (method, path) = route.split_once(' ').unwrap();
        let pattern = Pattern::parse(prefix)
            .unwrap()
            .join(&Pattern::parse(path).unwrap())
            .unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        builder.insert(
            &pattern,
            method,
            RouteOptions::new().trailing_slash(mode(number)),
            number,
        );
    }
    builder.build().unwrap()
}

fn found(router: &Router<usize>, request: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    match router.find(&Method::from_bytes(method.as_bytes()).unwrap(), path) {
        Lookup::Found(found) => found.value.to_string(),
        Lookup::Redirect(location) => format!("308 {location}"),
        Lookup::Options { allow } => format!("204 {}", allow.to_str().unwrap()),
        Lookup::MethodNotAllowed { allow } => format!("405 {}", allow.to_str().unwrap()),
        Lookup::NotFound => "404".to_owned(),
        Lookup::Bad(_) => "400".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_row_holds_in_every_mode() {
    assert!(ROWS.len() >= 40);
    let mut wrong = Vec::new();
    for (routes, request, expected) in ROWS {
        for (mode, expected) in [Strict, Redirect, Ignore].into_iter().zip(expected) {
            let given = found(&router(routes, |_| mode), request);
            if given != *expected {
                wrong.push(format!(
                    "{request} in {routes:?}, {mode:?}: {given}, expected {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_redirect_leads_to_a_route_of_the_same_method() {
    for (routes, request, expected) in ROWS {
        if let Some(location) = expected[1].strip_prefix("308 ") {
            let method = request.split_once(' ').unwrap().0;
            let there = found(
                &router(routes, |_| Redirect),
                &format!("{method} {location}"),
            );
            assert!(
                there.parse::<usize>().is_ok(),
                "{request} to {location}: {there}"
            );
        }
    }
}

#[test]
fn each_route_keeps_its_own_mode() {
    let routes = &[
        "GET /strict",
        "GET /redirect",
        "GET /ignore",
        "POST /ignore",
    ];
    let router = router(routes, |number| [Strict, Redirect, Ignore, Strict][number]);
    for (request, expected) in [
        ("GET /strict/", "404"),
        ("GET //strict", "404"),
        ("GET /redirect/", "308 /redirect"),
        ("GET /ignore/", "2"),
        ("GET //ignore", "404"),
        ("POST /ignore/", "405 GET, HEAD, OPTIONS"),
        ("PUT /ignore", "405 GET, HEAD, OPTIONS, POST"),
    ] {
        assert_eq!(found(&router, request), expected, "{request}");
    }
}

#[test]
fn a_redirect_goes_where_the_request_would_be_answered_or_nowhere() {
    // `/a/x` would be answered by the strict route, which asks for no redirect to it.
    let router = router(&["GET /a/x", "GET /{any}/{other}"], |number| {
        [Strict, Redirect][number]
    });
    assert_eq!(found(&router, "GET /a/x/"), "404");
    assert_eq!(found(&router, "GET /a/y/"), "308 /a/y");
}

#[test]
fn a_redirect_is_a_header_value() {
    let router = router(&["GET /{name}"], |_| Redirect);
    assert_eq!(found(&router, "GET /é/"), "308 /%C3%A9");
    assert_eq!(found(&router, "GET /\t/"), "404");
    assert_eq!(found(&router, "GET /a\r\nx: y/"), "404");
}
