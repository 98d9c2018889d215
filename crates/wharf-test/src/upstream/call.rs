//! [`Call`]: a request that a mock server has got.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};
use serde::de::DeserializeOwned;
use wharf_client::Url;

use crate::fail;

/// A request that a [`MockServer`](crate::MockServer) has got, with its whole body. Cheap to clone.
#[derive(Clone)]
pub struct Call {
    request: Arc<Request>,
    parameters: Arc<[(String, String)]>,
}

struct Request {
    parts: Parts,
    body: Bytes,
}

impl Call {
    pub(super) fn new(parts: Parts, body: Bytes) -> Self {
        Self {
            request: Arc::new(Request { parts, body }),
            parameters: Arc::default(),
        }
    }

    /// Adds what the path has at the places of the pattern's parameters.
    pub(super) fn with_parameters(self, parameters: Vec<(String, String)>) -> Self {
        Self {
            request: self.request,
            parameters: parameters.into(),
        }
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.request.parts.method
    }

    /// Returns the target: path and query.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.request.parts.uri
    }

    /// Returns the path as it was sent, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri().path()
    }

    /// Returns the host that the request was meant for, with its port unless that is the default one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.header(HOST.as_str()).unwrap_or_default()
    }

    /// Returns the version of HTTP.
    #[must_use]
    pub fn version(&self) -> Version {
        self.request.parts.version
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.request.parts.headers
    }

    /// Returns the first value of a header field; `None` when there is none, or it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// Returns what the path has in place of a parameter of the pattern that matched, percent-decoded.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let (_, value) = parameters.find(|(other, _)| other == name)?;
        Some(value)
    }

    /// Returns the first value of a name in the query, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.query_pairs().into_iter();
        pairs
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    /// Returns the pairs of the query in order, decoded.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(self.uri())
    }

    /// Returns the body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.request.body
    }

    /// Returns the body as text.
    ///
    /// # Panics
    ///
    /// Panics when it is not UTF-8.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes()) {
            Ok(text) => text,
            Err(error) => fail(&format!("the body of `{self}` is no text: {error}")),
        }
    }

    /// Decodes the body as JSON.
    ///
    /// # Panics
    ///
    /// Panics when it is not JSON, or does not fit `T`.
    #[track_caller]
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(self.bytes()) {
            Ok(value) => value,
            Err(error) => fail(&format!(
                "the body of `{self}` is not the expected JSON: {error}"
            )),
        }
    }
}

/// Decodes the pairs of a query.
pub(super) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let query = uri.query().unwrap_or_default();
    // The crate that knows how is reached through a whole URL only.
    let url = Url::parse(&format!("http://mock/?{query}"));
    let pairs = url.iter().flat_map(|url| url.query_pairs());
    pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

impl fmt::Display for Call {
    /// Prints method, host and target, such as `GET quay.test/ships?page=2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = self.uri().path_and_query();
        let target = target.map_or("", |target| target.as_str());
        write!(f, "{} {}{target}", self.method(), self.host())
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", self.method())
            .field("uri", self.uri())
            .field("headers", self.headers())
            .field("body", self.bytes())
            .finish_non_exhaustive()
    }
}
