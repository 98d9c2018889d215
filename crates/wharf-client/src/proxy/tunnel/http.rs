//! `CONNECT` (RFC 9110 §9.3.6), through hyper.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http::header::{
    CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING,
};
use http::{Method, Request, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use wharf_http::Body;

use super::failed;
use super::prefixed::Prefixed;

use crate::config::{EXCERPT, EXCERPT_WAIT};
use crate::connect::{Stream, Target};
use crate::proxy::Proxy;
use crate::{Error, ErrorKind};

/// The most bytes that the head of the proxy's answer may have.
const HEAD: usize = 64 << 10;

/// The most header fields that the proxy's answer may have.
const HEADERS: usize = 100;

/// The `proxy-authenticate` fields of an answer with status 407: how the proxy would have us authenticate.
#[derive(Debug)]
pub(crate) struct Challenges {
    values: Vec<HeaderValue>,
}

impl Challenges {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let values: Vec<_> = headers
            .get_all(PROXY_AUTHENTICATE)
            .iter()
            .cloned()
            .collect();
        (!values.is_empty()).then_some(Self { values })
    }

    /// The values of the fields, in their order.
    pub(crate) fn values(&self) -> &[HeaderValue] {
        &self.values
    }
}

impl fmt::Display for Challenges {
    /// Names the scheme at the beginning of each field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it asks for credentials")?;
        let mut glue = " of the scheme ";
        for value in self.values() {
            let scheme = value.as_bytes().split(|byte| b" ,".contains(byte)).next();
            match scheme.and_then(|scheme| std::str::from_utf8(scheme).ok()) {
                // A longer one is no scheme, but somebody who wants to fill a log.
                Some(scheme) if (1..=32).contains(&scheme.len()) => {
                    write!(f, "{glue}{}", scheme.escape_debug())?;
                }
                _ => continue,
            }
            glue = " or ";
        }
        Ok(())
    }
}

impl std::error::Error for Challenges {}

/// Asks an HTTP proxy for a tunnel.
pub(super) async fn connect(
    stream: Stream,
    target: &Target,
    proxy: &Proxy,
) -> Result<Stream, Error> {
    let request = request(target, proxy)?;
    let because = |error: hyper::Error| failed(proxy, error);
    let (mut sender, connection) = Builder::new()
        .max_headers(HEADERS)
        .max_header_size(HEAD)
        // What a proxy sends too early waits here, so this bounds it as well.
        .max_buf_size(2 * HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(because)?;
    let mut driven = Driven {
        connection,
        ended: false,
    };
    let response = driven
        .run(sender.send_request(request))
        .await
        .map_err(because)?;
    if !response.status().is_success() {
        return Err(refused(response, &mut driven, proxy).await);
    }
    // The answer may be there a moment before the connection has let go of the stream.
    driven.finish().await.map_err(because)?;
    let parts = driven.connection.into_parts();
    Ok(Prefixed::put_back(parts.read_buf, parts.io.into_inner()))
}

fn request(target: &Target, proxy: &Proxy) -> Result<Request<Body>, Error> {
    let authority = target.to_string();
    let uri = Uri::builder()
        .authority(authority.as_str())
        .build()
        .map_err(|error| failed(proxy, error))?;
    let host = HeaderValue::try_from(&authority).map_err(|error| failed(proxy, error))?;
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.extend(proxy.headers().clone());
    // RFC 9112 §3.2: the same as the target, whatever else is set. There is no body to be framed.
    headers.insert(HOST, host);
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    if let Some(authorization) = proxy.authorization() {
        headers.insert(PROXY_AUTHORIZATION, authorization.clone());
    }
    Ok(request)
}

/// Makes an error of an answer that is no tunnel.
async fn refused(response: http::Response<Incoming>, driven: &mut Driven, proxy: &Proxy) -> Error {
    let (head, mut body) = response.into_parts();
    let mut excerpt = BytesMut::new();
    // What came until the time is over is told; a proxy that stalls must not hold the error back.
    let reading = driven.run(read_excerpt(&mut body, &mut excerpt));
    let _whole = timeout(EXCERPT_WAIT, reading).await;
    let mut error = Error::new(ErrorKind::Proxy)
        .at(proxy.target())
        .answered(head.status);
    if let Some(challenges) = Challenges::of(&head.headers) {
        error = error.because(challenges);
    }
    error.excerpt(excerpt.freeze())
}

async fn read_excerpt(body: &mut Incoming, excerpt: &mut BytesMut) {
    while excerpt.len() < EXCERPT {
        let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await else {
            return;
        };
        let mut data: Bytes = frame.into_data().unwrap_or_default();
        let length = data.remaining().min(EXCERPT - excerpt.len());
        excerpt.extend_from_slice(&data.copy_to_bytes(length));
    }
}

/// A connection that is driven by whoever waits for it, not by a task: it ends with the future that owns it.
struct Driven {
    connection: Connection<TokioIo<Stream>, Body>,
    ended: bool,
}

impl Driven {
    /// Waits for what depends on the connection.
    async fn run<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        poll_fn(|cx| {
            // Its error reaches whoever waits for the response or its body.
            self.ended = self.ended || self.connection.poll_without_shutdown(cx).is_ready();
            future.as_mut().poll(cx)
        })
        .await
    }

    /// Waits until the connection has done what it had to.
    async fn finish(&mut self) -> Result<(), hyper::Error> {
        poll_fn(|cx| match self.ended {
            true => Poll::Ready(Ok(())),
            false => self.connection.poll_without_shutdown(cx),
        })
        .await
    }
}
