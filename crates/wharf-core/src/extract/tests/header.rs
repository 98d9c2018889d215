use http::header;
use wharf_http::header::{Accept, Basic, Bearer, CacheControl, ContentType, Range};

use super::*;
use crate::error::HttpError;
use crate::extract::Header;
use crate::response::IntoResponse;
use crate::route::get;

#[tokio::test]
async fn typed_fields_are_read_and_what_is_wrong_with_them_is_told() {
    let running = start([
        get("/type", async |Header(kind): Header<ContentType>| {
            kind.to_string()
        }),
        get("/basic", async |user: Header<Basic>| user.user().to_owned()),
        get(
            "/token",
            async |token: Option<Header<Bearer>>| match token {
                Some(Header(token)) => token.token().to_owned(),
                None => "nobody".to_owned(),
            },
        ),
        get(
            "/range",
            async |range: Result<Header<Range>, HttpError>| match range {
                Ok(range) => range.to_string(),
                Err(error) => error.to_string(),
            },
        ),
        get("/accept", async |accept: Header<Accept>| {
            accept.best(["a/b", "a/c"]).unwrap_or("neither").to_owned()
        }),
    ])
    .await;
    let rows: [(&str, Fields<'_>, &str); 11] = [
        ("/type", &[("content-type", "Text/HTML")], "text/html"),
        (
            "/type",
            &[],
            "400 Bad Request: the header field `content-type` is missing",
        ),
        (
            "/type",
            &[("content-type", "html")],
            "400 Bad Request: the header field `content-type` is malformed: expected `type/subtype`",
        ),
        (
            "/type",
            &[("content-type", "a/b"), ("content-type", "a/b")],
            "400 Bad Request: the header field `content-type` is malformed: expected once",
        ),
        (
            "/basic",
            &[("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")],
            "Aladdin",
        ),
        (
            "/basic",
            &[("authorization", "Bearer a")],
            "401 Unauthorized: the header field `authorization` is missing",
        ),
        (
            "/basic",
            &[("authorization", "Basic ?")],
            "400 Bad Request: the header field `authorization` is malformed: expected `user:password` in UTF-8 and Base64",
        ),
        ("/token", &[], "nobody"),
        (
            "/token",
            &[("authorization", "Bearer a b")],
            "400 Bad Request: the header field `authorization` is malformed: expected a token",
        ),
        (
            "/range",
            &[],
            "400 Bad Request: the header field `range` is missing",
        ),
        ("/accept", &[("accept", "a/*;q=0.1, a/c")], "a/c"),
    ];
    for (path, fields, expected) in rows {
        let answer = send(&running, request(Method::GET, path, fields, "")).await;
        assert_eq!(answer.text.trim_end(), expected, "{path} {fields:?}");
        let challenge = answer.headers.get(header::WWW_AUTHENTICATE);
        assert_eq!(challenge.is_some(), answer.status == 401);
    }
}

#[test]
fn a_typed_field_before_a_body_replaces_one_of_its_name() {
    let response = (
        Header(CacheControl::no_store()),
        Header(ContentType::json()),
        "[]",
    )
        .into_response();
    let kinds: Vec<_> = response
        .headers()
        .get_all(header::CONTENT_TYPE)
        .iter()
        .collect();
    assert_eq!(kinds, ["application/json"]);
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
}
