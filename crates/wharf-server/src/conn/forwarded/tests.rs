//! The spoofing table: what a client is taken for, whatever it and the proxies on its way send.

use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wharf_http::connection::{Local, UnixPeer};
use wharf_http::service::service_fn;
use wharf_http::{Body, Request, Response};

use super::*;
use crate::conn::{ConnectionConfig, serve_connection};
use crate::listener::ProxyProtocol;
use crate::listener::proxy_protocol::write;

struct Row {
    name: &'static str,
    /// The other end of the socket: an address, `unix` or `memory`.
    peer: &'static str,
    /// Where the PROXY protocol is expected: from whom, and what the connection begins with.
    proxy: Option<(&'static str, Vec<u8>)>,
    trust: &'static str,
    by: ForwardedBy,
    fields: &'static [(&'static str, &'static str)],
    /// Peer, scheme and host, or `closed`, or the status of a refusal.
    seen: &'static str,
}

/// A row: name, peer, trust, family, fields and what is seen.
fn row(
    name: &'static str,
    peer: &'static str,
    trust: &'static str,
    by: ForwardedBy,
    fields: &'static [(&'static str, &'static str)],
    seen: &'static str,
) -> Row {
    Row {
        name,
        peer,
        proxy: None,
        trust,
        by,
        fields,
        seen,
    }
}

impl Row {
    /// Lets the connection begin with a header of the PROXY protocol, which is expected from `trust`.
    fn after(mut self, trust: &'static str, header: Vec<u8>) -> Self {
        self.proxy = Some((trust, header));
        self
    }
}

const X: ForwardedBy = ForwardedBy::XForwarded;
const XH: ForwardedBy = ForwardedBy::XForwardedWithHost;
const F: ForwardedBy = ForwardedBy::Forwarded;

const XFF: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
const PORT: &str = "x-forwarded-port";
const FWD: &str = "forwarded";

const STRANGER: &str = "203.0.113.66:4000";
const NGINX: &str = "10.0.0.9:4000";
const TEN: &str = "10.0.0.0/8";

/// All a client could think of.
const ALL: &[(&str, &str)] = &[
    (XFF, "6.6.6.6"),
    (PROTO, "https"),
    (HOST, "evil.test"),
    (PORT, "8443"),
    (FWD, "for=6.6.6.6;proto=https;host=evil.test"),
    ("x-real-ip", "6.6.6.6"),
    ("client-ip", "6.6.6.6"),
];

#[rustfmt::skip]
fn whom_to_believe() -> Vec<Row> {
    vec![
        row("nobody is trusted by default", STRANGER, "", X, ALL, "203.0.113.66:4000 http quay"),
        row("a stranger is not believed", STRANGER, TEN, X, ALL, "203.0.113.66:4000 http quay"),
        row("a stranger is not believed about the host", STRANGER, TEN, XH, ALL, "203.0.113.66:4000 http quay"),
        row("a stranger is not believed in the other family", STRANGER, TEN, F, ALL, "203.0.113.66:4000 http quay"),
        row("the neighbour of a trusted network is a stranger", "11.0.0.1:1", TEN, X, ALL, "11.0.0.1:1 http quay"),
        row("a trusted proxy without a field is the peer", NGINX, TEN, X, &[], "10.0.0.9:4000 http quay"),
        row("a trusted proxy is believed", NGINX, TEN, X, &[(XFF, "192.0.2.1"), (PROTO, "https")], "192.0.2.1:0 https quay"),
        row("a mapped peer is the IPv4 address that it is", "[::ffff:10.0.0.9]:1", TEN, X, &[(XFF, "192.0.2.1")], "192.0.2.1:0 http quay"),
        row("a mapped peer is a stranger all the same", "[::ffff:11.0.0.1]:1", TEN, X, ALL, "[::ffff:11.0.0.1]:1 http quay"),
        row("an IPv6 proxy is believed", "[fd00::1]:1", "private", X, &[(XFF, "2001:db8::7")], "[2001:db8::7]:0 http quay"),
        row("all IPv6 networks trust no IPv4 peer", NGINX, "::/0", X, ALL, "10.0.0.9:4000 http quay"),
        row("a unix peer is not trusted by a network", "unix", "0.0.0.0/0, ::/0", X, ALL, "unix http quay"),
        row("a unix peer is trusted by name", "unix", "unix", X, &[(XFF, "192.0.2.1")], "192.0.2.1:0 http quay"),
        row("trust in unix peers is none in others", STRANGER, "unix", X, ALL, "203.0.113.66:4000 http quay"),
        row("a peer in the same process is never trusted", "memory", "0.0.0.0/0, unix", X, ALL, "memory http quay"),
        row("a network that makes no sense trusts nobody", NGINX, "10.0.0.9/8", X, ALL, "10.0.0.9:4000 http quay"),
        row("X-Real-IP and its like are nobody's word", NGINX, TEN, X, &[("x-real-ip", "6.6.6.6")], "10.0.0.9:4000 http quay"),
    ]
}

#[rustfmt::skip]
fn addresses() -> Vec<Row> {
    vec![
        row("entries that the client put first do not count", NGINX, TEN, X, &[(XFF, "6.6.6.6, 7.7.7.7, 192.0.2.1")], "192.0.2.1:0 http quay"),
        row("nor do those on a line of their own", NGINX, TEN, X, &[(XFF, "6.6.6.6"), (XFF, "192.0.2.1")], "192.0.2.1:0 http quay"),
        row("three trusted proxies in a row", NGINX, TEN, X, &[(XFF, "6.6.6.6, 192.0.2.1, 10.0.0.7, 10.0.0.8")], "192.0.2.1:0 http quay"),
        row("three in a row, over lines", NGINX, TEN, X, &[(XFF, "6.6.6.6, 192.0.2.1"), (XFF, "10.0.0.7"), (XFF, "10.0.0.8")], "192.0.2.1:0 http quay"),
        row("a proxy in the middle that is not trusted is the client", NGINX, TEN, X, &[(XFF, "192.0.2.1, 198.51.100.1, 10.0.0.8")], "198.51.100.1:0 http quay"),
        row("when all are trusted the first is the client", NGINX, TEN, X, &[(XFF, "10.0.0.1, 10.0.0.2")], "10.0.0.1:0 http quay"),
        row("a client that pretends to be a proxy is a client", NGINX, "10.0.0.9", X, &[(XFF, "6.6.6.6, 10.0.0.1")], "10.0.0.1:0 http quay"),
        row("garbage ends the walk at what is known", NGINX, TEN, X, &[(XFF, "6.6.6.6, <script>, 10.0.0.8")], "10.0.0.8:0 http quay"),
        row("garbage at the end leaves the peer", NGINX, TEN, X, &[(XFF, "6.6.6.6, garbage")], "10.0.0.9:4000 http quay"),
        row("an empty entry is garbage", NGINX, TEN, X, &[(XFF, "6.6.6.6, ")], "10.0.0.9:4000 http quay"),
        row("an empty line is garbage", NGINX, TEN, X, &[(XFF, "6.6.6.6"), (XFF, "")], "10.0.0.9:4000 http quay"),
        row("bytes that are no text are garbage", NGINX, TEN, X, &[(XFF, "6.6.6.6, \u{e4}")], "10.0.0.9:4000 http quay"),
        row("`unknown` ends the walk", NGINX, TEN, X, &[(XFF, "6.6.6.6, unknown, 10.0.0.8")], "10.0.0.8:0 http quay"),
        row("what nginx says of unix clients ends the walk", NGINX, TEN, X, &[(XFF, "6.6.6.6, unix:")], "10.0.0.9:4000 http quay"),
        row("a name is no address", NGINX, TEN, X, &[(XFF, "localhost")], "10.0.0.9:4000 http quay"),
        row("an address with a port", NGINX, TEN, X, &[(XFF, "192.0.2.1:5678")], "192.0.2.1:5678 http quay"),
        row("a trusted address with a port is passed over", NGINX, TEN, X, &[(XFF, "192.0.2.1, 10.0.0.8:81")], "192.0.2.1:0 http quay"),
        row("a port that is none is garbage", NGINX, TEN, X, &[(XFF, "192.0.2.1:99999")], "10.0.0.9:4000 http quay"),
        row("a port with a sign is garbage", NGINX, TEN, X, &[(XFF, "192.0.2.1:+80")], "10.0.0.9:4000 http quay"),
        row("IPv6 without brackets", NGINX, TEN, X, &[(XFF, "2001:db8::1")], "[2001:db8::1]:0 http quay"),
        row("IPv6 in brackets", NGINX, TEN, X, &[(XFF, "[2001:db8::1]")], "[2001:db8::1]:0 http quay"),
        row("IPv6 in brackets with a port", NGINX, TEN, X, &[(XFF, "[2001:db8::1]:443")], "[2001:db8::1]:443 http quay"),
        row("IPv6 with something after the brackets", NGINX, TEN, X, &[(XFF, "[2001:db8::1]x")], "10.0.0.9:4000 http quay"),
        row("a mapped hop is the IPv4 address that it is", NGINX, TEN, X, &[(XFF, "::ffff:192.0.2.1, ::ffff:10.0.0.8")], "192.0.2.1:0 http quay"),
        row("an octal address is garbage", NGINX, TEN, X, &[(XFF, "6.6.6.6, 010.0.0.1")], "10.0.0.9:4000 http quay"),
        row("a quoted address is garbage outside Forwarded", NGINX, TEN, X, &[(XFF, "\"192.0.2.1\"")], "10.0.0.9:4000 http quay"),
    ]
}

#[rustfmt::skip]
fn schemes_and_hosts() -> Vec<Row> {
    vec![
        row("the scheme in capitals", NGINX, TEN, X, &[(PROTO, "HTTPS")], "10.0.0.9:4000 https quay"),
        row("another scheme is none", NGINX, TEN, X, &[(PROTO, "javascript")], "10.0.0.9:4000 http quay"),
        row("a scheme with more behind it is none", NGINX, TEN, X, &[(PROTO, "https://evil.test/")], "10.0.0.9:4000 http quay"),
        row("of several schemes the last counts", NGINX, TEN, X, &[(PROTO, "https, http")], "10.0.0.9:4000 http quay"),
        row("over several lines too", NGINX, TEN, X, &[(PROTO, "https"), (PROTO, "http")], "10.0.0.9:4000 http quay"),
        row("and is not made up for when it is garbage", NGINX, TEN, X, &[(PROTO, "https"), (PROTO, "?")], "10.0.0.9:4000 http quay"),
        row("the host is not taken by default", NGINX, TEN, X, &[(HOST, "evil.test"), (PORT, "81")], "10.0.0.9:4000 http quay"),
        row("the host where it is asked for", NGINX, TEN, XH, &[(HOST, "pier.test")], "10.0.0.9:4000 http pier.test"),
        row("of several hosts the last counts", NGINX, TEN, XH, &[(HOST, "evil.test, pier.test")], "10.0.0.9:4000 http pier.test"),
        row("over several lines as well", NGINX, TEN, XH, &[(HOST, "evil.test"), (HOST, "pier.test:81")], "10.0.0.9:4000 http pier.test:81"),
        row("a host with user information is none", NGINX, TEN, XH, &[(HOST, "quay@evil.test")], "10.0.0.9:4000 http quay"),
        row("a host with a path is none", NGINX, TEN, XH, &[(HOST, "evil.test/path")], "10.0.0.9:4000 http quay"),
        row("a host with a space is none", NGINX, TEN, XH, &[(HOST, "evil test")], "10.0.0.9:4000 http quay"),
        row("a host with a bad port is none", NGINX, TEN, XH, &[(HOST, "evil.test:99999")], "10.0.0.9:4000 http quay"),
        row("an empty host is none", NGINX, TEN, XH, &[(HOST, "")], "10.0.0.9:4000 http quay"),
        row("a host that is an IPv6 address", NGINX, TEN, XH, &[(HOST, "[2001:db8::1]"), (PORT, "81")], "10.0.0.9:4000 http [2001:db8::1]:81"),
        row("the port where the host has none", NGINX, TEN, XH, &[(HOST, "pier.test"), (PORT, "8443"), (PROTO, "https")], "10.0.0.9:4000 https pier.test:8443"),
        row("but not the one that the scheme has anyway", NGINX, TEN, XH, &[(HOST, "pier.test"), (PORT, "443"), (PROTO, "https")], "10.0.0.9:4000 https pier.test"),
        row("nor where the host has one", NGINX, TEN, XH, &[(HOST, "pier.test:81"), (PORT, "82")], "10.0.0.9:4000 http pier.test:81"),
        row("a port without a host changes nothing", NGINX, TEN, XH, &[(PORT, "81")], "10.0.0.9:4000 http quay"),
        row("a port that is none changes nothing", NGINX, TEN, XH, &[(HOST, "pier.test"), (PORT, "99999")], "10.0.0.9:4000 http pier.test"),
        row("two Host fields are refused all the same", NGINX, TEN, XH, &[("host", "evil.test"), (HOST, "pier.test")], "400"),
    ]
}

#[rustfmt::skip]
fn the_other_family() -> Vec<Row> {
    vec![
        row("a Forwarded that the client sent is not looked at", NGINX, TEN, X, &[(XFF, "192.0.2.1"), (FWD, "for=6.6.6.6;proto=https;host=evil.test")], "192.0.2.1:0 http quay"),
        row("not even where the chosen family is missing", NGINX, TEN, X, &[(FWD, "for=6.6.6.6;proto=https")], "10.0.0.9:4000 http quay"),
        row("and the other way round", NGINX, TEN, F, &[(FWD, "for=192.0.2.1"), (XFF, "6.6.6.6"), (PROTO, "https"), (HOST, "evil.test")], "192.0.2.1:0 http quay"),
        row("Forwarded says all at once", NGINX, TEN, F, &[(FWD, "for=192.0.2.1;proto=https;host=pier.test")], "192.0.2.1:0 https pier.test"),
        row("elements that the client put first do not count", NGINX, TEN, F, &[(FWD, "for=6.6.6.6;proto=https;host=evil.test, for=192.0.2.1")], "192.0.2.1:0 http quay"),
        row("nor those on a line of their own", NGINX, TEN, F, &[(FWD, "for=6.6.6.6;proto=https"), (FWD, "for=192.0.2.1;proto=http")], "192.0.2.1:0 http quay"),
        row("the outermost trusted proxy knows scheme and host", NGINX, TEN, F, &[(FWD, "for=192.0.2.1;proto=https;host=pier.test, for=10.0.0.7;proto=http;host=inner.test, for=10.0.0.8")], "192.0.2.1:0 https pier.test"),
        row("what it leaves out the next one fills in", NGINX, TEN, F, &[(FWD, "for=192.0.2.1, for=10.0.0.8;proto=https;host=pier.test")], "192.0.2.1:0 https pier.test"),
        row("an open quote of the client hides nothing", NGINX, TEN, F, &[(FWD, "for=\"6.6.6.6, for=192.0.2.1")], "192.0.2.1:0 http quay"),
        row("nor does it before an address in quotes", NGINX, TEN, F, &[(FWD, "for=\", for=\"[2001:db8::1]:80\"")], "[2001:db8::1]:80 http quay"),
        row("`unknown` ends the walk, but its proxy knows the scheme", NGINX, TEN, F, &[(FWD, "for=6.6.6.6;proto=http, for=unknown;proto=https, for=10.0.0.8")], "10.0.0.8:0 https quay"),
        row("a hidden client ends the walk", NGINX, TEN, F, &[(FWD, "for=6.6.6.6, for=_hidden")], "10.0.0.9:4000 http quay"),
        row("an element without a client ends the walk", NGINX, TEN, F, &[(FWD, "for=6.6.6.6;proto=http, proto=https")], "10.0.0.9:4000 https quay"),
        row("a malformed element ends the walk", NGINX, TEN, F, &[(FWD, "for=6.6.6.6, for=1.2.3.4:80;proto=https, for=10.0.0.8")], "10.0.0.8:0 http quay"),
        row("an element that names two clients is malformed", NGINX, TEN, F, &[(FWD, "for=6.6.6.6;for=192.0.2.1")], "10.0.0.9:4000 http quay"),
        row("an empty element ends the walk", NGINX, TEN, F, &[(FWD, "for=6.6.6.6,")], "10.0.0.9:4000 http quay"),
        row("a mapped client is the IPv4 address that it is", NGINX, TEN, F, &[(FWD, "for=\"[::ffff:192.0.2.1]\"")], "192.0.2.1:0 http quay"),
        row("a host with user information is none here either", NGINX, TEN, F, &[(FWD, "for=192.0.2.1;host=\"quay@evil.test\"")], "192.0.2.1:0 http quay"),
        row("a host with a path is none here either", NGINX, TEN, F, &[(FWD, "for=192.0.2.1;host=\"evil.test/x\"")], "192.0.2.1:0 http quay"),
        row("a scheme that is not HTTP's is none", NGINX, TEN, F, &[(FWD, "for=192.0.2.1;proto=ftp")], "192.0.2.1:0 http quay"),
    ]
}

#[rustfmt::skip]
fn after_the_proxy_protocol() -> Vec<Row> {
    let addr = |text: &str| text.parse().unwrap();
    let text = |client| write::text(addr(client), addr("192.0.2.9:443"));
    let binary = |client, more: &[(u8, &[u8])]| write::binary(addr(client), addr("192.0.2.9:443"), more);
    let tls: (u8, &[u8]) = (0x20, &[1, 0, 0, 0, 0]);
    vec![
        row("PROXY v1 from a trusted proxy", NGINX, "", X, ALL, "198.51.100.1:5 http quay").after(TEN, text("198.51.100.1:5")),
        row("PROXY v2 from a trusted proxy", NGINX, "", X, ALL, "198.51.100.1:5 http quay").after(TEN, binary("198.51.100.1:5", &[])),
        row("PROXY v2 of a client that spoke TLS", NGINX, "", X, ALL, "198.51.100.1:5 https quay").after(TEN, binary("198.51.100.1:5", &[tls])),
        row("PROXY v1 from a stranger", STRANGER, TEN, X, ALL, "closed").after(TEN, text("198.51.100.1:5")),
        row("PROXY v2 from a stranger", STRANGER, TEN, X, ALL, "closed").after(TEN, binary("198.51.100.1:5", &[])),
        row("a stranger without a header", STRANGER, TEN, X, ALL, "closed").after(TEN, Vec::new()),
        row("a trusted proxy without a header", NGINX, TEN, X, ALL, "closed").after(TEN, Vec::new()),
        row("a header where none is expected is no request", NGINX, TEN, X, &[("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nx", "y")], "400"),
        row("a client that sends a header of its own behind that of the proxy", NGINX, TEN, X, &[], "400").after(TEN, [text("198.51.100.1:5"), text("6.6.6.6:6")].concat()),
        row("a proxy that speaks for itself", NGINX, TEN, X, &[], "10.0.0.9:4000 http quay").after(TEN, b"PROXY UNKNOWN\r\n".to_vec()),
        row("PROXY, and the client has fields of its own", NGINX, TEN, X, ALL, "198.51.100.1:5 http quay").after(TEN, text("198.51.100.1:5")),
        row("PROXY, and the client is a proxy that is trusted", NGINX, TEN, X, &[(XFF, "6.6.6.6, 192.0.2.1"), (PROTO, "https")], "192.0.2.1:0 https quay").after(TEN, text("10.0.0.7:5")),
        row("a mapped address in a header", NGINX, TEN, X, &[(XFF, "192.0.2.1")], "192.0.2.1:0 http quay").after(TEN, write::binary(addr("[::ffff:10.0.0.7]:5"), addr("[::1]:443"), &[])),
        row("PROXY over a unix socket", "unix", "", X, ALL, "198.51.100.1:5 http quay").after("unix", text("198.51.100.1:5")),
        row("a unix peer that only a proxy tells of is not trusted", NGINX, "unix, 10.0.0.0/8", X, ALL, "unix http quay").after(TEN, write::raw(0x21, 0x31, &[0; 216])),
    ]
}

/// Sends the request of a row, and returns what the service saw.
async fn seen(row: &Row) -> String {
    let service = service_fn(|request: Request, context: Context| async move {
        let peer = match context.peer() {
            Peer::Tcp(addr) => addr.to_string(),
            other => other.to_string(),
        };
        let host = request.headers()[header::HOST].to_str().unwrap();
        Response::new(Body::from(format!("{peer} {} {host}", context.scheme())))
    });
    let config = ConnectionConfig::new(service)
        .trusted_proxies(row.trust)
        .forwarded_by(row.by);
    let peer = match row.peer {
        "unix" => Peer::Unix(UnixPeer::new()),
        "memory" => Peer::Memory,
        addr => Peer::Tcp(addr.parse().unwrap()),
    };

    let (mut client, server) = duplex(1 << 16);
    let mut bytes = Vec::new();
    if let Some((_, header)) = &row.proxy {
        bytes.extend_from_slice(header);
    }
    bytes.extend_from_slice(b"GET / HTTP/1.1\r\nhost: quay\r\nconnection: close\r\n");
    for (name, value) in row.fields {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    client.write_all(&bytes).await.unwrap();

    let local = Local::Memory;
    match &row.proxy {
        None => {
            let connection = Connection::new(peer, local);
            serve_connection(server, connection, config).await;
        }
        Some((from, _)) => {
            let protocol = ProxyProtocol::v1_and_v2(*from);
            if let Ok((stream, connection)) = protocol.receive(server, peer, local).await {
                serve_connection(stream, connection, config).await;
            }
        }
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    match answer.split_once("\r\n\r\n") {
        None => "closed".to_owned(),
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => body.to_owned(),
        Some((head, _)) => head[9..12].to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn no_client_chooses_what_it_is_taken_for() {
    let tables = [
        whom_to_believe(),
        addresses(),
        schemes_and_hosts(),
        the_other_family(),
        after_the_proxy_protocol(),
    ];
    let mut wrong = Vec::new();
    for row in tables.iter().flatten() {
        let seen = seen(row).await;
        if seen != row.seen {
            wrong.push(format!("{}: saw {seen}, expected {}", row.name, row.seen));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn request(target: &str, fields: &[(&str, &str)]) -> http::Request<()> {
    let mut request = http::Request::builder().method(Method::GET).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn believing(by: ForwardedBy) -> Forwarding {
    Forwarding {
        trusted: TEN.into(),
        by,
    }
}

fn behind_nginx() -> Context {
    Context::new(Connection::new(
        Peer::Tcp(NGINX.parse().unwrap()),
        Local::Memory,
    ))
}

#[test]
fn the_host_of_an_absolute_target_is_replaced_too() {
    let fields = [
        ("host", "inner"),
        (FWD, "for=192.0.2.1;proto=https;host=pier.test"),
    ];
    let mut request = request("https://inner/path?query", &fields);
    let context = behind_nginx();
    let forwarding = believing(F);
    check(
        &mut request,
        &context,
        &mut KnownHost::default(),
        Some(&forwarding),
    )
    .expect("an https target is right where the client asked by https");
    assert_eq!(request.uri(), "https://pier.test/path?query");
    assert_eq!(request.headers()[header::HOST], "pier.test");
}

#[test]
fn an_https_target_needs_a_client_that_asked_by_https() {
    let mut request = request("https://inner/", &[("host", "inner"), (PROTO, "http")]);
    let forwarding = believing(X);
    let refused = check(
        &mut request,
        &behind_nginx(),
        &mut KnownHost::default(),
        Some(&forwarding),
    );
    assert!(refused.is_err());
}

proptest! {
    #[test]
    fn whatever_a_client_sends_the_entry_of_the_proxy_counts(
        lines in vec(r#"([0-9a-f.:,"\[\]; =]|for=|unknown|10\.0\.0\.7|, ){0,12}"#, 0..4),
        by in prop::sample::select(vec![X, XH, F]),
        own_line: bool,
    ) {
        let (name, entry) = match by {
            F => (FWD, "for=192.0.2.1;proto=http;host=quay"),
            _ => (XFF, "192.0.2.1"),
        };
        let mut lines: Vec<String> = lines;
        match lines.last_mut() {
            Some(last) if !own_line => *last = format!("{last}, {entry}"),
            _ => lines.push(entry.to_owned()),
        }
        let fields: Vec<(&str, &str)> = lines.iter().map(|line| (name, line.as_str())).collect();
        let request = request("/", &fields);
        let said = walk::read(request.headers(), &believing(by));
        prop_assert_eq!(said.client, Some(SocketAddr::from(([192, 0, 2, 1], 0))));
    }

    #[test]
    fn an_entry_with_or_without_a_port_is_read(ip: std::net::IpAddr, port: u16) {
        let addr = SocketAddr::new(ip, port);
        let with_port = SocketAddr::new(ip.to_canonical(), port);
        let without = SocketAddr::new(ip.to_canonical(), 0);
        prop_assert_eq!(walk::address(addr.to_string().as_bytes()), Some(with_port));
        prop_assert_eq!(walk::address(format!(" {ip}\t").as_bytes()), Some(without));
    }

    #[test]
    fn no_entry_makes_it_panic(entry in vec(any::<u8>(), 0..60)) {
        let _either = walk::address(&entry);
    }
}
