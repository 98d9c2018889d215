//! [`Decompress`]: request bodies that were sent in a content coding.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use wharf_http::coding::{self, BadEncoding, Limits};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

/// Undoes the codings of request bodies, so that handlers read what the client meant (RFC 9110 §8.4).
///
/// Wrapped around an app, a mounted app or a route. `Content-Encoding` and `Content-Length` are then gone from the request.
/// The body is decoded while it is read, at most three codings deep; the features `gzip`, `brotli` and `zstd` say which
/// there are. A coding that is not there is answered 415, with those that are in `Accept-Encoding` (RFC 9110 §15.5.16).
///
/// The limit of a body that is read whole counts decoded bytes. For one that is read in pieces there are
/// [`decoded`](Self::decoded) and [`ratio`](Self::ratio); both are answered 413. Data that is broken is answered 400.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::Decompress;
/// use wharf_core::{App, post};
///
/// let app = App::new()
///     .routes([post("/measurements", async |text: String| format!("{} bytes", text.len()))])
///     .wrap(Decompress::new());
/// # app.check().unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decompress {
    limits: Limits,
}

impl Decompress {
    /// Creates the middleware with its default limits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            limits: Limits::new().ratio(200),
        }
    }

    /// Sets how many bytes a body may decode to, however it is read.
    ///
    /// Default: `None`, any number; a body that is read whole has the limit of its route.
    #[must_use]
    pub fn decoded(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.limits = self.limits.decoded(bytes);
        self
    }

    /// Sets how many times larger than sent a body may become; the first MiB is free.
    ///
    /// Default: 200, which no text comes near. `None` takes bombs, too, up to the other limits.
    #[must_use]
    pub fn ratio(mut self, ratio: impl Into<Option<u32>>) -> Self {
        self.limits = self.limits.ratio(ratio);
        self
    }
}

impl Default for Decompress {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for Decompress {
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        let mut body = std::mem::take(request.body_mut());
        let decoded = coding::decode(&mut body, request.headers(), self.limits);
        *request.body_mut() = body;
        match decoded {
            Ok(false) => {}
            Ok(true) => {
                request.headers_mut().remove(CONTENT_ENCODING);
                request.headers_mut().remove(CONTENT_LENGTH);
            }
            Err(bad) => return refused(&bad),
        }
        next.run(request).await
    }
}

fn refused(bad: &BadEncoding) -> Response {
    let accepted = HeaderValue::from_static(coding::accepted());
    HttpError::unsupported_media_type(bad.to_string())
        .header(ACCEPT_ENCODING, accepted)
        .into_response()
}

#[cfg(test)]
#[cfg(feature = "gzip")]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use wharf_http::Body;
    use wharf_http::coding::{Coding, Encoder};

    use super::*;
    use crate::{App, post};

    async fn gzip(text: impl Into<Bytes>) -> Bytes {
        let mut body = Encoder::new(Coding::GZIP).encode(Body::from(text.into()));
        body.bytes(None).await.unwrap()
    }

    async fn sent(
        middleware: Decompress,
        coding: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, HeaderMap, String) {
        async fn echo(headers: HeaderMap, body: String) -> String {
            assert!(!headers.contains_key(CONTENT_LENGTH));
            let coding = headers
                .get(CONTENT_ENCODING)
                .map(|coding| coding.to_str().unwrap());
            format!("{coding:?} {body}")
        }
        let app = App::new().routes([post("/", echo)]).wrap(middleware);
        let request = http::Request::post("/")
            .header(CONTENT_ENCODING, coding)
            .header("content-type", "text/plain")
            .body(body.into())
            .unwrap();
        let (head, mut body) = app
            .start()
            .await
            .unwrap()
            .handle(request)
            .await
            .into_parts();
        let text = body.bytes(None).await.unwrap();
        let text = String::from_utf8_lossy(&text[..text.len().min(200)]).into_owned();
        (head.status, head.headers, text)
    }

    #[tokio::test]
    async fn the_handler_reads_what_the_client_meant() {
        let (_, _, text) = sent(Decompress::new(), "gzip", gzip("ahoy").await).await;
        assert_eq!(text, "None ahoy");
        let twice = gzip(gzip("ahoy").await).await;
        let (_, _, text) = sent(Decompress::new(), "gzip, X-GZIP", twice).await;
        assert_eq!(text, "None ahoy");
        let (_, _, text) = sent(Decompress::new(), "identity", "ahoy").await;
        assert_eq!(text, "Some(\"identity\") ahoy");
    }

    #[tokio::test]
    async fn what_cannot_be_undone_is_refused_with_what_could() {
        let (status, headers, text) = sent(Decompress::new(), "compress", "ahoy").await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(headers[ACCEPT_ENCODING], coding::accepted());
        assert!(text.contains("\"compress\" is not supported"), "{text}");
        let (status, _, _) = sent(Decompress::new(), "gzip, gzip, gzip, gzip", "ahoy").await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[tokio::test]
    async fn broken_data_and_bombs_are_told_apart() {
        let (status, _, text) = sent(Decompress::new(), "gzip", "ahoy").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");

        // The limit of the body counts decoded bytes: 1 MiB by default.
        let bomb = gzip(vec![b' '; 2 << 20]).await;
        assert!(bomb.len() < 4096);
        let dense = Decompress::new().ratio(None);
        let (status, _, text) = sent(dense, "gzip", bomb.clone()).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(text.contains("1048576"), "{text}");
        let (status, _, text) = sent(Decompress::new(), "gzip", bomb.clone()).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(text.contains("200 times"), "{text}");

        let limited = Decompress::new().decoded(1000);
        let (status, _, text) = sent(limited, "gzip", bomb).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(text.contains("1000"), "{text}");
    }

    #[tokio::test]
    async fn a_bomb_that_is_read_in_pieces_is_over_the_ratio() {
        async fn count(mut body: Body) -> Result<String, HttpError> {
            let mut count = 0;
            while let Some(piece) = body.chunk().await {
                count += piece?.len();
            }
            Ok(count.to_string())
        }
        let bomb = gzip(vec![b' '; 8 << 20]).await;
        for (middleware, status) in [
            (Decompress::new(), StatusCode::PAYLOAD_TOO_LARGE),
            (Decompress::new().ratio(None), StatusCode::OK),
        ] {
            let app = App::new().routes([post("/", count)]).wrap(middleware);
            let request = http::Request::post("/")
                .header(CONTENT_ENCODING, "gzip")
                .body(Body::from(bomb.clone()))
                .unwrap();
            let answer = app.start().await.unwrap().handle(request).await;
            assert_eq!(answer.status(), status);
        }
    }
}
