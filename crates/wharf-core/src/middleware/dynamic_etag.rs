//! [`DynamicEtag`]: answers that are made anew each time and are not sent again when they come out the same.

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use wharf_http::header::{
    CacheControl, ETag, LastModified, Preconditions, TypedHeader, Validators, Verdict,
};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

/// Gives small answers to GET an `ETag`, and answers 304 to a client that has them (RFC 9110 §8.8.3, §15.4.5).
///
/// Wrapped around an app, a mounted app or a route; inside `Compress`, which makes the tag weak. It saves the sending,
/// not the work of the handler. Answers that are not 200, not in memory, larger than the limit, forbidden to be stored or already tagged
/// are sent as they are. So is the answer to HEAD: its content is not made (RFC 9110 §9.3.2).
///
/// The tag is a hash of content, media type, language and coding that does not depend on the process, so that all instances behind
/// a balancer and all versions of the program agree: FNV-1a of 128 bits, which is a few lines and fast enough for the sizes here.
/// Two answers that differ have the same tag by chance in one of 10³⁸ cases. It is no cryptographic hash: who chooses an
/// answer's content could make two with the same tag, and would show the first to those who have it.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::DynamicEtag;
/// use wharf_core::{App, Body, get};
///
/// let app = App::new().routes([get("/", async || "index").wrap(DynamicEtag::new())]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let running = app.start().await.unwrap();
/// let tag = running.handle(Default::default()).await.headers()["etag"].clone();
/// let again = http::Request::get("/").header("if-none-match", tag).body(Body::empty()).unwrap();
/// assert_eq!(running.handle(again).await.status(), 304);
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DynamicEtag {
    maximum: usize,
}

impl DynamicEtag {
    /// Creates the middleware with its default limit.
    #[must_use]
    pub fn new() -> Self {
        Self { maximum: 64 * 1024 }
    }

    /// Sets the largest content in bytes that gets a tag; the worker is busy for the time of hashing it.
    ///
    /// Default: 64 KiB. Zero tags empty answers alone.
    #[must_use]
    pub fn maximum(mut self, bytes: usize) -> Self {
        self.maximum = bytes;
        self
    }

    /// Returns the tag of an answer that gets one.
    fn tag(&self, response: &Response) -> Option<ETag> {
        let headers = response.headers();
        let cache = CacheControl::decode(headers).ok().flatten();
        if response.status() != StatusCode::OK
            || headers.contains_key(header::ETAG)
            || cache.is_some_and(|cache| cache.is_no_store())
        {
            return None;
        }
        let content = response.body().as_bytes()?;
        let small = content.len() <= self.maximum;
        small.then(|| ETag::strong(format!("{:032x}", hash(headers, content))).ok())?
    }
}

impl Default for DynamicEtag {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for DynamicEtag {
    async fn handle(&self, request: Request, next: Next) -> Response {
        if request.method() != Method::GET {
            return next.run(request).await;
        }
        let conditions = Preconditions::of(request.method(), request.headers());
        let mut response = next.run(request).await;
        let Some(tag) = self.tag(&response) else {
            return response;
        };
        let Some(value) = tag.encode() else {
            return response;
        };
        response.headers_mut().insert(header::ETAG, value);
        let mut current = Validators::new().tag(tag);
        if let Ok(Some(modified)) = LastModified::decode(response.headers()) {
            current = current.modified(modified);
        }
        match conditions.judge(&current) {
            Verdict::NotModified => unchanged(response),
            Verdict::Failed => {
                HttpError::precondition_failed("the content is in another state").into_response()
            }
            _ => response,
        }
    }
}

/// Takes out of an answer what a client that has the content knows already (RFC 9110 §15.4.5).
fn unchanged(response: Response) -> Response {
    let (mut head, _content) = response.into_parts();
    head.status = StatusCode::NOT_MODIFIED;
    for name in [
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
    ] {
        head.headers.remove(name);
    }
    Response::from_parts(head, wharf_http::Body::empty())
}

/// Hashes content and what else makes it the same representation, each part ended by a byte that no field value has.
fn hash(headers: &HeaderMap, content: &[u8]) -> u128 {
    let fields = [
        header::CONTENT_TYPE,
        header::CONTENT_LANGUAGE,
        header::CONTENT_ENCODING,
    ];
    let values = fields
        .iter()
        .map(|name| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes));
    let start = values.fold(OFFSET, |state, value| fnv(fnv(state, value), &[0]));
    fnv(start, content)
}

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = (1 << 88) + 0x13b;

/// Goes on hashing by FNV-1a (RFC 9923 §2).
fn fnv(state: u128, bytes: &[u8]) -> u128 {
    let step = |state: u128, byte: &u8| (state ^ u128::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(state, step)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wharf_http::Body;

    use super::*;
    use crate::{App, any};

    async fn ask(
        method: Method,
        fields: &[(&str, &str)],
        answer: impl Fn() -> Response + Send + Sync + 'static,
    ) -> Response {
        let answer = Arc::new(answer);
        let app = App::new()
            .wrap(DynamicEtag::new())
            .routes([any("/", move || {
                let answer = Arc::clone(&answer);
                async move { answer() }
            })]);
        let mut request = http::Request::builder().method(method).uri("/");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        app.start().await.unwrap().handle(request).await
    }

    fn tag(response: &Response) -> Option<&str> {
        Some(response.headers().get(header::ETAG)?.to_str().unwrap())
    }

    #[test]
    fn the_hash_is_that_of_the_standard() {
        // From the test vectors of its authors.
        assert_eq!(fnv(OFFSET, b""), OFFSET);
        assert_eq!(fnv(OFFSET, b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(
            fnv(OFFSET, b"foobar"),
            0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18
        );
    }

    #[tokio::test]
    async fn a_client_that_has_the_content_is_told_so() {
        let page = || ([("cache-control", "no-cache"), ("vary", "accept")], "page").into_response();
        let first = ask(Method::GET, &[], page).await;
        assert_eq!(first.status(), StatusCode::OK);
        let own = tag(&first).unwrap().to_owned();
        let (weak, listed) = (format!("W/{own}"), format!("\"other\", {own}"));
        for (name, value, status) in [
            ("if-none-match", own.as_str(), 304),
            ("if-none-match", &weak, 304),
            ("if-none-match", &listed, 304),
            ("if-none-match", "*", 304),
            ("if-none-match", "\"other\"", 200),
            ("if-match", &own, 200),
            ("if-match", "\"other\"", 412),
            ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT", 200),
        ] {
            let mut answer = ask(Method::GET, &[(name, value)], page).await;
            assert_eq!(answer.status().as_u16(), status, "{name}: {value}");
            if status == 304 {
                assert_eq!(tag(&answer), Some(own.as_str()));
                let headers = answer.headers();
                assert_eq!(headers["cache-control"], "no-cache");
                assert_eq!(headers["vary"], "accept");
                assert!(!headers.contains_key("content-type"));
                assert!(answer.body_mut().bytes(None).await.unwrap().is_empty());
            }
        }
    }

    #[tokio::test]
    async fn the_tag_is_one_of_content_type_language_and_coding() {
        let answers = [
            ("content-type", "text/plain", "a"),
            ("content-type", "text/plain", "b"),
            ("content-type", "text/html", "a"),
            ("content-language", "en", "a"),
            ("content-encoding", "en", "a"),
            ("content-type", "text/plain", ""),
        ];
        let mut tags = Vec::new();
        for (name, value, content) in answers {
            let answer = move || ([(name, value)], content).into_response();
            let once = ask(Method::GET, &[], answer).await;
            let again = ask(Method::GET, &[], answer).await;
            assert_eq!(tag(&once), tag(&again));
            tags.push(tag(&once).unwrap().to_owned());
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), answers.len());
    }

    #[tokio::test]
    async fn what_gets_no_tag_is_sent_as_it_is() {
        let with = |name: &'static str, value: &'static str| {
            move || ([(name, value)], "page").into_response()
        };
        let any = [("if-none-match", "*")];
        let answer = ask(Method::GET, &any, with("etag", "\"own\"")).await;
        assert_eq!(
            (answer.status(), tag(&answer)),
            (StatusCode::OK, Some("\"own\""))
        );
        let answer = ask(
            Method::GET,
            &any,
            with("cache-control", "private, no-store"),
        )
        .await;
        assert_eq!((answer.status(), tag(&answer)), (StatusCode::OK, None));
        for method in [Method::POST, Method::HEAD] {
            let answer = ask(method, &any, || "page".into_response()).await;
            assert_eq!((answer.status(), tag(&answer)), (StatusCode::OK, None));
        }
        let missing = || (StatusCode::NOT_FOUND, "page").into_response();
        assert_eq!(tag(&ask(Method::GET, &any, missing).await), None);
        let streamed = || Response::new(Body::channel(1).1);
        assert_eq!(tag(&ask(Method::GET, &any, streamed).await), None);
        for (length, tagged) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
            let large = move || "x".repeat(length).into_response();
            assert_eq!(tag(&ask(Method::GET, &[], large).await).is_some(), tagged);
        }
    }
}
