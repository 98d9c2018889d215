//! Connections that begin with a header of the PROXY protocol, and proxies whose fields are believed.

use std::time::Duration;

use wharf_http::connection::Local;
use wharf_http::service::{Serve, service_fn};
use wharf_http::{Context, Request, Response};
use wharf_server::listener::{Listener, ProxyProtocol};
use wharf_server::{ErrorKind, ForwardedBy, Server, ServerHandle, Timeouts, TrustedProxies};

use crate::raw::Raw;

/// Answers with client, scheme, proxy and what the client reached.
fn who() -> impl Serve {
    service_fn(|_: Request, context: Context| async move {
        let connection = context.connection();
        let local = match connection.local() {
            Local::Tcp(addr) => addr.ip().to_string(),
            other => format!("{other:?}"),
        };
        let proxy = connection.proxy().map(ToString::to_string);
        let (peer, scheme) = (context.peer(), context.scheme());
        Response::new(format!("{peer} {scheme} {proxy:?} {local};").into())
    })
}

async fn expecting(protocol: ProxyProtocol) -> ServerHandle {
    let listener = Listener::new("127.0.0.1:0").proxy_protocol(protocol);
    Server::new(who()).listen(listener).start().await.unwrap()
}

async fn connect(server: &ServerHandle) -> Raw {
    Raw::connect(server.addrs()[0]).await
}

const HEADER: &str = "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n";
const WITH_PROXY: &str = "192.0.2.1 http Some(\"127.0.0.1\") 192.0.2.9;";

/// Reads an answer, and returns its body.
async fn body(raw: &mut Raw) -> String {
    let answer = raw.until(";").await;
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_bytes_of_a_connection_say_whose_it_is() {
    let loopback = TrustedProxies::new().loopback();
    let server = expecting(ProxyProtocol::v1_and_v2(loopback)).await;

    let mut whole = connect(&server).await;
    let request = "GET / HTTP/1.1\r\nHost: quay\r\n\r\n";
    whole.send(&format!("{HEADER}{request}")).await;
    assert_eq!(body(&mut whole).await, WITH_PROXY);
    whole.get("/").await;
    assert_eq!(
        body(&mut whole).await,
        WITH_PROXY,
        "for the second request too"
    );

    let mut pieces = connect(&server).await;
    for piece in [&HEADER[..9], &HEADER[9..40], &HEADER[40..]] {
        pieces.send(piece).await;
        tokio::task::yield_now().await;
    }
    pieces.get("/").await;
    assert_eq!(body(&mut pieces).await, WITH_PROXY);

    let mut own = connect(&server).await;
    own.send("PROXY UNKNOWN\r\n").await.get("/").await;
    assert_eq!(body(&mut own).await, "127.0.0.1 http None 127.0.0.1;");
    assert_eq!(server.stats().connections_refused(), 0);
}

#[tokio::test]
async fn a_connection_that_no_trusted_proxy_vouches_for_is_closed() {
    let elsewhere = expecting(ProxyProtocol::v1("192.0.2.0/24")).await;
    assert_eq!(connect(&elsewhere).await.rest().await, "");
    assert_eq!(elsewhere.stats().connections_refused(), 1);
    assert_eq!(elsewhere.stats().connections_accepted(), 0);

    let here = expecting(ProxyProtocol::v2("loopback")).await;
    for bytes in [HEADER, "GET / HTTP/1.1\r\n\r\n"] {
        let mut raw = connect(&here).await;
        raw.send(bytes).await;
        assert_eq!(raw.rest().await, "");
    }
    assert_eq!(here.stats().connections_refused(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_sends_no_header_is_disconnected_in_time() {
    for (limit, seconds) in [(None, 5), (Some(2), 2)] {
        let timeouts = match limit {
            None => Timeouts::new(),
            Some(limit) => Timeouts::new().proxy_header(Duration::from_secs(limit)),
        };
        let listener = Listener::new("127.0.0.1:0").proxy_protocol(ProxyProtocol::v1("loopback"));
        let server = Server::new(who()).listen(listener).timeouts(timeouts);
        let server = server.start().await.unwrap();
        let begun = tokio::time::Instant::now();
        let mut raw = connect(&server).await;
        raw.send("PROXY TCP4").await;
        assert_eq!(raw.rest().await, "");
        assert_eq!(begun.elapsed().as_secs(), seconds);
        assert_eq!(server.stats().connections_refused(), 1);
    }
}

#[tokio::test]
async fn a_proxy_that_has_sent_no_header_does_not_hold_up_a_shutdown() {
    let timeouts = Timeouts::new().proxy_header(None).shutdown(None);
    let listener = Listener::new("127.0.0.1:0").proxy_protocol(ProxyProtocol::v1("loopback"));
    let server = Server::new(who()).listen(listener).timeouts(timeouts);
    let server = server.start().await.unwrap();
    let mut silent = connect(&server).await;
    let mut begun = connect(&server).await;
    begun.send("PROXY TCP4 1.2").await;
    let report = server.shutdown().await.unwrap();
    assert_eq!(report.cut, 0);
    assert_eq!(silent.rest().await + &begun.rest().await, "");
}

#[tokio::test]
async fn the_fields_of_trusted_proxies_are_believed_and_of_others_not() {
    let fields = "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\nX-Forwarded-Proto: https\r\nForwarded: for=8.8.8.8\r\n";
    let plain = "127.0.0.1 http None 127.0.0.1;";
    for (trusted, by, seen) in [
        (
            "loopback",
            ForwardedBy::XForwarded,
            "192.0.2.7 https None 127.0.0.1;",
        ),
        (
            "loopback",
            ForwardedBy::Forwarded,
            "8.8.8.8 http None 127.0.0.1;",
        ),
        ("192.0.2.0/24", ForwardedBy::XForwarded, plain),
        ("", ForwardedBy::XForwarded, plain),
    ] {
        let server = Server::new(who()).bind("127.0.0.1:0");
        let server = server.trusted_proxies(trusted).forwarded_by(by);
        let server = server.start().await.unwrap();
        let mut raw = connect(&server).await;
        raw.send(&format!("GET / HTTP/1.1\r\nHost: quay\r\n{fields}\r\n"))
            .await;
        assert_eq!(body(&mut raw).await, seen);
        // What one request says holds for that alone.
        raw.get("/").await;
        assert_eq!(body(&mut raw).await, plain);
    }
}

#[tokio::test]
async fn a_network_that_makes_no_sense_is_named_before_anything_listens() {
    let bad = "`10.0.0.1/8` is not an IP network: its address goes on after the prefix, the network is 10.0.0.0/8";
    let listener = Listener::new("127.0.0.1:0").proxy_protocol(ProxyProtocol::v1("10.0.0.1/8"));
    for server in [
        Server::new(who()).trusted_proxies("loopback, 10.0.0.1/8"),
        Server::new(who()).listen(listener),
    ] {
        let error = server.start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert_eq!(error.to_string(), bad);
    }
}
