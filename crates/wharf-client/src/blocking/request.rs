//! Building a request whose sending waits.

use std::fmt;
use std::io::Read;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use wharf_http::{Body, BoxError, Context, Middleware, Request, Signal};

use super::upload::Upload;
use super::{Background, Response};
use crate::middleware::Sending;
use crate::progress::Progress;
use crate::redirect::RedirectPolicy;
use crate::retry::RetryPolicy;
use crate::{Error, Timeouts};

/// A request to be sent; made by [`Client::get`](super::Client::get) and its like.
///
/// Its methods do what those of the [asynchronous one](crate::RequestBuilder) do. A mistake made on the way, such as a malformed
/// URL, is the error of [`send`](Self::send).
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    pub(super) inner: crate::RequestBuilder,
    pub(super) background: Background,
}

impl RequestBuilder {
    pub(super) fn new(inner: crate::RequestBuilder, background: Background) -> Self {
        Self { inner, background }
    }

    fn change(self, change: impl FnOnce(crate::RequestBuilder) -> crate::RequestBuilder) -> Self {
        Self {
            inner: change(self.inner),
            background: self.background,
        }
    }

    /// Adds a header field, beside those of the same name that are there already.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.change(|request| request.header(name, value))
    }

    /// Sets several header fields, in place of those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.change(|request| request.headers(headers))
    }

    /// Leaves out a field that is sent by itself; see [`omit`](crate::RequestBuilder::omit).
    pub fn omit(self, name: HeaderName) -> Self {
        self.change(|request| request.omit(name))
    }

    /// Sends user name and password (RFC 7617).
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.change(|request| request.basic_auth(user, password))
    }

    /// Sends a token (RFC 6750 §2.1).
    pub fn bearer_auth(self, token: &str) -> Self {
        self.change(|request| request.bearer_auth(token))
    }

    /// Adds one segment to the path of the URL, percent-encoded: whatever is in it, slashes too, it stays one segment.
    ///
    /// `.` and `..`, which would lead elsewhere, and nothing, which adds only a slash, are the error of [`send`](Self::send).
    pub fn segment(self, segment: impl fmt::Display) -> Self {
        self.change(|request| request.segment(segment))
    }

    /// Adds one pair to the query of the URL, both sides percent-encoded.
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.change(|request| request.query(name, value))
    }

    /// Sets the body. Its type is told with a `content-type` header.
    ///
    /// Bytes and text can be sent again when a redirect or a repetition asks for it; a stream only once.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|request| request.body(body))
    }

    /// Sets the body to what `reader` gives, which is read on a thread for blocking work, and only as fast as it can be sent.
    ///
    /// With a `length` in bytes, so many are read and not more, and their number is sent ahead; when the reader ends before, the
    /// request fails with [`ErrorKind::RequestBody`](crate::ErrorKind::RequestBody), and so it does when reading fails. With
    /// `None` it is read to its end. It is sent once: a redirect or a repetition that needs it again is not followed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wharf_client::blocking::Client;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let log = std::fs::File::open("ships.log")?;
    /// let length = log.metadata()?.len();
    /// Client::new()?.put("http://quay.test/log").body_reader(log, length).send()?.ok()?;
    /// # Ok(()) }
    /// ```
    pub fn body_reader(
        self,
        reader: impl Read + Send + 'static,
        length: impl Into<Option<u64>>,
    ) -> Self {
        let body = Upload::body(Box::new(reader), length.into());
        self.body(body)
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|request| request.json(value))
    }

    /// Sets the body to `value` as a form, and `content-type` unless another one is set; see
    /// [`form`](crate::RequestBuilder::form).
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|request| request.form(value))
    }

    /// Adds all fields of `value` to the query of the URL. Lists become repeated names.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn queries<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|request| request.queries(value))
    }

    /// Sets the body to a form of several parts, such as one with files, and `content-type` with its boundary.
    #[cfg(feature = "multipart")]
    #[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
    pub fn multipart(self, form: wharf_http::multipart::Form) -> Self {
        self.change(|request| request.multipart(form))
    }

    /// Sets the body to a file, which is opened here and anew whenever the request is sent again.
    ///
    /// A file that cannot be opened is the error of [`send`](Self::send).
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn file(self, path: impl Into<std::path::PathBuf> + Send) -> Self {
        let Self { inner, background } = self;
        let inner = {
            let _files_are_opened_by_its_threads = background.enter();
            super::wait::block_on(inner.file(path))
        };
        Self { inner, background }
    }

    /// Sets the time limits of this request, all of them, in place of those of the client.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.change(|request| request.timeouts(timeouts))
    }

    /// Sets how many bytes of the response body [`bytes`](Response::bytes), [`text`](Response::text) and `json` accept.
    ///
    /// Default: that of the client, see [`ClientBuilder::body_limit`](crate::ClientBuilder::body_limit). `None` accepts as
    /// many as come.
    pub fn body_limit(self, bytes: impl Into<Option<usize>>) -> Self {
        self.change(|request| request.body_limit(bytes))
    }

    /// Sets which redirects are followed. Default: those that the client follows.
    pub fn redirects(self, policy: RedirectPolicy) -> Self {
        self.change(|request| request.redirects(policy))
    }

    /// Sets whether the coding of the response is asked for and undone. Default: what the client does.
    pub fn decode(self, on: bool) -> Self {
        self.change(|request| request.decode(on))
    }

    /// Sends a cookie with this request; see [`cookie`](crate::RequestBuilder::cookie).
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.change(|request| request.cookie(name, value))
    }

    /// Uses this jar for the request, in place of that of the client; `None` keeps and sends no cookies.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookies(self, jar: impl Into<Option<crate::jar::CookieJar>>) -> Self {
        self.change(|request| request.cookies(jar))
    }

    /// Sends the request again as `policy` has it; see [`retry`](crate::RequestBuilder::retry). `None` sends it once.
    pub fn retry(self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.change(|request| request.retry(policy))
    }

    /// Proves a password when the server asks for a digest of it (RFC 7616).
    #[cfg(feature = "digest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
    pub fn digest_auth(self, digest: &crate::digest::Digest) -> Self {
        self.change(|request| request.digest_auth(digest))
    }

    /// Sends the request through proxies as `rules` have it, in place of those of the client.
    #[cfg(feature = "proxy")]
    #[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
    pub fn proxy(self, rules: crate::proxy::ProxyRules) -> Self {
        self.change(|request| request.proxy(rules))
    }

    /// Sets whom the request believes behind TLS, in place of what the client has.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    pub fn tls(self, config: &crate::tls::TlsConfig) -> Self {
        self.change(|request| request.tls(config))
    }

    /// Puts middleware around this request, inside that of the client; the first written is the outermost.
    ///
    /// It is asynchronous, and runs on the thread of the client.
    pub fn wrap(self, middleware: impl Middleware<Sending>) -> Self {
        self.change(|request| request.wrap(middleware))
    }

    /// Makes the request part of one that a server is answering: it gets at most what is left of that one's time, and carries
    /// its trace context as `traceparent` and `tracestate`.
    ///
    /// It does not end with the handler that makes it, which is not left before the call is over; see
    /// [`cancel_on`](Self::cancel_on).
    pub fn within(self, context: &Context) -> Self {
        self.change(|request| request.within(context))
    }

    /// Gives the request up when `signal` fires before the response head is there.
    pub fn cancel_on(self, signal: &Signal) -> Self {
        self.change(|request| request.cancel_on(signal))
    }

    /// Says that the server may get the request twice without harm; see [`repeatable`](crate::RequestBuilder::repeatable).
    pub fn repeatable(self) -> Self {
        self.change(crate::RequestBuilder::repeatable)
    }

    /// Asks the server whether it wants the body before it is sent; see
    /// [`expect_continue`](crate::RequestBuilder::expect_continue).
    pub fn expect_continue(self) -> Self {
        self.change(crate::RequestBuilder::expect_continue)
    }

    /// Calls `listener` with the number of body bytes that the connection has accepted so far, on the thread of the client; see
    /// [`upload_progress`](crate::RequestBuilder::upload_progress).
    pub fn upload_progress(self, listener: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.change(|request| request.upload_progress(listener))
    }

    /// Calls `listener` each time that more of the response body has come, on the thread of the client; see
    /// [`download_progress`](crate::RequestBuilder::download_progress).
    pub fn download_progress(self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.change(|request| request.download_progress(listener))
    }

    /// Puts a value beside the request, for middleware and observers ([`Call::get`](crate::trace::Call::get)).
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.change(|request| request.extension(value))
    }

    /// Returns the finished request, with an absolute URI.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, a header or the body.
    pub fn build(self) -> Result<Request, Error> {
        self.inner.build()
    }

    /// Sends the request and waits for the response head.
    ///
    /// # Errors
    ///
    /// Whatever kept the response from coming; a response with status 404 is no error before [`Response::ok`].
    pub fn send(self) -> Result<Response, Error> {
        let Self { inner, background } = self;
        let response = background.run(inner.send())??;
        Ok(Response::new(response, background))
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
