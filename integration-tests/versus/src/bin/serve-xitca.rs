//! xitca-web.

use std::path::Path;
use std::time::Duration;

use versus::server::{Assignment, Failure};
use versus::{FILLERS, HELLO, Manifest, Message};
use xitca_web::body::{BodyExt, RequestBody};
use xitca_web::handler::body::Body;
use xitca_web::handler::handler_service;
use xitca_web::handler::json::Json;
use xitca_web::handler::params::Params;
use xitca_web::route::{get, post};
use xitca_web::service::file::ServeDir;
use xitca_web::service::{Service, ServiceExt};
use xitca_web::{App, WebContext};

fn main() -> Result<(), Failure> {
    let Assignment {
        files, listener, ..
    } = Assignment::take()?;
    // Its service looks for the whole path of the request in the folder.
    let folder = files.parent().map(Path::to_owned).unwrap_or_default();
    let middlewares = get(handler_service(async || HELLO))
        .enclosed_fn(pass)
        .enclosed_fn(pass)
        .enclosed_fn(pass)
        .enclosed_fn(pass)
        .enclosed_fn(pass);
    let mut app = App::new()
        .at("/plaintext", get(handler_service(async || HELLO)))
        .at("/json", get(handler_service(async || Json(Message::HELLO))))
        .at(
            "/echo",
            post(handler_service(async |Json(manifest): Json<Manifest>| {
                Json(manifest)
            })),
        )
        .at("/upload", post(handler_service(upload)))
        .at("/middlewares", middlewares)
        .at("/users/{user}/posts/{post}", get(handler_service(ids)))
        .at("/files", ServeDir::new(folder));
    for route in FILLERS {
        app = app.at(route, get(handler_service(async || HELLO)));
    }
    app.serve()
        .worker_threads(1)
        .disable_signal()
        .keep_alive_timeout(Duration::from_secs(75))
        .listen(listener)?
        .run()
        .wait()?;
    Ok(())
}

async fn pass<S, T, E>(service: &S, context: WebContext<'_>) -> Result<T, E>
where
    S: for<'r> Service<WebContext<'r>, Response = T, Error = E>,
{
    service.call(context).await
}

async fn ids(Params((user, post)): Params<(u64, u64)>) -> String {
    format!("{user} {post}")
}

async fn upload(Body(body): Body<RequestBody>) -> String {
    let mut body = std::pin::pin!(body);
    let mut bytes = 0;
    while let Some(Ok(piece)) = body.as_mut().data().await {
        bytes += piece.len();
    }
    bytes.to_string()
}
