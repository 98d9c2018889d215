//! [`Recorder`]: real exchanges in a file.

mod base64;
mod exchange;
mod redact;
mod tee;

pub(super) use exchange::{Content, Exchange, read};
pub(super) use redact::REDACTED;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use wharf_client::Error;
use wharf_client::middleware::{Next, Sending};
use wharf_http::{Body, BoxError, Middleware, Request, Response};

use self::exchange::Message;
use self::redact::Redaction;
use self::tee::{Capture, Copy, Tee};
use super::matcher::field_name;

/// Records what a client sends and gets, for [`MockServer::replay`](crate::MockServer::replay).
///
/// It is a middleware of the client: `Client::builder().wrap(recorder.clone())`. An exchange is recorded once its response was read to the
/// end, or dropped; those that failed are not. They are kept in memory until they are [saved](Self::save), in the order in which
/// they began. Cheap to clone; clones record together.
///
/// The values of `authorization`, `cookie`, `set-cookie` and `proxy-authorization` do not go into the file, nor do others
/// that are [named](Self::redact_header). Bodies do as they are: look through the file before you publish it. Responses are asked for
/// without a coding, unless a request names one, so that it can be read.
///
/// # Examples
///
/// ```
/// use wharf_client::Client;
/// use wharf_test::MockServer;
/// use wharf_test::upstream::{Recorder, Reply, get};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # let real = MockServer::new();
/// # real.expect(get("/ships")).reply(Reply::new(200).text("two ships"));
/// # let file = std::env::temp_dir().join(format!("wharf-recorder-{}.json", std::process::id()));
/// let recorder = Recorder::new().redact_query("key");
/// let client = Client::builder()
/// #   .connector(real.connector())
///     .wrap(recorder.clone())
///     .build()?;
/// client.get("http://quay.test/ships?key=secret").send().await?.text().await?;
/// recorder.save(&file)?;
///
/// // From then on, without a network:
/// let mock = MockServer::replay(&file);
/// let client = Client::builder().connector(mock.connector()).build()?;
/// let mut response = client.get("http://quay.test/ships?key=other").send().await?;
/// assert_eq!(response.text().await?, "two ships");
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Recorder {
    settings: Arc<Settings>,
    tape: Arc<Tape>,
}

#[derive(Clone, Debug)]
struct Settings {
    redaction: Redaction,
    body_limit: usize,
}

/// The exchanges in the order in which they began; `None` while one is under way.
#[derive(Default)]
struct Tape {
    exchanges: Mutex<Vec<Option<Exchange>>>,
}

impl Recorder {
    /// Creates a recorder with nothing on it.
    pub fn new() -> Self {
        Self {
            settings: Arc::new(Settings {
                redaction: Redaction::new(),
                body_limit: 1024 * 1024,
            }),
            tape: Arc::default(),
        }
    }

    /// Leaves the values of a header field out, besides those that are left out already.
    ///
    /// # Panics
    ///
    /// Panics when the name is malformed.
    #[track_caller]
    pub fn redact_header<N>(mut self, name: N) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
    {
        let settings = Arc::make_mut(&mut self.settings);
        settings.redaction.add_header(field_name(name));
        self
    }

    /// Leaves the values of a name out of queries. Default: all are recorded.
    pub fn redact_query(mut self, name: impl Into<String>) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        settings.redaction.add_query(name.into());
        self
    }

    /// Sets how many bytes of a body are recorded. Of a larger one only the length is: a request with it matches
    /// whatever its body, a response with it cannot be replayed.
    ///
    /// Default: 1 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        Arc::make_mut(&mut self.settings).body_limit = bytes;
        self
    }

    /// Returns how many exchanges were recorded.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tape.lock().iter().flatten().count()
    }

    /// Writes the exchanges to a file, in place of what it holds.
    ///
    /// The same exchanges make the same file.
    ///
    /// # Errors
    ///
    /// Why the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let exchanges: Vec<_> = self.tape.lock().iter().flatten().cloned().collect();
        fs::write(path, exchange::write(&exchanges))
    }
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, Vec<Option<Exchange>>> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a place for an exchange that begins.
    fn begin(&self) -> usize {
        let mut exchanges = self.lock();
        exchanges.push(None);
        exchanges.len() - 1
    }

    fn end(&self, place: usize, exchange: Exchange) {
        if let Some(slot) = self.lock().get_mut(place) {
            *slot = Some(exchange);
        }
    }
}

impl Settings {
    fn message(&self, headers: &HeaderMap, body: Content, is_whole: bool) -> Message {
        let headers = headers.iter();
        Message {
            headers: headers
                .map(|(name, value)| (name.clone(), self.redaction.value(name, value)))
                .collect(),
            body,
            is_whole,
        }
    }
}

impl Middleware<Sending> for Recorder {
    async fn handle(&self, mut request: Request, next: Next) -> Result<Response, Error> {
        let place = self.tape.begin();
        let settings = Arc::clone(&self.settings);
        let headers = request.headers().clone();
        request
            .headers_mut()
            .entry(ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("identity"));
        let method = request.method().clone();
        let url = settings.redaction.url(&request.uri().to_string());
        let (sent, request) = self.copied(request).await;
        let response = next.run(request).await?;

        let status = response.status();
        let answer = response.headers().clone();
        let received = Copy::new(settings.body_limit);
        let (copy, tape) = (received.clone(), Arc::clone(&self.tape));
        let done = move || {
            let (sent, received) = (sent.lock(), received.lock());
            tape.end(
                place,
                Exchange {
                    method,
                    url,
                    status,
                    request: settings.message(&headers, content(&sent), true),
                    response: settings.message(&answer, content(&received), received.is_whole()),
                },
            );
        };
        Ok(response.map(|body| Tee::wrap(body, copy, done)))
    }
}

impl Recorder {
    /// Sees to it that the body of a request is copied, without making it one that cannot be sent again.
    async fn copied(&self, request: Request) -> (Copy, Request) {
        let limit = self.settings.body_limit;
        match request.body().try_clone() {
            Some(body) => {
                let mut capture = Capture::new(limit);
                capture.read(body).await;
                (Copy::of(capture), request)
            }
            None => {
                let copy = Copy::new(limit);
                let request = request.map(|body: Body| Tee::wrap(body, copy.clone(), || {}));
                (copy, request)
            }
        }
    }
}

fn content(capture: &Capture) -> Content {
    match capture.bytes() {
        Ok(bytes) => Content::Bytes(Bytes::copy_from_slice(bytes)),
        Err(length) => Content::LeftOut(length),
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("settings", &self.settings)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
