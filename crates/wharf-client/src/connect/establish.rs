//! [`establish`]: from a route to a connection that speaks HTTP.

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

#[cfg(feature = "proxy")]
use super::through::through;
use super::{Route, Stream, unix};
use crate::conn::{Alarm, Conn};
use crate::pool::{Acquired, Demand};
use crate::send::Scope;
use crate::timeout::Phase;
use crate::trace::Event;
use crate::{Error, ErrorKind};

/// Opens a connection, within the `connect` limit.
pub(crate) async fn establish(route: &Route, scope: &Scope) -> Result<Conn, Error> {
    let target = route.key().target();
    let call = &scope.call;
    call.notify(&Event::ConnectStarted { target });
    // Boxed, since most requests find a connection that is open.
    let mut opening = Box::pin(scope.client.driver.unless_closed(open(route, scope)));
    let limit = scope.timeouts.connect;
    // A limit too far away to be a point in time is none.
    let due = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut alarm = Alarm::default();
    let result = poll_fn(|cx| {
        if let Poll::Ready(result) = opening.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        let Some(due) = due else {
            return Poll::Pending;
        };
        ready!(alarm.poll(due, cx));
        Poll::Ready(Err(Error::timeout(Phase::Connect, limit)))
    });
    let result = result.await.map_err(|error| error.at(target));
    let result = result.map(|conn| conn.with_alarm(alarm));
    call.notify(&Event::ConnectEnded {
        target,
        result: result.as_ref().map(Conn::peer_addr),
    });
    result
}

/// Opens connections that wait for their first request, until there are `count` of them; returns how many there are.
pub(crate) async fn warm_up(route: &Route, scope: &Scope, count: usize) -> Result<usize, Error> {
    let mut leases = Vec::new();
    while leases.len() < count {
        // Those that are here hold their places until the end: it would be them that are waited for.
        let wait = match leases.is_empty() {
            true => scope.timeouts.pool_wait,
            false => Some(Duration::ZERO),
        };
        let pool = &scope.client.pool;
        let acquired = pool.acquire(route.key(), Demand::now(), wait, &scope.call);
        let acquired = match acquired.await {
            Err(error) if !leases.is_empty() && error.phase() == Some(Phase::PoolWait) => break,
            acquired => acquired?,
        };
        let mut lease = match acquired {
            Acquired::Lease(lease) => lease,
            Acquired::Slot(slot) => slot.fill(establish(route, scope).await?),
        };
        let shared = lease.conn().is_shared();
        leases.push(lease);
        if shared {
            break;
        }
    }
    let opened = leases.len();
    for lease in leases {
        lease.give_back();
    }
    Ok(opened)
}

/// A stream over which HTTP is to be spoken.
struct Opened {
    stream: Stream,
    /// Both ends have agreed on HTTP/2.
    #[cfg(feature = "http2")]
    http2: bool,
    #[cfg(feature = "tls-core")]
    tls: Option<crate::tls::TlsInfo>,
}

async fn open(route: &Route, scope: &Scope) -> Result<Conn, Error> {
    let since = Instant::now();
    let dns = scope.call.timing().dns;
    let stream = reach(route, scope).await?;
    scope.call.time(|timing| {
        // Looking up the name was part of it, and counts for itself.
        timing.connect += since
            .elapsed()
            .saturating_sub(timing.dns.saturating_sub(dns));
    });
    let opened = secure(stream, route, scope).await?;
    let client = &scope.client;
    #[cfg(feature = "http2")]
    let conn = if opened.http2 || client.http2.prior_knowledge {
        Conn::http2(opened.stream, &client.http2, &client.driver).await
    } else {
        Conn::http1(opened.stream, &client.http1, &client.driver).await
    };
    #[cfg(not(feature = "http2"))]
    let conn = Conn::http1(opened.stream, &client.http1, &client.driver).await;
    let conn = conn.map_err(|error| Error::new(ErrorKind::Connect).because(error))?;
    #[cfg(feature = "tls-core")]
    if let Some(info) = opened.tls {
        return Ok(conn.secured(info));
    }
    Ok(conn)
}

/// Agrees on TLS where the scheme asks for it.
#[cfg(feature = "tls-core")]
async fn secure(stream: Stream, route: &Route, scope: &Scope) -> Result<Opened, Error> {
    if !route.key().is_secure() || stream.is_already_secure() {
        return Ok(Opened {
            stream,
            #[cfg(feature = "http2")]
            http2: false,
            tls: None,
        });
    }
    let target = route.key().target();
    scope.call.notify(&Event::TlsStarted { target });
    let since = Instant::now();
    let spoken: &[&[u8]] = match route.key().may_share() {
        true => &[b"h2", b"http/1.1"],
        false => &[b"http/1.1"],
    };
    let secured = scope.settings.tls.connect(stream, target, spoken).await;
    scope.call.time(|timing| timing.tls += since.elapsed());
    let secured = secured?;
    scope.call.notify(&Event::TlsEnded { target });
    Ok(Opened {
        stream: secured.stream,
        #[cfg(feature = "http2")]
        http2: secured.http2,
        tls: Some(secured.info),
    })
}

#[cfg(not(feature = "tls-core"))]
async fn secure(stream: Stream, _: &Route, _: &Scope) -> Result<Opened, Error> {
    Ok(Opened {
        stream,
        #[cfg(feature = "http2")]
        http2: false,
    })
}

/// Opens a stream to the host, or one through what leads there.
async fn reach(route: &Route, scope: &Scope) -> Result<Stream, Error> {
    let target = route.key().target();
    if let Some(path) = route.socket() {
        let opened = unix::open(path).await;
        return opened.map_err(|error| Error::new(ErrorKind::Connect).because(error));
    }
    #[cfg(feature = "proxy")]
    if let Some(proxy) = route.proxy() {
        return through(proxy, route, scope).await;
    }
    scope.client.connector.open(target, &scope.call).await
}
