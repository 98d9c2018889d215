use std::net::SocketAddr;
use std::time::SystemTime;

use http::Uri;
use http::uri::Scheme;
use wharf_http::connection::{Local, PeerCertificate, UnixPeer};
use wharf_http::{Connection, Context, Peer, Service as _};

use super::*;
use crate::extract::{Host, MatchedRoute, PeerAddr, Target};
use crate::route::get;

fn tcp() -> Connection {
    let address = |port| Local::Tcp(SocketAddr::from(([10, 0, 0, 1], port)));
    let peer = SocketAddr::from(([10, 0, 0, 2], 4711));
    Connection::new(Peer::Tcp(peer), address(8080))
}

async fn over(connection: Connection, running: &Running, request: Request) -> String {
    let context = Context::new(connection);
    let mut response = running.call(request, &context).await;
    let bytes = response.body_mut().bytes(None).await.unwrap();
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .trim_end()
        .to_owned()
}

#[tokio::test]
async fn every_piece_of_the_url_is_known_and_no_proxy_is_believed() {
    let handler = async |target: Target, Host(host): Host| {
        assert_eq!(host, target.authority());
        format!(
            "{} | {} {:?} | {} | {} | {:?}",
            target.absolute(),
            target.host(),
            target.port(),
            target.path(),
            target.decoded_path(),
            target.query(),
        )
    };
    let running = start([get("/{*rest}", handler)]).await;
    let forwarded: Fields<'_> = &[
        ("host", "a.test"),
        ("forwarded", "for=1.1.1.1;host=evil.test;proto=https"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "https"),
    ];
    let rows: [(&str, Fields<'_>, bool, &str); 6] = [
        (
            "/a%20b?c=%20d",
            &[("host", "a.test:81")],
            false,
            r#"http://a.test:81/a%20b?c=%20d | a.test Some(81) | /a%20b | /a b | Some("c=%20d")"#,
        ),
        (
            "/x",
            forwarded,
            false,
            "http://a.test/x | a.test Some(80) | /x | /x | None",
        ),
        (
            "/x",
            forwarded,
            true,
            "https://a.test/x | a.test Some(443) | /x | /x | None",
        ),
        (
            "/x",
            &[("host", "[::1]:9")],
            false,
            "http://[::1]:9/x | [::1] Some(9) | /x | /x | None",
        ),
        (
            "/x",
            &[],
            false,
            "http://10.0.0.1:8080/x | 10.0.0.1 Some(8080) | /x | /x | None",
        ),
        // The absolute form counts more than the field, and its scheme less than the connection.
        (
            "https://user@b.test/x?",
            &[("host", "a.test")],
            false,
            r#"http://b.test/x? | b.test Some(80) | /x | /x | Some("")"#,
        ),
    ];
    for (uri, fields, tls, expected) in rows {
        let scheme = if tls { Scheme::HTTPS } else { Scheme::HTTP };
        let request = request(Method::GET, uri, fields, "");
        assert_eq!(
            over(tcp().with_scheme(scheme), &running, request).await,
            expected
        );
    }
    let request = request(Method::GET, "/x", &[], "");
    let memory = over(Connection::memory(), &running, request).await;
    assert_eq!(memory, "/x |  None | /x | /x | None");
}

#[tokio::test]
async fn the_peer_is_what_the_socket_tells() {
    let running = start([
        get("/addr", async |PeerAddr(address): PeerAddr| {
            address.to_string()
        }),
        get("/optional", async |address: Option<PeerAddr>| {
            format!("{address:?}")
        }),
        get("/peer", async |peer: Peer| peer.to_string()),
    ])
    .await;
    let unix = || Connection::new(Peer::Unix(UnixPeer::new()), Local::Unix(None));
    let ask = async |connection, path| {
        let fields = [("x-forwarded-for", "1.1.1.1")];
        over(
            connection,
            &running,
            request(Method::GET, path, &fields, ""),
        )
        .await
    };
    assert_eq!(ask(tcp(), "/addr").await, "10.0.0.2:4711");
    assert_eq!(ask(tcp(), "/peer").await, "10.0.0.2");
    assert_eq!(
        ask(unix(), "/addr").await,
        "500 Internal Server Error: the app is misconfigured"
    );
    assert_eq!(ask(unix(), "/optional").await, "None");
    assert_eq!(ask(unix(), "/peer").await, "unix");
}

#[tokio::test]
async fn a_client_that_the_server_found_behind_a_proxy_counts_as_the_peer() {
    let handler = async |PeerAddr(address): PeerAddr, peer: Peer, target: Target| {
        format!("{address} {peer} {} {:?}", target.absolute(), target.port())
    };
    let running = start([get("/", handler)]).await;
    let context = Context::new(tcp());
    let client = Peer::Tcp(SocketAddr::from(([192, 0, 2, 1], 0)));
    context.set_client(client, Scheme::HTTPS);
    let request = request(Method::GET, "/", &[("host", "quay.test")], "");
    let mut response = running.call(request, &context).await;
    assert_eq!(
        response.body_mut().bytes(None).await.unwrap(),
        "192.0.2.1:0 192.0.2.1 https://quay.test/ Some(443)"
    );
}

#[tokio::test]
async fn a_handler_for_clients_with_a_certificate_is_closed_to_others() {
    let running = start([
        get("/needed", async |certificate: PeerCertificate| {
            certificate.dns_names().join(" ")
        }),
        get("/optional", async |certificate: Option<PeerCertificate>| {
            certificate.map_or("nobody".to_owned(), |one| one.serial().to_owned())
        }),
    ])
    .await;
    let ask = async |connection, path| {
        let request = request(Method::GET, path, &[], "");
        over(connection, &running, request).await
    };
    let known = || {
        let valid = SystemTime::UNIX_EPOCH..=SystemTime::UNIX_EPOCH;
        tcp().with_peer_certificate(
            PeerCertificate::new(b"DER".as_slice(), valid)
                .with_serial("0a")
                .with_dns_names(["crane.test", "boat.test"]),
        )
    };
    assert_eq!(ask(known(), "/needed").await, "crane.test boat.test");
    assert_eq!(ask(known(), "/optional").await, "0a");
    assert_eq!(
        ask(tcp(), "/needed").await,
        "403 Forbidden: a client certificate is needed"
    );
    assert_eq!(ask(tcp(), "/optional").await, "nobody");
}

#[tokio::test]
async fn the_route_that_matched_is_known_and_absent_in_a_fallback() {
    let handler = async |route: Option<MatchedRoute>, uri: Uri| match route {
        Some(route) => format!("{} {:?} for {uri}", route.pattern(), route.name()),
        None => "no route".to_owned(),
    };
    let app = App::new()
        .routes([get("/ships/{id}", handler).name("ship")])
        .fallback(handler);
    let running = app.start().await.unwrap();
    ask(
        &running,
        &[
            ("/ships/7", r#"/ships/{id} Some("ship") for /ships/7"#),
            ("/x", "no route"),
        ],
    )
    .await;
}
