//! One server of the comparison: `serve <framework>` prints its port and runs until it is asked for `/quit`.
//!
//! All of them answer the same: `/plaintext`, `/json`, `/users/{user}/posts/{post}`, and `/middlewares`, which five
//! middlewares are wrapped around. One current-thread runtime each.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use serde::Serialize;
use tokio::net::TcpListener;

const HELLO: &str = "Hello, World!";

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let framework = std::env::args().nth(1).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match framework.as_str() {
        "hyper" => runtime.block_on(bare_hyper()),
        "axum" => runtime.block_on(axum_server()),
        "wharf" => runtime.block_on(wharf(false)),
        "wharf-production" => runtime.block_on(wharf(true)),
        other => Err(format!("unknown framework `{other}`: expected hyper, axum, wharf or wharf-production").into()),
    }
}

async fn listen() -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{}", listener.local_addr()?.port());
    Ok(listener)
}

fn quit() -> ! {
    std::process::exit(0)
}

async fn bare_hyper() -> Result<(), Box<dyn Error>> {
    use http_body_util::Full;
    use hyper::body::Incoming;
    use hyper::header::{CONTENT_TYPE, HeaderValue};
    use hyper::{Request, Response, StatusCode};

    async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path();
        let (kind, body) = match path {
            "/plaintext" | "/middlewares" => ("text/plain; charset=utf-8", Bytes::from_static(HELLO.as_bytes())),
            "/json" => {
                let body = serde_json::to_vec(&Message { message: HELLO }).unwrap_or_default();
                ("application/json", body.into())
            }
            "/quit" => quit(),
            _ => {
                let parts = path.strip_prefix("/users/").and_then(|rest| rest.split_once("/posts/"));
                let ids = parts.and_then(|(user, post)| Some((user.parse::<u64>().ok()?, post.parse::<u64>().ok()?)));
                let Some((user, post)) = ids else {
                    let mut response = Response::default();
                    *response.status_mut() = StatusCode::NOT_FOUND;
                    return Ok(response);
                };
                ("text/plain; charset=utf-8", format!("{user} {post}").into())
            }
        };
        let mut response = Response::new(Full::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    }

    let listener = listen().await?;
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

async fn axum_server() -> Result<(), Box<dyn Error>> {
    use axum::extract::{Path, Request};
    use axum::middleware::{Next, from_fn};
    use axum::response::Response;
    use axum::routing::get;
    use axum::serve::ListenerExt;
    use axum::{Json, Router};

    async fn pass(request: Request, next: Next) -> Response {
        next.run(request).await
    }
    async fn ids(Path((user, post)): Path<(u64, u64)>) -> String {
        format!("{user} {post}")
    }

    let middlewares = Router::new()
        .route("/middlewares", get(async || HELLO))
        .layer(from_fn(pass))
        .layer(from_fn(pass))
        .layer(from_fn(pass))
        .layer(from_fn(pass))
        .layer(from_fn(pass));
    let app = Router::new()
        .route("/plaintext", get(async || HELLO))
        .route("/json", get(async || Json(Message { message: HELLO })))
        .route("/users/{user}/posts/{post}", get(ids))
        .route("/quit", get(async || -> &'static str { quit() }))
        .merge(middlewares);
    let listener = listen().await?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

async fn wharf(production: bool) -> Result<(), Box<dyn Error>> {
    use wharf_core::response::IntoResponse;
    use wharf_core::{App, Json, Next, Path, Request, Response, get};
    use wharf_http::connection::Local;
    use wharf_http::{Connection, Peer};
    use wharf_server::{AccessLog, ConnectionConfig, serve_connection};

    async fn pass(request: Request, next: Next) -> Response {
        next.run(request).await
    }
    async fn ids(Path((user, post)): Path<(u64, u64)>) -> String {
        format!("{user} {post}")
    }

    let app = App::new().routes([
        get("/plaintext", async || HELLO),
        get("/json", async || Json(Message { message: HELLO })),
        get("/users/{user}/posts/{post}", ids),
        get("/quit", async || -> Response { quit() }),
        get("/middlewares", async || HELLO.into_response())
            .wrap(pass)
            .wrap(pass)
            .wrap(pass)
            .wrap(pass)
            .wrap(pass),
    ]);
    let running = app.start().await?;
    let mut config = ConnectionConfig::new(running);
    if !production {
        config = config.access_log(AccessLog::off());
    }
    let listener = listen().await?;
    let local = Local::Tcp(listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let connection = Connection::new(Peer::Tcp(peer), local.clone());
        tokio::spawn(serve_connection(stream, connection, config.clone()));
    }
}
