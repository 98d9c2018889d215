//! Middleware of an application: `async fn(Request, Next) -> impl IntoResponse`, with extractors before the request.
//!
//! Middleware is wrapped around an app, a mounted app, or a route; the first written is the outermost, and it applies
//! to all routes whether they were written before or after it. Answers that no route gives, such as 404 and 405, pass
//! through it too.
//!
//! Ready-made: [`AllowedHosts`], [`BasicAuth`], [`BearerAuth`], [`BodyLimit`], [`CacheHeaders`], [`ConcurrencyLimit`], [`Cors`],
//! [`Csrf`], [`DynamicEtag`], [`NormalizePath`], [`RequestId`], [`Require`], [`SecurityHeaders`], [`SensitiveHeaders`], [`Timeout`]; with
//! the features of the codings `Compress` and `Decompress`, with `rate-limit` `RateLimit`; [`when`] for some requests only.

mod allowed_hosts;
mod auth;
mod body_limit;
mod cache_headers;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
mod compress;
mod concurrency_limit;
mod cors;
mod csrf;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
mod decompress;
mod dynamic_etag;
mod from_fn;
mod into;
mod layer;
mod normalize_path;
#[cfg(feature = "rate-limit")]
mod rate_limit;
mod request_id;
mod require;
mod retry_after;
mod security_headers;
mod sensitive_headers;
mod timeout;
mod when;

pub use allowed_hosts::AllowedHosts;
pub use auth::{BasicAuth, BearerAuth, ListedUser, Verdict, Verify};
pub use body_limit::BodyLimit;
pub use cache_headers::CacheHeaders;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "brotli", feature = "gzip", feature = "zstd")))
)]
pub use compress::{Compress, NeverCompress};
pub use concurrency_limit::{ConcurrencyLimit, Occupancy};
pub use cors::Cors;
pub use csrf::Csrf;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "brotli", feature = "gzip", feature = "zstd")))
)]
pub use decompress::Decompress;
pub use dynamic_etag::DynamicEtag;
pub use from_fn::{FromFn, HeadArgs, MiddlewareFn, from_fn};
pub use into::{IntoMiddleware, ViaFunction, ViaLayer, ViaOption, ViaSettings, ViaType};
pub use layer::Layer;
pub use normalize_path::NormalizePath;
#[cfg(feature = "rate-limit")]
#[cfg_attr(docsrs, doc(cfg(feature = "rate-limit")))]
pub use rate_limit::RateLimit;
pub use request_id::RequestId;
pub use require::{Permissions, Require};
pub use security_headers::SecurityHeaders;
pub use sensitive_headers::SensitiveHeaders;
pub use timeout::Timeout;
pub use when::when;

use wharf_http::{Response, Side};

use crate::extract::Scope;

/// The server's side of a connection: a call gives a response, whatever happens.
#[derive(Debug)]
#[non_exhaustive]
pub enum Served {}

impl Side for Served {
    type Output = Response;
    type Scope = Scope;
}

/// The rest of the middleware, and the handler.
pub type Next = wharf_http::Next<Served>;
