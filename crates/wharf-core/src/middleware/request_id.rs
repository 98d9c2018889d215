//! [`RequestId`]: the id of a request in its answer.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use wharf_http::connection::Peer;
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};

/// How long an id may be that a peer gives.
const MAX_LENGTH: usize = 128;

/// Tells whether a peer may give ids.
type Trusted = dyn Fn(&Peer) -> bool + Send + Sync;

/// Tells the client the id of its request, so that both ends can speak of it.
///
/// Wrapped around an app, a mounted app or a route. The id is that of the [`Context`](wharf_http::Context), which logs and
/// errors name, and every answer has it. The request has it in the same field, for handlers that send it on.
///
/// An id that came with the request is replaced, or anybody could write into the logs of those behind. That of a peer that
/// is [accepted](Self::accept_from), such as the gateway in front, stays, and is what the answer says; one line of the
/// log, of level `debug`, names both.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::RequestId;
/// use wharf_core::{App, get};
///
/// let ids = RequestId::new().accept_from(|peer| {
///     peer.socket_addr().is_some_and(|address| address.ip().is_loopback())
/// });
/// let app = App::new().wrap(ids).routes([get("/", async || "index")]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = app.start().await.unwrap().handle(Default::default()).await;
/// assert_eq!(answer.headers()["x-request-id"].len(), 32);
/// # });
/// ```
#[derive(Clone)]
pub struct RequestId {
    name: HeaderName,
    accepts: Option<Arc<Trusted>>,
}

impl RequestId {
    /// Creates the middleware; it accepts no ids.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: HeaderName::from_static("x-request-id"),
            accepts: None,
        }
    }

    /// Sets the name of the field, in requests and answers.
    ///
    /// Default: `x-request-id`.
    #[must_use]
    pub fn name(mut self, name: HeaderName) -> Self {
        self.name = name;
        self
    }

    /// Accepts the ids of peers that `trusted` says yes to. It is asked about the other end of the connection, not about
    /// the client that a proxy names.
    ///
    /// An id has at most 128 letters, digits and `-._~:/+=@`; all else is replaced.
    #[must_use]
    pub fn accept_from(mut self, trusted: impl Fn(&Peer) -> bool + Send + Sync + 'static) -> Self {
        self.accepts = Some(Arc::new(trusted));
        self
    }

    /// Returns the id that came with a request, if it may be used.
    fn given(&self, request: &Request, next: &Next) -> Option<HeaderValue> {
        let accepts = self.accepts.as_ref()?;
        let mut lines = request.headers().get_all(&self.name).iter();
        let id = lines.next().filter(|id| is_harmless(id.as_bytes()))?;
        let connection = next.scope().context().connection();
        // With the PROXY protocol it is the proxy that holds the connection.
        let peer = connection.proxy().unwrap_or_else(|| connection.peer());
        (lines.next().is_none() && accepts(peer)).then(|| id.clone())
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for RequestId {
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        let own = next.scope().context().request_id();
        let id = match self.given(&request, &next) {
            Some(given) => {
                tracing::debug!(request_id = %own, given = ?given, "a request came with an id");
                Some(given)
            }
            None => HeaderValue::from_bytes(&own.digits()).ok(),
        };
        let Some(id) = id else {
            return next.run(request).await;
        };
        request.headers_mut().insert(&self.name, id.clone());
        let mut response = next.run(request).await;
        response.headers_mut().insert(&self.name, id);
        response
    }
}

/// Tells whether an id can stand in any log.
fn is_harmless(id: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/+=@".contains(byte);
    !id.is_empty() && id.len() <= MAX_LENGTH && id.iter().all(known)
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestId")
            .field("name", &self.name)
            .field("accepts", &self.accepts.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use wharf_http::connection::Local;
    use wharf_http::{Body, Connection, Context, Service};

    use super::*;
    use crate::{App, get};

    /// The id in the answer, the one that the handler saw, and the one of the context.
    async fn ask(ids: RequestId, path: &str, given: &[&str]) -> (String, String, String) {
        let name = ids.name.clone();
        let seen = name.clone();
        let handler = move |headers: HeaderMap| {
            let id = headers[&seen].to_str().unwrap().to_owned();
            async move { id }
        };
        let app = App::new().wrap(ids).routes([get("/", handler)]);
        let mut request = http::Request::get(path);
        for id in given {
            request = request.header(&name, *id);
        }
        let gateway = Peer::Tcp("10.0.0.1:4711".parse().unwrap());
        let context = Context::new(Connection::new(gateway, Local::Memory));
        let client = Peer::Tcp("192.0.2.7:0".parse().unwrap());
        context.set_client(client, http::uri::Scheme::HTTPS);
        let running = app.start().await.unwrap();
        let request = request.body(Body::empty()).unwrap();
        let mut answer = running.call(request, &context).await;
        let body = answer.body_mut().bytes(None).await.unwrap();
        (
            answer.headers()[&name].to_str().unwrap().to_owned(),
            String::from_utf8(body.to_vec()).unwrap(),
            context.request_id().to_string(),
        )
    }

    #[tokio::test]
    async fn handler_and_client_see_the_id_of_the_context() {
        for given in [&[][..], &["theirs"]] {
            let (answer, handler, own) = ask(RequestId::new(), "/", given).await;
            assert_eq!((&answer, &handler), (&own, &own));
        }
        let (answer, _, own) = ask(RequestId::new(), "/nothing", &[]).await;
        assert_eq!(answer, own);
        let named = RequestId::new().name(HeaderName::from_static("x-correlation-id"));
        let (answer, _, own) = ask(named, "/", &[]).await;
        assert_eq!(answer, own);
    }

    #[tokio::test]
    async fn an_id_is_accepted_from_peers_that_are_trusted() {
        let by = |host: &'static str| {
            RequestId::new().accept_from(move |peer| {
                let address = peer.socket_addr().map(|address| address.ip().to_string());
                address.as_deref() == Some(host)
            })
        };
        let long = "x".repeat(129);
        for (host, given, accepted) in [
            ("10.0.0.1", vec!["6f-A_1.2~:/+=@"], true),
            ("10.0.0.1", vec![&long[1..]], true),
            // The client that the gateway names is not who sent the field.
            ("192.0.2.7", vec!["theirs"], false),
            ("10.0.0.2", vec!["theirs"], false),
            ("10.0.0.1", vec!["one", "two"], false),
            ("10.0.0.1", vec![""], false),
            ("10.0.0.1", vec![&long], false),
            ("10.0.0.1", vec!["a b"], false),
            ("10.0.0.1", vec!["a\"b"], false),
            ("10.0.0.1", vec!["${jndi}"], false),
        ] {
            let (answer, handler, own) = ask(by(host), "/", &given).await;
            assert_eq!(answer, handler);
            let expected = if accepted { given[0] } else { own.as_str() };
            assert_eq!(answer, expected, "{host} {given:?}");
        }
    }
}
