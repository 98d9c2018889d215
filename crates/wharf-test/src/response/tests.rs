use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use wharf_http::{Body, Response};

use super::*;

fn response(
    status: u16,
    fields: &[(&'static str, &'static str)],
    body: &'static str,
) -> TestResponse {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for &(name, value) in fields {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    TestResponse::new(
        Asked::new("GET /ships".to_owned()),
        response,
        Bytes::from(body),
    )
}

/// The message of an assertion that fails.
fn message(response: &TestResponse, assertion: impl FnOnce(&TestResponse)) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| assertion(response))).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn assertions_that_hold_can_be_chained() {
    response(
        200,
        &[("x-a", "1"), ("x-a", "2")],
        r#"{"a": [1, {"b/c": null}]}"#,
    )
    .assert_status(200)
    .assert_header("X-A", "1")
    .assert_header("x-a", "2")
    .assert_no_header("x-b")
    .assert_text(r#"{"a": [1, {"b/c": null}]}"#)
    .assert_text_contains("b/c")
    .assert_bytes(br#"{"a": [1, {"b/c": null}]}"#)
    .assert_json(&json!({ "a": [1, { "b/c": null }] }))
    .assert_json_at("/a/1/b~1c", &json!(null))
    .assert_success()
    .assert_json_contains(&json!({ "a": [1, {}] }))
    .assert_no_cookie("sid")
    .assert_history(&[]);
    response(
        302,
        &[
            ("location", "/login?next=%2F"),
            ("set-cookie", "sid=a%20b; Path=/; HttpOnly; SameSite=Lax"),
            ("set-cookie", "seen=\"1\""),
            ("set-cookie", "no cookie"),
        ],
        "",
    )
    .assert_redirect(302, "/login?next=%2F")
    .assert_cookie("sid", "a b")
    .assert_cookie_attributes("sid", "path=/; httponly; samesite=lax")
    .assert_cookie("seen", "1");
}

#[test]
fn a_cookie_can_be_looked_at() {
    let fields = [("set-cookie", "sid=%31; Max-Age=60; Secure")];
    let response = response(200, &fields, "");
    assert_eq!(response.cookies().len(), 1);
    let cookie = response.cookie("sid").unwrap();
    assert_eq!((cookie.name(), cookie.raw_value()), ("sid", "%31"));
    assert_eq!(cookie.value(), "1");
    assert_eq!(cookie.attribute("max-age"), Some("60"));
    assert_eq!(cookie.attribute("SECURE"), Some(""));
    assert_eq!(cookie.attribute("path"), None);
    assert_eq!(response.cookie("SID"), None);
}

#[test]
fn a_failure_shows_the_whole_exchange() {
    let response = response(
        404,
        &[("content-type", "text/plain"), ("x-a", "\u{e9}")],
        "no such ship",
    );
    assert_eq!(
        message(&response, |response| {
            response.assert_status(200);
        }),
        "the status is 404 Not Found, expected 200 OK\n\n\
         GET /ships\n\n\
         HTTP/1.1 404 Not Found\n\
         content-type: text/plain\n\
         x-a: \\xc3\\xa9\n\n\
         no such ship\n"
    );
}

#[test]
fn a_failure_says_what_is_and_what_was_expected() {
    let response = response(200, &[("x-a", "1"), ("x-a", "2")], r#"{"a":1}"#);
    let first = |assertion: fn(&TestResponse)| {
        let message = message(&response, assertion);
        message.split_once("\n\n").unwrap().0.to_owned()
    };
    for (message, expected) in [
        (
            first(|response| {
                response.assert_status(299);
            }),
            "the status is 200 OK, expected 299 <unknown status code>",
        ),
        (
            first(|response| {
                response.assert_header("x-a", "3");
            }),
            "the header `x-a` is `1` and `2`, expected `3`",
        ),
        (
            first(|response| {
                response.assert_header("x-b", "3");
            }),
            "the header `x-b` is missing, expected `3`",
        ),
        (
            first(|response| {
                response.assert_no_header("x-a");
            }),
            "the header `x-a` is `1`, expected none",
        ),
        (
            first(|response| {
                response.assert_text("a\n");
            }),
            "the body is not the expected text\nexpected: \"a\\n\"\n     got: \"{\\\"a\\\":1}\"",
        ),
        (
            first(|response| {
                response.assert_text_contains("b");
            }),
            "the body does not contain \"b\"",
        ),
        (
            first(|response| {
                response.assert_json(&json!({ "a": 2 }));
            }),
            "the body is other JSON\nat `/a`: got 1, expected 2",
        ),
        (
            first(|response| {
                response.assert_json_at("/a", &json!("1"));
            }),
            "the body has other JSON at `/a`\nexpected: \"1\"\n     got: 1",
        ),
        (
            first(|response| {
                response.assert_json_at("/b", &json!(1));
            }),
            "the body has nothing at `/b`, expected 1",
        ),
        (
            first(|response| {
                response.assert_json_contains(&json!({ "a": [1], "b/": { "c": 1 } }));
            }),
            "the body lacks some of the expected JSON\nat `/a`: got 1, expected [1]\nat `/b~1`: missing, expected {\"c\":1}",
        ),
        (
            first(|response| {
                response.assert_redirect(200, "/login");
            }),
            "the header `location` is missing, expected `/login`",
        ),
        (
            first(|response| {
                response.assert_cookie("sid", "1");
            }),
            "the cookie `sid` is not set, nor is any other",
        ),
        (
            first(|response| {
                response.assert_history(&["/old"]);
            }),
            "the redirects were [], expected [\"/old\"]",
        ),
        (
            first(|response| {
                let _ = response.json::<Vec<u8>>();
            }),
            "the body is not the expected JSON: invalid type: map, expected a sequence at line 1 column 0",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_long_body_is_cut_in_the_message() {
    let body: &'static str = "#".repeat(5000).leak();
    let message = message(&response(200, &[], body), |response| {
        response.assert_status(201);
    });
    assert!(message.ends_with("#\n... (5000 bytes in all)\n"));
    assert_eq!(message.matches('#').count(), 2048);
}

#[test]
fn a_failure_tells_what_is_wrong_with_a_cookie() {
    let fields = [("set-cookie", "sid=1; Path=/app"), ("set-cookie", "b=2")];
    let response = response(503, &fields, "");
    let first = |assertion: fn(&TestResponse)| {
        let message = message(&response, assertion);
        message.split_once("\n\n").unwrap().0.to_owned()
    };
    for (message, expected) in [
        (
            first(|response| {
                response.assert_success();
            }),
            "the status is 503 Service Unavailable, expected success",
        ),
        (
            first(|response| {
                response.assert_cookie("sid", "2");
            }),
            "the cookie `sid` is `1`, expected `2`",
        ),
        (
            first(|response| {
                response.assert_cookie("other", "2");
            }),
            "the cookie `other` is not set, only `sid`, `b`",
        ),
        (
            first(|response| {
                response.assert_cookie_attributes("sid", "Path=/; Secure");
            }),
            "the cookie `sid` is without `Path=/`, `Secure`",
        ),
        (
            first(|response| {
                response.assert_no_cookie("b");
            }),
            "the cookie `b` is `2`, expected none",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn differences_in_json_are_named_by_their_place() {
    let body = r#"{"ships": [{"name": "Ada"}, {"name": "Grace"}], "more": true}"#;
    let response = response(200, &[], body);
    response.assert_json_contains(&json!({ "ships": [{}, { "name": "Grace" }] }));
    let message = message(&response, |response| {
        response.assert_json(&json!({ "ships": [{ "name": "Ada" }, { "name": "Joan" }, 1] }));
    });
    assert!(
        message.starts_with(
            "the body is other JSON\n\
             at `/ships/1/name`: got \"Grace\", expected \"Joan\"\n\
             at `/ships/2`: missing, expected 1\n\
             at `/more`: got true, expected nothing\n\n"
        ),
        "{message}"
    );
}

#[test]
fn only_some_of_many_differences_are_listed() {
    let response = response(200, &[], "[1,1,1,1,1,1,1,1,1,1,1,1]");
    let message = message(&response, |response| {
        response.assert_json(&json!([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]));
    });
    assert!(
        message.contains("at `/9`: got 1, expected 2\nand 2 more\n\n"),
        "{message}"
    );
}

#[test]
fn bytes_that_are_no_text_are_escaped_in_the_message() {
    let message = message(&response(200, &[], "\0\u{1}PNG"), |response| {
        response.assert_status(201);
    });
    assert!(message.ends_with("\n\n\\x00\\x01PNG\n"), "{message}");
}
