//! hyper alone, with a `match` for a router. `hyper-flush` is the same with the setting that makes pipelined requests fast, and can
//! lose answers.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use versus::server::{Failure, block_on};
use versus::{BLOCK, HELLO, Manifest, Message, tls};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const BINARY: &str = "application/octet-stream";

type Answer = Result<Response<Full<Bytes>>, Infallible>;

fn main() -> Result<(), Failure> {
    block_on(async |assignment| {
        let files = Arc::new(assignment.files);
        let mut builder = http1::Builder::new();
        builder.pipeline_flush(assignment.row == "hyper-flush");
        let listener = TcpListener::from_std(assignment.listener)?;
        let acceptor = match assignment.tls {
            Some(folder) => Some(TlsAcceptor::from(Arc::new(tls::config(&folder)?))),
            None => None,
        };
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (files, builder) = (Arc::clone(&files), builder.clone());
            let service =
                hyper::service::service_fn(move |request| answer(request, Arc::clone(&files)));
            match acceptor.clone() {
                Some(acceptor) => tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let serving = builder.serve_connection(TokioIo::new(stream), service);
                        let _ = serving.await;
                    }
                }),
                None => tokio::spawn(async move {
                    let serving = builder.serve_connection(TokioIo::new(stream), service);
                    let _ = serving.await;
                }),
            };
        }
    })
}

async fn answer(request: Request<Incoming>, files: Arc<PathBuf>) -> Answer {
    let path = request.uri().path();
    match path {
        "/plaintext" => hello(request).await,
        "/middlewares" => first(request).await,
        "/json" => written(&Message::HELLO),
        "/echo" => match request
            .into_body()
            .collect()
            .await
            .map(|body| serde_json::from_slice::<Manifest>(&body.to_bytes()))
        {
            Ok(Ok(manifest)) => written(&manifest),
            _ => refused(StatusCode::BAD_REQUEST),
        },
        "/block" => found(BINARY, Bytes::from_static(&BLOCK)),
        "/upload" => {
            let mut body = request.into_body();
            let mut bytes = 0;
            while let Some(Ok(frame)) = body.frame().await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
            }
            found(TEXT, bytes.to_string())
        }
        _ => {
            if let Some((user, post)) = ids(path) {
                return found(TEXT, format!("{user} {post}"));
            }
            // Read at once, which holds up the other connections of this thread where the file is not in the page cache.
            match path
                .strip_prefix("/files/")
                .map(|name| std::fs::read(files.join(name)))
            {
                Some(Ok(file)) => found(BINARY, file),
                _ => refused(StatusCode::NOT_FOUND),
            }
        }
    }
}

fn ids(path: &str) -> Option<(u64, u64)> {
    let (user, post) = path.strip_prefix("/users/")?.split_once("/posts/")?;
    Some((user.parse().ok()?, post.parse().ok()?))
}

fn written(value: &impl serde::Serialize) -> Answer {
    found(JSON, serde_json::to_vec(value).unwrap_or_default())
}

fn found(kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

fn refused(status: StatusCode) -> Answer {
    let mut response = Response::default();
    *response.status_mut() = status;
    Ok(response)
}

async fn first(request: Request<Incoming>) -> Answer {
    second(request).await
}

async fn second(request: Request<Incoming>) -> Answer {
    third(request).await
}

async fn third(request: Request<Incoming>) -> Answer {
    fourth(request).await
}

async fn fourth(request: Request<Incoming>) -> Answer {
    fifth(request).await
}

async fn fifth(request: Request<Incoming>) -> Answer {
    hello(request).await
}

async fn hello(_request: Request<Incoming>) -> Answer {
    found(TEXT, Bytes::from_static(HELLO.as_bytes()))
}
