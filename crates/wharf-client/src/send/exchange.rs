//! [`Exchange`]: one request over one connection, and once more over a fresh one where that is safe.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, EXPECT, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use wharf_http::middleware::Endpoint;
use wharf_http::{Body, BoxFuture, Request};

#[cfg(feature = "ws")]
use super::switch::{self, Switching};
use super::{Scope, wire};
use crate::body::Received;
use crate::config::CONTINUE_WAIT;
use crate::conn::{Conn, Continue, Failure, Responding, Upload};
use crate::connect::{Route, establish};
use crate::middleware::Sending;
use crate::pool::{Acquired, CloseReason, Demand, Lease};
use crate::response::Arrival;
use crate::trace::Event;
use crate::{Error, ErrorKind};

/// How often a request is sent again with which the peer has not begun. A peer that takes a few requests per connection refuses
/// those that were under way when it said so, and may do that several times when many are.
const REFUSALS: u32 = 20;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// What the middleware of a client ends in.
pub(crate) struct Exchange;

impl Endpoint<Sending> for Exchange {
    fn call(
        &self,
        request: Request,
        scope: Arc<Scope>,
    ) -> BoxFuture<'static, Result<wharf_http::Response, Error>> {
        exchange(request, scope)
    }
}

/// Marks a request as one that may be sent twice although its method does not say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeatable;

fn exchange(
    mut request: Request,
    scope: Arc<Scope>,
) -> BoxFuture<'static, Result<wharf_http::Response, Error>> {
    // A block, since a function would have a second place for the request.
    Box::pin(async move {
        let scope = scope.as_ref();
        let route = Route::of(&request, scope)?;
        let target = route.key().target();
        wire::check(&request)?;
        #[cfg(feature = "ws")]
        let switching = Switching::is_in(&request);
        let call = &scope.call;
        let pool = &scope.client.pool;
        let demand = Demand {
            // Cheap to find out; other bodies that can be sent again are large or rare.
            repeatable: is_repeatable(&request) && request.body().as_bytes().is_some(),
            since: match scope.has_middleware() {
                true => Instant::now(),
                // Nothing but the client itself comes before this.
                false => call.sets_out(),
            },
        };
        let mut acquired = pool
            .acquire(route.key(), demand, scope.timeouts.pool_wait, call)
            .await?;
        let mut repeated = 0;
        loop {
            let mut lease = match acquired {
                Acquired::Lease(lease) => {
                    call.notify(&Event::ConnectionReused { target });
                    lease
                }
                Acquired::Slot(slot) => slot.fill(establish(&route, scope).await?),
            };
            #[cfg_attr(
                not(all(feature = "http2", feature = "ws")),
                expect(unused_mut, reason = "nothing is waited for")
            )]
            let mut since = lease.since();
            #[cfg(all(feature = "http2", feature = "ws"))]
            if switching && lease.conn().is_shared() {
                learns_to_switch(&mut lease, &route, scope).await?;
                since = Instant::now();
            }
            let safe = is_repeatable(&request);
            let copies = (lease.is_reused() || lease.conn().is_shared()) && repeated < REFUSALS;
            let spare = copies.then(|| request.body().try_clone()).flatten();
            let has_spare = spare.is_some();
            let body = std::mem::replace(request.body_mut(), spare.unwrap_or_default());
            let result = match dispatch(lease.conn(), &request, body, &route, scope, since) {
                Ok(response) => response.await,
                Err(error) => Err(Box::new(Failure::of(error))),
            };
            call.is_answered(since);
            let failure = match result {
                Ok(response) => {
                    #[cfg(feature = "cookies")]
                    super::cookies::keep(response.headers(), request.uri(), scope);
                    #[cfg(feature = "ws")]
                    if switching && switch::is_agreed(&response) {
                        return Ok(switched(response, lease, scope));
                    }
                    return Ok(finish(response, lease, scope));
                }
                Err(failure) => failure,
            };
            let reused = lease.is_reused();
            let closed = pool.is_closed();
            // A kept connection may end at any time (RFC 9112 §9.5): what is safe to repeat is, once, on a fresh one. What the peer has
            // not begun with is safe in any case (RFC 9113 §8.7): once where it refuses requests, and more often where it leaves.
            let lost = reused && (failure.untouched || failure.silent && safe);
            let times = match failure.refused || reused && failure.untouched {
                true if failure.ended => REFUSALS,
                refused => u32::from(refused || lost),
            };
            let may_repeat = !closed && repeated < times;
            let over = failure.dead || failure.ended;
            match failure.unsent {
                _ if may_repeat && has_spare => {}
                Some(unsent) if may_repeat => *request.body_mut() = unsent,
                _ => {
                    let reason = match failure.dead {
                        true => CloseReason::Dead,
                        false => CloseReason::Peer,
                    };
                    lease.broken(reason, over);
                    let error = match closed {
                        true => Error::new(ErrorKind::Closed),
                        false => failure.error,
                    };
                    return Err(error.at(target).reused(reused && failure.ended));
                }
            };
            repeated += 1;
            acquired = match lease.reopen(over) {
                Some(slot) => Acquired::Slot(slot),
                None => {
                    pool.acquire(route.key(), Demand::now(), scope.timeouts.pool_wait, call)
                        .await?
                }
            };
        }
    })
}

/// Hands a request to a connection, in the form that its protocol has: a copy of `request` with `body`, so that the original is
/// there when it has to be sent again. Not part of the future above, which would keep a place for the copy.
fn dispatch<'a>(
    conn: &'a mut Conn,
    request: &Request,
    body: Body,
    route: &Route,
    scope: &Scope,
    now: Instant,
) -> Result<Responding<'a>, Error> {
    let shared = conn.is_shared();
    let uri = request.uri();
    let mut sent = Request::new(body);
    *sent.method_mut() = request.method().clone();
    *sent.extensions_mut() = request.extensions().clone();
    *sent.headers_mut() = request.headers().clone();
    wire::strip(&mut sent, route);
    wire::complete(&mut sent, scope);
    #[cfg(feature = "cookies")]
    super::cookies::add(&mut sent, uri, scope)?;
    match shared {
        #[cfg(all(feature = "http2", feature = "ws"))]
        true => {
            wire::for_http2(&mut sent, uri)?;
            Switching::for_http2(&mut sent);
        }
        #[cfg(not(all(feature = "http2", feature = "ws")))]
        true => wire::for_http2(&mut sent, uri)?,
        false => wire::for_http1(&mut sent, uri, route)?,
    }
    let call = &scope.call;
    if call.is_observed() {
        call.notify(&Event::HeadersSent {
            method: sent.method(),
            uri,
            headers: sent.headers(),
        });
    }
    let upload = upload(&mut sent, scope, shared);
    Ok(conn.exchange(sent, upload, scope.timeouts.response_head, now))
}

/// Finds out what is to happen while the body is sent; `None` when nothing is.
fn upload(request: &mut Request, scope: &Scope, shared: bool) -> Option<Upload> {
    if request.body().is_empty() {
        return None;
    }
    let mut upload = Upload::new();
    let mut any = false;
    if scope.call.is_observed() {
        upload = upload.observed(&scope.call);
        any = true;
    }
    if let Some(report) = &scope.upload {
        upload = upload.reported(Arc::clone(report));
        any = true;
    }
    // RFC 9110 §10.1.1: the body follows when the server asks for it, or when it does not answer.
    if request
        .headers()
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    {
        upload = upload.held_back(Continue {
            // hyper tells of interim responses in HTTP/1 only.
            asked_for: (!shared).then(|| continued(request)),
            patience: Box::pin(sleep(CONTINUE_WAIT)),
        });
        any = true;
    }
    any.then_some(upload)
}

/// Has it told when the server says `100 Continue`.
fn continued(request: &mut Request) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(sender) = sender {
                let _nobody_waits_any_more = sender.send(());
            }
        }
    });
    receiver
}

/// Makes the response of what came by `lease`, which goes on with the body.
fn finish(
    response: http::Response<hyper::body::Incoming>,
    mut lease: Lease,
    scope: &Scope,
) -> wharf_http::Response {
    let headers = response.headers();
    // RFC 9112 §6.3: with two lengths, somebody may want what follows to be taken for the next response.
    let doubtful = headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH);
    lease.keep_alive(match doubtful {
        true => Some(Duration::ZERO),
        false => keep_alive(headers),
    });
    let arrival = arrival(&mut lease);
    let mut response = response.map(|incoming| Received::body(incoming, scope, lease));
    arrive(&mut response, arrival, scope);
    response
}

/// Makes the response of what came by `lease`, which goes on in another protocol.
#[cfg(feature = "ws")]
fn switched(
    mut response: http::Response<hyper::body::Incoming>,
    mut lease: Lease,
    scope: &Scope,
) -> wharf_http::Response {
    let arrival = arrival(&mut lease);
    let switched = switch::Switched::new(&mut response, lease, scope);
    let mut response = response.map(|_nothing| Body::empty());
    response.extensions_mut().insert(switched);
    arrive(&mut response, arrival, scope);
    response
}

/// Makes sure that the peer of a shared connection goes on in other protocols on its streams.
#[cfg(all(feature = "http2", feature = "ws"))]
async fn learns_to_switch(lease: &mut Lease, route: &Route, scope: &Scope) -> Result<(), Error> {
    let limit = scope.timeouts.response_head;
    let learning = lease.conn().learns_to_switch();
    let known = match limit {
        Some(limit) => tokio::time::timeout(limit, learning).await.ok(),
        None => Some(learning.await),
    };
    let error = match known {
        Some(true) => return Ok(()),
        Some(false) => Error::new(ErrorKind::Upgrade)
            .because("the server takes no other protocol over HTTP/2 (RFC 8441)"),
        None => Error::timeout(crate::Phase::ResponseHead, limit),
    };
    Err(error.at(route.key().target()))
}

fn arrival(lease: &mut Lease) -> Arrival {
    Arrival {
        peer: lease.conn().peer_addr(),
        #[cfg(feature = "tls-core")]
        tls: lease.conn().tls().cloned(),
    }
}

fn arrive(response: &mut wharf_http::Response, arrival: Arrival, scope: &Scope) {
    if scope.has_middleware() {
        // It may answer with another response than the last one that came.
        response.extensions_mut().insert(arrival);
    } else {
        scope.call.arrive(Some(arrival));
    }
}

/// Reads how long the server keeps the connection: `Keep-Alive: timeout=5, max=100` (RFC 2068 §19.7.1.1, still sent).
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(KEEP_ALIVE)?;
    value.to_str().ok()?.split(',').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse().ok();
        seconds
            .filter(|_| name.trim().eq_ignore_ascii_case("timeout"))
            .map(Duration::from_secs)
    })
}

/// Tells whether a request may be sent again although the server may have acted on it (RFC 9110 §9.2.2).
fn is_repeatable(request: &Request) -> bool {
    request.method().is_idempotent() || request.extensions().get::<Repeatable>().is_some()
}
