//! Extractors: handler arguments made from the request.
//!
//! An extractor made from the head implements [`FromRequestParts`]; one that reads the body implements [`FromRequest`]
//! and can only be the last argument. Each names what it [`Needs`], so that an app that cannot provide it does not
//! start; an extractor built of others asks them.
//!
//! | from | extractor |
//! |---|---|
//! | the path | [`Path`], [`MatchedRoute`], [`Urls`] |
//! | the query | [`Query`], [`QueryPairs`], [`RawQuery`] |
//! | the URL as a whole | [`Target`], [`Host`], [`Uri`] |
//! | the header fields | [`Header`], [`Conditional`], `Cookies` (feature `cookies`), [`HeaderMap`] |
//! | the body, as the last argument | `Json` (feature `json`), `Form` (feature `form`), `Multipart` and `MultipartForm` (feature `multipart`), [`String`], [`Bytes`](bytes::Bytes), [`Body`], [`Request`] |
//! | the client | [`PeerAddr`], [`Peer`], [`PeerCertificate`](wharf_http::connection::PeerCertificate) |
//! | the connection | [`Connection`] |
//! | the app | [`State`] |
//! | the visitor | `session::Session` (feature `sessions`) |
//! | middleware | [`Extension`], [`Principal`], [`CspNonce`], [`Extensions`] |
//! | all that travels with the request | [`Context`], [`RequestId`] |
//! | the rest of the head | [`Method`], [`Version`], [`Parts`] |
//!
//! `Option<T>` is `None` where the request has nothing of the kind, and a rejection where it has but malformed;
//! `Result<T, T::Rejection>` leaves the rejection to the handler.

mod body;
mod conditional;
#[cfg(feature = "cookies")]
mod cookies;
mod csp_nonce;
#[cfg(feature = "form")]
mod form;
mod header;
#[cfg(feature = "json")]
#[cfg_attr(docsrs, doc(cfg(feature = "json")))]
pub mod json;
mod matched;
#[cfg(feature = "multipart")]
mod multipart;
mod needs;
mod path;
mod peer;
pub(crate) mod principal;
mod query;
mod scope;
mod state;
mod target;
mod text;

pub use conditional::Conditional;
#[cfg(feature = "cookies")]
#[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
pub use cookies::Cookies;
pub use csp_nonce::CspNonce;
#[cfg(feature = "form")]
#[cfg_attr(docsrs, doc(cfg(feature = "form")))]
pub use form::Form;
pub use header::Header;
pub use matched::MatchedRoute;
#[cfg(feature = "multipart")]
#[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
pub use multipart::{FormConfig, Multipart, MultipartForm, Upload};
pub use needs::{Need, Needs, TypeKey};
pub use path::Path;
pub use peer::PeerAddr;
pub use principal::Principal;
pub use query::{Query, QueryPairs, RawQuery};
pub use scope::Scope;
pub(crate) use scope::Unrouted;
pub use state::{Extension, State};
pub use target::{Host, Target};

use std::convert::Infallible;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Uri, Version};
use wharf_http::context::RequestId;
use wharf_http::{Body, Connection, Context, Peer, Request};

use crate::name::Urls;
use crate::response::IntoResponse;

/// A handler argument made from the request head: method, URI, header fields, extensions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler argument here",
    label = "arguments are extractors, by value: shared values `State<T>`, path parameters `Path<T>`; what reads the body goes last",
    note = "only the last argument may read the body; those before it are made from the head (`FromRequestParts`)",
    note = "a value that a middleware set is taken as `Extension<T>`; a type of your own can implement `FromRequestParts` or `FromRequest`"
)]
pub trait FromRequestParts: Sized {
    /// What is sent when extraction fails; the handler is then not called.
    type Rejection: IntoResponse;

    /// Makes `Self` from the head of one request, or the rejection to answer with.
    ///
    /// `scope` is what the app knows of the request: state, matched route, parameters, peer.
    fn from_request_parts(
        parts: &mut Parts,
        scope: &Scope,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;

    /// Names what extraction will look up, so that the app can refuse to start without it.
    fn needs(_needs: &mut Needs) {}
}

/// The last handler argument, which may read the body.
///
/// `M` is [`ViaBody`] for types that do and [`ViaParts`] for those that only read the head; it is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler argument",
    label = "what is inside does not fit: `Json<T>` and `Form<T>` need `T: Deserialize`, `Option<T>` an extractor that can be absent",
    note = "handler arguments are extractors: `Path`, `Query`, `Json`, `State`, `String`, `Bytes`, `Request`, ...",
    note = "a type of your own implements `FromRequestParts` (head) or `FromRequest` (body), and for `Option` `OptionalFromRequestParts`"
)]
pub trait FromRequest<M = ViaBody>: Sized {
    /// What is sent when extraction fails; the handler is then not called.
    type Rejection: IntoResponse;

    /// Makes `Self` from one request, or the rejection to answer with.
    fn from_request(
        request: Request,
        scope: &Scope,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;

    /// Makes `Self` from a request in pieces. What is made of the head alone leaves them where they are: a request is
    /// large to move.
    #[doc(hidden)]
    fn from_pieces(
        head: &mut Option<Parts>,
        body: &mut Body,
        scope: &Scope,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        let request = match head.take() {
            Some(head) => Request::from_parts(head, std::mem::take(body)),
            None => Request::default(),
        };
        Self::from_request(request, scope)
    }

    /// Names what extraction will look up, so that the app can refuse to start without it.
    fn needs(_needs: &mut Needs) {}
}

/// Returns the head of a request in pieces; that of a default one where it was taken.
fn head_of(pieces: &mut Option<Parts>) -> &mut Parts {
    pieces.get_or_insert_with(|| Request::default().into_parts().0)
}

/// Marks a last argument that reads the body.
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaBody {}

/// Marks a last argument that is made from the head.
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaParts {}

impl<T: FromRequestParts> FromRequest<ViaParts> for T {
    type Rejection = T::Rejection;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, T::Rejection> {
        let (mut parts, _body) = request.into_parts();
        T::from_request_parts(&mut parts, scope).await
    }

    fn from_pieces(
        head: &mut Option<Parts>,
        _body: &mut Body,
        scope: &Scope,
    ) -> impl Future<Output = Result<Self, T::Rejection>> + Send {
        T::from_request_parts(head_of(head), scope)
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}

/// An extractor of which a request may have nothing, so that `Option<T>` can be a handler argument.
///
/// `None` means absent. What is there but malformed is still a rejection.
pub trait OptionalFromRequestParts: Sized {
    /// What is sent when extraction fails; the handler is then not called.
    type Rejection: IntoResponse;

    /// Makes `Self` when the request has what it is made of.
    fn from_request_parts_optional(
        parts: &mut Parts,
        scope: &Scope,
    ) -> impl Future<Output = Result<Option<Self>, Self::Rejection>> + Send;

    /// Names what extraction will look up, so that the app can refuse to start without it.
    fn needs_optional(_needs: &mut Needs) {}
}

/// Like [`OptionalFromRequestParts`], for a last argument that reads the body.
pub trait OptionalFromRequest: Sized {
    /// What is sent when extraction fails; the handler is then not called.
    type Rejection: IntoResponse;

    /// Makes `Self` when the request has what it is made of.
    fn from_request_optional(
        request: Request,
        scope: &Scope,
    ) -> impl Future<Output = Result<Option<Self>, Self::Rejection>> + Send;
}

impl<T: OptionalFromRequestParts> FromRequestParts for Option<T> {
    type Rejection = T::Rejection;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, T::Rejection> {
        T::from_request_parts_optional(parts, scope).await
    }

    fn needs(needs: &mut Needs) {
        T::needs_optional(needs);
    }
}

impl<T: OptionalFromRequest> FromRequest for Option<T> {
    type Rejection = T::Rejection;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, T::Rejection> {
        T::from_request_optional(request, scope).await
    }
}

impl<T: FromRequestParts> FromRequestParts for Result<T, T::Rejection> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, Infallible> {
        Ok(T::from_request_parts(parts, scope).await)
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}

impl<T: FromRequest> FromRequest for Result<T, T::Rejection> {
    type Rejection = Infallible;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, Infallible> {
        Ok(T::from_request(request, scope).await)
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}

/// Extractors that clone a part of the head.
macro_rules! from_head {
    ($($type:ty: $parts:ident, $scope:ident => $value:expr;)*) => {
        $(
            impl FromRequestParts for $type {
                type Rejection = Infallible;

                async fn from_request_parts($parts: &mut Parts, $scope: &Scope) -> Result<Self, Infallible> {
                    Ok($value)
                }
            }
        )*
    };
}

from_head! {
    Method: parts, _scope => parts.method.clone();
    Uri: parts, _scope => parts.uri.clone();
    Version: parts, _scope => parts.version;
    HeaderMap: parts, _scope => parts.headers.clone();
    Extensions: parts, _scope => parts.extensions.clone();
    Parts: parts, _scope => parts.clone();
    Context: _parts, scope => scope.context().clone();
    Connection: _parts, scope => scope.context().connection().clone();
    Peer: _parts, scope => scope.context().peer().clone();
    RequestId: _parts, scope => scope.context().request_id();
    Urls: _parts, scope => scope.urls().clone();
}

impl FromRequest for Request {
    type Rejection = Infallible;

    async fn from_request(request: Request, _scope: &Scope) -> Result<Self, Infallible> {
        Ok(request)
    }
}

impl FromRequest for Body {
    type Rejection = Infallible;

    async fn from_request(request: Request, _scope: &Scope) -> Result<Self, Infallible> {
        Ok(request.into_body())
    }

    async fn from_pieces(
        _head: &mut Option<Parts>,
        body: &mut Body,
        _scope: &Scope,
    ) -> Result<Self, Infallible> {
        Ok(std::mem::take(body))
    }
}

#[cfg(test)]
mod tests;
