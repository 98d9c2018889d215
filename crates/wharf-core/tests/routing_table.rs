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
const AFFIXES: &[&str] = &[
    "GET /{name}",
    "GET /{name}.json",
    "GET /{name}.min.json",
    "GET /v{n}",
    r"GET /v{n:\d+}",
    "GET /ver{n}",
    "GET /{a}-{b}",
];
const VERSION: &[&str] = &[
    r"GET /v{major:\d+}.{minor:\d+}",
    r"GET /{year:\d{4}}-{month:\d{2}}",
];
const BACK: &[&str] = &[
    r"GET /b/{c:\d+}",
    "GET /{a}/x",
    "GET /{a}/{b}/y",
    "GET /{*all}",
];
const FILES: &[&str] = &[
    "GET /files/{*path}",
    r"GET /img/{*path:[a-z/]+\.png}",
    "GET /dl-{*path}",
];
const METHODS: &[&str] = &[
    "GET /m/{id}",
    r"POST /m/{id:\d+}",
    "PUT /m/7",
    "* /any",
    "HEAD /head",
    "GET /head",
    "PURGE /cache",
    "OPTIONS /own",
    "DELETE /own",
];
const DECODED: &[&str] = &[
    "GET /café",
    "GET /a%2Fb",
    "GET /{x}/s",
    "GET /a/b",
    "GET /p/{x:[a-z/]+}.txt",
    "GET /e/{*rest}",
];
const WRITTEN: &[&str] = &[
    "GET /{a:[a-z]+}/1",
    "GET /{b:[a-f]+}/1",
    "GET /{b:[a-f]+}/2",
];
const NAMES: &[&str] = &[
    "GET /u/{id}",
    "GET /u/{user}/posts",
    "GET /u/{x}/posts/{id}",
];

const ROWS: &[Row] = &[
    row("R-01: the root", USERS, "GET /", "0"),
    row("R-01: a literal", USERS, "GET /users", "1"),
    row("R-02: one path, several methods", USERS, "POST /users", "2"),
    row("R-05: a variable segment", USERS, "GET /users/7", "3 id=7"),
    row(
        "R-05: any characters but a slash",
        USERS,
        "GET /users/a.b-c~d:e",
        "3 id=a.b-c~d:e",
    ),
    row("R-05: one or more characters", USERS, "GET /users/", "404"),
    row(
        "R-05: the whole path must match",
        USERS,
        "GET /users/7/x",
        "404",
    ),
    row(
        "R-05: the beginning is not enough",
        USERS,
        "GET /user",
        "404",
    ),
    row(
        "R-05: paths are case-sensitive (RFC 3986 §6.2.2.1)",
        USERS,
        "GET /Users",
        "404",
    ),
    row(
        "R-09: a slash at the end counts",
        USERS,
        "GET /users/7/",
        "404",
    ),
    row("R-19: no candidate", USERS, "GET /other", "404"),
    row(
        "R-19: no candidate for any method",
        USERS,
        "OPTIONS /other",
        "404",
    ),
    row(
        "R-19: 405 with Allow",
        USERS,
        "DELETE /users",
        "405 GET, HEAD, OPTIONS, POST",
    ),
    row(
        "R-19: 405 for a method nobody knows",
        USERS,
        "BREW /",
        "405 GET, HEAD, OPTIONS",
    ),
    row(
        "RFC 9110 §9.1: methods are case-sensitive",
        USERS,
        "get /",
        "405 GET, HEAD, OPTIONS",
    ),
    row(
        "RFC 9110 §9.3.7: OPTIONS tells the same",
        USERS,
        "OPTIONS /users",
        "204 GET, HEAD, OPTIONS, POST",
    ),
    row(
        "RFC 9112 §3.2.4: asterisk form is no path",
        USERS,
        "OPTIONS *",
        "404",
    ),
    row(
        "RFC 9112 §3.2.3: authority form is no path",
        USERS,
        "CONNECT host:443",
        "404",
    ),
    row(
        "RFC 3986 §3.3: empty segments are segments",
        USERS,
        "GET //users",
        "404",
    ),
    row(
        "R-05: dot segments are not resolved",
        USERS,
        "GET /users/../users",
        "404",
    ),
    row("R-04: literal > constrained", RANKS, "GET /a/new", "3"),
    row(
        "precedence: constrained > plain",
        RANKS,
        "GET /a/12",
        "2 id=12",
    ),
    row("precedence: plain > rest", RANKS, "GET /a/x1", "1 name=x1"),
    row("precedence: rest last", RANKS, "GET /a/x/y", "0 rest=x/y"),
    row(
        "precedence: a literal is no prefix",
        RANKS,
        "GET /a/newer",
        "1 name=newer",
    ),
    row(
        "precedence: longer prefix first",
        AFFIXES,
        "GET /verx",
        "5 n=x",
    ),
    row(
        "precedence: constrained after the same prefix",
        AFFIXES,
        "GET /v12",
        "4 n=12",
    ),
    row("precedence: prefix > none", AFFIXES, "GET /vx", "3 n=x"),
    row(
        "precedence: prefix > suffix",
        AFFIXES,
        "GET /vx.json",
        "3 n=x.json",
    ),
    row(
        "precedence: longer suffix first",
        AFFIXES,
        "GET /a.min.json",
        "2 name=a",
    ),
    row(
        "precedence: suffix > none",
        AFFIXES,
        "GET /a.json",
        "1 name=a",
    ),
    row(
        "precedence: text in between > none",
        AFFIXES,
        "GET /a-b",
        "6 a=a b=b",
    ),
    row(
        "R-05: nothing is left for the parameter",
        AFFIXES,
        "GET /.json",
        "0 name=.json",
    ),
    row(
        "mixed: earlier parameters take all they can",
        AFFIXES,
        "GET /a-b-c",
        "6 a=a-b b=c",
    ),
    row(
        "mixed: constraints hold for each piece",
        VERSION,
        "GET /v10.2",
        "0 major=10 minor=2",
    ),
    row("R-06: every piece must fit", VERSION, "GET /v10.x", "404"),
    row(
        "R-06: braces in an expression",
        VERSION,
        "GET /2024-05",
        "1 year=2024 month=05",
    ),
    row(
        "R-06: an expression matches as a whole",
        VERSION,
        "GET /20240-05",
        "404",
    ),
    row(
        "R-06: an expression needs its characters",
        VERSION,
        "GET /v.2",
        "404",
    ),
    row("fallback: a dead end further on", BACK, "GET /b/x", "1 a=b"),
    row("fallback: over two levels", BACK, "GET /b/x/y", "2 a=b b=x"),
    row(
        "fallback: parameters of dead ends are gone",
        BACK,
        "GET /b/x/z",
        "3 all=b/x/z",
    ),
    row(
        "fallback: more specific where it fits",
        BACK,
        "GET /b/5",
        "0 c=5",
    ),
    row(
        "R-07: slashes are part of the rest",
        FILES,
        "GET /files/a/b.txt",
        "0 path=a/b.txt",
    ),
    row(
        "R-07: so is one at the end",
        FILES,
        "GET /files/a/",
        "0 path=a/",
    ),
    row("R-07: the rest is not empty", FILES, "GET /files/", "404"),
    row("R-07: its slash is needed", FILES, "GET /files", "404"),
    row(
        "R-06: a constraint over several segments",
        FILES,
        "GET /img/a/b.png",
        "1 path=a/b.png",
    ),
    row(
        "R-06: for all of the rest",
        FILES,
        "GET /img/a/b.gif",
        "404",
    ),
    row(
        "mixed: a rest after a prefix",
        FILES,
        "GET /dl-a/b",
        "2 path=a/b",
    ),
    row("mixed: and with nothing after it", FILES, "GET /dl-", "404"),
    row(
        "R-19: the method is sought further down",
        METHODS,
        "GET /m/7",
        "0 id=7",
    ),
    row(
        "R-19: from literal to constrained",
        METHODS,
        "POST /m/7",
        "1 id=7",
    ),
    row("R-19: the most specific has it", METHODS, "PUT /m/7", "2"),
    row(
        "R-19: Allow of all candidates",
        METHODS,
        "DELETE /m/7",
        "405 GET, HEAD, OPTIONS, POST, PUT",
    ),
    row(
        "R-19: and of no others",
        METHODS,
        "PUT /m/8",
        "405 GET, HEAD, OPTIONS, POST",
    ),
    row(
        "R-19: one candidate of three",
        METHODS,
        "POST /m/x",
        "405 GET, HEAD, OPTIONS",
    ),
    row("R-15: a route for any method", METHODS, "BREW /any", "3"),
    row("R-15: which has OPTIONS too", METHODS, "OPTIONS /any", "3"),
    row("R-13: GET implies HEAD", METHODS, "HEAD /m/x", "0 id=x"),
    row("R-13: HEAD of its own", METHODS, "HEAD /head", "4"),
    row("R-01: any token is a method", METHODS, "PURGE /cache", "6"),
    row(
        "R-19: Allow has extension methods",
        METHODS,
        "GET /cache",
        "405 OPTIONS, PURGE",
    ),
    row(
        "RFC 9110 §9.3.7: OPTIONS of its own",
        METHODS,
        "OPTIONS /own",
        "7",
    ),
    row(
        "R-13: no GET, no HEAD",
        METHODS,
        "HEAD /own",
        "405 DELETE, OPTIONS",
    ),
    row(
        "RFC 3986 §2.1: escapes are decoded",
        DECODED,
        "GET /caf%C3%A9",
        "0",
    ),
    row(
        "RFC 3986 §2.1: in either case",
        DECODED,
        "GET /caf%c3%a9",
        "0",
    ),
    row(
        "RFC 3986 §2.3: unreserved ones too",
        DECODED,
        "GET /%61/%62",
        "3",
    ),
    row(
        "R-08: an escaped slash is a character",
        DECODED,
        "GET /a%2Fb",
        "1",
    ),
    row("R-08: and no separator", DECODED, "GET /a%2fb/s", "2 x=a/b"),
    row(
        "R-08: nor the other way round",
        DECODED,
        "GET /p/a/b.txt",
        "404",
    ),
    row(
        "R-06: constraints see decoded text",
        DECODED,
        "GET /p/a%2Fb%2Etxt",
        "4 x=a/b",
    ),
    row(
        "R-06: in which some do not fit",
        DECODED,
        "GET /p/a%20b.txt",
        "404",
    ),
    row(
        "R-07: the rest is decoded",
        DECODED,
        "GET /e/a%20b/%25",
        "5 rest=a b/%",
    ),
    row(
        "RFC 3986 §2.1: decoded once",
        DECODED,
        "GET /%2561/s",
        "2 x=%61",
    ),
    row(
        "RFC 3986 §2.1: no hexadecimal digits",
        DECODED,
        "GET /%zz/s",
        "400",
    ),
    row("RFC 3986 §2.1: cut short", DECODED, "GET /x/s%4", "400"),
    row("RFC 3629 §3: not UTF-8", DECODED, "GET /%ff/s", "400"),
    row(
        "RFC 3629 §3: across two segments",
        DECODED,
        "GET /e/%C3/%A9",
        "400",
    ),
    row(
        "RFC 3986 §2.1: bad where nothing matches",
        DECODED,
        "GET /none/of/%these",
        "400",
    ),
    row(
        "RFC 3986 §2.1: bad for a method too",
        DECODED,
        "PUT /e/%",
        "400",
    ),
    row(
        "R-06: two constraints, as written",
        WRITTEN,
        "GET /abc/1",
        "0 a=abc",
    ),
    row(
        "R-06: the second where the first ends",
        WRITTEN,
        "GET /abc/2",
        "2 b=abc",
    ),
    row("R-06: neither fits", WRITTEN, "GET /123/1", "404"),
    row("names differ at one place", NAMES, "GET /u/1", "0 id=1"),
    row(
        "names are those of the route",
        NAMES,
        "GET /u/1/posts",
        "1 user=1",
    ),
    row(
        "names are those of the route",
        NAMES,
        "GET /u/1/posts/2",
        "2 x=1 id=2",
    ),
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

#[test]
fn the_table_is_long_enough_and_a_third_of_it_refuses() {
    let refusals = ROWS
        .iter()
        .filter(|row| matches!(row.expected.as_bytes(), [b'4', b'0', ..]));
    assert!(ROWS.len() >= 60 && refusals.count() * 3 >= ROWS.len());
}

#[test]
fn a_route_for_get_may_leave_head_alone() {
    let mut builder = RouterBuilder::new();
    let pattern = Pattern::parse("/x").unwrap();
    builder.insert(
        &pattern,
        Method::GET,
        RouteOptions::new().head(false),
        (0, pattern.clone()),
    );
    let router = builder.build().unwrap();
    assert_eq!(found(&router, "HEAD /x"), "405 GET, OPTIONS");
}

#[test]
fn twenty_parameters_are_found_in_order() {
    let text: String = (0..20).map(|number| format!("/{{p{number}}}")).collect();
    let path: String = (0..20).map(|number| format!("/{number}")).collect();
    let mut builder = RouterBuilder::new();
    let pattern = Pattern::parse(&text).unwrap();
    builder.insert(
        &pattern,
        Method::GET,
        RouteOptions::new(),
        (0, pattern.clone()),
    );
    let expected: String = (0..20)
        .map(|number| format!(" p{number}={number}"))
        .collect();
    let router = builder.build().unwrap();
    assert_eq!(
        found(&router, &format!("GET {path}")),
        format!("0{expected}")
    );
}
