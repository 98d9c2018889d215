//! [`Hops`]: the requests of one call, from the first to the one whose response is handed out.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use tokio::time::timeout;
use url::Url;
use wharf_http::header::{Basic, TypedHeader};
use wharf_http::{Body, Context, Request};

use super::attempt::attempt;
use super::{Outgoing, Scope};
use crate::connect::SocketPath;
use crate::middleware::with_body;
use crate::redirect::{self, Hop, drop_content, drop_credentials, same_origin, to_uri};
use crate::trace::Event;
use crate::{Error, ErrorKind, Response};

/// How much of the body of a redirect is read so that its connection can be used again.
const DRAINED: usize = 64 << 10;

/// How long that may take.
const DRAIN_WAIT: Duration = Duration::from_millis(200);

/// The requests of one call.
pub(super) struct Hops {
    scope: Arc<Scope>,
    /// What is sent next.
    next: Box<Outgoing>,
    history: Vec<Hop>,
    /// A redirect has led to another origin than that of the call.
    away: bool,
}

impl Hops {
    pub(super) fn new(scope: Arc<Scope>, mut first: Box<Outgoing>) -> Self {
        if let Some(within) = first.within.take() {
            trace(first.request.headers_mut(), &within);
        }
        Self {
            scope,
            next: first,
            history: Vec::new(),
            away: false,
        }
    }

    /// Sends them.
    pub(super) async fn run(mut self) -> Result<Response, Error> {
        loop {
            let body = self.next.request.body_mut();
            let spare = body.try_clone();
            let body = std::mem::take(body);
            #[cfg_attr(
                not(any(feature = "brotli", feature = "gzip", feature = "zstd")),
                expect(unused_mut, reason = "no coding is undone")
            )]
            let mut response = {
                let request = self.request(body)?;
                attempt(&self.scope, request).await?
            };
            let (status, headers) = (response.status(), response.headers());
            let followed = u32::try_from(self.history.len()).unwrap_or(u32::MAX);
            let policy = &self.scope.settings.redirects;
            let Outgoing { request, url, .. } = &mut *self.next;
            let next = match policy.next(status, headers, url, followed) {
                Ok(Some(next)) => next,
                Ok(None) => {
                    #[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
                    super::decode::undo(&mut response, &self.scope)
                        .map_err(|error| error.at_url(url))?;
                    let mut response =
                        Response::new(response, self.scope, self.next.url, self.history);
                    if response.is_error() {
                        // Boxed, since most responses are no errors.
                        Box::pin(response.read_ahead()).await;
                    }
                    return Ok(response);
                }
                Err(error) => return Err(error.at_url(url)),
            };
            let method = redirect::method(status, request.method());
            *request.body_mut() = if method == *request.method() {
                let once = || "its body could be sent only once, and a redirect asks for it again";
                spare.ok_or_else(|| {
                    Error::new(ErrorKind::Redirect)
                        .because(once())
                        .at_url(&next)
                })?
            } else {
                drop_content(request.headers_mut());
                Body::empty()
            };
            *request.method_mut() = method;
            let sockets = &self.scope.client.sockets;
            let is_socket = next
                .host_str()
                .is_some_and(|host| sockets.contains_key(host));
            let danger = redirect::danger(url, &next, !request.body().is_empty(), is_socket);
            if let Some(why) = danger {
                return Err(Error::new(ErrorKind::Redirect).because(why).at_url(&next));
            }
            if !same_origin(url, &next) {
                self.away = true;
                drop_credentials(request.headers_mut());
                request.headers_mut().remove(HOST);
                request.extensions_mut().remove::<SocketPath>();
                #[cfg(feature = "cookies")]
                request.extensions_mut().remove::<super::CallCookies>();
            }
            let headers = headers.clone();
            *request.uri_mut() = to_uri(&next)?;
            if self.scope.call.is_observed() {
                self.scope.call.notify(&Event::Redirected {
                    status,
                    headers: &headers,
                    to: request.uri(),
                });
            }
            let url = std::mem::replace(url, next);
            self.history.push(Hop {
                status,
                headers,
                url,
            });
            // Boxed, since most responses are no redirects.
            Box::pin(drain(response.into_body())).await;
        }
    }

    /// Makes the request of this hop, with all that the client adds for its origin.
    fn request(&mut self, body: Body) -> Result<Request, Error> {
        let mut request = with_body(&self.next.request, body);
        let headers = request.headers_mut();
        let mut url = None;
        let mut timeouts = self.scope.settings.timeouts.clone();
        let origins = &self.scope.client.origins;
        for config in origins.at(&self.next.url) {
            // What is meant for every origin is so without its secrets where a server has led to.
            let everywhere = origins.base.is_none() && std::ptr::eq(config, &origins.default);
            if self.away && everywhere {
                let mut fields = config.headers.clone();
                drop_credentials(&mut fields);
                add_missing(headers, &fields);
            } else {
                add_missing(headers, &config.headers);
            }
            if timeouts.is_none() {
                timeouts.clone_from(&config.timeouts);
            }
            let query = config.query.iter();
            for (name, value) in query.filter(|_| !(self.away && everywhere)) {
                let url = url.get_or_insert_with(|| self.next.url.clone());
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        let timeouts = timeouts.unwrap_or_else(|| self.scope.client.timeouts.clone());
        #[cfg(feature = "sse")]
        let timeouts = match self.scope.settings.silence {
            Some(silence) => timeouts.body_read(silence).min_rate(None),
            None => timeouts,
        };
        Arc::make_mut(&mut self.scope).timeouts = timeouts;
        if self.scope.settings.netrc.is_some() && !headers.contains_key(AUTHORIZATION) {
            headers.extend(self.login().map(|value| (AUTHORIZATION, value)));
        }
        if let Some(url) = &url {
            *request.uri_mut() = to_uri(url)?;
        }
        Ok(request)
    }

    /// Finds the credentials for the host in the file that holds them.
    fn login(&self) -> Option<HeaderValue> {
        let netrc = self.scope.settings.netrc.as_ref()?;
        let secure = |url: &Url| url.scheme() == "https";
        // Whoever has asked over TLS does not want a password to be read on its way to where that has led.
        if !secure(&self.next.url) && self.history.iter().any(|hop| secure(&hop.url)) {
            return None;
        }
        let host = self.next.url.host_str()?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        // `default` is meant for every origin, and so not for one where a server has led to.
        let login = match self.away {
            true => netrc.find_named(host),
            false => netrc.find(host),
        }?;
        Basic::new(login.user(), login.password()).ok()?.encode()
    }
}

/// Adds the fields of `defaults` whose names are not there yet.
fn add_missing(headers: &mut HeaderMap, defaults: &HeaderMap) {
    for name in defaults.keys() {
        if !headers.contains_key(name) {
            for value in defaults.get_all(name) {
                headers.append(name, value.clone());
            }
        }
    }
}

/// Sends the trace on as it came, or was made of the id of the request that this one is made within (W3C Trace Context §3.2 and §3.3).
fn trace(headers: &mut HeaderMap, within: &Context) {
    let name = HeaderName::from_static("traceparent");
    if !headers.contains_key(&name)
        && let Ok(value) = HeaderValue::from_str(&within.trace().to_string())
    {
        headers.insert(name, value);
        if let Some(state) = within.trace_state() {
            let name = HeaderName::from_static("tracestate");
            headers.entry(name).or_insert(state);
        }
    }
}

/// Reads what is left of a short body.
pub(super) async fn drain(mut body: Body) {
    if body.len().is_none_or(|len| len <= DRAINED as u64) {
        let _closed_if_longer = Box::pin(timeout(DRAIN_WAIT, body.bytes(DRAINED))).await;
    }
}
