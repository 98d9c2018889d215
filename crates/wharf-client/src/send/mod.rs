//! One call, from redirect to retry to pool.
//!
//! ~~~text
//! call ─▶ hop ─▶ attempt ─▶ middleware ─▶ exchange ─▶ pool, connection
//!   ▲      │        ▲                        │
//!   │      └ redirect └ retry  ◀── response ─┘ repeated once on a fresh connection
//! ~~~

mod attempt;
#[cfg(feature = "digest")]
mod challenge;
#[cfg(feature = "cookies")]
mod cookies;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
mod decode;
mod direct;
mod exchange;
mod hop;
#[cfg(feature = "ws")]
mod switch;
mod wire;

#[cfg(feature = "cookies")]
pub(crate) use cookies::CallCookies;
pub(crate) use direct::Direct;
pub(crate) use exchange::{Exchange, Repeatable};
#[cfg(feature = "ws")]
pub(crate) use switch::{Switched, Switching};

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use http::{Extensions, Uri};
use url::Url;
use wharf_http::{BoxFuture, Chain, Context, Request, Signal};

use self::hop::Hops;
use crate::client::{Inner, Settings};
use crate::conn::UploadReport;
use crate::connect::{self, Route};
use crate::redirect::to_uri;
use crate::timeout::Deadline;
use crate::trace::{Call, Event};
use crate::{Error, ErrorKind, Response, Timeouts};

/// What is known of one request that a client sends.
#[derive(Clone)]
pub struct Scope {
    pub(crate) client: Arc<Inner>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) call: Call,
    pub(crate) deadline: Deadline,
    /// Those that hold for the present hop.
    pub(crate) timeouts: Timeouts,
    pub(crate) upload: Option<Arc<UploadReport>>,
}

impl Scope {
    /// Tells whether requests go through middleware.
    pub(crate) fn has_middleware(&self) -> bool {
        !self.client.middleware.is_empty() || !self.settings.middleware.is_empty()
    }

    /// Returns the call that the request belongs to.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// A request and all that goes with it.
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    /// Where it leads; the URI of `request` says the same.
    pub(crate) url: Url,
    pub(crate) settings: Arc<Settings>,
    pub(crate) within: Option<Context>,
    pub(crate) cancel: Option<Signal>,
    pub(crate) upload: Option<Arc<UploadReport>>,
}

impl Outgoing {
    /// Takes over a request that was made elsewhere.
    pub(crate) fn foreign(mut request: Request, settings: Arc<Settings>) -> Result<Self, Error> {
        let url = url_of(request.uri())?;
        if !url.username().is_empty() || url.password().is_some() {
            let why = "credentials belong in the `authorization` field";
            return Err(Error::new(ErrorKind::Url).because(why));
        }
        *request.uri_mut() = to_uri(&url)?;
        Ok(Self {
            request,
            url,
            settings,
            within: None,
            cancel: None,
            upload: None,
        })
    }
}

/// Reads the URL of an absolute URI.
pub(crate) fn url_of(uri: &Uri) -> Result<Url, Error> {
    let invalid = |why: &str| Err(Error::new(ErrorKind::Url).because(why));
    if uri.scheme().is_none() || uri.authority().is_none() {
        return invalid("it is not absolute");
    }
    Url::parse(&uri.to_string()).map_err(|error| Error::new(ErrorKind::Url).because(error))
}

/// Makes a call: sends a request, and others for the sake of the same response.
pub(crate) fn send(
    client: Arc<Inner>,
    mut outgoing: Box<Outgoing>,
) -> BoxFuture<'static, Result<Response, Error>> {
    let request = &outgoing.request;
    let call = Call::new(Arc::clone(&client.observers), request.extensions().clone());
    let of_origin = || {
        let mut configs = client.origins.at(&outgoing.url);
        configs.find_map(|config| config.timeouts.as_ref())
    };
    let timeouts = outgoing.settings.timeouts.as_ref().or_else(of_origin);
    let total = timeouts.unwrap_or(&client.timeouts).total;
    let deadline = outgoing.within.as_ref().and_then(Context::deadline);
    let deadline = Deadline::start(total).within(deadline);
    if call.is_observed() {
        call.notify(&Event::RequestStarted {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
        });
    }
    let scope = Arc::new(Scope {
        timeouts: client.timeouts.clone(),
        client,
        settings: Arc::clone(&outgoing.settings),
        call: call.clone(),
        deadline,
        upload: outgoing.upload.take(),
    });
    let cancel = outgoing.cancel.take();
    // Then the last thing to be waited for need not be the head of a response.
    let goes_on = scope.has_middleware() || scope.client.is_answered_directly();
    let hops = Hops::new(scope, outgoing);
    // A block, since a function would have a second place for each argument.
    Box::pin(async move {
        let calling = pin!(hops.run());
        let result = match cancel {
            None => deadline.run(calling).await,
            // Boxed, since most calls have no such signal.
            Some(cancel) => Box::pin(deadline.run(unless(&cancel, calling))).await,
        };
        if goes_on || result.is_err() {
            call.time(|timing| timing.total = call.elapsed());
        }
        if call.is_observed() {
            match &result {
                Ok(response) => call.notify(&Event::RequestEnded {
                    status: response.status(),
                    headers: response.headers(),
                }),
                Err(error) => call.notify(&Event::RequestFailed { error }),
            }
        }
        result
    })
}

/// Opens connections for later requests like `request`.
pub(crate) async fn warm_up(
    client: Arc<Inner>,
    request: Request,
    count: usize,
) -> Result<usize, Error> {
    let scope = Scope {
        timeouts: client.timeouts.clone(),
        settings: Arc::clone(&client.settings),
        call: Call::new(Arc::clone(&client.observers), Extensions::new()),
        client,
        deadline: Deadline::start(None),
        upload: None,
    };
    let route = Route::of(&request, &scope)?;
    connect::warm_up(&route, &scope, count).await
}

/// Waits for a call unless `signal` fires before.
async fn unless<T>(
    signal: &Signal,
    calling: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut calling = pin!(calling);
    let mut fired = pin!(signal.fired());
    std::future::poll_fn(|cx| {
        if fired.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(Err(Error::new(ErrorKind::Cancelled)));
        }
        calling.as_mut().poll(cx)
    })
    .await
}

/// Returns the middleware that a request goes through, and what it ends in.
fn chain(scope: &Scope) -> Arc<Chain<crate::middleware::Sending>> {
    let own = &scope.settings.middleware;
    if own.is_empty() {
        return Arc::clone(&scope.client.chain);
    }
    let all = scope.client.middleware.iter().chain(own).cloned();
    Arc::new(Chain::new(all.collect(), scope.client.end()))
}

#[cfg(test)]
mod tests;
