//! [`HttpError`]: a failure that is a response.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use wharf_http::body::{self, ErrorKind as BodyErrorKind};
use wharf_http::service::{Refusal, Rejected};
use wharf_http::{BoxError, ErrorChain, Response};

use crate::response::IntoResponse;

/// A failure that is a response: status, a detail for the client, header fields, and a cause for the log.
///
/// Handlers, extractors and middleware return it. The detail is sent; the cause is logged and never sent. What the
/// answer looks like is decided in one place, the `on_error` hook of the app. A 401 that has no `WWW-Authenticate` is sent with
/// that of the scheme `Session`, of our own, since it must have one (RFC 9110 §11.6.1).
///
/// Every other error becomes one through `?`, with status 500, unless it was caused by a body that could not be read:
/// then the status is that of the body's error (413, 408 or 400).
///
/// # Examples
///
/// ```
/// use http::StatusCode;
/// use wharf_core::HttpError;
///
/// fn parse(text: &str) -> Result<u8, HttpError> {
///     let number = text.parse()?; // any error: logged, answered 500
///     if number > 100 {
///         return Err(HttpError::bad_request("a percentage is at most 100"));
///     }
///     Ok(number)
/// }
/// assert_eq!(parse("101").unwrap_err().status(), StatusCode::BAD_REQUEST);
/// assert_eq!(parse("x").unwrap_err().status(), StatusCode::INTERNAL_SERVER_ERROR);
/// ```
// It must not implement `std::error::Error`, or the blanket `From` below would overlap with the reflexive one.
pub struct HttpError {
    inner: Box<Inner>,
}

struct Inner {
    status: StatusCode,
    kind: ErrorKind,
    detail: Option<Cow<'static, str>>,
    headers: HeaderMap,
    source: Option<BoxError>,
}

/// Where an [`HttpError`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A handler or a middleware returned it.
    Returned,
    /// An extractor could not make its value of the request.
    Extraction,
    /// No route has the path.
    NoRoute,
    /// A route has the path, but not for this method.
    NoMethod,
    /// The body, or a part of it, is over its limit.
    TooLarge,
    /// The handler did not answer in time, or the client sent too slowly.
    Timeout,
    /// The handler or a middleware panicked.
    Panic,
    /// The request breaks a rule of HTTP.
    Refused,
    /// The bytes never became a request.
    Malformed,
}

impl HttpError {
    /// Creates an error with a status and nothing else.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            inner: Box::new(Inner {
                status,
                kind: ErrorKind::Returned,
                detail: None,
                headers: HeaderMap::new(),
                source: None,
            }),
        }
    }

    /// Creates a 405 that lists the methods the resource has (RFC 9110 §15.5.6).
    #[must_use]
    pub fn method_not_allowed(allow: impl IntoIterator<Item = Method>) -> Self {
        let mut methods: Vec<Method> = allow.into_iter().collect();
        methods.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        methods.dedup();
        let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let error = Self::new(StatusCode::METHOD_NOT_ALLOWED);
        // Methods are tokens, so that their list is always a valid value.
        match HeaderValue::try_from(methods.join(", ")) {
            Ok(allow) => error.header(header::ALLOW, allow),
            Err(_) => error,
        }
    }

    /// Creates a 413 that names the limit in bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE)
            .detail(format!(
                "the body is larger than the limit of {limit} bytes"
            ))
            .kind(ErrorKind::TooLarge)
    }

    /// Creates a 451, with a link to whoever demands the block where it may be told (RFC 7725 §4).
    ///
    /// A link that is no valid field value is left out.
    #[must_use]
    pub fn unavailable_for_legal_reasons(blocked_by: Option<&str>) -> Self {
        let error = Self::new(StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS);
        let link = blocked_by
            .and_then(|link| HeaderValue::from_str(&format!("<{link}>; rel=\"blocked-by\"")).ok());
        match link {
            Some(link) => error.header(header::LINK, link),
            None => error,
        }
    }

    /// Sets the text that tells the client what is wrong, one line without a full stop.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.inner.detail = Some(detail.into());
        self
    }

    /// Adds a header field to the answer; fields of the same name stay.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner.headers.append(name, value);
        self
    }

    /// Sets the cause, which is logged and never sent.
    #[must_use]
    pub fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Sets where the error comes from. For extractors and middleware.
    #[must_use]
    pub fn kind(mut self, kind: ErrorKind) -> Self {
        self.inner.kind = kind;
        self
    }

    /// Returns the status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status
    }

    /// Returns where the error comes from.
    #[must_use]
    pub fn origin(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the text that tells the client what is wrong.
    #[must_use]
    pub fn detail_text(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// Returns the header fields that belong to the answer, such as `Allow`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// Returns the cause.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner
            .source
            .as_ref()
            .map(|source| source.as_ref() as _)
    }

    /// Returns the cause and its causes, one text each; what the level above says already is left out.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            let said = causes.last().is_some_and(|above| above.ends_with(&text));
            if !said {
                causes.push(text);
            }
            cause = error.source();
        }
        causes
    }

    /// Makes the error of any other; as `From` does, which cannot be had for a boxed one.
    #[cfg(feature = "tower")]
    pub(crate) fn caused_by(error: BoxError) -> Self {
        match caused_by_body(error.as_ref()) {
            Some(known) => known.because(error),
            None => Self::new(StatusCode::INTERNAL_SERVER_ERROR).because(error),
        }
    }

    /// Takes over what became of the response that was made of this error.
    pub(crate) fn amend(&mut self, status: StatusCode, headers: HeaderMap) {
        self.inner.status = status;
        self.inner.headers = headers;
    }

    /// Makes the error of a request that breaks a rule of HTTP.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        Self::new(refusal.status())
            .detail(refusal.reason().to_owned())
            .kind(ErrorKind::Refused)
    }

    /// Makes the error of bytes that never became a request.
    pub(crate) fn rejected(rejected: &Rejected) -> Self {
        Self::new(rejected.status())
            .detail(rejected.reason().to_owned())
            .kind(ErrorKind::Malformed)
    }
}

/// One constructor per status, each with the detail for the client.
macro_rules! constructors {
    ($($name:ident $status:ident $section:literal;)*) => {
        impl HttpError {
            $(
                #[doc = concat!("Creates a `", stringify!($status), "` (", $section, ") with the detail for the client.")]
                #[must_use]
                pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                    Self::new(StatusCode::$status).detail(detail)
                }
            )*
        }
    };
}

constructors! {
    bad_request BAD_REQUEST "RFC 9110 §15.5.1";
    unauthorized UNAUTHORIZED "RFC 9110 §15.5.2";
    payment_required PAYMENT_REQUIRED "RFC 9110 §15.5.3";
    forbidden FORBIDDEN "RFC 9110 §15.5.4";
    not_found NOT_FOUND "RFC 9110 §15.5.5";
    not_acceptable NOT_ACCEPTABLE "RFC 9110 §15.5.7";
    proxy_authentication_required PROXY_AUTHENTICATION_REQUIRED "RFC 9110 §15.5.8";
    request_timeout REQUEST_TIMEOUT "RFC 9110 §15.5.9";
    conflict CONFLICT "RFC 9110 §15.5.10";
    gone GONE "RFC 9110 §15.5.11";
    length_required LENGTH_REQUIRED "RFC 9110 §15.5.12";
    precondition_failed PRECONDITION_FAILED "RFC 9110 §15.5.13";
    uri_too_long URI_TOO_LONG "RFC 9110 §15.5.15";
    unsupported_media_type UNSUPPORTED_MEDIA_TYPE "RFC 9110 §15.5.16";
    range_not_satisfiable RANGE_NOT_SATISFIABLE "RFC 9110 §15.5.17";
    expectation_failed EXPECTATION_FAILED "RFC 9110 §15.5.18";
    misdirected_request MISDIRECTED_REQUEST "RFC 9110 §15.5.20";
    unprocessable UNPROCESSABLE_ENTITY "RFC 9110 §15.5.21";
    failed_dependency FAILED_DEPENDENCY "RFC 4918 §11.4";
    upgrade_required UPGRADE_REQUIRED "RFC 9110 §15.5.22";
    precondition_required PRECONDITION_REQUIRED "RFC 6585 §3";
    too_many_requests TOO_MANY_REQUESTS "RFC 6585 §4";
    header_fields_too_large REQUEST_HEADER_FIELDS_TOO_LARGE "RFC 6585 §5";
    internal INTERNAL_SERVER_ERROR "RFC 9110 §15.6.1";
    not_implemented NOT_IMPLEMENTED "RFC 9110 §15.6.2";
    bad_gateway BAD_GATEWAY "RFC 9110 §15.6.3";
    unavailable SERVICE_UNAVAILABLE "RFC 9110 §15.6.4";
    gateway_timeout GATEWAY_TIMEOUT "RFC 9110 §15.6.5";
    version_not_supported HTTP_VERSION_NOT_SUPPORTED "RFC 9110 §15.6.6";
    variant_also_negotiates VARIANT_ALSO_NEGOTIATES "RFC 2295 §8.1";
    insufficient_storage INSUFFICIENT_STORAGE "RFC 4918 §11.5";
    not_extended NOT_EXTENDED "RFC 2774 §7";
    network_authentication_required NETWORK_AUTHENTICATION_REQUIRED "RFC 6585 §6";
}

impl<E: StdError + Send + Sync + 'static> From<E> for HttpError {
    fn from(error: E) -> Self {
        match caused_by_body(&error) {
            Some(known) => known.because(error),
            None => Self::new(StatusCode::INTERNAL_SERVER_ERROR).because(error),
        }
    }
}

/// Finds a body that could not be read among the causes, so that `?` does not turn a 413 into a 500.
fn caused_by_body(error: &(dyn StdError + 'static)) -> Option<HttpError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        #[cfg(feature = "multipart")]
        if let Some(known) = of_multipart(error) {
            return Some(known);
        }
        if let Some(error) = error.downcast_ref::<body::Error>() {
            let known = match error.kind() {
                BodyErrorKind::TooLarge { limit } => HttpError::too_large(limit),
                BodyErrorKind::TooDense { .. } => HttpError::new(StatusCode::PAYLOAD_TOO_LARGE)
                    .detail(error.to_string())
                    .kind(ErrorKind::TooLarge),
                BodyErrorKind::TimedOut | BodyErrorKind::TooSlow => {
                    HttpError::request_timeout(error.to_string()).kind(ErrorKind::Timeout)
                }
                BodyErrorKind::Disconnected
                | BodyErrorKind::Malformed
                | BodyErrorKind::TooShort { .. } => HttpError::bad_request(error.to_string()),
                // Something around a body, which may have another body inside.
                _ => {
                    cause = error.source();
                    continue;
                }
            };
            return Some(known);
        }
        // One of input and output does not name what it wraps as its source.
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            cause = Some(inner);
            continue;
        }
        #[cfg(feature = "tower")]
        if error.is::<http_body_util::LengthLimitError>() {
            // A tower layer set the limit, and does not tell it.
            return Some(
                HttpError::new(StatusCode::PAYLOAD_TOO_LARGE)
                    .detail("the body is larger than the limit")
                    .kind(ErrorKind::TooLarge),
            );
        }
        cause = error.source();
    }
    None
}

/// Finds what is wrong with a multipart body in one error, or in that of a body which is made of a part.
#[cfg(feature = "multipart")]
fn of_multipart(error: &(dyn StdError + 'static)) -> Option<HttpError> {
    use wharf_http::multipart::{Error, ErrorKind as Kind};

    let inside = error
        .downcast_ref::<body::Error>()
        .and_then(StdError::source);
    let error = inside.unwrap_or(error).downcast_ref::<Error>()?;
    match error.kind() {
        // A mistake of the program; and an error of the body itself, which is the source.
        Kind::PassedOver | Kind::Body => None,
        _ if error.is_limit() => Some(
            HttpError::new(error.status())
                .detail(error.to_string())
                .kind(ErrorKind::TooLarge),
        ),
        _ => Some(HttpError::new(error.status()).detail(format!("{error:#}"))),
    }
}

impl IntoResponse for HttpError {
    /// Makes a response without a body, which the app fills in before anybody outside the handler sees it.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.inner.status;
        response.headers_mut().extend(self.inner.headers.clone());
        response.extensions_mut().insert(Unrendered(Arc::new(self)));
        response
    }
}

/// Marks a response as an error that still has to be given its looks.
#[derive(Clone)]
pub(crate) struct Unrendered(pub(crate) Arc<HttpError>);

impl fmt::Display for HttpError {
    /// Prints status and detail; `{:#}` adds the chain of causes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner.status)?;
        if let Some(detail) = &self.inner.detail {
            write!(f, ": {detail}")?;
        }
        if f.alternate()
            && let Some(source) = &self.inner.source
        {
            write!(f, ": {}", ErrorChain::new(source.as_ref()))?;
        }
        Ok(())
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpError({self:#})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(body::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("could not take the upload")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn an_error_caused_by_a_body_keeps_the_status_of_the_body() {
        let outer = |kind| HttpError::from(Outer(body::Error::new(kind)));
        let error = outer(BodyErrorKind::TooLarge { limit: 7 });
        assert_eq!(
            error.to_string(),
            "413 Payload Too Large: the body is larger than the limit of 7 bytes"
        );
        assert_eq!(
            outer(BodyErrorKind::TooDense { limit: 9 }).to_string(),
            "413 Payload Too Large: the body decodes to more than 9 times its size"
        );
        assert_eq!(
            outer(BodyErrorKind::TimedOut).status(),
            StatusCode::REQUEST_TIMEOUT
        );
        assert_eq!(
            outer(BodyErrorKind::Malformed).status(),
            StatusCode::BAD_REQUEST
        );
        assert_eq!(
            outer(BodyErrorKind::Other).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }

    #[test]
    fn the_cause_is_kept_for_the_log_and_out_of_the_detail() {
        let error = HttpError::from(io::Error::other("password=hunter2"));
        assert_eq!(error.detail_text(), None);
        assert_eq!(
            format!("{error:#}"),
            "500 Internal Server Error: password=hunter2"
        );
        assert_eq!(error.to_string(), "500 Internal Server Error");
    }

    #[test]
    fn the_allowed_methods_are_sorted() {
        let error = HttpError::method_not_allowed([Method::POST, Method::GET, Method::POST]);
        assert_eq!(error.headers()[header::ALLOW], "GET, POST");
    }
}
