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
    TestResponse::new("GET /ships".to_owned(), response, Bytes::from(body))
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
    .assert_json_at("/a/1/b~1c", &json!(null));
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
         no such ship"
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
            "the body is other JSON\nexpected: {\"a\":2}\n     got: {\"a\":1}",
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
    assert!(message.ends_with("#\n... (5000 bytes in all)"));
    assert_eq!(message.matches('#').count(), 2048);
}
