//! actix-web, with actix-files.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Json, Payload};
use actix_web::{App, Error, HttpServer};
use futures_util::StreamExt;
use versus::server::{Assignment, Failure};
use versus::{BLOCK, FILLERS, HELLO, Manifest, Message, tls};

fn main() -> Result<(), Failure> {
    let Assignment {
        files,
        tls,
        listener,
        ..
    } = Assignment::take()?;
    let server = async move {
        let app = move || {
            let (before, after) = FILLERS.split_at(FILLERS.len() / 2);
            let middlewares = web::resource("/middlewares").get(async || HELLO);
            let middlewares = middlewares
                .wrap(from_fn(pass))
                .wrap(from_fn(pass))
                .wrap(from_fn(pass))
                .wrap(from_fn(pass))
                .wrap(from_fn(pass));
            let mut app = App::new()
                .route("/plaintext", web::get().to(async || HELLO))
                .route("/json", web::get().to(async || Json(Message::HELLO)))
                .route(
                    "/echo",
                    web::post().to(async |manifest: Json<Manifest>| manifest),
                )
                .route("/upload", web::post().to(upload))
                .route("/block", web::get().to(async || &BLOCK[..]))
                .service(middlewares);
            for route in before {
                app = app.route(route, web::get().to(async || HELLO));
            }
            app = app.route("/users/{user}/posts/{post}", web::get().to(ids));
            for route in after {
                app = app.route(route, web::get().to(async || HELLO));
            }
            app.service(actix_files::Files::new("/files", &files))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .keep_alive(Duration::from_secs(75))
            .tcp_nodelay(true)
            .disable_signals();
        let server = match tls {
            Some(folder) => server.listen_rustls_0_23(listener, tls::config(&folder)?)?,
            None => server.listen(listener)?,
        };
        Ok(server.run().await?)
    };
    actix_web::rt::System::new().block_on(server)
}

async fn pass(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    next.call(request).await
}

async fn ids(ids: web::Path<(u64, u64)>) -> String {
    let (user, post) = ids.into_inner();
    format!("{user} {post}")
}

async fn upload(mut payload: Payload) -> Result<String, Error> {
    let mut bytes = 0;
    while let Some(piece) = payload.next().await {
        bytes += piece?.len();
    }
    Ok(bytes.to_string())
}
