//! Whole connections of HTTP/1: any bytes in any pieces, the connection ends and all that comes back is answers, each well-formed.
#![no_main]

use std::time::Duration;

use futures_util::future::join;
use http::{HeaderValue, Response};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wharf_http::connection::{Local, Peer};
use wharf_http::service::service_fn;
use wharf_http::{Body, Connection, Context, Request};
use wharf_server::{
    ConnectionConfig, ConnectionEnd, ForwardedBy, Protocol, TrustedProxies, serve_connection_as,
};

/// Answers with the body, and tells the method, without which the end of the answer cannot be known.
async fn echo(request: Request, _: Context) -> wharf_http::Response {
    let (parts, mut body) = request.into_parts();
    let (status, text) = match body.bytes(1000).await {
        Ok(bytes) => (200, Body::from(bytes)),
        Err(error) => (400, Body::from(error.to_string())),
    };
    let method = HeaderValue::from_str(parts.method.as_str()).unwrap();
    let answer = Response::builder()
        .status(status)
        .header("x-method", method);
    answer.body(text).unwrap()
}

async fn serve(input: &[u8], seed: u8, close: bool) -> (Vec<u8>, ConnectionEnd) {
    let by = [ForwardedBy::XForwardedWithHost, ForwardedBy::Forwarded][usize::from(seed / 2 % 2)];
    let config = ConnectionConfig::new(service_fn(echo))
        .trusted_proxies(TrustedProxies::new().loopback())
        .forwarded_by(by);
    let address = "127.0.0.1:9".parse().unwrap();
    let connection = Connection::new(Peer::Tcp(address), Local::Tcp(address));
    let (near, far) = duplex(if seed < 8 { 64 } else { 1 << 16 });
    let serving = tokio::spawn(serve_connection_as(
        far,
        connection,
        config,
        Protocol::Http1,
    ));
    let (mut reading, mut writing) = tokio::io::split(near);
    let sending = async {
        for piece in fuzz::cut(input, seed) {
            if writing.write_all(&piece).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if close {
            let _gone = writing.shutdown().await;
        }
    };
    let mut all = Vec::new();
    let (_, _reset) = join(sending, reading.read_to_end(&mut all)).await;
    (all, serving.await.expect("no panic"))
}

/// Reads one answer, and returns what comes after it; `None` when it is not complete.
fn answer(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = str::from_utf8(&bytes[..end]).expect("a head is text");
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .strip_prefix("HTTP/1.")
        .expect("a status line");
    let code: u16 = status[2..5].parse().expect("a status code");
    let fields: Vec<_> = lines
        .map(|line| line.split_once(": ").expect("a field"))
        .collect();
    let field = |name: &str| {
        fields
            .iter()
            .find(|field| field.0 == name)
            .map(|field| field.1)
    };
    let rest = &bytes[end + 4..];
    match (code, field("x-method"), field("content-length")) {
        (100..200 | 204 | 304, ..) | (_, Some("HEAD"), _) => Some(rest),
        // A tunnel is no answer any more.
        (200..300, Some("CONNECT"), _) => Some(b""),
        // Nobody told whether it answers a `HEAD`; nothing comes after it.
        (_, None, _) if rest.is_empty() => Some(rest),
        (.., Some(length)) => rest.get(length.parse().expect("a length")..),
        (.., None) => panic!("an answer without a length: {head}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let [seed, input @ ..] = data else { return };
    fuzz::run(async {
        let (all, end) = serve(input, *seed, seed % 2 == 0).await;
        assert_ne!(end, ConnectionEnd::Failed);
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            match answer(rest) {
                Some(after) => rest = after,
                None => {
                    assert_ne!(
                        end,
                        ConnectionEnd::Finished,
                        "{}",
                        String::from_utf8_lossy(&all)
                    );
                    break;
                }
            }
        }
    });
});
