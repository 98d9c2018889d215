//! What a request finds in a table of routes, row by row, each with the rule it comes from.
//!
//! Routes are written `METHOD pattern`, one after the other, with `*` for any method. Expected is the number of the route with
//! its parameters in order, or a status with what comes along.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Method;
use wharf_core::routing::{Lookup, Pattern, RouteOptions, Router, RouterBuilder, Verb};

struct Row {
    rule: &'static str,
    routes: &'static [&'static str],
    request: &'static str,
    expected: &'static str,
}

const fn row(
    rule: &'static str,
    routes: &'static [&'static str],
    request: &'static str,
    expected: &'static str,
) -> Row {
    Row {
        rule,
        routes,
        request,
        expected,
    }
}

const USERS: &[&str] = &["GET /", "GET /users", "POST /users", "GET /users/{id}"];
const RANKS: &[&str] = &[
    "GET /a/{*rest}",
    "GET /a/{name}",
    r"GET /a/{id:\d+}",
    "GET /a/new",
];

const ROWS: &[Row] = &[
    row("R-01: the root", USERS, "GET /", "0"),
    row("R-01: a literal", USERS, "GET /users", "1"),
    row("R-02: one path, several methods", USERS, "POST /users", "2"),
    row("R-05: a variable segment", USERS, "GET /users/7", "3 id=7"),
    row("R-05: one or more characters", USERS, "GET /users/", "404"),
    row(
        "R-05: the whole path must match",
        USERS,
        "GET /users/7/x",
        "404",
    ),
    row("R-19: no candidate", USERS, "GET /other", "404"),
    row(
        "R-19: 405 with Allow",
        USERS,
        "DELETE /users",
        "405 GET, HEAD, OPTIONS, POST",
    ),
    row("precedence: literal first", RANKS, "GET /a/new", "3"),
    row(
        "precedence: constrained > plain",
        RANKS,
        "GET /a/12",
        "2 id=12",
    ),
    row("precedence: plain > rest", RANKS, "GET /a/x1", "1 name=x1"),
    row("precedence: rest last", RANKS, "GET /a/x/y", "0 rest=x/y"),
];

fn router(routes: &[&str]) -> Router<(usize, Pattern)> {
    let mut builder = RouterBuilder::new();
    for (number, route) in routes.iter().enumerate() {
        let (method, pattern) = route.split_once(' ').unwrap();
        let pattern = Pattern::parse(pattern).unwrap();
        let verb = match method {
            "*" => Verb::Any,
            method => Method::from_bytes(method.as_bytes()).unwrap().into(),
        };
        builder.insert(
            &pattern,
            verb,
            RouteOptions::new(),
            (number, pattern.clone()),
        );
    }
    builder.build().unwrap()
}

fn found(router: &Router<(usize, Pattern)>, request: &str) -> String {
    let (method, path) = request.split_once(' ').unwrap();
    match router.find(&Method::from_bytes(method.as_bytes()).unwrap(), path) {
        Lookup::Found(found) => {
            let (number, pattern) = found.value;
            let values = pattern
                .parameters()
                .enumerate()
                .map(|(index, name)| format!(" {name}={}", found.params.get(index, path).unwrap()));
            format!("{number}{}", values.collect::<String>())
        }
        Lookup::Redirect(location) => format!("308 {location}"),
        Lookup::Options { allow } => format!("204 {}", allow.to_str().unwrap()),
        Lookup::MethodNotAllowed { allow } => format!("405 {}", allow.to_str().unwrap()),
        Lookup::NotFound => "404".to_owned(),
        Lookup::Bad(_) => "400".to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_row_of_the_table_holds() {
    let wrong = ROWS.iter().filter_map(|row| {
        let given = found(&router(row.routes), row.request);
        (given != row.expected).then(|| {
            let Row {
                rule,
                routes,
                request,
                expected,
            } = row;
            format!("{rule}: {request} in {routes:?}: {given}, expected {expected}")
        })
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
