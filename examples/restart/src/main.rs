//! A program that is replaced while it serves: no connection is refused, no request is lost.
//!
//! Run:  cargo run -p restart
//! Then: curl localhost:8080/version
//!       curl localhost:8080/slow & sleep 1; kill -USR2 $(cat restart.pid); wait
//!       curl localhost:8080/version
//!
//! A release is brought out by putting the new program where the old one is, and sending SIGUSR2:
//!
//! ```console
//! $ cp target/release/restart /srv/app/restart.new
//! $ mv /srv/app/restart.new /srv/app/restart      # at once: a program that runs cannot be written to
//! $ kill -USR2 $(cat /srv/app/restart.pid)
//! ```
//!
//! Or, with a folder for each release, `ln -sfn releases/2 current.new && mv -T current.new current`: what the process was
//! started as, `current/restart`, is looked up anew. The new process gets the listening sockets, runs its check and enters its
//! resources. Only when it serves does the old one stop accepting, finish its requests and end. A new one that fails, or
//! is not ready within a minute, is ended, and everything stays as it was; the log says why.
//!
//! `src/bin/by-route.rs` does the same by a call, `ServerHandle::restart`.

use std::time::Duration;

use wharf::{App, HttpError, Server, get};

/// Longer than a restart takes.
async fn slow() -> String {
    tokio::time::sleep(Duration::from_secs(3)).await;
    format!("answered by process {}\n", std::process::id())
}

async fn version() -> Result<String, HttpError> {
    let program = std::env::current_exe()?;
    let (version, process) = (env!("CARGO_PKG_VERSION"), std::process::id());
    Ok(format!(
        "{version} from {}, process {process}\n",
        program.display()
    ))
}

fn main() -> wharf::Result<()> {
    let app = App::new().routes([get("/slow", slow), get("/version", version)]);
    Server::new(app).pid_file("restart.pid").run_as_program()
}
