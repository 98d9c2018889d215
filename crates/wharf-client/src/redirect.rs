//! Redirects: which are followed, and what the next request looks like (RFC 9110 §15.4).

use std::fmt;
use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, EXPECT, LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, StatusCode, Uri};
use url::{Position, Url};

use crate::{Error, ErrorKind};

/// Which redirects are followed.
///
/// Credentials are dropped when the scheme, host or port changes: the fields `authorization`, `cookie` and
/// `proxy-authorization`, and cookies that were given with the request. What the client itself knows for the new host is sent
/// instead.
///
/// # Examples
///
/// ```
/// use wharf_client::Client;
/// use wharf_client::redirect::{Action, RedirectPolicy};
///
/// let same_host = RedirectPolicy::follow(5).hook(|redirect| {
///     match redirect.from().host_str() == redirect.to().host_str() {
///         true => Action::Follow,
///         false => Action::Stop,
///     }
/// });
/// let client = Client::builder().redirects(same_host).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct RedirectPolicy {
    limit: u32,
    hook: Option<Hook>,
}

type Hook = Arc<dyn Fn(&Redirect<'_>) -> Action + Send + Sync>;

/// What to do about a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Sends the next request.
    Follow,
    /// Hands out the response that asks for it.
    Stop,
    /// Fails with an error of kind [`Redirect`](ErrorKind::Redirect).
    Refuse,
}

/// A redirect that could be followed.
#[derive(Debug)]
pub struct Redirect<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    from: &'a Url,
    to: &'a Url,
    followed: u32,
}

impl Redirect<'_> {
    /// Returns the status of the response that asks for it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the header fields of that response.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.headers
    }

    /// Returns the URL that was asked.
    #[must_use]
    pub fn from(&self) -> &Url {
        self.from
    }

    /// Returns the URL that it leads to.
    #[must_use]
    pub fn to(&self) -> &Url {
        self.to
    }

    /// Returns how many redirects were followed already.
    #[must_use]
    pub fn followed(&self) -> u32 {
        self.followed
    }
}

impl RedirectPolicy {
    /// Follows at most `limit` redirects; one more is an error of kind [`Redirect`](ErrorKind::Redirect).
    ///
    /// A client follows ten by default.
    pub fn follow(limit: u32) -> Self {
        Self { limit, hook: None }
    }

    /// Follows none: the response that asks for one is handed out.
    pub fn stop() -> Self {
        Self::follow(u32::MAX).hook(|_| Action::Stop)
    }

    /// Asks `hook` about each redirect before it is followed.
    pub fn hook(mut self, hook: impl Fn(&Redirect<'_>) -> Action + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }
}

impl Default for RedirectPolicy {
    /// Follows ten.
    fn default() -> Self {
        Self::follow(10)
    }
}

impl fmt::Debug for RedirectPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectPolicy")
            .field("limit", &self.limit)
            .field("hook", &self.hook.is_some())
            .finish()
    }
}

/// One response that was a redirect and was followed.
#[derive(Clone, Debug)]
pub struct Hop {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) url: Url,
}

impl Hop {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the URL that was asked.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl RedirectPolicy {
    /// Finds out where a response leads; `None` when it is to be handed out.
    pub(crate) fn next(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        from: &Url,
        followed: u32,
    ) -> Result<Option<Url>, Error> {
        let refused = |why: String| Err(Error::new(ErrorKind::Redirect).because(why));
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = headers.get(LOCATION) else {
            return Ok(None);
        };
        // Servers send raw UTF-8 there; what is none cannot name anything.
        let joined = std::str::from_utf8(location.as_bytes())
            .ok()
            .and_then(|location| from.join(location).ok());
        let Some(mut to) = joined else {
            return match self.hook {
                Some(_) => Ok(None),
                None => refused("the `location` field is no URL".to_owned()),
            };
        };
        // RFC 9110 §10.2.2: the fragment stays unless the new URL has its own.
        if to.fragment().is_none() {
            to.set_fragment(from.fragment());
        }
        if let Some(hook) = &self.hook {
            let redirect = Redirect {
                status,
                headers,
                from,
                to: &to,
                followed,
            };
            match hook(&redirect) {
                Action::Follow => {}
                Action::Stop => return Ok(None),
                Action::Refuse => return refused("the policy of the client refuses it".to_owned()),
            }
        }
        if !matches!(to.scheme(), "http" | "https") {
            return refused(format!("the scheme `{}` is not supported", to.scheme()));
        }
        if followed >= self.limit {
            return refused(format!("more than {} in a row", self.limit));
        }
        Ok(Some(to))
    }
}

/// Returns the method of the request after a redirect; the body is dropped when it changes (RFC 9110 §15.4.2-4).
pub(crate) fn method(status: StatusCode, method: &Method) -> Method {
    let changes = match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    };
    if changes { Method::GET } else { method.clone() }
}

/// Takes out of the header what described a body that is not sent any more.
pub(crate) fn drop_content(headers: &mut HeaderMap) {
    for name in [
        CONTENT_TYPE,
        CONTENT_LENGTH,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LOCATION,
        TRANSFER_ENCODING,
        EXPECT,
    ] {
        headers.remove(name);
    }
}

/// Takes out of the header what another origin must not see.
pub(crate) fn drop_credentials(headers: &mut HeaderMap) {
    for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
        headers.remove(name);
    }
}

/// Tells whether two URIs are of one origin: scheme, host and port (RFC 9110 §4.3.1).
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Turns a URL into what requests carry: without a fragment and without credentials.
pub(crate) fn to_uri(url: &Url) -> Result<Uri, Error> {
    let parsed = if url.username().is_empty() && url.password().is_none() {
        Uri::try_from(&url[..Position::AfterQuery])
    } else {
        let mut url = url.clone();
        let _without_credentials = url.set_username("").and_then(|()| url.set_password(None));
        Uri::try_from(&url[..Position::AfterQuery])
    };
    parsed.map_err(|error| Error::new(ErrorKind::Url).because(error))
}
