//! An application as a systemd service: systemd listens, starts it, watches it and replaces it.
//!
//! Run:  cargo run -p systemd -- --bind localhost:8080
//!       or, with a socket as systemd gives it: systemd-socket-activate -l 8080 --fdname=http target/debug/systemd
//! Then: curl localhost:8080
//!
//! `app.socket` and `app.service` beside this folder are the units:
//!
//! ```console
//! # install target/release/systemd /usr/local/bin/app
//! # cp app.socket app.service /etc/systemd/system/ && systemctl daemon-reload
//! # systemctl enable --now app.socket app.service
//! # systemctl reload app                              # reads again what may have changed
//! # systemctl kill -s USR2 --kill-whom=main app       # a new release takes over, without a request lost
//! ```
//!
//! systemd holds the socket: what comes before the application serves, or while it is started again after a crash, waits in
//! the queue. It is told when the application is ready, when it reloads and stops, who its successor is after a restart,
//! and twice in `WatchdogSec` that all is well.

use wharf::{App, Server, get};

async fn index() -> String {
    format!("Hello from process {}!\n", std::process::id())
}

fn main() -> wharf::Result<()> {
    let app = App::new().routes([get("/", index)]);
    Server::new(app)
        .bind("systemd:http") // `FileDescriptorName=http` in the socket unit
        .run_as_program()
}
