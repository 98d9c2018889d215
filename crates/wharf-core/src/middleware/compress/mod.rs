//! [`Compress`]: answers are sent in a content coding that the client takes.

mod eligible;

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderValue,
};
use wharf_http::coding::{Coding, Encoder};
use wharf_http::header::{AcceptEncoding, add_vary};
use wharf_http::{Body, Middleware, Request, Response};

use eligible::Content;

use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

/// From this size on a piece is encoded by another thread: with less, the way there takes longer than the work.
const OFFLOAD: usize = 64 * 1024;

/// Compresses answers with the best coding that client and server have in common (RFC 9110 §12.5.3).
///
/// Wrapped around an app, a mounted app or a route; [`apply`](Self::apply) does the same to one response. The client's
/// weights decide, and of equals the first in [`codings`](Self::codings). The features `gzip`, `brotli` and `zstd` say
/// which there are.
///
/// An answer is left as it is when
/// - it has no content to compress: 1xx, 204, 205, 304, an empty body;
/// - it is a part (206, `Content-Range`), or encoded already (`Content-Encoding`);
/// - it says so itself: `Cache-Control: no-transform` (RFC 9111 §5.2.2.6), a `Content-Digest`, or a
///   [`NeverCompress`] in its extensions;
/// - it is shorter than [`minimum`](Self::minimum), or would not become shorter;
/// - its media type does not shrink: images, sound, archives, and where there is none at all.
///
/// Whatever could have been compressed says `Vary: Accept-Encoding`, whether it was or not (RFC 9110 §12.5.5). What was
/// has no `Content-Length` unless it is short, no `Accept-Ranges`, and a weak `ETag`: its bytes differ from those of the
/// other form. A client that refuses the plain form (`identity;q=0`) gets even short answers compressed, or 406.
///
/// Streams are flushed with each piece, so that an event can be read as soon as it was sent. Bodies in memory from 64 KiB
/// on are encoded by threads for blocking work.
///
/// Secrets and what an attacker chose do not belong in one compressed answer: its length tells about them (BREACH). Leave
/// such answers out with [`NeverCompress`].
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::Compress;
/// use wharf_core::{App, get};
///
/// let app = App::new()
///     .routes([get("/log", async || "one line after the other\n".repeat(1000))])
///     .wrap(Compress::new());
/// # app.check().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Compress {
    codings: Vec<(Coding, Option<u32>)>,
    minimum: u64,
    types: fn(&str) -> bool,
}

/// In the extensions of a response: the middleware leaves it as it is.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::NeverCompress;
/// use wharf_core::{Body, Response};
///
/// let mut response = Response::new(Body::from("a token, and what was searched for"));
/// response.extensions_mut().insert(NeverCompress);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeverCompress;

impl Compress {
    /// Creates the middleware with all codings that are compiled in, each at its default level.
    #[must_use]
    pub fn new() -> Self {
        Self {
            codings: Coding::available()
                .iter()
                .map(|&coding| (coding, None))
                .collect(),
            minimum: 1024,
            types: eligible::shrinks,
        }
    }

    /// Sets which codings there are, the server's favourite first.
    ///
    /// Default: all that are compiled in, in the order zstd, br, gzip, deflate. None at all compress nothing.
    #[must_use]
    pub fn codings(mut self, codings: impl IntoIterator<Item = Coding>) -> Self {
        let before = std::mem::take(&mut self.codings);
        let level = |coding| before.iter().find(|(known, _)| *known == coding)?.1;
        self.codings = codings
            .into_iter()
            .map(|coding| (coding, level(coding)))
            .collect();
        self
    }

    /// Sets how hard one coding tries; see [`Encoder::level`] for ranges and memory. One that is not in use is passed over.
    ///
    /// Default: 3 for zstd, 4 for br, 6 for gzip and deflate, which are made for answers that are compressed each time.
    #[must_use]
    pub fn level(mut self, coding: Coding, level: u32) -> Self {
        for (known, of) in &mut self.codings {
            if *known == coding {
                *of = Some(level);
            }
        }
        self
    }

    /// Sets how many bytes an answer must have, where its length is known.
    ///
    /// Default: 1024, since less fits into one packet anyway. 0 compresses all that is not empty.
    #[must_use]
    pub fn minimum(mut self, bytes: u64) -> Self {
        self.minimum = bytes;
        self
    }

    /// Sets which media types are compressed; the function is given the type in lower case and without parameters.
    ///
    /// Default: text, JSON, XML, scripts, fonts without compression of their own, and what is made of these.
    #[must_use]
    pub fn types(mut self, types: fn(&str) -> bool) -> Self {
        self.types = types;
        self
    }

    /// Compresses one response as the middleware would for a request with the fields `request`.
    ///
    /// For a route that decides by itself. A client that refuses every form there is gets a 406 in its place.
    ///
    /// # Cancel safety
    ///
    /// The response is lost when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::HeaderMap;
    /// use wharf_core::middleware::Compress;
    /// use wharf_core::{IntoResponse, Response};
    ///
    /// async fn report(headers: HeaderMap) -> Response {
    ///     let report = "one line after the other\n".repeat(1000).into_response();
    ///     Compress::new().apply(&headers, report).await
    /// }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let mut headers = HeaderMap::new();
    /// # headers.insert("accept-encoding", "gzip".parse().unwrap());
    /// # assert_eq!(report(headers).await.headers()["content-encoding"], "gzip");
    /// # });
    /// ```
    pub async fn apply(&self, request: &HeaderMap, response: Response) -> Response {
        let accept = AcceptEncoding::parse(request.get_all(ACCEPT_ENCODING));
        self.answer(&accept, response).await
    }

    async fn answer(&self, accept: &AcceptEncoding, mut response: Response) -> Response {
        let content = Content::of(&response, self.minimum, self.types);
        if content == Content::Fixed {
            return response;
        }
        // RFC 9110 §12.5.3: the plain form is fine unless the client says that it is not.
        let plain = accept.quality("identity") > 0;
        if plain && content == Content::Dense {
            return response;
        }
        add_vary(response.headers_mut(), &ACCEPT_ENCODING);
        let names = self.codings.iter().map(|(coding, _)| coding.name());
        let best = accept.best(names);
        let best = self
            .codings
            .iter()
            .find(|(coding, _)| Some(coding.name()) == best);
        let Some(&(coding, level)) = best else {
            return match plain || !response.status().is_success() {
                true => response,
                false => refused(&self.codings),
            };
        };
        if content == Content::Unchanged {
            weaken(response.headers_mut());
            return response;
        }
        if plain && content == Content::Short {
            return response;
        }
        let encoder = Encoder::new(coding).level(level);
        let body = std::mem::take(response.body_mut());
        *response.body_mut() = match encode(encoder, body, plain).await {
            Ok(body) => body,
            Err(body) => {
                *response.body_mut() = body;
                return response;
            }
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        headers.remove(CONTENT_LENGTH);
        headers.remove(ACCEPT_RANGES);
        weaken(headers);
        response
    }
}

impl Default for Compress {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for Compress {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let accept = AcceptEncoding::parse(request.headers().get_all(ACCEPT_ENCODING));
        let response = next.run(request).await;
        self.answer(&accept, response).await
    }
}

/// Encodes a body: what is short and in memory at once, so that its length is known, the rest while it is sent.
///
/// Gives the body back where it would not become shorter and the client takes it as it is.
async fn encode(encoder: Encoder, body: Body, plain: bool) -> Result<Body, Body> {
    let Some(bytes) = body.as_bytes().filter(|bytes| bytes.len() < OFFLOAD) else {
        let streams = body.len().is_none();
        return Ok(encoder.flush(streams).offload(OFFLOAD).encode(body));
    };
    match encoder.encode(bytes.clone().into()).bytes(None).await {
        Ok(encoded) if encoded.len() < bytes.len() || !plain => Ok(encoded.into()),
        Ok(_) => Err(body),
        Err(cause) => {
            tracing::warn!(%cause, "could not compress an answer");
            Err(body)
        }
    }
}

/// Makes a tag weak: the same content has other bytes in another coding (RFC 9110 §8.8.3.3).
fn weaken(headers: &mut HeaderMap) {
    if let Some(tag) = headers.get_mut(ETAG)
        && tag.as_bytes().starts_with(b"\"")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        *tag = weak;
    }
}

/// Answers a client that takes no form there is.
fn refused(codings: &[(Coding, Option<u32>)]) -> Response {
    let names: Vec<&str> = codings.iter().map(|(coding, _)| coding.name()).collect();
    HttpError::not_acceptable(format!(
        "the answer is there as {}, none of which the request accepts",
        [&["identity"], names.as_slice()].concat().join(", ")
    ))
    .into_response()
}

#[cfg(test)]
#[cfg(feature = "gzip")]
mod tests;
