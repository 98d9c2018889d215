//! Whole connections of HTTP/2: any bytes after the preface, the connection ends without a panic, and what comes back is frames.
#![no_main]

use futures_util::future::join;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wharf_http::service::service_fn;
use wharf_http::{Body, Connection, Context, Request, Response};
use wharf_server::{ConnectionConfig, Protocol, serve_connection_as};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

async fn echo(request: Request, _: Context) -> Response {
    let read = request.into_body().bytes(1000).await;
    Response::new(read.map_or_else(|error| Body::from(error.to_string()), Body::from))
}

fuzz_target!(|data: &[u8]| {
    let [seed, input @ ..] = data else { return };
    fuzz::run(async {
        let config = ConnectionConfig::new(service_fn(echo));
        let (near, far) = duplex(1 << 16);
        let serving = serve_connection_as(far, Connection::memory(), config, Protocol::Http2);
        let serving = tokio::spawn(serving);
        let (mut reading, mut writing) = tokio::io::split(near);
        let sending = async {
            let _gone = writing.write_all(PREFACE).await;
            for piece in fuzz::cut(input, *seed) {
                if writing.write_all(&piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            if seed % 2 == 0 {
                let _gone = writing.shutdown().await;
            }
        };
        let mut all = Vec::new();
        let (_, _reset) = join(sending, reading.read_to_end(&mut all)).await;
        serving.await.expect("no panic");
        let mut rest = all.as_slice();
        while let [a, b, c, kind, _, after @ ..] = rest {
            assert!(*kind <= 9, "a frame of kind {kind}");
            let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            rest = after.get(4 + length..).unwrap_or_default();
        }
    });
});
