mod body;
mod conditional;
#[cfg(feature = "cookies")]
mod cookies;
#[cfg(feature = "form")]
mod form;
mod header;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "multipart")]
mod multipart;
mod path;
mod query;
mod target;

use http::Method;
use http::header::HeaderMap;
use wharf_http::{Body, Request};

use crate::app::{App, Running};
use crate::route::Route;

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

/// Asks for each path, and expects the text of the answer without its line end.
async fn ask(running: &Running, rows: &[(&str, &str)]) {
    for (uri, expected) in rows {
        let answer = send(running, request(Method::GET, uri, &[], "")).await;
        assert_eq!(answer.text.trim_end(), *expected, "{uri}");
    }
}
