use std::time::{Duration, UNIX_EPOCH};

use http::header;
use wharf_http::header::{ContentRange, ETag, TypedHeader as _, Validators};

use super::*;
use crate::error::HttpError;
use crate::extract::{Conditional, Header};
use crate::response::IntoResponse;
use crate::route::{get, put};

const CONTENT: &str = "0123456789";

fn current() -> Validators {
    let then = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let tag = ETag::strong("v7").expect("a tag without quotes");
    Validators::new().tag(tag).modified(then)
}

async fn show(conditional: Conditional) -> Result<impl IntoResponse, HttpError> {
    conditional.check(&current())?;
    let parts = conditional.parts(&current(), 10)?;
    let part = parts.and_then(|parts| parts.into_iter().next());
    let range = part.clone().unwrap_or(0..=9);
    let range = usize::try_from(*range.start())?..=usize::try_from(*range.end())?;
    let field = part.map(|part| Header(ContentRange::part(part, 10)));
    Ok((current(), field, &CONTENT[range]))
}

async fn change(conditional: Conditional) -> Result<&'static str, HttpError> {
    conditional.check(&current())?;
    Ok("changed")
}

#[tokio::test]
async fn a_handler_leaves_with_the_answer_that_the_conditions_ask_for() {
    let app = App::new()
        .routes([get("/", show), put("/", change)])
        .on_error(|error: &HttpError, _: &crate::extract::Scope| format!("hook: {error}"));
    let running = app.start().await.unwrap();
    let rows: [(Method, Fields<'_>, u16, &str); 7] = [
        (Method::GET, &[], 200, CONTENT),
        (Method::GET, &[("if-none-match", "W/\"v7\"")], 304, ""),
        (Method::GET, &[("range", "bytes=2-4")], 200, "234"),
        (
            Method::GET,
            &[("range", "bytes=2-4"), ("if-range", "\"v6\"")],
            200,
            CONTENT,
        ),
        (
            Method::GET,
            &[("range", "bytes=10-")],
            416,
            "hook: 416 Range Not Satisfiable: the content has 10 bytes",
        ),
        (Method::PUT, &[("if-match", "\"v7\"")], 200, "changed"),
        (
            Method::PUT,
            &[("if-match", "\"v6\"")],
            412,
            "hook: 412 Precondition Failed: the content is in another state than the request asks for",
        ),
    ];
    for (method, fields, status, text) in rows {
        let read = method == Method::GET;
        let answer = send(&running, request(method, "/", fields, "")).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, text),
            "{fields:?}"
        );
        if read && status < 400 {
            assert_eq!(answer.headers[header::ETAG], "\"v7\"");
            assert_eq!(
                answer.headers[header::LAST_MODIFIED],
                "Sun, 06 Nov 1994 08:49:37 GMT"
            );
        }
        if status == 304 {
            // Nothing of the answer that would have been (RFC 9110 §15.4.5), and nothing of an error.
            assert!(!answer.headers.contains_key(header::CONTENT_TYPE));
            assert!(!answer.headers.contains_key(header::VARY));
        }
        let range = ContentRange::decode(&answer.headers).unwrap();
        let expected = match text {
            "234" => Some("bytes 2-4/10"),
            _ if status == 416 => Some("bytes */10"),
            _ => None,
        };
        assert_eq!(range.map(|range| range.to_string()).as_deref(), expected);
    }
}
