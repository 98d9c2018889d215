//! [`Health`], what a load balancer and a supervisor ask: is this process alive, and does it want requests?

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::{sleep, timeout};
use wharf_http::service::Refusal;
use wharf_http::{Body, BoxError, BoxFuture, ErrorChain, Response, Signal};

use crate::watchdog::Kennel;

/// Whether this process is alive and wants requests, and the paths that tell. Cheap to clone; clones share the checks.
///
/// | path | status 200 | status 503 |
/// |---|---|---|
/// | `/-/live` | the process serves | a worker's thread is held up |
/// | `/-/ready` | requests are welcome | the server is about to stop, or a check fails |
///
/// The paths are answered before the service is asked, for `GET` and `HEAD`, and do not appear in the access log. Give
/// it to [`Server::health`](crate::Server::health) to have them on all listeners, or to
/// [`Server::health_on`](crate::Server::health_on) to have them on a listener of their own.
///
/// # Examples
///
/// ```
/// use wharf_server::Health;
///
/// let health = Health::new();
/// health.check("disk", || async { Ok(std::fs::metadata("/").map(drop)?) });
/// assert!(!health.is_ready(), "no check has run yet");
/// ```
#[derive(Clone)]
pub struct Health {
    inner: Arc<Inner>,
}

struct Inner {
    prefix: String,
    interval: Duration,
    limit: Duration,
    checks: Mutex<Vec<Check>>,
    /// Fired when the server wants no more requests.
    unready: Mutex<Signal>,
}

/// One condition of being ready.
struct Check {
    name: String,
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>,
    state: State,
}

#[derive(Clone, PartialEq, Eq)]
enum State {
    /// It has not run yet.
    Unknown,
    Passed,
    Failed(String),
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// Creates it without checks, for the paths `/-/live` and `/-/ready`.
    #[must_use]
    pub fn new() -> Self {
        Self::with_prefix("/-/")
    }

    /// Creates it without checks, for the paths `live` and `ready` below a prefix of your own.
    #[must_use]
    pub fn with_prefix(prefix: impl Into<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                prefix: prefix.into(),
                interval: Duration::from_secs(5),
                limit: Duration::from_secs(2),
                checks: Mutex::default(),
                unready: Mutex::default(),
            }),
        }
    }

    /// Adds a condition of being ready, such as that the database answers.
    ///
    /// It is looked at every 5 seconds and may take 2, whether somebody asks or not, so that nobody can make work by
    /// asking. Only its name is told to who asks; why it fails is logged when it begins to. A resource of an application
    /// can add one while the server starts; until every check has passed once, the process is not ready, and a process
    /// that is to take over from another does not.
    pub fn check<F, Fut>(&self, name: impl Into<String>, run: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.checks().push(Check {
            name: name.into(),
            run: Arc::new(move || Box::pin(run())),
            state: State::Unknown,
        });
    }

    /// Tells whether requests are welcome: every check has passed when it was last looked at, and the server is not
    /// about to stop.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.unready().is_fired() && self.failing().is_empty()
    }

    /// Returns the names of the checks that have not passed.
    #[must_use]
    pub fn failing(&self) -> Vec<String> {
        let checks = self.checks();
        let failing = checks.iter().filter(|check| check.state != State::Passed);
        failing.map(|check| check.name.clone()).collect()
    }

    /// Takes the signal that fires when the server wants no more requests.
    pub(crate) fn follow(&self, unready: &Signal) {
        *self.lock_unready() = unready.clone();
    }

    /// Looks at every check, now and from then on.
    pub(crate) async fn run(self) {
        loop {
            self.look().await;
            sleep(self.inner.interval).await;
        }
    }

    /// Looks at the checks until all have passed.
    pub(crate) async fn passed(&self) {
        loop {
            self.look().await;
            if self.failing().is_empty() {
                return;
            }
            sleep(self.inner.interval.min(Duration::from_millis(250))).await;
        }
    }

    async fn look(&self) {
        let runs: Vec<_> = self
            .checks()
            .iter()
            .map(|check| Arc::clone(&check.run))
            .collect();
        for (index, run) in runs.into_iter().enumerate() {
            // In a task of its own, so that a panic fails the check and nothing else.
            let run = tokio::spawn(async move { run().await });
            let abort = run.abort_handle();
            let state = match timeout(self.inner.limit, run).await {
                Ok(Ok(Ok(()))) => State::Passed,
                Ok(Ok(Err(error))) => State::Failed(ErrorChain::new(&*error).to_string()),
                Ok(Err(panicked)) => State::Failed(panicked.to_string()),
                Err(_elapsed) => {
                    abort.abort();
                    State::Failed(format!("it took longer than {:?}", self.inner.limit))
                }
            };
            self.note(index, state);
        }
    }

    fn note(&self, index: usize, state: State) {
        let mut checks = self.checks();
        let Some(check) = checks.get_mut(index) else {
            return;
        };
        match (&check.state, &state) {
            (State::Failed(before), State::Failed(now)) if before == now => {}
            (_, State::Failed(why)) => {
                tracing::warn!(target: "wharf::server", check = check.name, "not ready: {why}");
            }
            (State::Failed(_), State::Passed) => {
                tracing::info!(target: "wharf::server", check = check.name, "ready again");
            }
            _ => {}
        }
        check.state = state;
    }

    /// Answers a request for one of the paths; `held_up` is how many workers are.
    pub(crate) fn answer(&self, method: &Method, path: &str, held_up: usize) -> Option<Response> {
        let name = path.strip_prefix(&*self.inner.prefix)?;
        let (is_well, text) = match name {
            "live" if held_up == 0 => (true, "live\n".into()),
            "live" => (false, format!("not live: {held_up} workers are held up\n")),
            "ready" if self.unready().is_fired() => (false, "not ready: about to stop\n".into()),
            "ready" => match &*self.failing() {
                [] => (true, "ready\n".into()),
                failing => (false, format!("not ready: {}\n", failing.join(", "))),
            },
            _ => return None,
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = match (is_well, method) {
            (_, &Method::GET | &Method::HEAD) if is_well => StatusCode::OK,
            (_, &Method::GET | &Method::HEAD) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::METHOD_NOT_ALLOWED,
        };
        let headers = response.headers_mut();
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, text);
        // Of use at this moment only.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            let allow = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(header::ALLOW, allow);
        }
        Some(response)
    }

    fn unready(&self) -> Signal {
        self.lock_unready().clone()
    }

    fn lock_unready(&self) -> MutexGuard<'_, Signal> {
        self.inner
            .unready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn checks(&self) -> MutexGuard<'_, Vec<Check>> {
        self.inner
            .checks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers for all connections of a server.
#[derive(Clone, Debug)]
pub(crate) struct HealthDesk {
    pub(crate) health: Health,
    pub(crate) kennel: Arc<Kennel>,
    /// Whether the paths are there on every listener.
    pub(crate) everywhere: bool,
}

impl HealthDesk {
    /// Answers a request for one of the paths; where there is nothing else, any other is not found.
    pub(crate) fn answer<B>(&self, request: &http::Request<B>, alone: bool) -> Option<Response> {
        if !alone && !self.everywhere {
            return None;
        }
        let held_up = self.kennel.held_up();
        let answer = self
            .health
            .answer(request.method(), request.uri().path(), held_up);
        if answer.is_none() && alone {
            let refusal = Refusal::new(StatusCode::NOT_FOUND, "there is nothing here but health");
            return Some(refusal.into_response());
        }
        answer
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("prefix", &self.inner.prefix)
            .field("failing", &self.failing())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    async fn ask(health: &Health, method: Method, path: &str, held_up: usize) -> (u16, String) {
        let mut response = health.answer(&method, path, held_up).unwrap();
        let body = response.body_mut().bytes(1000).await.unwrap();
        (
            response.status().as_u16(),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_when_every_check_has_passed_and_the_server_goes_on() {
        let state = Arc::new(AtomicU8::new(0));
        let health = Health::new();
        let unready = Signal::new();
        health.follow(&unready);
        assert_eq!(
            ask(&health, Method::GET, "/-/ready", 0).await,
            (200, "ready\n".into())
        );
        health.check("database", {
            let state = Arc::clone(&state);
            move || {
                let state = state.load(Ordering::Relaxed);
                async move {
                    match state {
                        0 => Err("no such host".into()),
                        1 => Ok(()),
                        2 => panic!("on purpose"),
                        _ => std::future::pending().await,
                    }
                }
            }
        });
        let not_ready = (503, "not ready: database\n".to_owned());
        assert_eq!(ask(&health, Method::GET, "/-/ready", 0).await, not_ready);
        let running = tokio::spawn(health.clone().run());
        for (now, is_ready) in [
            (0, false),
            (1, true),
            (2, false),
            (1, true),
            (3, false),
            (1, true),
        ] {
            state.store(now, Ordering::Relaxed);
            sleep(Duration::from_secs(10)).await;
            assert_eq!(health.is_ready(), is_ready, "{now}");
        }
        unready.fire();
        assert_eq!(
            ask(&health, Method::GET, "/-/ready", 0).await,
            (503, "not ready: about to stop\n".into())
        );
        running.abort();
    }

    #[tokio::test]
    async fn it_is_alive_while_no_worker_is_held_up() {
        let health = Health::with_prefix("/health/");
        assert_eq!(ask(&health, Method::HEAD, "/health/live", 0).await.0, 200);
        assert_eq!(ask(&health, Method::GET, "/health/live", 1).await.0, 503);
        assert_eq!(ask(&health, Method::POST, "/health/live", 0).await.0, 405);
        assert!(health.answer(&Method::GET, "/health/", 0).is_none());
        assert!(health.answer(&Method::GET, "/-/live", 0).is_none());
    }
}
