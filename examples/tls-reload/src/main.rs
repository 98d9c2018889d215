//! TLS from a certificate and a key in the current folder, renewed while the server runs; a plain unix socket beside it.
//! Clients that have a certificate of their own, signed by one in `clients.pem`, are greeted by name.
//!
//! Make: openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
//! Run:  cargo run -p tls-reload
//! Then: curl --cacert cert.pem https://localhost:8443/
//!       make another pair as before: within seconds it is the one in use, and no connection has noticed

use std::path::Path;
use std::time::Duration;

use wharf::http::Connection;
use wharf::http::connection::PeerCertificate;
use wharf::server::tls::{ClientAuth, Identity, Reload, Roots, TlsConfig};
use wharf::{App, Server, get};

/// Says who is there, and how the connection is encrypted.
async fn greet(connection: Connection, certificate: Option<PeerCertificate>) -> String {
    let name = certificate.as_ref().and_then(|one| one.dns_names().first());
    let name = name.map_or("stranger", String::as_str);
    let version = connection.tls().map_or("no TLS", |tls| tls.version());
    format!("Hello, {name}, over {version}!\n")
}

fn main() -> wharf::Result<()> {
    let mut tls = TlsConfig::new(Identity::pem_files("cert.pem", "key.pem"))
        .reload(Reload::every(Duration::from_secs(2)));
    if Path::new("clients.pem").exists() {
        tls = tls.client_auth(ClientAuth::optional(Roots::pem_file("clients.pem")));
    }
    // Other addresses: --bind tls:0.0.0.0:443 --bind unix:app.sock
    Server::new(App::new().routes([get("/", greet)]))
        .bind("localhost:8443")
        .tls(tls)
        .run_as_program()
}
