//! ntex on tokio, with ntex-files.

use ntex::http::{HttpServiceConfig, KeepAlive};
use ntex::service::cfg::SharedCfg;
use ntex::time::Seconds;
use ntex::web::types::{Json, Path, Payload};
use ntex::web::{self, App, Error, HttpServer, WebRequest, WebResponse};
use ntex::{Middleware, Service, ServiceCtx};
use versus::server::{Assignment, Failure};
use versus::{FILLERS, HELLO, Manifest, Message};

#[ntex::main]
async fn main() -> Result<(), Failure> {
    let Assignment {
        files, listener, ..
    } = Assignment::take()?;
    let app = async move || {
        let (before, after) = FILLERS.split_at(FILLERS.len() / 2);
        let middlewares = web::resource("/middlewares")
            .middleware(Pass)
            .middleware(Pass)
            .middleware(Pass)
            .middleware(Pass)
            .middleware(Pass)
            .route(web::get().to(async || HELLO));
        let mut app = App::new()
            .route("/plaintext", web::get().to(async || HELLO))
            .route("/json", web::get().to(async || Json(Message::HELLO)))
            .route(
                "/echo",
                web::post().to(async |manifest: Json<Manifest>| manifest),
            )
            .route("/upload", web::post().to(upload))
            .service(middlewares);
        for route in before {
            app = app.route(route, web::get().to(async || HELLO));
        }
        app = app.route("/users/{user}/posts/{post}", web::get().to(ids));
        for route in after {
            app = app.route(route, web::get().to(async || HELLO));
        }
        app.service(ntex_files::Files::new("/files", &files))
    };
    let http = HttpServiceConfig::new().set_keepalive(KeepAlive::Timeout(Seconds(75)));
    HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .config(SharedCfg::new("versus").add(http))
        .listen(listener)?
        .run()
        .await?;
    Ok(())
}

async fn ids(ids: Path<(u64, u64)>) -> String {
    let (user, post) = ids.into_inner();
    format!("{user} {post}")
}

async fn upload(mut payload: Payload) -> Result<String, Error> {
    let mut bytes = 0;
    while let Some(piece) = payload.recv().await {
        bytes += piece?.len();
    }
    Ok(bytes.to_string())
}

/// A middleware that does nothing.
struct Pass;

impl<S> Middleware<S, SharedCfg> for Pass {
    type Service = Passing<S>;

    fn create(&self, service: S, _: SharedCfg) -> Passing<S> {
        Passing { service }
    }
}

struct Passing<S> {
    service: S,
}

impl<S, E> Service<WebRequest<E>> for Passing<S>
where
    S: Service<WebRequest<E>, Response = WebResponse>,
{
    type Response = WebResponse;
    type Error = S::Error;

    ntex::forward_poll!(service);
    ntex::forward_ready!(service);
    ntex::forward_shutdown!(service);

    async fn call(
        &self,
        request: WebRequest<E>,
        context: ServiceCtx<'_, Self>,
    ) -> Result<WebResponse, S::Error> {
        context.call(&self.service, request).await
    }
}
