//! The same by a call: `POST /restart` on a unix socket, which only its owner can open.
//!
//! Run:  cargo run -p restart --bin by-route
//! Then: curl -X POST --unix-socket by-route.sock localhost/restart
//!       curl localhost:8080/version
//!
//! A server that is started with `start` leaves the signals of the process alone, so its end by signal is written here, too.

use tokio::sync::{mpsc, oneshot};
use wharf::server::listener::UnixConfig;
use wharf::{App, Context, HttpError, Server, Settings, State, get, post};

type Answer = oneshot::Sender<Result<u32, wharf::server::Error>>;

/// The way to whoever holds the handle of the server.
#[derive(Clone)]
struct Restarts(mpsc::Sender<Answer>);

async fn version() -> String {
    let (version, process) = (env!("CARGO_PKG_VERSION"), std::process::id());
    format!("{version}, process {process}\n")
}

/// Answers when the new process serves, or with the reason why none does.
async fn restart(context: Context, restarts: State<Restarts>) -> Result<String, HttpError> {
    if context.connection().local().unix_path().is_none() {
        return Err(HttpError::not_found("there is no such resource here"));
    }
    let (answer, answered) = oneshot::channel();
    restarts.0.send(answer).await?;
    match answered.await? {
        Ok(process) => Ok(format!("process {process} serves now\n")),
        Err(error) => Err(HttpError::unavailable(format!("{error:#}"))),
    }
}

/// Installs the handlers of SIGINT and SIGTERM, and returns what waits for the first of them.
fn told_to_end() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

#[tokio::main]
async fn main() -> wharf::Result<()> {
    // Before anything is opened: without its handler, a signal ends the process and leaves the socket's file behind.
    let told_to_end = told_to_end()?;
    let (restarts, mut asked) = mpsc::channel::<Answer>(1);
    let app = App::new()
        .provide(Restarts(restarts))
        .routes([get("/version", version), post("/restart", restart)]);
    let mut server = Server::new(app)
        .bind("127.0.0.1:8080")
        .bind("unix:by-route.sock")
        .unix(UnixConfig::new().mode(0o600))
        .settings(Settings::from_process()?)
        .banner(true)
        .start()
        .await?;

    let stop = server.shutdown_signal().clone();
    tokio::spawn(async move {
        told_to_end.await;
        stop.fire();
    });
    loop {
        tokio::select! {
            Some(answer) = asked.recv() => {
                // Whoever asked may have gone; the restart is no less done.
                let _gone = answer.send(server.restart().await);
            }
            ended = server.wait() => return ended.map(drop).map_err(Into::into),
        }
    }
}
