use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;
use crate::Client;
use crate::connect::Attempts;

fn target(uri: &str) -> Target {
    Target::of(&uri.parse().unwrap()).unwrap().0
}

fn call() -> Call {
    Call::new(Arc::default(), Extensions::new())
}

async fn open(connector: &TcpConnector, uri: &str) -> Result<Stream, Error> {
    connector.open(&target(uri), &call()).await
}

/// A port of this machine where somebody listens on 127.0.0.1.
async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port of this machine where nobody listens.
async fn closed() -> u16 {
    listen().await.1
}

fn at(addresses: &[[u8; 4]]) -> DnsConfig {
    let addresses = addresses.iter().map(|&address| address.into());
    DnsConfig::new().overrides("quay.test", addresses)
}

fn both_families() -> DnsConfig {
    let addresses = ["::1", "127.0.0.1"].map(|address| address.parse().unwrap());
    DnsConfig::new().overrides("quay.test", addresses)
}

#[tokio::test]
async fn a_stream_knows_its_peer_and_sends_both_ways() {
    let (listener, port) = listen().await;
    let connector = TcpConnector::new().dns(at(&[[127, 0, 0, 1]]));
    let mut near = open(&connector, &format!("http://quay.test:{port}/"))
        .await
        .unwrap();
    assert_eq!(near.peer_addr(), Some(listener.local_addr().unwrap()));
    let (mut far, _) = listener.accept().await.unwrap();
    near.write_all(b"hi").await.unwrap();
    near.shutdown().await.unwrap();
    let mut text = String::new();
    far.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "hi");
}

#[tokio::test]
async fn the_probe_sees_the_end_and_what_nobody_asked_for() {
    for bytes in [b"".as_slice(), b"x"] {
        let (listener, port) = listen().await;
        let uri = format!("http://127.0.0.1:{port}/");
        let mut near = open(&TcpConnector::new(), &uri).await.unwrap();
        let is_quiet = near.take_probe().unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        assert!(is_quiet());
        far.write_all(bytes).await.unwrap();
        far.shutdown().await.unwrap();
        // The kernel hands it over before the other end's call returns.
        assert!(!is_quiet());
    }
}

#[tokio::test]
async fn of_many_addresses_the_one_that_accepts_is_used() {
    let (_listener, port) = listen().await;
    let connector = TcpConnector::new().dns(both_families());
    for _ in 0..3 {
        let stream = open(&connector, &format!("http://quay.test:{port}/")).await;
        let peer = stream.unwrap().peer_addr().unwrap();
        assert_eq!(peer.ip(), IpAddr::from([127, 0, 0, 1]));
    }
}

#[tokio::test]
async fn when_every_address_refuses_all_are_told() {
    let port = closed().await;
    let connector = TcpConnector::new().dns(both_families());
    let error = open(&connector, &format!("http://quay.test:{port}/secret"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let line = error.to_string();
    let start = format!("could not connect (quay.test:{port}): Connection refused");
    assert!(line.starts_with(&start), "{line}");
    assert!(line.contains(" after 2 addresses, "), "{line}");
    let chain = format!("{error:#}");
    for address in ["127.0.0.1", "[::1]"] {
        assert!(
            chain.contains(&format!("{address}:{port} (Connection refused")),
            "{chain}"
        );
    }
    assert!(!chain.contains("secret"));
    assert_eq!(error.find_cause::<Attempts>().unwrap().iter().count(), 2);
    let cause = error.find_cause::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_connection_comes_from_the_local_address_of_its_family() {
    let (listener, port) = listen().await;
    let tcp = TcpConfig::new().local_address([127, 0, 0, 1].into());
    let connector = TcpConnector::new().dns(both_families()).tcp(tcp);
    let stream = open(&connector, &format!("http://quay.test:{port}/"))
        .await
        .unwrap();
    assert!(stream.peer_addr().unwrap().is_ipv4());
    assert_eq!(
        listener.accept().await.unwrap().1.ip(),
        IpAddr::from([127, 0, 0, 1])
    );
    let error = open(&connector, &format!("http://[::1]:{port}/"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "could not look up the host ([::1]:{port}): it has no address of the family of the local one"
        )
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_local_address_can_be_chosen() {
    let (listener, port) = listen().await;
    let tcp = TcpConfig::new().local_address([127, 0, 0, 2].into());
    let connector = TcpConnector::new().tcp(tcp);
    let _stream = open(&connector, &format!("http://127.0.0.1:{port}/"))
        .await
        .unwrap();
    assert_eq!(
        listener.accept().await.unwrap().1.ip(),
        IpAddr::from([127, 0, 0, 2])
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interface_can_be_chosen() {
    let (_listener, port) = listen().await;
    let uri = format!("http://127.0.0.1:{port}/");
    for (name, works) in [("lo", true), ("no-such-0", false)] {
        let tcp = TcpConfig::new().interface(name.to_owned());
        let result = open(&TcpConnector::new().tcp(tcp), &uri).await;
        assert_eq!(result.is_ok(), works, "{result:?}");
    }
}

#[tokio::test]
async fn a_host_without_an_address_of_the_family_cannot_be_looked_up() {
    let port = closed().await;
    for (family, host, why) in [
        (Family::V6, "quay.test", "it has no IPv6 address"),
        (Family::V6, "127.0.0.1", "it has no IPv6 address"),
        (Family::V4, "[::1]", "it has no IPv4 address"),
    ] {
        let connector = TcpConnector::new()
            .dns(at(&[[127, 0, 0, 1]]))
            .tcp(TcpConfig::new().family(family));
        let uri = format!("http://{host}:{port}/");
        let error = open(&connector, &uri).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Dns);
        let line = format!("could not look up the host ({host}:{port}): {why}");
        assert_eq!(error.to_string(), line);
    }
}

#[tokio::test]
async fn a_function_sees_the_socket_before_it_is_connected() {
    let (_listener, port) = listen().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tcp = TcpConfig::new().receive_buffer(64 * 1024).socket({
        let seen = Arc::clone(&seen);
        move |socket| {
            let options = SockRef::from(socket);
            seen.lock().unwrap().push((
                socket.peer_addr().port(),
                options.tcp_nodelay()?,
                options.keepalive()?,
                options.recv_buffer_size()? >= 64 * 1024,
                options.peer_addr().is_err(),
            ));
            Ok(())
        }
    });
    let connector = TcpConnector::new().tcp(tcp);
    let uri = format!("http://127.0.0.1:{port}/");
    open(&connector, &uri).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [(port, true, true, true, true)]);
}

#[tokio::test]
async fn options_that_are_on_can_be_switched_off() {
    let (_listener, port) = listen().await;
    let tcp = TcpConfig::new().nodelay(false).keepalive(None);
    let tcp = tcp.socket(|socket| {
        let options = SockRef::from(socket);
        match (options.tcp_nodelay()?, options.keepalive()?) {
            (false, false) => Ok(()),
            other => Err(std::io::Error::other(format!("{other:?}"))),
        }
    });
    let connector = TcpConnector::new().tcp(tcp);
    open(&connector, &format!("http://127.0.0.1:{port}/"))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_error_of_a_function_fails_the_attempt() {
    let tcp = TcpConfig::new().socket(|_| Err(std::io::Error::other("no such option")));
    let error = open(&TcpConnector::new().tcp(tcp), "http://127.0.0.1:1/")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not connect (127.0.0.1:1): no such option"
    );
}

#[tokio::test]
async fn an_address_that_may_not_be_connected_to_is_refused() {
    let (_listener, port) = listen().await;
    let connector = TcpConnector::new()
        .dns(at(&[[127, 0, 0, 1], [10, 0, 0, 1]]))
        .addresses(AddressPolicy::public_only());
    for (host, named) in [
        ("quay.test", "`quay.test` has the address 127.0.0.1"),
        ("127.0.0.1", "`127.0.0.1` has the address 127.0.0.1"),
        ("[::1]", "`::1` has the address ::1"),
        (
            "[::ffff:127.0.0.1]",
            "`::ffff:127.0.0.1` has the address 127.0.0.1",
        ),
        (
            "[64:ff9b::7f00:1]",
            "`64:ff9b::7f00:1` has the address 64:ff9b::7f00:1",
        ),
    ] {
        let uri = format!("http://{host}:{port}/");
        let error = open(&connector, &uri).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddressRefused);
        let line = format!("the address is not allowed ({host}:{port}): {named}");
        assert_eq!(error.to_string(), line);
    }
}

#[cfg(feature = "proxy")]
#[tokio::test]
async fn a_host_that_the_settings_name_may_have_any_address() {
    let (_listener, port) = listen().await;
    let connector = TcpConnector::new().addresses(AddressPolicy::public_only());
    let target = target(&format!("http://127.0.0.1:{port}/"));
    connector.open_any(&target, &call()).await.unwrap();
    let error = connector.resolve(&target, &call()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressRefused);
}

#[tokio::test]
async fn an_address_that_may_is_used_although_others_may_not() {
    let (listener, port) = listen().await;
    let tried = Arc::new(AtomicUsize::new(0));
    let tcp = TcpConfig::new().socket({
        let tried = Arc::clone(&tried);
        move |_| {
            tried.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    });
    let connector = TcpConnector::new()
        .dns(at(&[[127, 0, 0, 2], [127, 0, 0, 1]]))
        .tcp(tcp)
        .addresses(AddressPolicy::public_only().allow("127.0.0.1"));
    let stream = open(&connector, &format!("http://quay.test:{port}/")).await;
    assert_eq!(
        stream.unwrap().peer_addr(),
        Some(listener.local_addr().unwrap())
    );
    assert_eq!(tried.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_address_that_is_not_canonical_is_refused() {
    for host in ["127.1", "2130706433", "0x7f000001", "127.0.0.1."] {
        let uri = format!("http://{host}:81/");
        let error = open(&TcpConnector::new(), &uri).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Url);
        let start = format!("invalid URL ({host}:81): the host ends in a number");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[tokio::test]
async fn an_address_of_one_link_goes_over_the_interface_that_it_names() {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let peer = listener.local_addr().unwrap();
    let port = peer.port();
    let connector = TcpConnector::new();
    let stream = open(&connector, &format!("http://[::1%251]:{port}/")).await;
    assert_eq!(stream.unwrap().peer_addr().unwrap().ip(), peer.ip());
    let error = open(&connector, &format!("http://[fe80::1%25no-such-0]:{port}/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_an_error() {
    for connector in [
        TcpConnector::new().dns(DnsConfig::new().concurrent(0)),
        TcpConnector::new().tcp(TcpConfig::new().keepalive(Duration::ZERO)),
        TcpConnector::new().tcp(TcpConfig::new().interface(String::new())),
        TcpConnector::new().addresses(AddressPolicy::new().deny("10.0.0.0/99")),
    ] {
        assert_eq!(connector.check().unwrap_err().kind(), ErrorKind::Config);
        let error = open(&connector, "http://127.0.0.1:1/").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    TcpConnector::new().check().unwrap();
}

/// Takes two seconds.
struct Slow;

impl Resolve for Slow {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>, BoxError> {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(vec![[127, 0, 0, 1].into()])
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_look_up_took_is_known_although_it_was_given_up() {
    let connector = TcpConnector::new().resolver(Slow);
    let (call, target) = (call(), target("http://quay.test/"));
    let limit = Duration::from_secs(1);
    let given_up = timeout(limit, connector.open(&target, &call)).await;
    assert!(given_up.is_err());
    assert_eq!(call.timing().dns().as_millis() / 10, 100);
}

/// Counts how often it is asked.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Resolve for Counting {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>, BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(vec![[127, 0, 0, 1].into()])
    }
}

#[tokio::test]
async fn a_kept_connection_looks_up_nothing() {
    let (listener, port) = listen().await;
    let resolver = Counting::default();
    let client = Client::builder()
        .resolver(resolver.clone())
        .dns(DnsConfig::new().ttl(Duration::ZERO))
        .build()
        .unwrap();
    tokio::spawn(async move {
        let (mut far, _) = listener.accept().await.unwrap();
        let mut buf = [0; 1024];
        while far.read(&mut buf).await.unwrap() > 0 {
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
            far.write_all(response).await.unwrap();
        }
    });
    for _ in 0..3 {
        let response = client.get(format!("http://quay.test:{port}/")).send().await;
        assert_eq!(response.unwrap().text().await.unwrap(), "hi");
    }
    assert_eq!(resolver.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_looks_up_again_what_it_was_told_to_forget() {
    let port = closed().await;
    let resolver = Counting::default();
    let client = Client::builder().resolver(resolver.clone());
    let client = client.build().unwrap();
    let url = format!("http://quay.test:{port}/");
    for (expected, forget) in [
        (1, ""),
        (1, "quay.test"),
        (2, "pier.test"),
        (2, "*"),
        (3, ""),
    ] {
        client.get(&url).send().await.unwrap_err();
        assert_eq!(resolver.0.load(Ordering::SeqCst), expected);
        match forget {
            "*" => client.clear_names(),
            name => client.clear_name(name),
        }
    }
}

#[test]
fn a_client_with_settings_that_make_no_sense_is_not_built() {
    for builder in [
        Client::builder().dns(DnsConfig::new().concurrent(0)),
        Client::builder().tcp(TcpConfig::new().keepalive(Duration::ZERO)),
        Client::builder().addresses(AddressPolicy::new().deny("10.0.0.0/99")),
    ] {
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn the_client_tells_a_refused_address_from_a_failed_connection() {
    let client = Client::builder().addresses(AddressPolicy::public_only());
    let client = client.build().unwrap();
    let error = client
        .get("http://169.254.169.254/")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressRefused);
    assert!(error.is_connect());
    assert_eq!(
        error.to_string(),
        "the address is not allowed (169.254.169.254:80): `169.254.169.254` has the address 169.254.169.254"
    );
}
