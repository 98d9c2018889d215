//! axum, with the files of tower-http.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::{Listener, ListenerExt};
use axum::{Json, Router};
use http_body_util::BodyExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower_http::services::ServeDir;
use versus::server::{Failure, block_on};
use versus::{BLOCK, FILLERS, HELLO, Manifest, Message, tls};

fn main() -> Result<(), Failure> {
    block_on(async |assignment| {
        let listener = TcpListener::from_std(assignment.listener)?.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let middlewares = Router::new()
            .route("/middlewares", get(async || HELLO))
            .layer(from_fn(pass))
            .layer(from_fn(pass))
            .layer(from_fn(pass))
            .layer(from_fn(pass))
            .layer(from_fn(pass));
        let app = Router::new()
            .route("/plaintext", get(async || HELLO))
            .route("/json", get(async || Json(Message::HELLO)))
            .route(
                "/echo",
                post(async |Json(manifest): Json<Manifest>| Json(manifest)),
            )
            .route("/upload", post(upload))
            .route("/block", get(async || &BLOCK[..]))
            .merge(middlewares)
            .nest_service("/files", ServeDir::new(assignment.files));
        let (before, after) = FILLERS.split_at(FILLERS.len() / 2);
        let filled = |app: Router, routes: &[&str]| {
            routes
                .iter()
                .fold(app, |app, route| app.route(route, get(async || HELLO)))
        };
        let app = filled(app, before).route("/users/{user}/posts/{post}", get(ids));
        let app = filled(app, after);
        match assignment.tls {
            Some(folder) => encrypted(listener, app, &folder).await,
            None => Ok(axum::serve(listener, app).await?),
        }
    })
}

/// Serves what axum has no listener for.
async fn encrypted(
    mut listener: impl Listener<Io = TcpStream>,
    app: Router,
    folder: &std::path::Path,
) -> Result<(), Failure> {
    let acceptor = TlsAcceptor::from(Arc::new(tls::config(folder)?));
    let service = TowerToHyperService::new(app);
    loop {
        let (stream, _) = listener.accept().await;
        let (acceptor, service) = (acceptor.clone(), service.clone());
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        });
    }
}

async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn ids(Path((user, post)): Path<(u64, u64)>) -> String {
    format!("{user} {post}")
}

async fn upload(mut body: Body) -> String {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, |data| data.len());
    }
    bytes.to_string()
}
