//! What applies to one request in place of what the client has.

use std::sync::Arc;

use http::header::{EXPECT, HeaderValue};
use wharf_http::middleware::SharedMiddleware;
use wharf_http::{Context, Middleware, Signal};

use super::RequestBuilder;
use crate::Timeouts;
use crate::client::Retry;
use crate::conn::UploadReport;
use crate::middleware::Sending;
use crate::progress::{DownloadReport, Progress};
use crate::redirect::RedirectPolicy;
use crate::retry::RetryPolicy;
use crate::send::Repeatable;

impl RequestBuilder {
    /// Sets the time limits of this request, all of them, in place of those of the client.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        if let Err(error) = timeouts.check() {
            return self.change(|_| Err(error));
        }
        self.set(|settings| settings.timeouts = Some(timeouts))
    }

    /// Sets how many bytes of the response body [`bytes`](crate::Response::bytes), [`text`](crate::Response::text) and `json` accept.
    ///
    /// Default: that of the client, see [`ClientBuilder::body_limit`](crate::ClientBuilder::body_limit). `None` accepts as
    /// many as come.
    pub fn body_limit(self, bytes: impl Into<Option<usize>>) -> Self {
        self.set(|settings| settings.body_limit = bytes.into())
    }

    /// Sets which redirects are followed. Default: those that the client follows.
    pub fn redirects(self, policy: RedirectPolicy) -> Self {
        self.set(|settings| settings.redirects = policy)
    }

    /// Sets whether the coding of the response is asked for and undone. Default: what the client does.
    pub fn decode(self, on: bool) -> Self {
        self.set(|settings| settings.decode = on)
    }

    /// Sends a cookie with this request, in place of one of that name in the jar. It is not kept, and does not follow a redirect
    /// to another origin.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookie(self, name: &str, value: &str) -> Self {
        use crate::send::CallCookies;
        self.change(|draft| {
            let mut cookies = draft
                .request
                .extensions_mut()
                .remove::<CallCookies>()
                .unwrap_or_default();
            let pair = (name.to_owned(), value.to_owned());
            Arc::make_mut(&mut cookies.0).push(pair);
            draft.request.extensions_mut().insert(cookies);
            Ok(())
        })
    }

    /// Uses this jar for the request, in place of that of the client; `None` keeps and sends no cookies.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookies(self, jar: impl Into<Option<crate::jar::CookieJar>>) -> Self {
        self.set(|settings| settings.cookies = jar.into())
    }

    /// Sends the request again as `policy` has it, with a budget of its own, in place of the policy of the client; `None` sends
    /// it once.
    pub fn retry(self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        let policy = policy.into();
        if let Some(Err(error)) = policy.as_ref().map(RetryPolicy::check) {
            return self.change(|_| Err(error));
        }
        self.set(|settings| settings.retry = policy.map(Retry::new))
    }

    /// Proves a password when the server asks for a digest of it (RFC 7616). Clones of `digest` remember what the server asked
    /// for.
    #[cfg(feature = "digest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
    pub fn digest_auth(self, digest: &crate::digest::Digest) -> Self {
        self.set(|settings| settings.digest = Some(digest.clone()))
    }

    /// Sends the request through proxies as `rules` have it, in place of those of the client.
    #[cfg(feature = "proxy")]
    #[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
    pub fn proxy(self, rules: crate::proxy::ProxyRules) -> Self {
        self.set(|settings| settings.proxy = rules)
    }

    /// Sets whom the request believes behind TLS, in place of what the client has. Connections are shared by requests with
    /// clones of one configuration.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    pub fn tls(self, config: &crate::tls::TlsConfig) -> Self {
        if let Err(error) = config.check() {
            return self.change(|_| Err(error));
        }
        self.set(|settings| settings.tls = config.clone())
    }

    /// Puts middleware around this request, inside that of the client; the first written is the outermost.
    pub fn wrap(self, middleware: impl Middleware<Sending>) -> Self {
        self.set(|settings| {
            settings.middleware.push(SharedMiddleware::new(middleware));
        })
    }

    /// Makes the request part of one that a server is answering: it gets at most what is left of that one's time, carries its
    /// trace context (W3C Trace Context) as `traceparent` and `tracestate`, and ends with the handler that awaits it.
    ///
    /// A handler is dropped when its client leaves, unless its route or [`Context::protect`] says otherwise, and its calls
    /// with it. For a call that another task makes, see [`cancel_on`](Self::cancel_on).
    pub fn within(self, context: &Context) -> Self {
        self.change(|draft| {
            draft.within = Some(context.clone());
            Ok(())
        })
    }

    /// Gives the request up when `signal` fires before the response head is there, such as [`Context::client_left`].
    pub fn cancel_on(self, signal: &Signal) -> Self {
        self.change(|draft| {
            draft.cancel = Some(signal.clone());
            Ok(())
        })
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
            let value = HeaderValue::from_static("100-continue");
            draft.request.headers_mut().insert(EXPECT, value);
            Ok(())
        })
    }

    /// Calls `listener` with the number of body bytes that the connection has accepted so far, each time that it accepts more.
    ///
    /// The numbers start anew when the request is repeated or redirected. Over HTTP/2 they tell what was handed to the
    /// connection, whose bytes are those of several requests.
    pub fn upload_progress(self, listener: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.change(|draft| {
            draft.upload = Some(Arc::new(UploadReport::new(listener)));
            Ok(())
        })
    }

    /// Calls `listener` each time that more of the response body has come, with the bytes as they were sent, before a coding is
    /// undone. The bodies of redirects do not count.
    pub fn download_progress(self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.download = Some(Arc::new(DownloadReport::new(listener))))
    }
}
