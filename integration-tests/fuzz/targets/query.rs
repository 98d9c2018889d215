//! Forms and queries: what is read is what the URL standard reads, and pairs that are encoded are read back the same.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use wharf_core::app::Running;
use wharf_core::{App, Body, Form, HttpError, Query, get, post};

type Map = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct Typed {
    text: String,
    page: Option<u32>,
    #[serde(default)]
    tag: Vec<i8>,
    on: Option<bool>,
    rate: Option<f32>,
    letter: Option<char>,
}

async fn typed(Query(typed): Query<Typed>) -> String {
    let Typed {
        text,
        page,
        tag,
        on,
        rate,
        letter,
    } = typed;
    format!("{text}{page:?}{tag:?}{on:?}{rate:?}{letter:?}")
}

async fn typed_form(Form(_): Form<Typed>) {}

async fn pairs(Query(pairs): Query<Map>) -> String {
    format!("{pairs:?}")
}

async fn pairs_form(Form(pairs): Form<Map>) -> Result<String, HttpError> {
    Ok(format!("{pairs:?}"))
}

static APP: LazyLock<Running> = LazyLock::new(|| {
    let routes = [
        get("/typed", typed),
        post("/typed", typed_form),
        get("/pairs", pairs),
        post("/pairs", pairs_form),
    ];
    fuzz::run(App::new().routes(routes).start()).unwrap()
});

async fn answer(request: http::request::Builder, body: impl Into<Body>) -> (u16, Bytes) {
    let request = request.body(body.into()).unwrap();
    let mut answer = APP.handle(request).await;
    let status = answer.status().as_u16();
    assert!(status < 500, "{status}");
    (status, answer.body_mut().bytes(None).await.unwrap())
}

fn form(path: &str) -> http::request::Builder {
    let kind = "application/x-www-form-urlencoded";
    http::Request::post(path).header("content-type", kind)
}

fn expected(encoded: &[u8]) -> Bytes {
    let mut map = Map::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        map.entry(name.into()).or_default().push(value.into());
    }
    format!("{map:?}").into()
}

fuzz_target!(|data: &[u8]| {
    LazyLock::force(&APP);
    fuzz::run(async {
        let text = String::from_utf8_lossy(data);
        if let Ok(uri) = http::Uri::try_from(format!("/typed?{text}")) {
            answer(http::Request::get(uri), Body::empty()).await;
        }
        if let Ok(uri) = http::Uri::try_from(format!("/pairs?{text}")) {
            let query = uri.query().unwrap_or_default().to_owned();
            let (status, read) = answer(http::Request::get(uri), Body::empty()).await;
            assert!(status == 400 || read == expected(query.as_bytes()));
        }
        answer(form("/typed"), data.to_vec()).await;
        // Some clients end a form with a line break.
        let (status, read) = answer(form("/pairs"), data.to_vec()).await;
        assert!(status != 200 || read == expected(data.trim_ascii_end()));
        let words: Vec<_> = text.split('\n').take(100).collect();
        let pairs: Vec<_> = words.chunks_exact(2).map(|two| (two[0], two[1])).collect();
        let encoded = wharf_http::form::encode(&pairs).unwrap();
        let (status, read) = answer(form("/pairs"), encoded.clone()).await;
        assert_eq!((status, read), (200, expected(encoded.as_bytes())));
    });
});
