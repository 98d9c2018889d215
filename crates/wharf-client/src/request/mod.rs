//! Building a request.

#[cfg(feature = "fs")]
mod again;

use std::fmt;
use std::sync::Arc;

#[cfg(any(feature = "form", feature = "json", feature = "multipart"))]
use http::header::CONTENT_TYPE;
use http::header::{AUTHORIZATION, EXPECT, HeaderName, HeaderValue};
use http::{Extensions, HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use url::Url;
use wharf_http::header::{BadHeader, Basic, Bearer, TypedHeader};
use wharf_http::middleware::SharedMiddleware;
use wharf_http::{Body, BoxError, Context, Middleware, Request, Signal};

use crate::client::{Retry, Settings};
use crate::conn::UploadReport;
use crate::middleware::Sending;
use crate::progress::{DownloadReport, Progress};
use crate::redirect::{RedirectPolicy, to_uri};
use crate::retry::RetryPolicy;
use crate::send::{Outgoing, Repeatable};
use crate::{Client, Error, ErrorKind, Response, Timeouts};

/// All but the unreserved characters (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request to be sent; made by [`Client::get`] and its like.
///
/// A mistake made on the way, such as a malformed URL, is the error of [`send`](Self::send).
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    /// Those of the client until one of them is changed.
    settings: Arc<Settings>,
    within: Option<Context>,
    cancel: Option<Signal>,
    upload: Option<Arc<UploadReport>>,
    draft: Result<Draft, Error>,
}

struct Draft {
    method: Method,
    url: Url,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, url: Result<Url, Error>) -> Self {
        let builder = Self {
            settings: Arc::clone(&client.inner.settings),
            client,
            within: None,
            cancel: None,
            upload: None,
            draft: url.map(|url| Draft {
                method,
                url,
                headers: HeaderMap::new(),
                extensions: Extensions::new(),
                body: Body::empty(),
            }),
        };
        builder.change(Draft::read_url)
    }

    /// Adds a header field, beside those of the same name that are there already.
    ///
    /// `host`, `accept`, `accept-encoding` and `user-agent` are sent by themselves unless they are set here or
    /// [omitted](Self::omit).
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.change(|draft| {
            let name = name.try_into().map_err(unsendable)?;
            let value = value.try_into().map_err(unsendable)?;
            draft.headers.append(name, value);
            Ok(())
        })
    }

    /// Sets several header fields, in place of those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.change(|draft| {
            for name in headers.keys() {
                draft.headers.remove(name);
            }
            draft.headers.extend(headers);
            Ok(())
        })
    }

    /// Leaves out a field that is sent by itself: `accept`, `accept-encoding` or `user-agent`. What the protocol needs, such as
    /// `host`, is sent all the same.
    pub fn omit(mut self, name: HeaderName) -> Self {
        self.settings().omitted.push(name);
        self
    }

    /// Sends user name and password (RFC 7617).
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        let credentials = Basic::new(user, password);
        self.credentials(credentials)
    }

    /// Sends a token (RFC 6750 §2.1).
    pub fn bearer_auth(self, token: &str) -> Self {
        let credentials = Bearer::new(token);
        self.credentials(credentials)
    }

    fn credentials(self, credentials: Result<impl TypedHeader, BadHeader>) -> Self {
        self.change(|draft| {
            if let Some(value) = credentials.map_err(unsendable)?.encode() {
                draft.headers.insert(AUTHORIZATION, value);
            }
            Ok(())
        })
    }

    /// Adds one segment to the path of the URL, percent-encoded: whatever is in it, slashes too, it stays one segment.
    ///
    /// `.` and `..`, which would lead elsewhere, and nothing, which adds only a slash, are the error of [`send`](Self::send).
    ///
    /// # Examples
    ///
    /// ```
    /// let client = wharf_client::Client::builder().base("http://quay.test/v1/").build()?;
    /// let request = client.get("ships").segment("S/S Tug").segment(7).build()?;
    /// assert_eq!(request.uri(), "http://quay.test/v1/ships/S%2FS%20Tug/7");
    /// # Ok::<(), wharf_client::Error>(())
    /// ```
    pub fn segment(self, segment: impl fmt::Display) -> Self {
        self.change(|draft| {
            let segment = segment.to_string();
            if matches!(segment.as_str(), "" | "." | "..") {
                return Err(unsendable(format!("`{segment}` is no segment of a path")));
            }
            // By hand: the segments of `Url` lose tabs and line breaks, after which two dots with one between lead up.
            let segment = percent_encoding::utf8_percent_encode(&segment, SEGMENT);
            let path = draft.url.path();
            let path = path.strip_suffix('/').unwrap_or(path);
            let path = format!("{path}/{segment}");
            draft.url.set_path(&path);
            Ok(())
        })
    }

    /// Adds one pair to the query of the URL, both sides percent-encoded.
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.change(|draft| {
            draft
                .url
                .query_pairs_mut()
                .append_pair(name, &value.to_string());
            Ok(())
        })
    }

    /// Sets the body. Its type is told with a `content-type` header.
    ///
    /// Bytes and text can be sent again when a redirect or a repetition asks for it; a stream only once.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|draft| {
            draft.body = body.into();
            Ok(())
        })
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        use wharf_http::json::{JsonCodec, SerdeJson};
        self.change(|draft| {
            let body = SerdeJson::encode(value).map_err(unsendable)?;
            draft.set_body(body.into(), HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// Sets the body to `value` as a form, `a=1&b=2`, and `content-type` to `application/x-www-form-urlencoded` unless another
    /// one is set. Lists become repeated names.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn form<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|draft| {
            let body = wharf_http::form::encode(value).map_err(unsendable)?;
            let content_type = "application/x-www-form-urlencoded";
            draft.set_body(body.into(), HeaderValue::from_static(content_type));
            Ok(())
        })
    }

    /// Adds all fields of `value` to the query of the URL. Lists become repeated names.
    #[cfg(feature = "form")]
    #[cfg_attr(docsrs, doc(cfg(feature = "form")))]
    pub fn queries<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        self.change(|draft| {
            let more = wharf_http::form::encode(value).map_err(unsendable)?;
            let query = match draft.url.query() {
                Some(query) if !query.is_empty() => format!("{query}&{more}"),
                _ => more,
            };
            draft
                .url
                .set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
            Ok(())
        })
    }

    /// Sets the body to a form of several parts, such as one with files, and `content-type` with its boundary.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wharf_http::multipart::{Form, Part};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = wharf_client::Client::new();
    /// let minutes = Part::new("all agreed").file_name("minutes.txt").content_type("text/plain");
    /// let form = Form::new().add("title", "Minutes").add("file", minutes);
    /// client.post("http://quay.test/files").multipart(form).send().await?.ok()?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "multipart")]
    #[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
    pub fn multipart(self, form: wharf_http::multipart::Form) -> Self {
        self.change(|draft| {
            let form = form.build().map_err(unsendable)?;
            draft
                .headers
                .insert(CONTENT_TYPE, form.content_type().clone());
            draft.body = form.into_body();
            Ok(())
        })
    }

    /// Sets the body to a file, which is opened here and anew whenever the request is sent again.
    ///
    /// A file that cannot be opened is the error of [`send`](Self::send), of kind [`ErrorKind::Request`].
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub async fn file(self, path: impl Into<std::path::PathBuf> + Send) -> Self {
        let body = Body::from_path(path).await;
        self.change(|draft| {
            draft.body = body.map_err(unsendable)?;
            Ok(())
        })
    }

    /// Sets the time limits of this request, all of them, in place of those of the client.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        if let Err(error) = timeouts.check() {
            return self.change(|_| Err(error));
        }
        self.settings().timeouts = Some(timeouts);
        self
    }

    /// Sets how many bytes of the response body [`bytes`](Response::bytes), [`text`](Response::text) and `json` accept.
    ///
    /// Default: that of the client, see [`ClientBuilder::body_limit`](crate::ClientBuilder::body_limit). `None` accepts as
    /// many as come.
    pub fn body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.settings().body_limit = bytes.into();
        self
    }

    /// Sets which redirects are followed. Default: those that the client follows.
    pub fn redirects(mut self, policy: RedirectPolicy) -> Self {
        self.settings().redirects = policy;
        self
    }

    /// Sets whether the coding of the response is asked for and undone. Default: what the client does.
    pub fn decode(mut self, on: bool) -> Self {
        self.settings().decode = on;
        self
    }

    /// Sends a cookie with this request, in place of one of that name in the jar. It is not kept, and does not follow a redirect
    /// to another origin.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookie(self, name: &str, value: &str) -> Self {
        use crate::send::CallCookies;
        self.change(|draft| {
            let mut cookies = draft.extensions.remove::<CallCookies>().unwrap_or_default();
            let pair = (name.to_owned(), value.to_owned());
            Arc::make_mut(&mut cookies.0).push(pair);
            draft.extensions.insert(cookies);
            Ok(())
        })
    }

    /// Uses this jar for the request, in place of that of the client; `None` keeps and sends no cookies.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookies(mut self, jar: impl Into<Option<crate::jar::CookieJar>>) -> Self {
        self.settings().cookies = jar.into();
        self
    }

    /// Sends the request again as `policy` has it, with a budget of its own, in place of the policy of the client; `None` sends
    /// it once.
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        let policy = policy.into();
        if let Some(Err(error)) = policy.as_ref().map(RetryPolicy::check) {
            return self.change(|_| Err(error));
        }
        self.settings().retry = policy.map(Retry::new);
        self
    }

    /// Proves a password when the server asks for a digest of it (RFC 7616). Clones of `digest` remember what the server asked
    /// for.
    #[cfg(feature = "digest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
    pub fn digest_auth(mut self, digest: &crate::digest::Digest) -> Self {
        self.settings().digest = Some(digest.clone());
        self
    }

    /// Sends the request through proxies as `rules` have it, in place of those of the client.
    #[cfg(feature = "proxy")]
    #[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
    pub fn proxy(mut self, rules: crate::proxy::ProxyRules) -> Self {
        self.settings().proxy = rules;
        self
    }

    /// Sets whom the request believes behind TLS, in place of what the client has. Connections are shared by requests with
    /// clones of one configuration.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    pub fn tls(mut self, config: &crate::tls::TlsConfig) -> Self {
        if let Err(error) = config.check() {
            return self.change(|_| Err(error));
        }
        self.settings().tls = config.clone();
        self
    }

    /// Puts middleware around this request, inside that of the client; the first written is the outermost.
    pub fn wrap(mut self, middleware: impl Middleware<Sending>) -> Self {
        self.settings()
            .middleware
            .push(SharedMiddleware::new(middleware));
        self
    }

    /// Makes the request part of one that a server is answering: it gets at most what is left of that one's time, carries its
    /// trace context (W3C Trace Context) as `traceparent`, and ends with the handler that awaits it.
    ///
    /// A handler is dropped when its client leaves, unless its route or [`Context::protect`] says otherwise, and its calls
    /// with it. For a call that another task makes, see [`cancel_on`](Self::cancel_on).
    pub fn within(mut self, context: &Context) -> Self {
        self.within = Some(context.clone());
        self
    }

    /// Gives the request up when `signal` fires before the response head is there, such as [`Context::client_left`].
    pub fn cancel_on(mut self, signal: &Signal) -> Self {
        self.cancel = Some(signal.clone());
        self
    }

    /// Says that the server may get the request twice without harm, although its method is not idempotent (RFC 9110 §9.2.2): it
    /// is repeated like others when a kept connection has ended.
    pub fn repeatable(self) -> Self {
        self.extension(Repeatable)
    }

    /// Asks the server whether it wants the body before it is sent (RFC 9110 §10.1.1). It is sent after one second without
    /// an answer; when the server refuses, it is not sent at all, and the connection is closed.
    ///
    /// Over HTTP/2 the second always passes.
    pub fn expect_continue(self) -> Self {
        self.change(|draft| {
            draft
                .headers
                .insert(EXPECT, HeaderValue::from_static("100-continue"));
            Ok(())
        })
    }

    /// Calls `listener` with the number of body bytes that the connection has accepted so far, each time that it accepts more.
    ///
    /// The numbers start anew when the request is repeated or redirected. Over HTTP/2 they tell what was handed to the
    /// connection, whose bytes are those of several requests.
    pub fn upload_progress(mut self, listener: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.upload = Some(Arc::new(UploadReport::new(listener)));
        self
    }

    /// Calls `listener` each time that more of the response body has come, with the bytes as they were sent, before a coding is
    /// undone. The bodies of redirects do not count.
    pub fn download_progress(
        mut self,
        listener: impl Fn(&Progress) + Send + Sync + 'static,
    ) -> Self {
        self.settings().download = Some(Arc::new(DownloadReport::new(listener)));
        self
    }

    /// Puts a value beside the request, for middleware and observers ([`Call::get`](crate::trace::Call::get)).
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.change(|draft| {
            draft.extensions.insert(value);
            Ok(())
        })
    }

    pub(super) fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    fn change(mut self, change: impl FnOnce(&mut Draft) -> Result<(), Error>) -> Self {
        if let Ok(draft) = &mut self.draft
            && let Err(error) = change(draft)
        {
            self.draft = Err(error);
        }
        self
    }

    /// Returns the finished request, with an absolute URI.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, a header or the body.
    pub fn build(self) -> Result<Request, Error> {
        self.draft?.into_request().map(|(request, _)| request)
    }

    /// Sends the request and waits for the response head.
    ///
    /// # Errors
    ///
    /// Whatever kept the response from coming; a response with status 404 is no error before [`Response::ok`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the request up and closes its connection; the server may have acted on it.
    pub async fn send(self) -> Result<Response, Error> {
        let (request, url) = self.draft?.into_request()?;
        let outgoing = Outgoing {
            request,
            url,
            settings: self.settings,
            within: self.within,
            cancel: self.cancel,
            upload: self.upload,
        };
        let sent = self.client.send_outgoing(outgoing);
        sent.await.map(|response| *response)
    }
}

impl Draft {
    /// Takes out of the URL what is no part of the target: credentials, and the path of a socket.
    fn read_url(&mut self) -> Result<(), Error> {
        let decode = |text: &str| {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
            decoded.map(std::borrow::Cow::into_owned)
        };
        let invalid = |why: &str| Error::new(ErrorKind::Url).because(why);
        if !self.url.username().is_empty() || self.url.password().is_some() {
            // RFC 3986 §3.2.1; it is what people paste, and better sent as it should be than refused.
            let user = decode(self.url.username());
            let password = decode(self.url.password().unwrap_or_default());
            let (Ok(user), Ok(password)) = (user, password) else {
                return Err(invalid("its credentials are not UTF-8"));
            };
            let credentials = Basic::new(user, password).map_err(unsendable)?;
            if let Some(value) = credentials.encode() {
                self.headers.insert(AUTHORIZATION, value);
            }
            let _http_has_them = self
                .url
                .set_username("")
                .and_then(|()| self.url.set_password(None));
        }
        #[cfg(unix)]
        if self.url.scheme() == "http+unix" {
            let path = self.url.host_str().and_then(|host| decode(host).ok());
            let path = path.filter(|path| !path.is_empty());
            let path =
                path.ok_or_else(|| invalid("it names no socket: http+unix://%2Frun%2Fapp.sock/"))?;
            let mut url = String::from("http://localhost");
            url.push_str(if self.url.path().is_empty() {
                "/"
            } else {
                self.url.path()
            });
            if let Some(query) = self.url.query() {
                url.push('?');
                url.push_str(query);
            }
            self.url =
                Url::parse(&url).map_err(|error| Error::new(ErrorKind::Url).because(error))?;
            let path = std::path::Path::new(&path);
            self.extensions
                .insert(crate::connect::SocketPath(path.into()));
        }
        Ok(())
    }

    /// Sets the body and its type, unless another one is set.
    #[cfg(any(feature = "form", feature = "json"))]
    fn set_body(&mut self, body: Body, content_type: HeaderValue) {
        self.body = body;
        self.headers.entry(CONTENT_TYPE).or_insert(content_type);
    }

    fn into_request(self) -> Result<(Request, Url), Error> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = to_uri(&self.url)?;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
        Ok((request, self.url))
    }
}

fn unsendable(error: impl Into<BoxError>) -> Error {
    Error::new(ErrorKind::Request).because(error)
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RequestBuilder");
        match &self.draft {
            Ok(draft) => debug
                .field("method", &draft.method)
                .field("host", &draft.url.host_str()),
            Err(error) => debug.field("error", error),
        };
        debug.finish_non_exhaustive()
    }
}
