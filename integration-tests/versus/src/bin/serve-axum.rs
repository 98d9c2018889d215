//! axum, with the files of tower-http.

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;
use versus::server::{Failure, block_on};
use versus::{FILLERS, HELLO, Manifest, Message};

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
            .merge(middlewares)
            .nest_service("/files", ServeDir::new(assignment.files));
        let (before, after) = FILLERS.split_at(FILLERS.len() / 2);
        let filled = |app: Router, routes: &[&str]| {
            routes
                .iter()
                .fold(app, |app, route| app.route(route, get(async || HELLO)))
        };
        let app = filled(app, before).route("/users/{user}/posts/{post}", get(ids));
        axum::serve(listener, filled(app, after)).await?;
        Ok(())
    })
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
