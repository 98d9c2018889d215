//! Where a server listens, and what becomes of the places when it stops.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::UnixStream;
use wharf_http::connection::{Local, Peer};
use wharf_http::service::{Serve, Service, service_fn};
use wharf_http::{BoxError, Context, Request, Response};
use wharf_server::listener::{Listener, UnixConfig};
use wharf_server::{ErrorKind, Server, ServerHandle};

use crate::raw::Raw;

/// Answers with the name of the peer.
fn who() -> impl Serve {
    service_fn(|_: Request, context: Context| async move {
        let text = match context.connection().peer() {
            Peer::Tcp(addr) => format!("tcp {};", addr.ip()),
            Peer::Unix(peer) => format!("unix {:?} {:?};", peer.pid(), peer.uid()),
            _ => "?;".into(),
        };
        Response::new(text.into())
    })
}

async fn ask(io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) -> String {
    let mut raw = Raw::over(io);
    let answer = raw.get("/").await.until(";").await;
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

#[cfg(not(feature = "tls-core"))]
#[tokio::test]
async fn an_address_with_tls_is_an_error_in_a_build_without() {
    let error = Server::new(who())
        .bind("tls:127.0.0.1:0")
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
    assert_eq!(
        error.to_string(),
        "`tls:127.0.0.1:0` cannot be had: this program was built without TLS, which is the feature `tls`"
    );
}

async fn ask_tcp(addr: std::net::SocketAddr) -> String {
    ask(tokio::net::TcpStream::connect(addr).await.unwrap()).await
}

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wharf-{}-{count}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("app.sock")
    }

    fn address(&self) -> String {
        format!("unix:{}", self.socket().display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

async fn serve_unix(folder: &Folder) -> Result<ServerHandle, wharf_server::Error> {
    Server::new(who()).bind(folder.address()).start().await
}

#[tokio::test]
async fn many_listeners_serve_at_once() {
    let folder = Folder::new();
    let ready = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ready_addr = ready.local_addr().unwrap();
    let server = Server::new(who())
        .bind("127.0.0.1:0")
        .bind("127.0.0.1:0")
        .listen(ready)
        .bind(folder.address())
        .start()
        .await
        .unwrap();
    let addrs = server.addrs();
    assert_eq!(addrs.len(), 3);
    assert_eq!(addrs[2], ready_addr);
    for addr in addrs {
        assert_ne!(addr.port(), 0);
        assert!(server.urls().contains(&format!("http://{addr}")));
        assert_eq!(ask_tcp(addr).await, "tcp 127.0.0.1;");
    }
    assert_eq!(server.locals()[3], Local::Unix(Some(folder.socket())));
    let own = format!(
        "unix {:?} {:?};",
        Some(std::process::id()),
        Some(fs::metadata(&folder.0).unwrap().uid())
    );
    let stream = UnixStream::connect(folder.socket()).await.unwrap();
    assert_eq!(ask(stream).await, own);
    server.shutdown().await.unwrap();
}

/// A writer that the test reads.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_banner_has_the_real_addresses_and_comes_when_all_of_them_listen() {
    let folder = Folder::new();
    let printed = Printed::default();
    let server = Server::new(who())
        .bind(folder.address())
        .bind("127.0.0.1:0")
        .banner_to(printed.clone())
        .start()
        .await
        .unwrap();
    let addr = server.addrs()[0];
    let expected = format!(
        "======== Running on http://{addr}, http://{}: ========\n(Press CTRL+C to quit)\n",
        folder.address()
    );
    assert_eq!(printed.text(), expected);

    let printed = Printed::default();
    let failed = Server::new(who())
        .bind("127.0.0.1:0")
        .bind(addr)
        .banner_to(printed.clone());
    failed.start().await.unwrap_err();
    assert_eq!(printed.text(), "");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn all_addresses_of_a_name_have_one_port() {
    let server = Server::new(who())
        .bind("localhost:0")
        .start()
        .await
        .unwrap();
    let addrs = server.addrs();
    assert!(!addrs.is_empty());
    for addr in &addrs {
        assert!(addr.ip().is_loopback());
        assert_eq!(addr.port(), addrs[0].port());
        ask_tcp(*addr).await;
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn all_interfaces_take_ipv4_and_ipv6() {
    let server = Server::new(who()).bind("*:0").start().await.unwrap();
    let port = server.addrs()[0].port();
    assert_eq!(
        ask_tcp(([127, 0, 0, 1], port).into()).await,
        "tcp 127.0.0.1;"
    );
    if server.addrs()[0].is_ipv6() {
        let local = std::net::Ipv6Addr::LOCALHOST;
        assert_eq!(ask_tcp((local, port).into()).await, "tcp ::1;");
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn ipv6_leaves_ipv4_to_the_listener_that_is_there_for_it() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let v4 = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = v4.local_addr().unwrap().port();
    let server = Server::new(who())
        .bind(format!("[::]:{port}"))
        .listen(v4)
        .start()
        .await
        .unwrap();
    assert_eq!(
        ask_tcp(([127, 0, 0, 1], port).into()).await,
        "tcp 127.0.0.1;"
    );
    let local = std::net::Ipv6Addr::LOCALHOST;
    assert_eq!(ask_tcp((local, port).into()).await, "tcp ::1;");
    server.shutdown().await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_socket_in_the_abstract_name_space_has_no_file() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream as StdStream};

    let name = format!("wharf-{}", std::process::id());
    let server = Server::new(who())
        .bind(format!("unix:@{name}"))
        .start()
        .await
        .unwrap();
    assert_eq!(server.urls(), [format!("http://unix:@{name}:")]);
    let stream = StdStream::connect_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    assert!(
        ask(UnixStream::from_std(stream).unwrap())
            .await
            .starts_with("unix")
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_file_of_a_dead_process_is_replaced_and_our_own_removed() {
    let folder = Folder::new();
    // std leaves the file behind, like a process that was killed.
    drop(UnixListener::bind(folder.socket()).unwrap());
    assert!(folder.socket().exists());
    let server = serve_unix(&folder).await.unwrap();
    ask(UnixStream::connect(folder.socket()).await.unwrap()).await;
    server.shutdown().await.unwrap();
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn a_socket_that_answers_is_left_alone() {
    let folder = Folder::new();
    let first = serve_unix(&folder).await.unwrap();
    let error = serve_unix(&folder).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bind);
    assert_eq!(
        format!("{error:#}"),
        format!(
            "could not listen on {} (another program listens there: stop it, or choose another address): \
             a process answers on that socket",
            folder.address()
        )
    );
    ask(UnixStream::connect(folder.socket()).await.unwrap()).await;
    first.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.socket(), "precious").unwrap();
    let error = serve_unix(&folder).await.unwrap_err();
    let text = format!("{error:#}");
    assert!(text.ends_with("and it is not a socket"), "{text}");
    assert_eq!(fs::read_to_string(folder.socket()).unwrap(), "precious");
}

#[tokio::test]
async fn a_file_that_somebody_else_put_in_its_place_is_left_alone() {
    let folder = Folder::new();
    let server = serve_unix(&folder).await.unwrap();
    fs::remove_file(folder.socket()).unwrap();
    let _other = UnixListener::bind(folder.socket()).unwrap();
    server.shutdown().await.unwrap();
    assert!(folder.socket().exists());
}

#[tokio::test]
async fn a_socket_that_was_handed_over_is_not_removed() {
    let folder = Folder::new();
    let ready = UnixListener::bind(folder.socket()).unwrap();
    let server = Server::new(who()).listen(ready).start().await.unwrap();
    assert_eq!(server.urls(), [format!("http://{}:", folder.address())]);
    ask(UnixStream::connect(folder.socket()).await.unwrap()).await;
    server.shutdown().await.unwrap();
    assert!(folder.socket().exists());
}

#[tokio::test]
async fn the_mode_is_that_of_the_listener_or_else_of_the_server() {
    let (own, common) = (Folder::new(), Folder::new());
    let server = Server::new(who())
        .listen(Listener::new(own.address()).unix(UnixConfig::new().mode(0o600)))
        .bind(common.address())
        .unix(UnixConfig::new().mode(0o660))
        .start()
        .await
        .unwrap();
    for (folder, mode) in [(&own, 0o600), (&common, 0o660)] {
        let metadata = fs::symlink_metadata(folder.socket()).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o7777, mode);
    }
    server.shutdown().await.unwrap();
}

/// Counts how often it was started and stopped.
#[derive(Clone, Default)]
struct Counted {
    started: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
}

impl Counted {
    fn counts(&self) -> (usize, usize) {
        (
            self.started.load(Ordering::SeqCst),
            self.stopped.load(Ordering::SeqCst),
        )
    }
}

impl Service for Counted {
    type Future = std::future::Ready<Response>;

    fn call(&self, _request: Request, _context: &Context) -> Self::Future {
        std::future::ready(Response::default())
    }

    async fn stop(&self) -> Result<(), BoxError> {
        self.stopped.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Serve for Counted {
    type Service = Self;

    async fn start(self) -> Result<Self, BoxError> {
        self.started.fetch_add(1, Ordering::SeqCst);
        Ok(self)
    }
}

#[tokio::test]
async fn an_address_in_use_stops_the_service_again_and_frees_the_others() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let service = Counted::default();
    let error = Server::new(service.clone())
        .bind(folder.address())
        .bind(addr)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Bind);
    assert_eq!(
        error.to_string(),
        format!(
            "could not listen on {addr} (another program listens there: stop it, or choose another address)"
        )
    );
    assert_eq!(service.counts(), (1, 1));
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn what_makes_no_sense_is_found_before_anything_starts() {
    let folder = Folder::new();
    for (listener, expected) in [
        (Listener::new("8080"), "a port needs a host before it"),
        (
            Listener::new("unix:a.sock").unix(UnixConfig::new().mode(0o1777)),
            "0o1777 is not a mode of a unix socket",
        ),
    ] {
        let service = Counted::default();
        let error = Server::new(service.clone())
            .bind(folder.address())
            .listen(listener)
            .start()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(service.counts(), (0, 0));
        assert!(!folder.socket().exists());
    }
}

#[tokio::test]
async fn other_reasons_are_told_in_words() {
    let folder = Folder::new();
    let nowhere = folder.0.join("missing/app.sock");
    let long = folder.0.join("x".repeat(200));
    for (address, expected) in [
        (
            format!("unix:{}", nowhere.display()),
            "(is there such a host, or such a folder?): No such file or directory",
        ),
        (
            format!("unix:{}", long.display()),
            "could not listen on unix:/",
        ),
        (
            "192.0.2.1:0".into(),
            "could not listen on 192.0.2.1:0 (no interface of this machine has that address: \
             127.0.0.1 is always there, 0.0.0.0 is all of them): ",
        ),
    ] {
        let error = Server::new(who()).bind(address).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Bind);
        let text = format!("{error:#}");
        assert!(text.contains(expected), "{text}");
    }
}
