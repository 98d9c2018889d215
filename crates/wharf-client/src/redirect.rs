//! Redirects: which are followed, and what the next request looks like (RFC 9110 §15.4).

use std::fmt;
use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, EXPECT, LOCATION, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode, Uri};
use url::{Position, Url};

use crate::{Error, ErrorKind};

/// Which redirects are followed.
///
/// A body is not sent without encryption after it was sent with it, and no host leads to a Unix socket that the client knows by
/// another name: both are errors of kind [`Redirect`](ErrorKind::Redirect).
///
/// Credentials are dropped when the scheme, host or port changes: the fields `authorization`, `cookie` and
/// `proxy-authorization`, every other field with a value that is marked as
/// [sensitive](http::HeaderValue::set_sensitive), such as the key of an API, and cookies that were given with the request. What
/// the client itself knows for the new host is sent instead.
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
        // A URL may be longer than a request can name.
        to_uri(&to).map_err(|error| Error::new(ErrorKind::Redirect).because(error))?;
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

/// Tells what is wrong with following a redirect, where it would carry something to a place that it is not meant for.
pub(crate) fn danger(
    from: &Url,
    to: &Url,
    has_body: bool,
    to_socket: bool,
) -> Option<&'static str> {
    if has_body && from.scheme() == "https" && to.scheme() == "http" {
        Some("the body would be sent once more, and without encryption")
    } else if to_socket && !same_origin(from, to) {
        Some("another host leads to a Unix socket of this machine")
    } else {
        None
    }
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
    // What else is secret, only whoever has set it knows.
    let marked = headers.iter().filter(|(_, value)| value.is_sensitive());
    let marked: Vec<_> = marked.map(|(name, _)| name.clone()).collect();
    for name in marked {
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

/// Does what [`to_uri`] does for a URL whose scheme and authority are those of `origin`, which need not be parsed then.
pub(crate) fn to_uri_at(origin: Uri, url: &Url) -> Result<Uri, Error> {
    let mut parts = origin.into_parts();
    let path = PathAndQuery::try_from(&url[Position::BeforePath..Position::AfterQuery]);
    parts.path_and_query = Some(path.map_err(|error| Error::new(ErrorKind::Url).because(error))?);
    Uri::from_parts(parts).map_err(|error| Error::new(ErrorKind::Url).because(error))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn led(from: &str, location: impl AsRef<[u8]>) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        let location = http::HeaderValue::from_bytes(location.as_ref()).unwrap();
        headers.insert(LOCATION, location);
        let from = Url::parse(from).unwrap();
        RedirectPolicy::default()
            .next(StatusCode::FOUND, &headers, &from, 0)
            .map(|to| to.map(String::from))
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_was_sent_in_secret_stays_so_and_sockets_are_not_led_to() {
        for (from, to, body, socket, allowed) in [
            ("https://a.test/", "http://a.test/", true, false, false),
            ("https://a.test/", "http://b.test/", true, false, false),
            ("https://a.test/", "http://a.test/", false, false, true),
            ("https://a.test/", "https://b.test/", true, false, true),
            ("http://a.test/", "http://b.test/", true, false, true),
            ("http://a.test/", "https://a.test/", true, false, true),
            ("http://a.test/", "http://docker/", false, true, false),
            ("http://docker/", "http://docker/v2", true, true, true),
        ] {
            let (one, other) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
            let danger = danger(&one, &other, body, socket);
            assert_eq!(danger.is_none(), allowed, "{from} {to} {body}");
        }
    }

    #[test]
    fn a_location_is_joined_to_the_url_that_was_asked() {
        for (location, to) in [
            ("/x", "http://quay.test/x"),
            ("x", "http://quay.test/a/x"),
            ("../x?y", "http://quay.test/x?y"),
            ("?y", "http://quay.test/a/b?y"),
            ("", "http://quay.test/a/b?q"),
            ("//other.test", "http://other.test/"),
            ("//other.test:81/x", "http://other.test:81/x"),
            ("https://quay.test/x", "https://quay.test/x"),
            ("HTTP://QUAY.TEST/X", "http://quay.test/X"),
            ("/a b", "http://quay.test/a%20b"),
            ("/gr\u{fc}n", "http://quay.test/gr%C3%BCn"),
        ] {
            let found = led("http://quay.test/a/b?q", location);
            assert_eq!(found, Ok(Some(to.to_owned())), "{location}");
        }
    }

    #[test]
    fn a_fragment_stays_unless_there_is_another() {
        for (location, to) in [
            ("/x", "http://quay.test/x#part"),
            ("/x#other", "http://quay.test/x#other"),
            ("//other.test/", "http://other.test/#part"),
        ] {
            let found = led("http://quay.test/#part", location);
            assert_eq!(found, Ok(Some(to.to_owned())));
        }
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let malformed = "could not follow the redirect: the `location` field is no URL";
        for (location, why) in [
            (b"http://".as_ref(), malformed),
            (b"http://[::1", malformed),
            (b"http://quay.test:99999/", malformed),
            (b"/\xff", malformed),
            (
                b"ftp://quay.test/",
                "could not follow the redirect: the scheme `ftp` is not supported",
            ),
            (
                b"file:///etc/passwd",
                "could not follow the redirect: the scheme `file` is not supported",
            ),
            (
                b"javascript:alert(1)",
                "could not follow the redirect: the scheme `javascript` is not supported",
            ),
            (
                b"http+unix://%2Frun%2Fapp.sock/",
                "could not follow the redirect: the scheme `http+unix` is not supported",
            ),
        ] {
            assert_eq!(led("http://quay.test/", location), Err(why.to_owned()));
        }
    }

    #[test]
    fn only_those_statuses_lead_anywhere_that_have_a_location() {
        let url = Url::parse("http://quay.test/").unwrap();
        let policy = RedirectPolicy::default();
        let mut headers = HeaderMap::new();
        for status in 100..600 {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(policy.next(status, &headers, &url, 0).unwrap().is_none());
        }
        headers.insert(LOCATION, "/x".parse().unwrap());
        let leads = |status: &u16| {
            let status = StatusCode::from_u16(*status).unwrap();
            policy.next(status, &headers, &url, 0).unwrap().is_some()
        };
        let found: Vec<_> = (100..600).filter(leads).collect();
        assert_eq!(found, [301, 302, 303, 307, 308]);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (one, other, same) in [
            ("http://a.test/x", "http://a.test:80/y?z", true),
            ("http://A.test/", "http://a.test/", true),
            ("http://a.test/", "https://a.test/", false),
            ("http://a.test/", "http://a.test:8080/", false),
            ("http://a.test/", "http://b.a.test/", false),
            ("https://a.test/", "https://a.test:443/", true),
            ("http://127.0.0.1/", "http://localhost/", false),
            ("http://[::1]/", "http://[0:0::1]/", true),
        ] {
            let [one, other] = [one, other].map(|url| Url::parse(url).unwrap());
            assert_eq!(same_origin(&one, &other), same, "{one} {other}");
        }
    }

    #[test]
    fn what_requests_carry_has_neither_fragment_nor_credentials() {
        let url = Url::parse("http://me:secret@quay.test/a?b#c").unwrap();
        assert_eq!(to_uri(&url).unwrap(), "http://quay.test/a?b");
    }

    proptest! {
        #[test]
        fn any_location_leads_to_a_sendable_url_or_is_an_error(location in "[ -~\u{80}-\u{ff}]{0,60}") {
            if let Ok(Some(to)) = led("http://quay.test/a/b", &location) {
                let to = Url::parse(&to).unwrap();
                prop_assert!(matches!(to.scheme(), "http" | "https"));
                prop_assert!(to.has_host());
                prop_assert!(to_uri(&to).is_ok(), "{to}");
            }
        }
    }
}
