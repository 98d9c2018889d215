//! Building a request.

#[cfg(any(feature = "fs", feature = "sse"))]
mod again;
mod body;
mod draft;
mod options;

use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use wharf_http::header::{BadHeader, Basic, Bearer, TypedHeader};
use wharf_http::{BoxError, Request};

use crate::client::{Place, Settings};
use crate::send::Outgoing;
use crate::{Client, Error, ErrorKind, Response};

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
    /// Boxed, so that a builder is cheap to move.
    draft: Result<Box<Outgoing>, Error>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, place: Result<Place, Error>) -> Self {
        let draft = place.map(|place| {
            let settings = Arc::clone(&client.inner.settings);
            Box::new(Outgoing::new(method, place, settings))
        });
        Self { client, draft }.change(Outgoing::read_url)
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
            draft.request.headers_mut().append(name, value);
            Ok(())
        })
    }

    /// Sets several header fields, in place of those of the same names.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.change(|draft| {
            let present = draft.request.headers_mut();
            for name in headers.keys() {
                present.remove(name);
            }
            present.extend(headers);
            Ok(())
        })
    }

    /// Leaves out a field that is sent by itself: `accept`, `accept-encoding` or `user-agent`. What the protocol needs, such as
    /// `host`, is sent all the same.
    pub fn omit(self, name: HeaderName) -> Self {
        self.set(|settings| settings.omitted.push(name))
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
                draft.request.headers_mut().insert(AUTHORIZATION, value);
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

    /// Puts a value beside the request, for middleware and observers ([`Call::get`](crate::trace::Call::get)).
    pub fn extension<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.change(|draft| {
            draft.request.extensions_mut().insert(value);
            Ok(())
        })
    }

    /// Changes a setting, for this request only.
    pub(super) fn set(self, set: impl FnOnce(&mut Settings)) -> Self {
        self.change(|draft| {
            set(Arc::make_mut(&mut draft.settings));
            Ok(())
        })
    }

    fn change(mut self, change: impl FnOnce(&mut Outgoing) -> Result<(), Error>) -> Self {
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
        let mut draft = self.draft?;
        draft.finish()?;
        Ok(draft.request)
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
        let mut draft = self.draft?;
        draft.finish()?;
        self.client.send_outgoing(draft).await
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
                .field("method", draft.request.method())
                .field("host", &draft.url.host_str()),
            Err(error) => debug.field("error", error),
        };
        debug.finish_non_exhaustive()
    }
}
