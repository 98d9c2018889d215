use std::collections::HashMap;

use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::*;
use crate::extract::json::{JsonCodec, JsonError, JsonWith, SerdeJson};
use crate::{BoxError, Json, get, post};

#[derive(Debug, Deserialize, Serialize)]
struct Order {
    items: Vec<u8>,
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn json_is_read_and_what_is_wrong_with_it_is_told() {
    let running = start([
        post("/", async |Json(order): Json<Order>| Json(order)).body_limit(40),
        post("/optional", async |order: Option<Json<Order>>| {
            order.is_some().to_string()
        }),
    ])
    .await;
    let rows: [(&str, Fields<'_>, &str, u16, &str); 13] = [
        ("/", &[JSON], r#"{"items": [1]}"#, 200, r#"{"items":[1]}"#),
        (
            "/",
            &[("content-type", "application/a+json; x=y")],
            r#"{"items": []}"#,
            200,
            r#"{"items":[]}"#,
        ),
        (
            "/",
            &[("content-type", "text/plain")],
            "{}",
            415,
            "415 Unsupported Media Type: the content type is `text/plain`, expected `application/json`\n",
        ),
        (
            "/",
            &[],
            "{}",
            415,
            "415 Unsupported Media Type: the content type is missing, expected `application/json`\n",
        ),
        (
            "/",
            &[JSON],
            "",
            400,
            "400 Bad Request: the body is empty, expected JSON\n",
        ),
        (
            "/",
            &[JSON],
            r#"{"items": ["#,
            400,
            "400 Bad Request: not valid JSON: EOF while parsing a list at line 1 column 11\n",
        ),
        (
            "/",
            &[JSON],
            r#"{"items": [1, "b"]}"#,
            422,
            "422 Unprocessable Entity: unexpected JSON at `items[1]`: invalid type: string \"b\", expected u8 at line 1 column 17\n",
        ),
        (
            "/",
            &[JSON],
            "{}",
            422,
            "422 Unprocessable Entity: unexpected JSON: missing field `items` at line 1 column 2\n",
        ),
        (
            "/",
            &[JSON],
            r#"{"items": [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]}"#,
            413,
            "413 Payload Too Large: the body is larger than the limit of 40 bytes\n",
        ),
        ("/optional", &[], "", 200, "false"),
        ("/optional", &[JSON], r#"{"items": []}"#, 200, "true"),
        (
            "/optional",
            &[JSON],
            "",
            400,
            "400 Bad Request: the body is empty, expected JSON\n",
        ),
        (
            "/optional",
            &[],
            "{}",
            415,
            "415 Unsupported Media Type: the content type is missing, expected `application/json`\n",
        ),
    ];
    for (path, fields, body, status, text) in rows {
        let body = body.to_owned();
        let answer = send(&running, request(Method::POST, path, fields, body)).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text));
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_encoded_is_a_500_that_does_not_say_why() {
    let handler = async || Json(HashMap::from([((1, 2), 3)]));
    let running = start([get("/", handler)]).await;
    let answer = send(&running, request(Method::GET, "/", &[], "")).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (500, "500 Internal Server Error\n")
    );
}

#[tokio::test]
async fn an_answer_of_json_has_its_type_whatever_the_codec() {
    /// Writes JSON that people can read.
    struct Pretty;

    impl JsonCodec for Pretty {
        fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, BoxError> {
            serde_json::to_vec_pretty(value).map_err(Into::into)
        }

        fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
            SerdeJson::decode(json)
        }
    }

    let running = start([
        get("/plain", async || Json([1])),
        get("/pretty", async || {
            (StatusCode::ACCEPTED, Json([1]).with::<Pretty>())
        }),
        post("/both", async |list: JsonWith<Vec<u8>, Pretty>| list),
    ])
    .await;
    for (method, path, status, text) in [
        (Method::GET, "/plain", 200, "[1]"),
        (Method::GET, "/pretty", 202, "[\n  1\n]"),
        (Method::POST, "/both", 200, "[\n  2\n]"),
    ] {
        let answer = send(&running, request(method, path, &[JSON], "[2]")).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    }
}
