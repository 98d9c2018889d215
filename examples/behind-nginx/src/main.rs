//! An application behind nginx, over a unix socket: who the client is, it learns from nginx.
//!
//! Run:  cargo run -p behind-nginx -- --bind unix:/tmp/behind-nginx.sock
//! Then: curl --unix-socket /tmp/behind-nginx.sock localhost -H 'X-Forwarded-For: 192.0.2.7' -H 'X-Forwarded-Proto: https'
//!
//! `nginx.conf` beside this folder is what nginx needs; it belongs in `/etc/nginx/conf.d`. There the socket is
//! `/run/behind-nginx/app.sock`, in a folder of the application's user that nginx may enter:
//!
//! ```console
//! # install -d -o app -g www-data -m 2750 /run/behind-nginx    # or `RuntimeDirectory=` in a unit
//! # setpriv --reuid app --regid www-data --clear-groups env WHARF_BIND=unix:/run/behind-nginx/app.sock behind-nginx
//! ```
//!
//! The mode of the socket, 0660, lets in its owner and its group and nobody else: so who connects is trusted to say who its
//! client is. 2048 connections may wait to be accepted, for the time that a burst takes.

use wharf::extract::Target;
use wharf::server::TrustedProxies;
use wharf::server::listener::UnixConfig;
use wharf::{App, Body, Context, HttpError, Server, get, post};

async fn who(context: Context, target: Target) -> String {
    let (client, url, process) = (context.peer(), target.absolute(), std::process::id());
    format!("{client} asked for {url} and got it from process {process}\n")
}

/// Reads an upload piece by piece, so that its size is nginx's to limit.
async fn upload(mut body: Body) -> Result<String, HttpError> {
    let mut size = 0;
    while let Some(piece) = body.chunk().await {
        size += piece?.len();
    }
    Ok(format!("{size} bytes, thank you\n"))
}

fn main() -> wharf::Result<()> {
    let app = App::new().routes([get("/", who), post("/upload", upload)]);
    Server::new(app)
        .bind("unix:/run/behind-nginx/app.sock") // unless `WHARF_BIND` or `--bind` says otherwise
        .unix(UnixConfig::new().mode(0o660).backlog(2048))
        .trusted_proxies(TrustedProxies::new().unix())
        .run_as_program()
}
