//! [`InProcess`]: a service in the same process, over a pipe in memory.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{DuplexStream, duplex};
use wharf_http::{Body, BoxError, Connection, Context, Response, Service};

use super::{Connector, Stream, Target};

/// How many bytes may be on their way in one direction, about as many as a socket holds.
const PIPE: usize = 64 * 1024;

/// Leads all requests to a service in the same process: a module that is to become a service of its own some day, or a
/// stand-in for one.
///
/// Requests and responses pass over a pipe in memory as HTTP/1.1, so that everything a client does applies: pool, limits,
/// middleware. What a server adds, such as its own limits, does not; tests of a whole application have `wharf-test`. Cheap to
/// clone.
///
/// # Examples
///
/// ```
/// use wharf_client::{Client, connect::InProcess};
/// use wharf_http::{Body, Context, Request, Response, service::service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let greeter = service_fn(|_: Request, _: Context| async { Response::new(Body::from("hi")) });
/// let client = Client::builder().connector(InProcess::new(greeter)).build()?;
/// assert_eq!(client.get("http://greeter/").send().await?.text().await?, "hi");
/// # Ok::<(), wharf_client::Error>(()) }).unwrap();
/// ```
pub struct InProcess<S> {
    service: Arc<S>,
}

impl<S: Service> InProcess<S> {
    /// Creates a connector to `service`.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self {
            service: Arc::new(service),
        }
    }
}

impl<S: Service> Connector for InProcess<S> {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        let (near, far) = duplex(PIPE);
        tokio::spawn(serve(far, Arc::clone(&self.service)));
        Ok(Stream::new(near))
    }
}

/// Serves one connection until the client closes it.
async fn serve<S: Service>(pipe: DuplexStream, service: Arc<S>) {
    let connection = Connection::memory();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let context = Context::new(connection.clone());
        let answer = service.call(request.map(Body::new), &context);
        async move {
            let response: Response = answer.await;
            Ok::<_, Infallible>(response)
        }
    });
    let served = http1::Builder::new().serve_connection(TokioIo::new(pipe), service);
    // What goes wrong is the client's to see: it is at the other end.
    drop(served.await);
}

impl<S> Clone for InProcess<S> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
        }
    }
}

impl<S> fmt::Debug for InProcess<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use wharf_http::Request;
    use wharf_http::service;

    use super::*;
    use crate::Client;

    #[tokio::test]
    async fn a_body_goes_there_and_back_and_the_connection_is_kept() {
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let mirror = service::service_fn(move |request: Request, context: Context| {
            counter.fetch_add(1, Ordering::Relaxed);
            assert_eq!(context.peer().to_string(), "memory");
            async move { Response::new(request.into_body()) }
        });
        let connector = InProcess::new(mirror);
        let client = Client::builder().connector(connector).build().unwrap();
        for size in [0, 1, 300_000] {
            let body = vec![b'x'; size];
            let request = client.post("http://mirror/").body(body.clone());
            let mut response = request.send().await.unwrap();
            assert_eq!(response.bytes().await.unwrap(), body);
        }
        assert_eq!(seen.load(Ordering::Relaxed), 3);
        let stats = client.stats();
        assert_eq!((stats.hosts()[0].created(), stats.idle()), (1, 1));
    }

    #[tokio::test]
    async fn a_service_that_panics_is_an_error_of_that_request_alone() {
        let moody = service::service_fn(|request: Request, _: Context| async move {
            assert!(request.uri().path() != "/panic", "as asked");
            Response::default()
        });
        let client = Client::builder()
            .connector(InProcess::new(moody))
            .build()
            .unwrap();
        let error = client.get("http://moody/panic").send().await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Disconnected);
        assert!(client.get("http://moody/").send().await.is_ok());
    }
}
