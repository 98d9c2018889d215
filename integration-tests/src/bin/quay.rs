//! A program around a server, for tests that need a process of their own: signals, exit status, limits of the system.
//!
//! A file that `QUAY_FAILS_IF` names makes the check fail while it is there. `QUAY` says what goes wrong: `check`, `start`, `starting` (it never gets further), `stop`, `stopping` (likewise). With
//! `by-hand` nothing does, and the program makes its server itself: with extended CONNECT, with the certificate and key in the folder
//! that `QUAY_TLS` names, and with a watchdog that ends the process after `QUAY_EXIT_AFTER` milliseconds. `report` does the same, and
//! prints how the server ended.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use tokio::time::sleep;
use wharf_http::{
    Body, BoxError, BoxFuture, Context, HeaderValue, Request, Response, Serve, Service, StatusCode,
    Version, body,
};
use wharf_server::tls::{Identity, TlsConfig};
use wharf_server::{Http2Config, Server, Settings, Watchdog};

fn main() -> Result<(), BoxError> {
    let quay = Quay {
        wrong: std::env::var("QUAY").unwrap_or_default(),
        files: Mutex::default(),
        stop_spinning: Arc::default(),
    };
    match &*quay.wrong {
        "by-hand" => by_hand(quay)?.run_as_program(),
        "report" => {
            let server = by_hand(quay)?.settings(Settings::from_process()?);
            let report = server.run()?;
            say(&format!(
                "drained {}, cut {}, tasks cut {}",
                report.drained, report.cut, report.tasks_cut
            ));
            Ok(())
        }
        _ => wharf_server::run(quay),
    }
}

fn by_hand(quay: Quay) -> Result<Server<Quay>, BoxError> {
    let mut server = Server::new(quay)
        .bind("127.0.0.1:0")
        .http2(Http2Config::new().extended_connect(true));
    if let Some(folder) = std::env::var_os("QUAY_TLS").map(PathBuf::from) {
        let identity = Identity::pem_files(folder.join("cert.pem"), folder.join("key.pem"));
        server = server.tls(TlsConfig::new(identity));
    }
    if let Ok(milliseconds) = std::env::var("QUAY_EXIT_AFTER") {
        let limit = Duration::from_millis(milliseconds.parse()?);
        server = server.watchdog(Watchdog::new().exit_after(limit));
    }
    Ok(server)
}

/// Says something on standard error, should anybody listen.
fn say(text: &str) {
    let _gone = writeln!(std::io::stderr(), "{text}");
}

/// Whether the file is there that tells a process to fail.
fn fails_if_told() -> bool {
    std::env::var_os("QUAY_FAILS_IF").is_some_and(|path| std::path::Path::new(&path).exists())
}

struct Quay {
    wrong: String,
    files: Mutex<Vec<File>>,
    stop_spinning: Arc<AtomicBool>,
}

impl Quay {
    fn files(&self) -> std::sync::MutexGuard<'_, Vec<File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serve for Quay {
    type Service = Self;

    async fn check(&mut self) -> Result<(), BoxError> {
        match &*self.wrong {
            _ if fails_if_told() => Err("told to fail".into()),
            "check" => Err("two things are wrong:\n  - the first\n  - the second".into()),
            _ => Ok(()),
        }
    }

    async fn start(self) -> Result<Self, BoxError> {
        say("starting");
        match &*self.wrong {
            "start" => Err("no database".into()),
            "starting" => std::future::pending().await,
            _ => Ok(self),
        }
    }
}

impl Service for Quay {
    type Future = BoxFuture<'static, Response>;

    fn call(&self, request: Request, context: &Context) -> Self::Future {
        match request.uri().path() {
            // Holds every descriptor there is until somebody says `/release`.
            "/greedy" => {
                let mut files = self.files();
                while let Ok(file) = File::open("/dev/null") {
                    files.push(file);
                }
            }
            "/release" => self.files().clear(),
            "/error" => context.connection().report("the crane is stuck"),
            "/spin" => context.set_route_number(0),
            "/stop-spinning" => self.stop_spinning.store(true, Ordering::Relaxed),
            _ => {}
        }
        let context = context.clone();
        let stop_spinning = Arc::clone(&self.stop_spinning);
        Box::pin(async move {
            match request.uri().path() {
                "/spin" => spin(&stop_spinning),
                "/until-shutdown" => {
                    say("a request waits");
                    context.shutdown().fired().await;
                }
                "/stuck" => {
                    say("a request waits");
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            match request.uri().path() {
                "/process" => Response::new(format!("{} done;", std::process::id()).into()),
                "/environment" => {
                    let variables =
                        std::env::vars().map(|(name, value)| format!("{name}={value} "));
                    Response::new(format!("{}done;", variables.collect::<String>()).into())
                }
                "/soon" => soon(),
                "/events" => events(),
                "/upgrade" => upgrade(request),
                "/download" => download(),
                "/upload" => upload(request.into_body()).await,
                "/small-upload" => small_upload(request.into_body()).await,
                _ => Response::new("done;".into()),
            }
        })
    }

    fn route_count(&self) -> usize {
        1
    }

    fn describe_route(&self, number: u32) -> Option<String> {
        (number == 0).then(|| "GET /spin".to_owned())
    }

    async fn stop(&self) -> Result<(), BoxError> {
        say("stopping");
        match &*self.wrong {
            "stop" => Err("the database is gone".into()),
            "stopping" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// Holds the thread until another request says `/stop-spinning`; not for ever, should whoever started the process be gone.
fn spin(stop: &AtomicBool) {
    let begun = Instant::now();
    while !stop.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_secs(60) {
        std::hint::spin_loop();
    }
}

/// Answers in two pieces, and takes 200 milliseconds for it.
fn soon() -> Response {
    let (mut sender, body) = Body::channel(1);
    tokio::spawn(async move {
        sleep(Duration::from_millis(100)).await;
        sender.send("nearly ").await?;
        sleep(Duration::from_millis(100)).await;
        sender.send("done;").await
    });
    Response::new(body)
}

/// Sends one event, and then neither another nor the end.
fn events() -> Response {
    let (mut sender, body) = Body::channel(1);
    tokio::spawn(async move {
        sender.send("data: first\n\n").await?;
        std::future::pending::<Result<(), body::Error>>().await
    });
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert("content-type", kind);
    response
}

/// Changes to a protocol that says everything again, and ends when the client does.
fn upgrade(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let (mut reading, mut writing) = tokio::io::split(TokioIo::new(upgraded));
            let _ended = tokio::io::copy(&mut reading, &mut writing).await;
        }
    });
    let mut response = Response::new(Body::empty());
    if request.version() == Version::HTTP_11 {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in [("connection", "upgrade"), ("upgrade", "parrot")] {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Sends 64 MiB.
fn download() -> Response {
    let (mut sender, body) = Body::channel(4);
    tokio::spawn(async move {
        for number in 0..1024 {
            sender.send(vec![number as u8; 65_536]).await?;
        }
        Ok::<(), body::Error>(())
    });
    Response::new(body)
}

/// Counts what is sent.
async fn upload(mut body: Body) -> Response {
    let mut bytes = 0;
    while let Some(Ok(piece)) = body.chunk().await {
        bytes += piece.len();
    }
    Response::new(format!("{bytes} done;").into())
}

/// Takes a mebibyte at most, and answers as soon as it knows that there is more.
async fn small_upload(mut body: Body) -> Response {
    match body.bytes(1 << 20).await {
        Ok(bytes) => Response::new(format!("{} done;", bytes.len()).into()),
        Err(error) => {
            let mut response = Response::new(format!("{error} done;").into());
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            response
        }
    }
}
