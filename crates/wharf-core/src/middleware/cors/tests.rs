use http::header::{AUTHORIZATION, ETAG};

use super::*;
use crate::{App, Next as Rest, get, put};

const PAGE: &str = "https://app.test";

async fn ask(app: App, method: &str, path: &str, fields: &[(&str, &str)]) -> Response {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(wharf_http::Body::empty()).unwrap();
    app.start().await.unwrap().handle(request).await
}

async fn locked(_request: Request, _next: Rest) -> HttpError {
    HttpError::unauthorized("who are you?")
}

fn app(cors: Cors) -> App {
    App::new().wrap(cors).routes([
        get("/ships", async || "[]"),
        put("/locked", async || "").wrap(locked),
    ])
}

fn field<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    Some(response.headers().get(name)?.to_str().unwrap())
}

fn vary(response: &Response) -> Vec<&str> {
    let lines = response.headers().get_all("vary").iter();
    lines.map(|line| line.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_preflight_is_answered_before_routes_and_authentication() {
    for path in ["/ships", "/locked", "/nothing"] {
        let cors = Cors::new().origins([PAGE]);
        let asked = [("origin", PAGE), ("access-control-request-method", "PUT")];
        let answer = ask(app(cors), "OPTIONS", path, &asked).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
        assert_eq!(field(&answer, "access-control-allow-origin"), Some(PAGE));
        assert_eq!(
            field(&answer, "access-control-allow-methods"),
            Some("GET, HEAD, POST, PUT, PATCH, DELETE")
        );
        assert_eq!(
            field(&answer, "access-control-allow-headers"),
            Some("content-type")
        );
        assert_eq!(field(&answer, "access-control-max-age"), None);
        assert_eq!(field(&answer, "access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn every_answer_to_a_page_carries_the_fields_errors_too() {
    for (method, path, status) in [
        ("GET", "/ships", 200),
        ("PUT", "/locked", 401),
        ("GET", "/nothing", 404),
        ("DELETE", "/ships", 405),
        ("GET", "/%zz", 400),
        ("OPTIONS", "/ships", 204),
    ] {
        let cors = Cors::new()
            .origins(["https://other.test", PAGE])
            .credentials(true)
            .expose([ETAG]);
        let answer = ask(app(cors), method, path, &[("origin", PAGE)]).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(field(&answer, "access-control-allow-origin"), Some(PAGE));
        assert_eq!(
            field(&answer, "access-control-allow-credentials"),
            Some("true")
        );
        assert_eq!(
            field(&answer, "access-control-expose-headers"),
            Some("etag")
        );
        assert!(vary(&answer).contains(&"origin"));
    }
}

#[tokio::test]
async fn the_origin_decides_who_may_read() {
    let listed = || Cors::new().origins([PAGE]);
    let below = || Cors::new().origins_where(|origin| origin.ends_with(".harbour.test"));
    let any = || Cors::new().any_origin();
    for (cors, origin, allowed, varies) in [
        (listed(), Some(PAGE), Some(PAGE), true),
        (listed(), None, None, true),
        (listed(), Some("https://app.test:8443"), None, true),
        (listed(), Some("http://app.test"), None, true),
        (listed(), Some("https://app.test.evil.test"), None, true),
        (listed(), Some("null"), None, true),
        (
            below(),
            Some("https://a.harbour.test"),
            Some("https://a.harbour.test"),
            true,
        ),
        (below(), Some("https://evilharbour.test"), None, true),
        (any(), Some(PAGE), Some("*"), false),
        (any(), None, Some("*"), false),
        (Cors::new(), Some(PAGE), None, true),
    ] {
        let fields: Vec<_> = origin
            .map(|origin| ("origin", origin))
            .into_iter()
            .collect();
        let answer = ask(app(cors.clone()), "GET", "/ships", &fields).await;
        // The request is carried out in any case.
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(
            field(&answer, "access-control-allow-origin"),
            allowed,
            "{origin:?}"
        );
        assert_eq!(vary(&answer).contains(&"origin"), varies, "{origin:?}");

        let Some(origin) = origin else { continue };
        let fields = [("origin", origin), ("access-control-request-method", "PUT")];
        let answer = ask(app(cors), "OPTIONS", "/ships", &fields).await;
        assert_eq!(
            field(&answer, "access-control-allow-origin"),
            allowed,
            "{origin}"
        );
        let status = if allowed.is_some() { 204 } else { 403 };
        assert_eq!(answer.status().as_u16(), status, "{origin}");
        assert_eq!(vary(&answer).contains(&"origin"), varies, "{origin:?}");
        assert!(vary(&answer).contains(&"access-control-request-headers"));
    }
    // What a cache may give to a page is whole.
    let answer = ask(app(any().expose([ETAG])), "GET", "/ships", &[]).await;
    assert_eq!(
        field(&answer, "access-control-expose-headers"),
        Some("etag")
    );
    // Two lines of the field come from no browser.
    let twice = [("origin", PAGE), ("origin", PAGE)];
    let answer = ask(app(listed()), "GET", "/ships", &twice).await;
    assert_eq!(field(&answer, "access-control-allow-origin"), None);
}

#[tokio::test]
async fn settings_of_preflights_are_lists_or_what_is_asked_for() {
    let asked = [
        ("origin", PAGE),
        ("access-control-request-method", "PURGE"),
        ("access-control-request-headers", "x-one,x-two"),
        ("access-control-request-private-network", "true"),
    ];
    let mirror = Cors::new()
        .origins([PAGE])
        .any_method()
        .any_header()
        .max_age(Duration::from_secs(600))
        .private_network(true);
    let answer = ask(app(mirror), "OPTIONS", "/ships", &asked).await;
    for (name, value) in [
        ("access-control-allow-methods", "PURGE"),
        ("access-control-allow-headers", "x-one,x-two"),
        ("access-control-max-age", "600"),
        ("access-control-allow-private-network", "true"),
    ] {
        assert_eq!(field(&answer, name), Some(value));
    }
    assert_eq!(
        vary(&answer),
        [
            "origin",
            "access-control-request-method",
            "access-control-request-headers",
            "access-control-request-private-network"
        ]
    );
    let lists = Cors::new()
        .origins([PAGE])
        .methods([Method::GET, Method::PUT])
        .headers([AUTHORIZATION, ETAG]);
    let answer = ask(app(lists), "OPTIONS", "/ships", &asked).await;
    for (name, value) in [
        ("access-control-allow-methods", Some("GET, PUT")),
        ("access-control-allow-headers", Some("authorization, etag")),
        ("access-control-allow-private-network", None),
    ] {
        assert_eq!(field(&answer, name), value);
    }
}

#[tokio::test]
async fn a_route_or_a_mounted_app_has_its_own() {
    let cors = || Cors::new().origins([PAGE]);
    let tree = || {
        let api = App::new().wrap(cors()).routes([put("/ship", async || "")]);
        App::new().mount("/api", api).routes([
            get("/open/{id}", async || "open").wrap(cors()),
            put("/open/{id}", async || "closed"),
            get("/closed", async || "closed"),
        ])
    };
    for (path, method, allowed) in [
        ("/api/ship", "PUT", true),
        ("/api/nothing", "PUT", true),
        ("/open/7", "GET", true),
        ("/open/7", "HEAD", true),
        ("/open/7", "PUT", false),
        ("/open/7", "DELETE", false),
        ("/closed", "GET", false),
        ("/nothing", "GET", false),
    ] {
        let asked = [("origin", PAGE), ("access-control-request-method", method)];
        let answer = ask(tree(), "OPTIONS", path, &asked).await;
        let origin = field(&answer, "access-control-allow-origin");
        assert_eq!(origin.is_some(), allowed, "{method} {path}");
    }
    // No preflight: the methods of the path, as ever.
    let answer = ask(tree(), "OPTIONS", "/open/7", &[("origin", PAGE)]).await;
    assert_eq!(field(&answer, "allow"), Some("GET, HEAD, OPTIONS, PUT"));
}

#[tokio::test]
async fn what_a_handler_says_stands() {
    let own = async || ([("access-control-allow-origin", "*")], "public");
    let app = App::new()
        .wrap(Cors::new().origins([PAGE]).credentials(true))
        .routes([get("/", own)]);
    let answer = ask(app, "GET", "/", &[("origin", PAGE)]).await;
    assert_eq!(field(&answer, "access-control-allow-origin"), Some("*"));
    assert_eq!(field(&answer, "access-control-allow-credentials"), None);
}

#[test]
fn settings_that_cannot_be_are_found_before_the_start() {
    for (cors, expected) in [
        (
            Cors::new().any_origin().credentials(true),
            Some("credentials"),
        ),
        (Cors::new().any_origin(), None),
        (Cors::new().origins([PAGE]).credentials(true), None),
        (Cors::new().origins(["http://localhost:3000"]), None),
        (
            Cors::new().origins(["http://[::1]:3000", "capacitor://localhost"]),
            None,
        ),
        (Cors::new().origins([PAGE, "null"]), Some("sandboxed")),
        (Cors::new().origins(["*"]), Some("expected `https://host`")),
        (
            Cors::new().origins(["https://*.test"]),
            Some("nothing after"),
        ),
        (
            Cors::new().origins(["https://app.test/"]),
            Some("nothing after"),
        ),
        (
            Cors::new().origins(["app.test"]),
            Some("expected `https://host`"),
        ),
        (
            Cors::new().origins(["https://App.test"]),
            Some("small letters"),
        ),
        (
            Cors::new().origins(["https://app.test:443"]),
            Some("no port"),
        ),
    ] {
        let found = App::new().wrap(cors.clone()).check().err();
        let found = found.map(|error| error.to_string());
        assert_eq!(found.is_some(), expected.is_some(), "{cors:?}: {found:?}");
        if let (Some(found), Some(expected)) = (found, expected) {
            assert!(found.contains(expected), "{found}");
            assert!(found.contains("Cors"), "{found}");
        }
        assert_eq!(
            App::new()
                .routes([get("/", async || "").wrap(cors)])
                .check()
                .is_err(),
            expected.is_some()
        );
    }
}
