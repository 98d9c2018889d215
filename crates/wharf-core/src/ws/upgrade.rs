use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;
use wharf_http::ws::handshake::{Offer, Refusal, is_upgrade};
use wharf_http::ws::{WebSocket, WebSocketConfig};
use wharf_http::{BoxError, Context, Response};

use super::guard::Guard;
use super::origin::Origins;
use super::tunnel::{self, Accepted};
use crate::error::{ErrorKind, HttpError};
use crate::extract::{FromRequestParts, OptionalFromRequestParts, Scope};
use crate::response::IntoResponse;

/// A request for a WebSocket: a handler argument, and the way to answer with one.
///
/// The handler looks at what it likes, refuses by returning an error, or accepts with [`on_upgrade`](Self::on_upgrade). What
/// asks for no WebSocket is answered 426, and what does so wrongly 400, both with the reason; `Option<WebSocketUpgrade>` is
/// `None` for a request that does not ask for one.
///
/// Only pages of the same origin may open one, unless [`origins`](Self::origins) lists others: browsers send cookies to a
/// WebSocket whatever page opens it. Who names no origin is no browser, and may.
///
/// # After the upgrade
///
/// What is done with the [`WebSocket`] runs in a task of its own. Neither the limits of the server apply to it nor those of the
/// route, only those of [`WebSocketConfig`]: the size of messages, the heartbeat, and how long the peer may accept nothing, so
/// that one which is gone or reads nothing does not keep its task. A send waits for the peer, and a slow one so holds up its
/// own task only; see [`rooms`](crate::rooms) for messages that come from others.
///
/// When the task returns, its WebSocket is closed with code 1000, and with 1011 when it returns an error, which is logged
/// unless the peer is to blame, or panics. When the server shuts down, the WebSocket is closed with code 1001: `recv` returns
/// `None`, and the task has until the deadline of the shutdown to end.
///
/// # Examples
///
/// ```
/// use wharf_core::ws::{WebSocket, WebSocketUpgrade};
/// use wharf_core::{App, IntoResponse, get};
/// use wharf_http::BoxError;
///
/// async fn echo(ws: WebSocketUpgrade) -> impl IntoResponse {
///     ws.on_upgrade(async |mut socket| {
///         while let Some(message) = socket.recv().await? {
///             socket.send(message).await?;
///         }
///         Ok::<_, BoxError>(())
///     })
/// }
///
/// let app = App::new().routes([get("/echo", echo)]);
/// assert!(app.check().is_ok());
/// ```
#[must_use = "a request for a WebSocket is answered with `on_upgrade`"]
pub struct WebSocketUpgrade {
    offer: Offer,
    upgrade: OnUpgrade,
    headers: HeaderMap,
    context: Context,
    config: WebSocketConfig,
    protocols: Vec<Cow<'static, str>>,
    origins: Origins,
}

impl WebSocketUpgrade {
    /// Sets the limits and settings of the WebSocket. Default: those of [`WebSocketConfig::new`].
    pub fn config(mut self, config: WebSocketConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets the subprotocols that are spoken here; the first that the client names among them is agreed on.
    ///
    /// With none in common the WebSocket has none (RFC 6455 §4.2.2), and browsers that have asked for one close it.
    ///
    /// Default: none.
    pub fn protocols<P>(mut self, protocols: impl IntoIterator<Item = P>) -> Self
    where
        P: Into<Cow<'static, str>>,
    {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Allows pages of these origins, such as `https://app.example`, beside those of the same origin.
    ///
    /// Default: pages of the host that the request is for.
    pub fn origins<O>(mut self, origins: impl IntoIterator<Item = O>) -> Self
    where
        O: Into<String>,
    {
        self.origins = Origins::Listed(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Allows pages of any origin. Whoever relies on cookies then acts for every page that a visitor opens (RFC 6455 §10.2).
    pub fn dangerous_any_origin(mut self) -> Self {
        self.origins = Origins::Any;
        self
    }

    /// Returns the subprotocols that the client names, those it likes best first.
    pub fn offered_protocols(&self) -> impl Iterator<Item = &str> {
        self.offer.protocols()
    }

    /// Returns the header fields of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Accepts: makes the answer, and has `serve` run with the WebSocket once that is sent.
    ///
    /// A page of another origin is refused with 403, and `serve` does not run.
    pub fn on_upgrade<F, Fut>(self, serve: F) -> Response
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output: SocketResult> + Send + 'static,
    {
        if let Err(why) = self.origins.allow(&self.headers, self.context.scheme()) {
            return HttpError::forbidden(why).into_response();
        }
        let protocol = self.offer.choose(&self.protocols);
        let acceptance = self.offer.accept(&self.config, protocol);
        let (status, fields, negotiated) = acceptance.into_parts();
        let guard = Guard::new(&self.context, self.config, negotiated);
        // Counted from here on: a shutdown between the answer and its last byte waits for it.
        drop(guard.spawn(self.upgrade, serve));
        let mut response = Response::default();
        *response.status_mut() = status;
        *response.headers_mut() = fields;
        response.extensions_mut().insert(Accepted);
        response
    }
}

/// What a task with a WebSocket may return: nothing, or a result whose error is any.
#[diagnostic::on_unimplemented(
    message = "a WebSocket cannot end with `{Self}`",
    label = "return nothing, or a `Result<(), E>` of any error"
)]
pub trait SocketResult {
    /// Makes a result of it.
    ///
    /// # Errors
    ///
    /// The error that the WebSocket ended with.
    fn into_result(self) -> Result<(), BoxError>;
}

impl SocketResult for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> SocketResult for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

impl FromRequestParts for WebSocketUpgrade {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        let offer = read(parts).map_err(|refusal| {
            let mut error = HttpError::new(refusal.status())
                .detail(refusal.to_string())
                .kind(ErrorKind::Extraction);
            for (name, value) in &refusal.headers() {
                error = error.header(name.clone(), value.clone());
            }
            error
        })?;
        let upgrade = parts.extensions.remove().ok_or_else(|| {
            let why = "the server that the app runs in hands over no connections";
            HttpError::internal("the app is misconfigured").because(why)
        })?;
        Ok(Self {
            offer,
            upgrade,
            headers: parts.headers.clone(),
            context: scope.context().clone(),
            config: WebSocketConfig::new(),
            protocols: Vec::new(),
            origins: Origins::default(),
        })
    }
}

fn read(parts: &Parts) -> Result<Offer, Refusal> {
    match tunnel::is_websocket(&parts.extensions) {
        true => Offer::connect("websocket", &parts.headers),
        false => Offer::upgrade(&parts.method, parts.version, &parts.headers),
    }
}

impl OptionalFromRequestParts for WebSocketUpgrade {
    type Rejection = HttpError;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let is_asked =
            tunnel::is_websocket(&parts.extensions) || is_upgrade(&parts.method, &parts.headers);
        match is_asked {
            true => Self::from_request_parts(parts, scope).await.map(Some),
            false => Ok(None),
        }
    }
}

impl fmt::Debug for WebSocketUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("protocols", &self.protocols)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}
