//! wharf: `wharf` has no access log and no limit on time, as the others have none; `wharf-sonic` is the same with another JSON codec;
//! `wharf-production` has all that a service needs which is let out on the network.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use versus::server::{Assignment, Failure, block_on};
use versus::{BLOCK, FILLERS, HELLO, Manifest, Message, tls};
use wharf_core::extract::Scope;
use wharf_core::extract::json::{JsonCodec, JsonError, JsonErrorKind, JsonWith, SerdeJson};
use wharf_core::response::{IntoResponse, problem};
use wharf_core::{App, Body, BoxError, HttpError, Next, Path, Request, Response, get, post};
use wharf_server::tls::{Identity, TlsConfig};
use wharf_server::{AccessLog, Server, Timeouts};

fn main() -> Result<(), Failure> {
    block_on(async |assignment| {
        let Assignment {
            row,
            files,
            tls,
            listener,
        } = assignment;
        let app = match row.as_str() {
            "wharf-sonic" => app::<Sonic>(),
            _ => app::<SerdeJson>(),
        };
        let mut app = app.files("/files", files);
        let is_production = row == "wharf-production";
        if is_production {
            app = app
                .timeout(Duration::from_secs(30))
                .on_error(|error: &HttpError, scope: &Scope| problem::json(error, scope));
        }
        let mut server = Server::new(app).listen(listener);
        if let Some(folder) = tls {
            let identity = Identity::pem_files(tls::certificate(&folder), tls::key(&folder));
            server = server.tls(TlsConfig::new(identity));
        }
        let mut handle = if is_production {
            // Formatted as for a file, and thrown away.
            let log = AccessLog::new().also(|_, line| {
                black_box(&mut std::io::sink())
                    .write_all(black_box(line.as_bytes()))
                    .unwrap_or_default()
            });
            server.access_log(log).workers(1).start().await?
        } else {
            let unlimited = Timeouts::new()
                .request_head(None)
                .idle(None)
                .body_read(None)
                .response_write(None)
                .min_rate(None);
            server
                .access_log(AccessLog::off())
                .timeouts(unlimited)
                .start()
                .await?
        };
        handle.wait().await?;
        Ok(())
    })
}

fn app<C: JsonCodec>() -> App {
    let app = App::new().routes([
        get("/plaintext", async || HELLO),
        get("/json", async || JsonWith::<_, C>::new(Message::HELLO)),
        post("/echo", async |manifest: JsonWith<Manifest, C>| manifest),
        post("/upload", upload),
        get("/block", async || &BLOCK[..]),
        get("/middlewares", async || HELLO.into_response())
            .wrap(pass)
            .wrap(pass)
            .wrap(pass)
            .wrap(pass)
            .wrap(pass),
    ]);
    let (before, after) = FILLERS.split_at(FILLERS.len() / 2);
    let filler = |route: &&str| get(*route, async || HELLO);
    app.routes(before.iter().map(filler))
        .route(get("/users/{user}/posts/{post}", ids))
        .routes(after.iter().map(filler))
}

async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn ids(Path((user, post)): Path<(u64, u64)>) -> String {
    format!("{user} {post}")
}

async fn upload(mut body: Body) -> Result<String, HttpError> {
    let mut bytes = 0;
    while let Some(piece) = body.chunk().await {
        bytes += piece?.len();
    }
    Ok(bytes.to_string())
}

/// The codec of sonic-rs.
struct Sonic;

impl JsonCodec for Sonic {
    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, BoxError> {
        sonic_rs::to_vec(value).map_err(Into::into)
    }

    fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
        sonic_rs::from_slice(json).map_err(|error| {
            let kind = if error.is_unmatched_type() {
                JsonErrorKind::Shape
            } else {
                JsonErrorKind::Syntax
            };
            JsonError::new(kind, error)
        })
    }
}
