//! [`BodyLimit`]: no request body is longer than it may be, however it is read.

use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

/// Answers 413 to requests whose body is too long (RFC 9110 §15.5.14), whether it is read whole or piece by piece.
///
/// Wrapped around an app, a mounted app or a route. It stands on the limit that every route has:
///
/// | | counts | says 413 |
/// |---|---|---|
/// | [`App::body_limit`](crate::App::body_limit), [`Route::body_limit`](crate::Route::body_limit) | what is read as a whole: `Json`, `Form`, `String`, `Bytes`, forms with files | when the handler's argument is read |
/// | this | every body, also one that is read piece by piece or not at all | before anything inside runs, when the length was announced |
///
/// So an app has the first in any case, and wants this where handlers stream, or where work is done before the body is read: nobody
/// has to be looked up in a database to learn that the upload is too large. The smaller of the two counts. Wrapped around
/// `Decompress` it counts bytes as they are sent, inside of it those that they decode to.
///
/// A client that announces more by `Content-Length` is answered at once, and with `Expect: 100-continue` it never sends
/// the body. What it has announced no length for is counted while it arrives: the handler's read then fails with an
/// error of the kind [`TooLarge`](wharf_http::body::ErrorKind::TooLarge), which `?` makes a 413. The server reads what is on its way
/// for a while, so that the client gets to see the answer, and closes the connection.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::BodyLimit;
/// use wharf_core::{App, Body, HttpError, post};
///
/// async fn count(mut body: Body) -> Result<String, HttpError> {
///     let mut count = 0;
///     while let Some(piece) = body.chunk().await {
///         count += piece?.len();
///     }
///     Ok(count.to_string())
/// }
///
/// let app = App::new().routes([post("/films", count).wrap(BodyLimit::new(8))]);
/// # app.check().unwrap();
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let running = app.start().await.unwrap();
/// # let send = async |film: &'static str| {
/// #     let request = http::Request::post("/films").body(Body::from(film)).unwrap();
/// #     running.handle(request).await.status()
/// # };
/// assert_eq!(send("a reel").await, 200);
/// assert_eq!(send("another reel").await, 413);
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit {
    /// `None` is that of the route.
    bytes: Option<usize>,
}

impl BodyLimit {
    /// Creates the middleware with the bytes that a body may have; 0 allows none.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { bytes: Some(bytes) }
    }

    /// Creates the middleware with the limit that the route has for what is read whole: 1 MiB, unless
    /// [`App::body_limit`](crate::App::body_limit) or [`Route::body_limit`](crate::Route::body_limit) says something else.
    #[must_use]
    pub fn of_route() -> Self {
        Self { bytes: None }
    }
}

impl Middleware<Served> for BodyLimit {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let Some(limit) = self.bytes.or_else(|| next.scope().body_limit()) else {
            return next.run(request).await;
        };
        // The length that was announced: the server hands over no more than that.
        if request.body().len() > Some(limit as u64) {
            return HttpError::too_large(limit).into_response();
        }
        let request = request.map(|body| body.limited(limit));
        next.run(request).await
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wharf_http::Body;

    use super::*;
    use crate::{App, Route, post};

    /// A body of unknown length.
    fn streamed(pieces: &'static [&'static str]) -> Body {
        let (mut sender, body) = Body::channel(pieces.len().max(1));
        for piece in pieces {
            let sent = sender.send(*piece);
            let waker = std::task::Waker::noop();
            let mut sent = std::pin::pin!(sent);
            assert!(
                sent.as_mut()
                    .poll(&mut std::task::Context::from_waker(waker))
                    .is_ready()
            );
        }
        body
    }

    async fn pieces(mut body: Body) -> Result<String, HttpError> {
        let mut all = Vec::new();
        while let Some(piece) = body.chunk().await {
            all.push(String::from_utf8_lossy(&piece?).into_owned());
        }
        Ok(all.join("|"))
    }

    async fn ask(app: App, body: impl Into<Body>) -> (u16, String) {
        let request = http::Request::post("/").body(body.into()).unwrap();
        let mut answer = app.start().await.unwrap().handle(request).await;
        let text = answer.body_mut().bytes(None).await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        (answer.status().as_u16(), text)
    }

    #[tokio::test]
    async fn a_body_is_counted_however_it_is_read() {
        let streams = || post("/", pieces);
        let whole = || post("/", async |text: String| text);
        let unread = || post("/", async || "unread");
        let text = "the body is larger than the limit of 4 bytes";
        for (route, body, expected) in [
            (streams(), Body::from("abcd"), Ok("abcd")),
            (streams(), streamed(&["ab", "cd"]), Ok("ab|cd")),
            (streams(), streamed(&[]), Ok("")),
            (streams(), streamed(&["ab", "cde"]), Err(text)),
            (streams(), streamed(&["abcde"]), Err(text)),
            (streams(), Body::from("abcde"), Err(text)),
            (whole(), streamed(&["ab", "cd"]), Ok("abcd")),
            (whole(), streamed(&["ab", "cde"]), Err(text)),
            (whole(), Body::from("abcde"), Err(text)),
            (unread(), Body::from("abcde"), Err(text)),
            (unread(), Body::empty(), Ok("unread")),
        ] {
            let name = format!("{body:?}");
            let (status, text) =
                ask(App::new().routes([route.wrap(BodyLimit::new(4))]), body).await;
            match expected {
                Ok(expected) => assert_eq!((status, text.as_str()), (200, expected), "{name}"),
                Err(expected) => {
                    assert_eq!(status, 413, "{name}");
                    assert!(text.contains(expected), "{name}: {text}");
                }
            }
        }
    }

    #[tokio::test]
    async fn it_can_have_the_limit_of_the_route() {
        let of_route = |route: Route| {
            App::new()
                .body_limit(3)
                .wrap(BodyLimit::of_route())
                .routes([route])
        };
        let route = || post("/", pieces);
        for (app, length, status) in [
            (of_route(route()), 3, 200),
            (of_route(route()), 4, 413),
            (of_route(route().body_limit(5)), 5, 200),
            (of_route(route().body_limit(5)), 6, 413),
            (of_route(route().body_limit(None)), 100, 200),
            // Of two limits the smaller one counts.
            (of_route(route().wrap(BodyLimit::new(2))), 3, 413),
            (of_route(route().wrap(BodyLimit::new(9))), 4, 413),
        ] {
            let body = Bytes::from(vec![b'x'; length]);
            assert_eq!(ask(app, body).await.0, status, "{length}");
        }
    }

    #[tokio::test]
    async fn nothing_inside_runs_for_a_body_that_was_announced_too_long() {
        async fn looks_up(_request: Request, _next: Next) -> HttpError {
            HttpError::unauthorized("who are you?")
        }
        let app = || {
            App::new()
                .wrap(BodyLimit::new(4))
                .wrap(looks_up)
                .routes([post("/", pieces)])
        };
        assert_eq!(ask(app(), "abcd").await.0, 401);
        assert_eq!(ask(app(), "abcde").await.0, 413);
    }
}
