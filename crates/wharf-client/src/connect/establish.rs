//! [`establish`]: from a route to a connection that speaks HTTP.

use tokio::time::{Instant, timeout};

use super::{Route, Stream};
use crate::conn::Conn;
use crate::pool::Acquired;
use crate::send::Scope;
use crate::timeout::Phase;
use crate::trace::Event;
use crate::{Error, ErrorKind};

/// Opens a connection, within the `connect` limit.
pub(crate) async fn establish(route: &Route, scope: &Scope) -> Result<Conn, Error> {
    let target = route.key().target();
    let call = &scope.call;
    call.notify(&Event::ConnectStarted { target });
    let opening = Box::pin(open(route, scope));
    let result = match scope.timeouts.connect {
        Some(limit) => match timeout(limit, opening).await {
            Ok(result) => result,
            Err(_elapsed) => Err(Error::timeout(Phase::Connect, Some(limit))),
        },
        None => opening.await,
    };
    let result = result.map_err(|error| error.at(target));
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
        let wait = scope.timeouts.pool_wait;
        let acquired = scope
            .client
            .pool
            .acquire(route.key(), wait, &scope.call)
            .await?;
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

async fn open(route: &Route, scope: &Scope) -> Result<Conn, Error> {
    let since = Instant::now();
    let stream = reach(route, scope).await?;
    scope.call.time(|timing| timing.connect += since.elapsed());
    let client = &scope.client;
    #[cfg(feature = "http2")]
    if client.http2.prior_knowledge {
        return spoken(Conn::http2(stream, &client.http2, &client.driver).await);
    }
    spoken(Conn::http1(stream, &client.http1, &client.driver).await)
}

/// Opens a stream to the host, or to what leads there.
async fn reach(route: &Route, scope: &Scope) -> Result<Stream, Error> {
    let refused = |error| Error::new(ErrorKind::Connect).because(error);
    let target = route.key().target();
    let _not_yet = route.socket();
    scope
        .client
        .connector
        .connect(target.clone())
        .await
        .map_err(refused)
}

fn spoken(conn: Result<Conn, hyper::Error>) -> Result<Conn, Error> {
    conn.map_err(|error| Error::new(ErrorKind::Connect).because(error))
}
