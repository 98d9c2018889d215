//! The server that clients are compared with: hyper alone. `peer` prints its port and runs until it is asked for `/quit`.
//!
//! `/` is a short text, `/large` comes in pieces, and what is sent there is counted: `/large` takes as much as it gives.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use tokio::net::TcpListener;
use versus::{LARGE, Pieces};

const HELLO: &str = "Hello, World!";

type Answer = Either<Full<Bytes>, Pieces>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = hyper::service::service_fn(answer);
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let body = match (request.method(), request.uri().path()) {
        (&Method::GET, "/large") => Either::Right(Pieces::new(LARGE)),
        (_, "/large") => text(count(request.into_body()).await.to_string()),
        (_, "/quit") => std::process::exit(0),
        _ => text(HELLO),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

fn text(text: impl Into<Bytes>) -> Answer {
    Either::Left(Full::new(text.into()))
}

async fn count(mut body: Incoming) -> u64 {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
    }
    bytes
}
