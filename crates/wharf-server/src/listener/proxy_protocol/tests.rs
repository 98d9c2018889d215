//! Headers as bytes: those of the specification, and what is none.

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wharf_http::connection::UnixPeer;

use super::parse::parse;
use super::*;

fn tcp(client: &str, reached: &str) -> Header {
    Header {
        ends: Some(Ends {
            client: Peer::Tcp(client.parse().unwrap()),
            reached: Local::Tcp(reached.parse().unwrap()),
        }),
        secure: false,
    }
}

/// What comes of bytes that begin with a header.
fn read_all(bytes: &[u8], versions: Versions) -> Result<Header, &'static str> {
    match parse(bytes, versions) {
        Ok(Step::Done(header, _)) => Ok(header),
        Ok(Step::More(_)) => Err("more"),
        Err(Malformed(reason)) => Err(reason),
    }
}

#[test]
fn lines_of_version_1_are_read_strictly() {
    let longest = "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 65535 65534\r\n";
    let v4 = || Ok(tcp("255.255.255.255:65535", "255.255.255.254:65534"));
    let none = || Ok(Header::default());
    let [family, addresses, ports] = [
        Err("the family is none of TCP4, TCP6 and UNKNOWN"),
        Err("there are not two addresses of the family"),
        Err("there are not two ports at the end"),
    ];
    let rows: Vec<(&str, Result<Header, &str>)> = vec![
        // §2.1
        (
            "PROXY TCP4 255.255.255.255 255.255.255.254 65535 65534\r\n",
            v4(),
        ),
        (
            longest,
            Ok(tcp(
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe]:65534",
            )),
        ),
        (
            "PROXY TCP6 ::1 ::2 0 1\r\nGET",
            Ok(tcp("[::1]:0", "[::2]:1")),
        ),
        (
            "PROXY TCP6 ::ffff:1.2.3.4 ::ffff:5.6.7.8 1 2\r\n",
            Ok(tcp("1.2.3.4:1", "5.6.7.8:2")),
        ),
        ("PROXY UNKNOWN\r\n", none()),
        ("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", none()),
        ("PROXY UNKNOWN what ever\r\n", none()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", Err("more")),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r", Err("more")),
        ("", Err("more")),
        ("PROXY", Err("more")),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", ports.clone()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", ports.clone()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", ports.clone()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", ports.clone()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", ports.clone()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", ports.clone()),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 +2\r\n", ports),
        ("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", addresses.clone()),
        ("PROXY TCP4 1.2.3.4\t5.6.7.8 1 2\r\n", addresses.clone()),
        ("PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", addresses.clone()),
        ("PROXY TCP4 ::1 ::2 1 2\r\n", addresses.clone()),
        ("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", addresses.clone()),
        ("PROXY TCP4 quay.test 5.6.7.8 1 2\r\n", addresses),
        ("PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", family.clone()),
        ("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", family.clone()),
        ("PROXY \r\n", family.clone()),
        ("PROXY UNKNOWNS\r\n", family),
        ("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Err("there is none")),
        ("GET / HTTP/1.1\r\n\r\n", Err("there is none")),
        ("\u{16}\u{3}\u{1}", Err("there is none")),
    ];
    for (text, expected) in rows {
        assert_eq!(
            read_all(text.as_bytes(), Versions::Both),
            expected,
            "{text:?}"
        );
        assert_eq!(
            read_all(text.as_bytes(), Versions::Text),
            expected,
            "{text:?}"
        );
    }
    assert_eq!(longest.len(), 104);
    let mut endless = b"PROXY UNKNOWN ".to_vec();
    endless.resize(107, b'x');
    assert_eq!(read_all(&endless[..106], Versions::Text), Err("more"));
    assert_eq!(
        read_all(&endless, Versions::Text),
        Err("the line does not end")
    );
    endless.extend(b"\r\n");
    assert_eq!(
        read_all(&endless, Versions::Text),
        Err("the line does not end")
    );
}

#[test]
fn headers_of_version_2_are_read_to_their_length() {
    let v4 = [1, 2, 3, 4, 5, 6, 7, 8, 0, 80, 1, 187];
    let with = |extension: &[u8]| [&v4[..], extension].concat();
    let mut unix = [0; 216];
    unix[108..117].copy_from_slice(b"/run/sock");
    let header = || tcp("1.2.3.4:80", "5.6.7.8:443");
    let secure = Header {
        secure: true,
        ..header()
    };
    let of_unix = |path: Option<&str>| Header {
        ends: Some(Ends {
            client: Peer::Unix(UnixPeer::new()),
            reached: Local::Unix(path.map(Into::into)),
        }),
        secure: false,
    };
    let none = Header::default;
    let command = Err("the version is not 2, or the command unknown");
    let family = Err("the family or the transport is unknown");
    let short = Err("it is too short for its addresses");
    let over = Err("an extension goes on after the header");
    let rows: Vec<(Vec<u8>, Result<Header, &str>)> = vec![
        // §2.2: version and command, family and transport, block
        (write::raw(0x21, 0x11, &v4), Ok(header())),
        (write::raw(0x21, 0x12, &v4), Ok(header())),
        (write::raw(0x20, 0x00, &[]), Ok(none())),
        (write::raw(0x20, 0x11, &v4), Ok(none())),
        (write::raw(0x20, 0xff, &[1, 2, 3]), Ok(none())),
        (write::raw(0x21, 0x00, &[]), Ok(none())),
        (write::raw(0x21, 0x00, &[9; 50]), Ok(none())),
        (
            write::raw(0x21, 0x31, &unix),
            Ok(of_unix(Some("/run/sock"))),
        ),
        (write::raw(0x21, 0x32, &[0; 216]), Ok(of_unix(None))),
        (write::raw(0x21, 0x31, &[0xff; 216]), Ok(of_unix(None))),
        (write::raw(0x11, 0x11, &v4), command.clone()),
        (write::raw(0x22, 0x11, &v4), command.clone()),
        (write::raw(0x01, 0x11, &v4), command),
        (write::raw(0x21, 0x10, &v4), family.clone()),
        (write::raw(0x21, 0x13, &v4), family.clone()),
        (write::raw(0x21, 0x01, &v4), family.clone()),
        (write::raw(0x21, 0x41, &v4), family),
        (write::raw(0x21, 0x11, &v4[..11]), short.clone()),
        (write::raw(0x21, 0x21, &v4), short.clone()),
        (write::raw(0x21, 0x31, &unix[..215]), short),
        // §2.2.1 and after: extensions
        (write::raw(0x21, 0x11, &with(&[4, 0, 0])), Ok(header())),
        (
            write::raw(0x21, 0x11, &with(b"\x02\0\x04quay\x05\0\x01x")),
            Ok(header()),
        ),
        (write::raw(0x21, 0x11, &with(&[4, 0])), over.clone()),
        (write::raw(0x21, 0x11, &with(&[4, 0, 2, 1])), over.clone()),
        (write::raw(0x21, 0x11, &with(&[4, 255, 255, 1])), over),
        (
            write::raw(0x21, 0x11, &with(&[0x20, 0, 5, 1, 0, 0, 0, 0])),
            Ok(secure.clone()),
        ),
        (
            write::raw(0x21, 0x11, &with(&[0x20, 0, 5, 0, 0, 0, 0, 0])),
            Ok(header()),
        ),
        (
            write::raw(0x21, 0x11, &with(&[0x20, 0, 8, 5, 0, 0, 0, 1, 0x21, 0, 0])),
            Ok(secure),
        ),
        (
            write::raw(0x21, 0x11, &with(&[0x20, 0, 1, 1])),
            Err("the TLS extension is too short"),
        ),
        (
            write::sign(write::raw(0x21, 0x11, &with(&[3, 0, 4, 0, 0, 0, 0]))),
            Ok(header()),
        ),
        (
            write::raw(0x21, 0x11, &with(&[3, 0, 4, 1, 2, 3, 4])),
            Err("the checksum is wrong"),
        ),
        (
            write::raw(0x21, 0x11, &with(&[3, 0, 1, 0])),
            Err("the checksum is wrong"),
        ),
        (
            write::raw(0x21, 0x00, &[0; 4081]),
            Err("it is longer than 4096 bytes"),
        ),
        (write::raw(0x21, 0x00, &[0; 4080]), Ok(none())),
        (write::raw(0x21, 0x11, &v4)[..27].to_vec(), Err("more")),
        (write::raw(0x21, 0x11, &v4)[..15].to_vec(), Err("more")),
        (b"\r\n\r\nGET / HTTP/1.1".to_vec(), Err("there is none")),
    ];
    for (bytes, expected) in rows {
        let shown = bytes.escape_ascii();
        assert_eq!(read_all(&bytes, Versions::Both), expected, "{shown}");
        assert_eq!(read_all(&bytes, Versions::Binary), expected, "{shown}");
    }
}

#[test]
fn a_listener_reads_the_versions_it_is_told_to() {
    let (from, to) = ("1.2.3.4:5".parse().unwrap(), "6.7.8.9:10".parse().unwrap());
    let (text, binary) = (write::text(from, to), write::binary(from, to, &[]));
    assert_eq!(read_all(&text, Versions::Binary), Err("there is none"));
    assert_eq!(read_all(&binary, Versions::Text), Err("there is none"));
}

#[test]
fn the_checksum_is_that_of_the_rfc() {
    // RFC 3720 §B.4
    assert_eq!(v2::crc32c([0; 32]), 0x8a91_36aa);
    assert_eq!(v2::crc32c(0..32), 0x46dd_794e);
}

/// Sends `pieces` from a trusted peer; returns what came of it, and what can be read after it.
async fn receive(
    protocol: &ProxyProtocol,
    peer: Peer,
    pieces: &[&[u8]],
) -> (Result<Connection, Refused>, Vec<u8>) {
    let (mut proxy, server) = duplex(1 << 16);
    let sending = async {
        for piece in pieces {
            let _gone = proxy.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        drop(proxy);
    };
    let local = Local::Tcp("10.0.0.1:80".parse().unwrap());
    let receiving = protocol.receive(server, peer, local);
    match tokio::join!(sending, receiving).1 {
        Ok((mut stream, connection)) => {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            (Ok(connection), rest)
        }
        Err(refused) => (Err(refused), Vec::new()),
    }
}

fn proxy() -> Peer {
    Peer::Tcp("10.0.0.9:4711".parse().unwrap())
}

#[tokio::test]
async fn the_client_takes_the_place_of_the_proxy_and_no_byte_is_lost() {
    let protocol = ProxyProtocol::v1_and_v2("10.0.0.0/8");
    let (from, to) = (
        "192.0.2.1:5".parse().unwrap(),
        "192.0.2.9:443".parse().unwrap(),
    );
    let tls: &[u8] = &[1, 0, 0, 0, 0];
    for (header, scheme) in [
        (write::text(from, to), Scheme::HTTP),
        (write::binary(from, to, &[]), Scheme::HTTP),
        (write::binary(from, to, &[(0x20, tls)]), Scheme::HTTPS),
    ] {
        let request = b"GET / HTTP/1.1\r\n\r\n".repeat(20);
        let all = [&header[..], &request].concat();
        let (connection, rest) = receive(&protocol, proxy(), &[&all]).await;
        let connection = connection.unwrap();
        assert_eq!(connection.peer(), &Peer::Tcp(from));
        assert_eq!(connection.local(), &Local::Tcp(to));
        assert_eq!(connection.proxy(), Some(&proxy()));
        assert_eq!(connection.scheme(), &scheme);
        assert_eq!(rest, request);
    }
    for header in [&b"PROXY UNKNOWN\r\n"[..], &write::raw(0x20, 0, &[])] {
        let (connection, rest) = receive(&protocol, proxy(), &[header, b"hello"]).await;
        let connection = connection.unwrap();
        assert_eq!((connection.peer(), connection.proxy()), (&proxy(), None));
        assert_eq!(rest, b"hello");
    }
}

#[tokio::test]
async fn whoever_is_not_trusted_or_sends_no_header_is_refused() {
    let protocol = ProxyProtocol::v1_and_v2("10.0.0.0/8");
    let good: &[u8] = b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n";
    let stranger = || Peer::Tcp("192.0.2.66:1".parse().unwrap());
    let unix = || Peer::Unix(UnixPeer::new());
    let rows: [(Peer, &[u8], &str); 6] = [
        (stranger(), good, "it is from none of the trusted proxies"),
        (unix(), good, "it is from none of the trusted proxies"),
        (Peer::Memory, good, "it is from none of the trusted proxies"),
        (
            proxy(),
            b"GET / HTTP/1.1\r\n\r\n",
            "its PROXY header is malformed: there is none",
        ),
        (proxy(), &good[..20], "it ended before its PROXY header did"),
        (proxy(), b"", "it ended before its PROXY header did"),
    ];
    for (peer, bytes, reason) in rows {
        let (refused, _) = receive(&protocol, peer, &[bytes]).await;
        assert_eq!(refused.unwrap_err().to_string(), reason);
    }
}

fn ends() -> impl Strategy<Value = (std::net::SocketAddr, std::net::SocketAddr)> {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let v4 = || any::<(Ipv4Addr, u16)>().prop_map(Into::into);
    let v6 = || any::<(Ipv6Addr, u16)>().prop_map(Into::into);
    prop_oneof![(v4(), v4()), (v6(), v6())]
}

fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        (from, to) in ends(),
        binary: bool,
        extension in vec(any::<u8>(), 0..300),
        rest in vec(any::<u8>(), 0..200),
        cut in any::<prop::sample::Index>(),
    ) {
        let header = match binary {
            true => write::sign(write::binary(from, to, &[(0xe0, &extension), (3, &[0; 4])])),
            false => write::text(from, to),
        };
        let all = [&header[..], &rest].concat();
        let (first, second) = all.split_at(cut.index(all.len()));
        let protocol = ProxyProtocol::v1_and_v2("10.0.0.0/8");
        let (connection, after) = run(receive(&protocol, proxy(), &[first, second]));
        let connection = connection.unwrap();
        let canonical = |addr: std::net::SocketAddr| (addr.ip().to_canonical(), addr.port());
        let Local::Tcp(local) = *connection.local() else { unreachable!("a TCP address was written") };
        prop_assert_eq!(connection.peer().socket_addr().map(canonical), Some(canonical(from)));
        prop_assert_eq!(canonical(local), canonical(to));
        prop_assert_eq!(after, rest);
    }

    #[test]
    fn any_bytes_are_read_in_steps_that_end(
        start in prop::sample::select(vec![&b""[..], b"PROXY ", b"PROXY TCP4 ", v2::SIGNATURE, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"]),
        bytes in vec(any::<u8>(), 0..400),
    ) {
        let all = [start, &bytes].concat();
        let mut end = 0;
        loop {
            match parse(&all[..end], Versions::Both) {
                Ok(Step::More(room)) => {
                    prop_assert!((1..=v2::MAX_HEADER).contains(&room));
                    if end == all.len() {
                        break;
                    }
                    end = (end + room).min(all.len());
                }
                Ok(Step::Done(_, length)) => {
                    prop_assert!(length <= end);
                    break;
                }
                Err(_) => break,
            }
        }
    }
}
