use std::io;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use wharf_http::header::Accept;
use wharf_http::{Body, Request};

use super::{Form, page, push_quoted};
use crate::error::HttpError;
use crate::response::page::tests::assert_allowed;
use crate::{App, get};

const BROWSER: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(app: App, method: Method, accept: &str) -> Reply {
    let mut request = Request::default();
    *request.method_mut() = method;
    if !accept.is_empty() {
        let accept = HeaderValue::from_str(accept).unwrap();
        request.headers_mut().insert(header::ACCEPT, accept);
    }
    let running = app.start().await.unwrap();
    let (head, mut body) = running.handle(request).await.into_parts();
    let text = body.bytes(None).await.unwrap();
    Reply {
        status: head.status,
        headers: head.headers,
        text: String::from_utf8(text.to_vec()).unwrap(),
    }
}

/// An app whose only handler fails with what `make` makes.
fn failing(make: fn() -> HttpError) -> App {
    App::new().routes([get("/", move || async move { Err::<Body, _>(make()) })])
}

fn secret() -> HttpError {
    HttpError::internal("could not save <b>\"it\" & 'more'</b>\u{1b}[31m")
        .because(io::Error::other("password=<hunter2>"))
}

#[test]
fn the_form_is_what_the_client_accepts_most_gladly() {
    use Form::{Page, Problem, Text};
    let rows = [
        // Nothing is said, everything is taken, or nothing of ours.
        ("", Text),
        ("*/*", Text),
        ("*", Text),
        ("image/png", Text),
        ("*/*;q=0", Text),
        ("nonsense", Text),
        ("text/css,*/*;q=0.1", Text),
        ("image/avif,image/webp,*/*;q=0.8", Text),
        // One form is named.
        ("text/plain", Text),
        ("text/plain; charset=utf-8", Text),
        ("text/*", Text),
        ("application/problem+json", Problem),
        ("application/json", Problem),
        ("application/json; charset=utf-8", Problem),
        ("application/vnd.api+json", Problem),
        ("application/*", Problem),
        ("APPLICATION/JSON", Problem),
        ("text/html", Page),
        ("text/html;charset=utf-8", Page),
        (BROWSER, Page),
        // Several are, with weights.
        ("text/html;q=0.4, application/json;q=0.5", Problem),
        ("text/html;q=0.5, application/json;q=0.4", Page),
        ("application/json;q=0.1, */*;q=0.2", Text),
        ("application/json;q=0.9, text/plain", Text),
        (
            "application/problem+json;q=0.2, application/json, text/html;q=0.5",
            Page,
        ),
        // A type that is named wins over a wildcard, then the one written first.
        ("*/*, text/html", Page),
        ("application/json, text/plain, */*", Problem),
        ("text/plain, application/json, */*", Text),
        ("text/html, application/json", Page),
        ("application/json, text/html", Problem),
        // A weight of nothing rules a form out.
        ("text/plain;q=0, */*", Problem),
        ("text/plain;q=0, application/*;q=0, */*", Page),
        ("application/json;q=0, text/html;q=0.1", Page),
        ("text/html;q=0, application/json;q=0", Text),
    ];
    for (accept, form) in rows {
        let lines = (!accept.is_empty()).then_some(accept);
        assert_eq!(Form::accepted_by(&Accept::parse(lines)), form, "{accept}");
    }
}

#[tokio::test]
async fn text_is_one_line_of_status_reason_and_detail() {
    let reply = ask(failing(secret), Method::GET, "").await;
    assert_eq!(
        reply.text,
        "500 Internal Server Error: could not save <b>\"it\" & 'more'</b>\u{fffd}[31m\n"
    );
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(reply.header("vary"), "accept");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    let bare = || HttpError::new(StatusCode::NOT_FOUND);
    assert_eq!(
        ask(failing(bare), Method::GET, "").await.text,
        "404 Not Found\n"
    );
    let unknown = || HttpError::new(StatusCode::from_u16(499).unwrap());
    assert_eq!(
        ask(failing(unknown), Method::GET, "").await.text,
        "499 Client Error\n"
    );
}

#[tokio::test]
async fn problem_details_have_the_members_of_rfc_9457() {
    let reply = ask(failing(secret), Method::GET, "application/json").await;
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.header("vary"), "accept");
    assert_eq!(reply.header("cache-control"), "no-store");
    let problem: serde_json::Value = serde_json::from_str(&reply.text).unwrap();
    let id = problem["request_id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(
        problem,
        serde_json::json!({
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
            "detail": "could not save <b>\"it\" & 'more'</b>\u{1b}[31m",
            "request_id": id,
        })
    );
}

#[test]
fn strings_of_json_come_back_as_they_went() {
    let text: String = ('\0'..='\u{ff}').chain("\u{2028}🚢\"\\/".chars()).collect();
    let mut json = String::new();
    push_quoted(&mut json, &text);
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
}

#[tokio::test]
async fn a_page_is_escaped_and_loads_nothing() {
    let reply = ask(failing(secret), Method::GET, BROWSER).await;
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    assert!(
        reply
            .header("content-security-policy")
            .starts_with("default-src 'none';")
    );
    let page = &reply.text;
    for part in [
        "<title>500 Internal Server Error</title>",
        "<h1>Internal Server Error</h1>",
        "could not save &lt;b&gt;&quot;it&quot; &amp; &#39;more&#39;&lt;/b&gt;\u{fffd}[31m",
        "name=\"viewport\"",
        "prefers-color-scheme:dark",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in [
        "hunter2", "<script", "http:", "https:", "src=", "href=", "url(", "@import",
    ] {
        assert!(!page.contains(part), "{part}: {page}");
    }
}

#[test]
fn the_policy_of_the_page_names_the_style_by_its_hash() {
    assert_allowed(&page::POLICY, page::STYLE);
}

#[tokio::test]
async fn causes_are_shown_in_debug_mode_alone() {
    for accept in ["text/plain", "application/json", "text/html"] {
        let reply = ask(failing(secret), Method::GET, accept).await;
        assert!(!reply.text.contains("hunter2"), "{accept}");
        let reply = ask(failing(secret).debug(true), Method::GET, accept).await;
        let shown = match accept {
            "text/plain" => "\ncaused by: password=<hunter2>\n",
            "application/json" => r#","causes":["password=<hunter2>"]}"#,
            _ => "<li>password=&lt;hunter2&gt;</li>",
        };
        assert!(reply.text.contains(shown), "{}", reply.text);
    }
}

#[tokio::test]
async fn debug_mode_is_inherited_unless_a_mounted_app_has_its_own() {
    let outer = |inner: App| {
        App::new().debug(true).mount(
            "/inner",
            inner.routes([get("/", async || Err::<Body, _>(secret()))]),
        )
    };
    for (inner, shown) in [(App::new(), true), (App::new().debug(false), false)] {
        let running = outer(inner).start().await.unwrap();
        let mut request = Request::default();
        *request.uri_mut() = "/inner".parse().unwrap();
        let mut response = running.handle(request).await;
        let text = response.body_mut().bytes(None).await.unwrap();
        let text = String::from_utf8_lossy(&text);
        assert_eq!(text.contains("hunter2"), shown, "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_have_a_body_has_none() {
    let get = ask(failing(secret), Method::GET, BROWSER).await;
    let head = ask(failing(secret), Method::HEAD, BROWSER).await;
    assert_eq!((head.status, head.text.as_str()), (get.status, ""));
    assert_eq!(head.header("content-length"), get.text.len().to_string());
    assert_eq!(head.header("content-type"), "text/html; charset=utf-8");
    for make in [
        || HttpError::new(StatusCode::NO_CONTENT),
        || HttpError::new(StatusCode::RESET_CONTENT),
        || HttpError::new(StatusCode::NOT_MODIFIED),
    ] {
        let reply = ask(failing(make), Method::GET, BROWSER).await;
        assert_eq!(reply.text, "", "{}", reply.status);
        assert_eq!(reply.header("content-type"), "", "{}", reply.status);
    }
}

#[tokio::test]
async fn all_fields_of_an_error_are_sent() {
    fn make() -> HttpError {
        let value = HeaderValue::from_static;
        HttpError::unauthorized("who are you")
            .header(header::WWW_AUTHENTICATE, value("Basic realm=\"a\""))
            .header(header::WWW_AUTHENTICATE, value("Bearer"))
            .header(header::SET_COOKIE, value("a=1"))
            .header(header::SET_COOKIE, value("b=2"))
            .header(header::RETRY_AFTER, value("7"))
            .header(header::VARY, value("cookie"))
            .header(header::CACHE_CONTROL, value("max-age=5"))
            .header(header::CONTENT_LENGTH, value("99999"))
    }
    let hooked = failing(make).on_error(|_: &HttpError, _: &crate::extract::Scope| {
        (
            [(header::SET_COOKIE, "hook=1"), (header::RETRY_AFTER, "60")],
            "hooked",
        )
    });
    for (app, cookies, retry, vary) in [
        (failing(make), "a=1 b=2", "7", "accept cookie"),
        (hooked, "hook=1 a=1 b=2", "60", "cookie"),
    ] {
        let reply = ask(app, Method::GET, "").await;
        let all = |name: &str| {
            let values = reply.headers.get_all(name).iter();
            let values: Vec<&str> = values.map(|value| value.to_str().unwrap()).collect();
            values.join(" ")
        };
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(all("www-authenticate"), "Basic realm=\"a\" Bearer");
        assert_eq!(all("set-cookie"), cookies);
        assert_eq!(all("retry-after"), retry);
        assert_eq!(all("vary"), vary);
        assert_eq!(all("cache-control"), "max-age=5");
        assert_eq!(all("content-length"), "");
    }
}

#[tokio::test]
async fn a_401_says_how_to_sign_in() {
    fn bare() -> HttpError {
        HttpError::unauthorized("sign in first")
    }
    fn own() -> HttpError {
        bare().header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Harbour"),
        )
    }
    let again = |_: &HttpError, _: &crate::extract::Scope| bare();
    let elsewhere = |_: &HttpError, _: &crate::extract::Scope| crate::Redirect::to("/sign-in");
    for (app, status, challenge) in [
        (failing(bare), 401, "Session"),
        (failing(own), 401, "Harbour"),
        (failing(own).on_error(again), 401, "Harbour"),
        (failing(bare).on_error(elsewhere), 303, ""),
        (failing(|| HttpError::forbidden("no")), 403, ""),
    ] {
        let reply = ask(app, Method::GET, "").await;
        assert_eq!(reply.status.as_u16(), status);
        assert_eq!(reply.header("www-authenticate"), challenge);
    }
}

#[tokio::test]
async fn what_was_put_around_an_error_counts() {
    let app = App::new().routes([get("/", async || {
        let error = HttpError::bad_request("no").header(header::SET_COOKIE, "a=1".parse().unwrap());
        (
            StatusCode::IM_A_TEAPOT,
            [(header::CACHE_CONTROL, "max-age=5")],
            error,
        )
    })]);
    let reply = ask(app, Method::GET, "").await;
    assert_eq!(reply.text, "418 I'm a teapot: no\n");
    assert_eq!(reply.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(reply.header("cache-control"), "max-age=5");
    assert_eq!(reply.header("set-cookie"), "a=1");
}

#[tokio::test]
async fn a_hook_that_fails_is_replaced_by_the_default() {
    use crate::extract::Scope;
    let panics = failing(secret).on_error(|_: &HttpError, _: &Scope| -> &'static str { panic!() });
    let reply = ask(panics, Method::GET, "").await;
    assert!(
        reply
            .text
            .starts_with("500 Internal Server Error: could not save"),
        "{}",
        reply.text
    );
    let other =
        failing(secret).on_error(|_: &HttpError, _: &Scope| HttpError::unavailable("later"));
    let reply = ask(other, Method::GET, "application/json").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(reply.text.contains(r#""detail":"later""#), "{}", reply.text);
}

#[tokio::test]
async fn one_form_can_be_had_for_all_clients() {
    let app = failing(secret).on_error(super::json);
    let reply = ask(app, Method::GET, BROWSER).await;
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.header("vary"), "");
}
