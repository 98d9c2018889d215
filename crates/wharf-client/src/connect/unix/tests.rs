use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::{Client, ErrorKind};

/// A path of its own for each test, removed at its end.
struct TestPath(PathBuf);

impl TestPath {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wharf-client-{}-{count}.sock", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for TestPath {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(std::fs::remove_file(&self.0));
    }
}

/// Answers requests over one connection with what `name` says and the `host` field; the task returns how many there were.
fn serve<S>(mut far: S, name: &'static str) -> JoinHandle<usize>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        let mut buf = [0; 1024];
        let mut count = 0;
        loop {
            let read = far.read(&mut buf).await.unwrap();
            if read == 0 {
                return count;
            }
            count += 1;
            let head = std::str::from_utf8(&buf[..read]).unwrap();
            let mut fields = head.lines().filter_map(|line| line.strip_prefix("host: "));
            let text = format!("{name}, {}", fields.next().unwrap());
            let length = text.len();
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{text}");
            far.write_all(response.as_bytes()).await.unwrap();
        }
    })
}

async fn text(client: &Client, url: &str) -> String {
    let mut response = client.get(url).send().await.unwrap();
    response.text().await.unwrap()
}

#[tokio::test]
async fn every_request_goes_to_the_socket_and_over_one_connection() {
    let path = TestPath::new();
    let listener = UnixListener::bind(&path.0).unwrap();
    let connector = UnixConnector::new(&path.0);
    let client = Client::builder().connector(connector).build().unwrap();
    let server = tokio::spawn(async move {
        let (far, _) = listener.accept().await.unwrap();
        serve(far, "one").await.unwrap()
    });
    for _ in 0..2 {
        assert_eq!(text(&client, "http://quay.test/").await, "one, quay.test");
    }
    drop(client);
    assert_eq!(server.await.unwrap(), 2);
}

#[tokio::test]
async fn one_client_keeps_connections_to_two_sockets_and_an_address() {
    let paths = [TestPath::new(), TestPath::new()];
    let [one, two] = paths
        .each_ref()
        .map(|path| UnixListener::bind(&path.0).unwrap());
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let client = Client::builder()
        .unix_socket("one.test", &paths[0].0)
        .unix_socket("two.test", &paths[1].0)
        .build()
        .unwrap();
    let servers = tokio::spawn(async move {
        let one = serve(one.accept().await.unwrap().0, "one");
        let two = serve(two.accept().await.unwrap().0, "two");
        let tcp = serve(tcp.accept().await.unwrap().0, "tcp");
        [one.await.unwrap(), two.await.unwrap(), tcp.await.unwrap()]
    });
    for _ in 0..3 {
        assert_eq!(text(&client, "http://one.test/").await, "one, one.test");
        assert_eq!(text(&client, "http://two.test/").await, "two, two.test");
        let tcp = text(&client, &format!("http://{address}/")).await;
        assert_eq!(tcp, format!("tcp, {address}"));
    }
    drop(client);
    assert_eq!(servers.await.unwrap(), [3, 3, 3]);
}

#[tokio::test]
async fn the_probe_sees_the_end_and_what_nobody_asked_for() {
    for bytes in [b"".as_slice(), b"x"] {
        let path = TestPath::new();
        let listener = UnixListener::bind(&path.0).unwrap();
        let mut near = open(&path.0).await.unwrap();
        let is_quiet = near.take_probe().unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        assert!(is_quiet());
        far.write_all(bytes).await.unwrap();
        far.shutdown().await.unwrap();
        assert!(!is_quiet());
    }
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let path = TestPath::new();
    let connector = UnixConnector::new(&path.0);
    let client = Client::builder().connector(connector).build().unwrap();
    let error = client.get("http://quay.test/").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let shown = path.0.display();
    let start = format!("could not connect (quay.test:80): unix socket {shown}: No such file");
    assert!(format!("{error:#}").starts_with(&start), "{error:#}");
    let cause = error.find_cause::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);
}

#[tokio::test]
async fn a_path_that_no_socket_can_have_is_an_error() {
    for path in ["x".repeat(500), "a\0b".to_owned(), String::new()] {
        assert!(open(Path::new(&path)).await.is_err(), "{path:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_without_a_file_begins_with_an_at_sign() {
    use std::os::linux::net::SocketAddrExt;

    let name = format!("wharf-client-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let listener = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = UnixListener::from_std(listener).unwrap();
    let mut near = open(Path::new(&format!("@{name}"))).await.unwrap();
    near.write_all(b"hi").await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let mut bytes = [0; 2];
    far.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hi");
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_queue_is_full_is_waited_for() {
    let path = TestPath::new();
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&SockAddr::unix(&path.0).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let limit = Duration::from_secs(1);
    let mut open_now = Vec::new();
    while let Ok(stream) = timeout(limit, open(&path.0)).await {
        open_now.push(stream.unwrap());
        assert!(open_now.len() < 10, "the queue is never full");
    }
    let _far = listener.accept().unwrap();
    timeout(limit, open(&path.0)).await.unwrap().unwrap();
}
