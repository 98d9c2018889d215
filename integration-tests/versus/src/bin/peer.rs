//! The server that clients are compared with: hyper alone.
//!
//! `/` is a short text, `/json` is JSON, `/large` comes in pieces, and what is sent there is counted: `/large` takes as much as it
//! gives.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use tokio::net::TcpListener;
use versus::server::{Failure, block_on};
use versus::{HELLO, LARGE, Message, Pieces};

type Answer = Either<Full<Bytes>, Pieces>;

fn main() -> Result<(), Failure> {
    block_on(async |assignment| {
        let listener = TcpListener::from_std(assignment.listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let service = hyper::service::service_fn(answer);
                let io = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(io, service)
                    .await;
            });
        }
    })
}

async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let mut kind = "text/plain; charset=utf-8";
    let body = match (request.method(), request.uri().path()) {
        (&Method::GET, "/large") => Either::Right(Pieces::new(LARGE)),
        (_, "/large") => whole(count(request.into_body()).await.to_string()),
        (_, "/json") => {
            kind = "application/json";
            whole(serde_json::to_vec(&Message::HELLO).unwrap_or_default())
        }
        _ => whole(HELLO),
    };
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

fn whole(body: impl Into<Bytes>) -> Answer {
    Either::Left(Full::new(body.into()))
}

async fn count(mut body: Incoming) -> u64 {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
    }
    bytes
}
