//! TLS, seen from its clients.

mod authority;
#[cfg(any(feature = "tls", feature = "tls-ring"))]
mod clients;
#[cfg(any(feature = "tls", feature = "tls-ring"))]
mod names;
#[cfg(any(feature = "tls", feature = "tls-ring"))]
mod plain;
#[cfg(any(feature = "tls", feature = "tls-ring"))]
mod renewal;
mod start;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wharf_http::service::{Serve, service_fn};
use wharf_http::{Context, Request, Response};
use wharf_server::tls::{Identity, Reload, TlsConfig};
use wharf_server::{Server, ServerHandle};

use self::authority::{Authority, Pair};
use crate::raw::Raw;

/// Answers with what is known of the connection, ended by a semicolon.
fn what() -> impl Serve {
    service_fn(|_: Request, context: Context| async move {
        let connection = context.connection();
        let mut text = connection.scheme().to_string();
        if let Some(tls) = connection.tls() {
            text += &format!(
                " {} sni={:?} alpn={:?}",
                tls.version(),
                tls.server_name(),
                tls.protocol()
            );
            text += if tls.is_resumed() { " resumed" } else { "" };
        }
        if let Some(peer) = connection.peer_certificate() {
            text += &format!(
                " cn={:?} dns={:?} uri={:?} mail={:?} serial={} issuer={}",
                peer.common_name(),
                peer.dns_names(),
                peer.uris(),
                peer.emails(),
                peer.serial(),
                peer.issuer()
            );
        }
        Response::new((text + ";").into())
    })
}

async fn start(tls: TlsConfig) -> ServerHandle {
    let server = Server::new(what()).bind("127.0.0.1:0").tls(tls);
    server.start().await.unwrap()
}

fn identity(pair: &Pair) -> Identity {
    Identity::pem(pair.certificate.as_str(), pair.key.as_str())
}

/// A connector, which keeps sessions to resume.
fn connector(config: ClientConfig) -> TlsConnector {
    TlsConnector::from(Arc::new(config))
}

async fn connect(
    server: &ServerHandle,
    connector: &TlsConnector,
    name: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.addrs()[0]).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    connector.connect(name, stream).await
}

/// Returns the serial number of the certificate that a server shows.
fn shown<IO>(stream: &TlsStream<IO>) -> String {
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    // The tests give out numbers below 0x8000, which stand behind `[0] { INTEGER 2 }` in two bytes.
    let der = chain[0].as_ref();
    let at = der
        .windows(5)
        .position(|bytes| bytes == [0xa0, 3, 2, 1, 2])
        .unwrap()
        + 5;
    assert_eq!(der[at..at + 2], [2, 2]);
    format!("{:x}", u16::from_be_bytes([der[at + 2], der[at + 3]]))
}

async fn ask(stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let mut raw = Raw::over(stream);
    let answer = raw.get("/").await.until(";").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

/// A folder with a certificate and its key, removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wharf-tls-{}-{count}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, pair: &Pair) {
        put(&self.path("cert.pem"), &pair.certificate);
        put(&self.path("key.pem"), &pair.key);
    }

    fn identity(&self) -> Identity {
        Identity::pem_files(self.path("cert.pem"), self.path("key.pem"))
    }

    fn config(&self) -> TlsConfig {
        TlsConfig::new(self.identity()).reload(Reload::on_call())
    }
}

/// Replaces a file as a careful program does.
fn put(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}
