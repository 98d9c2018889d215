//! [`attempt`]: one request of a hop, sent as often as the retry policy and a challenge of the server have it.

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::{Instant, sleep};
use wharf_http::{BoxFuture, Request, Response};

#[cfg(feature = "digest")]
use super::challenge;
use super::exchange::Repeatable;
use super::hop::drain;
use super::{Scope, chain};
use crate::Error;
use crate::client::Retry;
use crate::middleware::try_clone;
use crate::retry::{Attempt, Outcome, RetryPolicy, Verdict};
use crate::trace::Event;

/// Sends a request through the middleware, and again where that is asked for.
///
/// Each way has a box of its own, so that requests which are sent once do not carry the place of what the others need.
pub(super) fn attempt(
    scope: &Arc<Scope>,
    request: Request,
) -> BoxFuture<'_, Result<Response, Error>> {
    match &scope.settings.retry {
        Some(retry) => Box::pin(retried(scope, retry, request)),
        None => challenged(scope, request),
    }
}

/// Sends a request as often as the retry policy has it.
async fn retried(
    scope: &Arc<Scope>,
    retry: &Retry,
    mut request: Request,
) -> Result<Response, Error> {
    let method = request.method().clone();
    retry.policy.prepare(&method, request.headers_mut());
    let marked = request.extensions().get::<Repeatable>().is_some();
    let safe = RetryPolicy::is_repeatable(&method, request.headers(), marked);
    if safe {
        request.extensions_mut().insert(Repeatable);
    }
    let mut number = 0;
    loop {
        number += 1;
        let spare = try_clone(&request);
        let result = challenged(scope, request).await;
        // A server that was not reached has not acted on the request.
        let unseen = result.as_ref().is_err_and(Error::is_connect);
        let attempt = Attempt {
            number,
            outcome: match &result {
                Ok(response) => Outcome::Response(response.status(), response.headers()),
                Err(error) => Outcome::Failed(error),
            },
            repeatable: (safe || unseen) && spare.is_some(),
            left: scope
                .deadline
                .at()
                .map(|at| at.saturating_duration_since(Instant::now())),
            now: SystemTime::now(),
        };
        let verdict = retry.policy.verdict(&attempt, &retry.budget);
        match (verdict, spare) {
            (Verdict::After(wait), Some(spare)) => {
                scope.call.notify(&Event::Retried {
                    attempts: number,
                    after: wait,
                });
                if let Ok(response) = result {
                    drain(response.into_body()).await;
                }
                sleep(wait).await;
                request = spare;
            }
            _ => return result,
        }
    }
}

/// Sends a request, and again with the proofs that the server and the proxy ask for.
#[cfg(feature = "digest")]
fn challenged(scope: &Arc<Scope>, request: Request) -> BoxFuture<'_, Result<Response, Error>> {
    match challenge::provers(scope, &request) {
        Ok(provers) if provers.is_empty() => once(scope, request),
        Ok(provers) => Box::pin(proved(scope, provers, request)),
        Err(error) => Box::pin(std::future::ready(Err(error))),
    }
}

#[cfg(feature = "digest")]
async fn proved(
    scope: &Arc<Scope>,
    mut provers: Vec<challenge::Prover>,
    request: Request,
) -> Result<Response, Error> {
    let mut next = request;
    loop {
        let mut request = next;
        let spare = try_clone(&request);
        for prover in &mut provers {
            prover.prove(&mut request);
        }
        let response = once(scope, request).await?;
        let mut again = false;
        for prover in &mut provers {
            again |= prover.is_asked(&response)?;
        }
        match spare {
            Some(spare) if again => {
                drain(response.into_body()).await;
                next = spare;
            }
            _ => return Ok(response),
        }
    }
}

#[cfg(not(feature = "digest"))]
fn challenged(scope: &Arc<Scope>, request: Request) -> BoxFuture<'_, Result<Response, Error>> {
    once(scope, request)
}

fn once(scope: &Arc<Scope>, request: Request) -> BoxFuture<'_, Result<Response, Error>> {
    chain(scope).run(request, Arc::clone(scope))
}
