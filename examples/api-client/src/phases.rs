//! [`Phases`]: the observer that tells of each phase of each call.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{debug, info, warn};
use wharf_client::trace::{Call, Event, Observer};

/// Makes `tracing` events of what happens to calls. Neither queries nor header fields are among them: they may hold secrets.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    calls: AtomicU64,
}

/// Which call it is. It is kept with the call, so that each of its events has it.
#[derive(Clone, Copy)]
struct Number(u64);

impl Observer for Phases {
    fn on_event(&self, call: &Call, event: &Event<'_>) {
        if matches!(event, Event::RequestStarted { .. }) {
            call.insert(Number(self.calls.fetch_add(1, Ordering::Relaxed) + 1));
        }
        let number = call.get::<Number>().map_or(0, |number| number.0);
        let at = call.elapsed();
        match event {
            Event::RequestStarted { method, uri, .. } => {
                info!(call = number, %method, path = uri.path(), "call");
            }
            Event::QueueStarted { target, .. } => {
                info!(call = number, ?at, %target, "queue: waits");
            }
            Event::QueueEnded { waited, .. } => {
                info!(call = number, ?at, ?waited, "queue: its turn");
            }
            Event::DnsCacheHit { host, .. } => info!(call = number, ?at, host, "dns: known"),
            Event::DnsStarted { host, .. } => info!(call = number, ?at, host, "dns: asks"),
            Event::DnsEnded { addresses, .. } => info!(call = number, ?at, ?addresses, "dns: done"),
            Event::ConnectStarted { target, .. } => {
                info!(call = number, ?at, %target, "connect: begins");
            }
            Event::TlsStarted { .. } => info!(call = number, ?at, "tls: begins"),
            Event::TlsEnded { .. } => info!(call = number, ?at, "tls: done"),
            Event::ConnectEnded { result, .. } => match result {
                Ok(_) => info!(call = number, ?at, "connect: done"),
                Err(error) => warn!(call = number, ?at, %error, "connect: failed"),
            },
            Event::ConnectionReused { target, .. } => {
                info!(call = number, ?at, %target, "connect: kept one");
            }
            Event::HeadersSent { method, uri, .. } => {
                info!(call = number, ?at, %method, path = uri.path(), "head: sent");
            }
            Event::ChunkSent { bytes, .. } => debug!(call = number, ?at, bytes, "body: sent"),
            Event::ChunkReceived { bytes, .. } => debug!(call = number, ?at, bytes, "body: came"),
            Event::Redirected { status, to, .. } => {
                info!(
                    call = number,
                    ?at,
                    status = status.as_u16(),
                    path = to.path(),
                    "redirect"
                );
            }
            Event::Retried {
                attempts, after, ..
            } => {
                warn!(call = number, ?at, attempts, ?after, "retry");
            }
            Event::RequestEnded { status, .. } => {
                info!(call = number, ?at, status = status.as_u16(), "head: came");
            }
            Event::BodyEnded { bytes, whole, .. } => {
                info!(call = number, ?at, bytes, whole, "body: ended");
            }
            Event::RequestFailed { error, .. } => warn!(call = number, ?at, %error, "failed"),
            // Later versions of the client show more.
            _ => {}
        }
    }
}
