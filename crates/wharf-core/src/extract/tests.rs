use std::collections::HashMap;

use http::Method;
use http::header::{self, HeaderMap};
use serde::Deserialize;
use wharf_http::{Body, Request};

use crate::app::{App, Running};
use crate::error::HttpError;
use crate::extract::{FromRequestParts, Path, Query, QueryPairs, RawQuery};
use crate::route::{Route, get, post};

/// Header fields to send.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

async fn send(running: &Running, request: Request) -> Answer {
    let (head, mut body) = running.handle(request).await.into_parts();
    let bytes = body.bytes(None).await.unwrap();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn start(routes: impl IntoIterator<Item = Route>) -> Running {
    App::new().routes(routes).start().await.unwrap()
}

fn request(method: Method, uri: &str, fields: Fields<'_>, body: impl Into<Body>) -> Request {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// Asks for each path; `status text`, a line each.
async fn ask(running: &Running, rows: &[(&str, &str)]) {
    for (uri, expected) in rows {
        let answer = send(running, request(Method::GET, uri, &[], "")).await;
        let got = match answer.status {
            200 => answer.text,
            _ => answer.text.trim_end().to_owned(),
        };
        assert_eq!(got, *expected, "{uri}");
    }
}

#[derive(Debug, Deserialize)]
struct Berth {
    harbour: String,
    number: u8,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Port,
    Starboard,
}

#[tokio::test]
async fn path_parameters_are_made_into_any_shape() {
    let running = start([
        get("/one/{id}", async |Path(id): Path<u64>| id.to_string()),
        get("/two/{a}/{b}", async |Path((a, b)): Path<(String, u8)>| {
            format!("{a} {b}")
        }),
        get(
            "/struct/{number}/{harbour}",
            async |Path(berth): Path<Berth>| format!("{} {}", berth.harbour, berth.number),
        ),
        get(
            "/map/{a}/{b}",
            async |Path(map): Path<HashMap<String, String>>| format!("{} {}", map["a"], map["b"]),
        ),
        get(
            "/list/{a}/{b}",
            async |Path(list): Path<Vec<(String, String)>>| format!("{list:?}"),
        ),
        get("/texts/{a}/{b}", async |Path(list): Path<Vec<String>>| {
            format!("{list:?}")
        }),
        get("/enum/{side}", async |Path(side): Path<Side>| {
            format!("{side:?}")
        }),
        get("/rest/{*rest}", async |Path(rest): Path<String>| rest),
    ])
    .await;
    ask(
        &running,
        &[
            ("/one/7", "7"),
            ("/one/-7", "400 Bad Request: the path parameter `id` is `-7`, expected u64"),
            ("/one/a%20b", "400 Bad Request: the path parameter `id` is `a b`, expected u64"),
            ("/two/x%2Fy/8", "x/y 8"),
            ("/two/x/800", "400 Bad Request: the path parameter `b` is `800`, expected u8"),
            ("/struct/8/kiel", "kiel 8"),
            ("/struct/x/kiel", "400 Bad Request: the path parameter `number` is `x`, expected u8"),
            ("/map/1/2", "1 2"),
            ("/list/1/2", r#"[("a", "1"), ("b", "2")]"#),
            ("/texts/1/%C3%A4", r#"["1", "ä"]"#),
            ("/enum/port", "Port"),
            (
                "/enum/bow",
                "400 Bad Request: the path parameter `side` is `bow`, expected `port` or `starboard`",
            ),
            ("/rest/a/b", "a/b"),
        ],
    )
    .await;
}

/// Takes only what looks like the name of a ship.
#[derive(Debug)]
struct Name;

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.strip_prefix("MS ") {
            Some(_) => Ok(Self),
            None => Err(serde::de::Error::custom("a ship is an MS")),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Picky {
    #[expect(dead_code, reason = "only decoded")]
    name: Name,
    #[expect(dead_code, reason = "only decoded")]
    berth: u8,
}

#[derive(Debug, Deserialize)]
struct Lenient {
    #[expect(dead_code, reason = "only decoded")]
    id: Option<u8>,
    #[expect(dead_code, reason = "only decoded")]
    #[serde(default)]
    page: u8,
    #[expect(dead_code, reason = "only decoded")]
    #[serde(flatten)]
    rest: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Flat {
    #[expect(dead_code, reason = "only decoded")]
    #[serde(flatten)]
    berth: Berth,
}

#[derive(Debug, Deserialize)]
struct Nested {
    #[expect(dead_code, reason = "only decoded")]
    berth: Berth,
}

fn problem<T>(path: &str) -> Option<String>
where
    Path<T>: FromRequestParts<Rejection = HttpError> + Send + 'static,
    T: Send,
{
    let app = App::new().routes([get(path, async |_: Path<T>| ())]);
    let error = app.check().err()?.to_string();
    let text = error.split_once("): ").unwrap().1;
    Some(text.rsplit_once(" (").unwrap().0.to_owned())
}

#[test]
fn an_app_whose_path_lacks_what_a_handler_takes_does_not_start() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(problem::<u8>("/{id}"), None);
    assert_eq!(
        problem::<u8>("/"),
        some("the handler takes a path parameter, the path has none")
    );
    assert_eq!(
        problem::<String>("/{a}/{b}"),
        some(
            "the handler takes one path parameter, the path has `a`, `b`: take a tuple or a struct"
        )
    );
    assert_eq!(problem::<(u8, Side)>("/{a}/{b}"), None);
    assert_eq!(
        problem::<(u8, u8)>("/{a}"),
        some("the handler takes 2 path parameters, the path has only `a`")
    );
    assert_eq!(problem::<Berth>("/{number}/{harbour}/{more}"), None);
    assert_eq!(
        problem::<Berth>("/{id}"),
        some("the handler takes `harbour`, `number`, the path has only `id`")
    );
    assert_eq!(problem::<Flat>("/{number}/{harbour}"), None);
    assert_eq!(
        problem::<Flat>("/{harbour}"),
        some("the handler takes `number`, the path has only `harbour`")
    );
    assert_eq!(problem::<Lenient>("/{other}"), None);
    assert_eq!(problem::<Picky>("/{name}/{berth}"), None);
    assert_eq!(problem::<(Name, Side)>("/{name}/{side}"), None);
    assert_eq!(problem::<HashMap<String, u8>>("/"), None);
    assert_eq!(
        problem::<Nested>("/{berth}"),
        some("the path parameter `berth` cannot be read as a struct")
    );
    assert_eq!(problem::<std::num::NonZeroU8>("/{id}"), None);
    assert_eq!(problem::<std::net::IpAddr>("/{id}"), None);
    assert_eq!(problem::<bool>("/{id}"), None);
}

#[tokio::test]
async fn an_optional_path_is_absent_without_parameters_and_never_when_malformed() {
    let handler = async |id: Option<Path<u8>>| format!("{:?}", id.map(|path| path.0));
    let running = start([get("/", handler), get("/{id}", handler)]).await;
    ask(
        &running,
        &[
            ("/", "None"),
            ("/7", "Some(7)"),
            (
                "/x",
                "400 Bad Request: the path parameter `id` is `x`, expected u8",
            ),
        ],
    )
    .await;
}

#[derive(Debug, Deserialize)]
struct Search {
    text: String,
    tag: Vec<String>,
    page: Option<u32>,
}

#[tokio::test]
async fn a_query_is_made_into_a_struct() {
    let running = start([
        get("/", async |Query(q): Query<Search>| {
            format!("{} {:?} {:?}", q.text, q.tag, q.page)
        }),
        get("/optional", async |q: Option<Query<Search>>| {
            q.is_some().to_string()
        }),
        get(
            "/result",
            async |q: Result<Query<Search>, HttpError>| match q {
                Ok(_) => "fine".to_owned(),
                Err(error) => error.to_string(),
            },
        ),
        get("/raw", async |RawQuery(query): RawQuery| query),
        get("/pairs", async |pairs: QueryPairs| {
            format!(
                "{:?} {:?}",
                pairs.get("a"),
                pairs.get_all("b").collect::<Vec<_>>()
            )
        }),
    ])
    .await;
    ask(
        &running,
        &[
            ("/?text=a+b&tag=x&tag=y&page=2", r#"a b ["x", "y"] Some(2)"#),
            ("/?text=%C3%A4&page=", r#"ä [] None"#),
            (
                "/",
                "400 Bad Request: the query parameter `text` is missing",
            ),
            (
                "/?text=a&text=b",
                "400 Bad Request: the query parameter `text` is given 2 times, expected once",
            ),
            (
                "/?text=a&page=-1",
                "400 Bad Request: the query parameter `page` is `-1`, expected u32",
            ),
            (
                "/?text=%ff",
                "400 Bad Request: the query parameter `text` is not UTF-8",
            ),
            ("/optional", "false"),
            ("/optional?text=a", "true"),
            (
                "/optional?page=1",
                "400 Bad Request: the query parameter `text` is missing",
            ),
            (
                "/result?page=1",
                "400 Bad Request: the query parameter `text` is missing",
            ),
            ("/raw?a=%20+b&&", "a=%20+b&&"),
            ("/raw", ""),
            ("/pairs?b=1&a=+&b=%32", r#"Some(" ") ["1", "2"]"#),
        ],
    )
    .await;
}

#[tokio::test]
async fn text_in_another_charset_or_coding_is_refused() {
    let running = start([post("/", async |text: String| text)]).await;
    let gzip = [("content-encoding", "gzip")];
    let rows: [(Fields<'_>, &str, u16, &str); 6] = [
        (&[], "ä", 200, "ä"),
        (
            &[("content-type", "text/plain; charset=UTF-8")],
            "ä",
            200,
            "ä",
        ),
        (&[("content-encoding", "identity")], "a", 200, "a"),
        (
            &[("content-type", "text/plain; charset=latin1")],
            "a",
            415,
            "415 Unsupported Media Type: the charset is `latin1`, expected `utf-8`\n",
        ),
        (
            &gzip,
            "a",
            415,
            "415 Unsupported Media Type: the content coding `gzip` is not supported\n",
        ),
        (
            &[("content-type", "text")],
            "a",
            415,
            "415 Unsupported Media Type: the header field `content-type` is malformed: expected `type/subtype`\n",
        ),
    ];
    for (fields, body, status, text) in rows {
        let answer = send(&running, request(Method::POST, "/", fields, body)).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, text));
        let accepts = answer.headers.get(header::ACCEPT_ENCODING);
        assert_eq!(accepts.is_some(), fields == gzip, "{text}");
    }
    let answer = send(&running, request(Method::POST, "/", &[], &b"\xff"[..])).await;
    assert_eq!(answer.status, 400);
}

#[cfg(feature = "json")]
mod json {
    use http::StatusCode;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::extract::json::{JsonCodec, JsonError, JsonWith, SerdeJson};
    use crate::{BoxError, Json};

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
}

#[cfg(feature = "form")]
mod form {
    use super::*;
    use crate::Form;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    #[tokio::test]
    async fn a_form_is_read_and_what_is_wrong_with_it_is_told() {
        let running = start([
            post("/", async |Form(q): Form<Search>| {
                format!("{} {:?} {:?}", q.text, q.tag, q.page)
            }),
            post("/optional", async |form: Option<Form<Search>>| {
                form.is_some().to_string()
            }),
        ])
        .await;
        let many = "&tag=x".repeat(1000);
        let rows: [(&str, Fields<'_>, &str, u16, &str); 10] = [
            (
                "/",
                &[FORM],
                "text=a+b&tag=x&tag=&page=\r\n",
                200,
                r#"a b ["x", ""] None"#,
            ),
            (
                "/",
                &[(
                    "content-type",
                    "application/x-www-form-urlencoded; charset=UTF-8",
                )],
                "text=%C3%A4",
                200,
                "ä [] None",
            ),
            (
                "/",
                &[FORM],
                "",
                422,
                "422 Unprocessable Entity: the form field `text` is missing\n",
            ),
            (
                "/",
                &[FORM],
                "text=a&page=b",
                422,
                "422 Unprocessable Entity: the form field `page` is `b`, expected u32\n",
            ),
            (
                "/",
                &[FORM],
                "text=%ff",
                415,
                "415 Unsupported Media Type: the form field `text` is not UTF-8\n",
            ),
            (
                "/",
                &[(
                    "content-type",
                    "application/x-www-form-urlencoded; charset=latin1",
                )],
                "text=a",
                415,
                "415 Unsupported Media Type: the charset is `latin1`, expected `utf-8`\n",
            ),
            (
                "/",
                &[],
                "text=a",
                415,
                "415 Unsupported Media Type: the content type is missing, expected `application/x-www-form-urlencoded`\n",
            ),
            (
                "/",
                &[FORM],
                &format!("text=a{many}"),
                413,
                "413 Payload Too Large: the form has more than the limit of 1000 fields\n",
            ),
            ("/optional", &[], "", 200, "false"),
            (
                "/optional",
                &[FORM],
                "",
                422,
                "422 Unprocessable Entity: the form field `text` is missing\n",
            ),
        ];
        for (path, fields, body, status, text) in rows {
            let body = body.to_owned();
            let answer = send(&running, request(Method::POST, path, fields, body)).await;
            assert_eq!((answer.status, answer.text.as_str()), (status, text));
        }
    }
}
