//! Elements and nodes as text, and the walk from the right.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::FORWARDED, HeaderValue::from_str(line).unwrap());
    }
    headers
}

#[test]
fn elements_are_read_as_the_rfc_writes_them() {
    let rows: [(&str, Option<&str>); 26] = [
        // RFC 7239 §4
        (r#"for="_gazonk""#, Some("for=_gazonk")),
        (
            r#"For="[2001:db8:cafe::17]:4711""#,
            Some(r#"for="[2001:db8:cafe::17]:4711""#),
        ),
        (
            "for=192.0.2.60;proto=http;by=203.0.113.43",
            Some("for=192.0.2.60;by=203.0.113.43;proto=http"),
        ),
        ("for=192.0.2.43", Some("for=192.0.2.43")),
        // RFC 7239 §6
        (
            r#"for="192.0.2.43:47011""#,
            Some(r#"for="192.0.2.43:47011""#),
        ),
        (r#"for="[2001:db8::1]""#, Some(r#"for="[2001:db8::1]""#)),
        ("for=unknown", Some("for=unknown")),
        ("for=Unknown", Some("for=unknown")),
        (r#"for="_a.b-c:_port""#, Some(r#"for="_a.b-c:_port""#)),
        ("host=quay.test", Some("host=quay.test")),
        (r#"host="quay.test:81""#, Some(r#"host="quay.test:81""#)),
        (
            "for=1.2.3.4 ; proto=https;",
            Some("for=1.2.3.4;proto=https"),
        ),
        ("secret=x;for=1.2.3.4", Some("for=1.2.3.4")),
        ("for=1.2.3.4;for=1.2.3.4", None),
        ("for=1.2.3.4:80", None),
        ("for=[2001:db8::1]", None),
        (r#"for="2001:db8::1""#, None),
        (r#"for="1.2.3.4:65536""#, None),
        (r#"for="1.2.3.4:+80""#, None),
        (r#"for="1.2.3.4:""#, None),
        (r#"for="[::1]x""#, None),
        ("for=_", None),
        ("for=quay.test", None),
        ("for=", None),
        ("for", None),
        ("proto=\"java script\"", None),
    ];
    for (text, expected) in rows {
        let element = ForwardedElement::parse(text).map(|element| element.to_string());
        assert_eq!(element.as_deref(), expected, "{text}");
    }
}

#[test]
fn lines_are_one_list_of_a_bounded_length() {
    let two = headers(&["for=1.1.1.1, , for=2.2.2.2", "for=3.3.3.3"]);
    let forwarded = Forwarded::decode(&two).unwrap().unwrap();
    assert_eq!(
        forwarded.to_string(),
        "for=1.1.1.1, for=2.2.2.2, for=3.3.3.3"
    );
    let long = headers(&["for=1.1.1.1"; MAX_ELEMENTS + 1]);
    assert!(Forwarded::decode(&long).is_err());
    assert_eq!(Forwarded::decode(&HeaderMap::new()), Ok(None));
}

#[test]
fn what_stands_left_of_an_element_does_not_change_it() {
    let rows: [(&[&str], &[&str]); 7] = [
        (
            &["for=1.1.1.1, for=2.2.2.2"],
            &["for=2.2.2.2", "for=1.1.1.1"],
        ),
        (
            &["for=1.1.1.1", "for=2.2.2.2"],
            &["for=2.2.2.2", "for=1.1.1.1"],
        ),
        (&[r#"for=", for=2.2.2.2"#], &["for=2.2.2.2", "-"]),
        (&[r#"for=", for="[::2]""#], &[r#"for="[::2]""#, "-"]),
        (&[r#"x="a,b\",", for=2.2.2.2"#], &["for=2.2.2.2", ""]),
        (&[r#"x="\\", for=2.2.2.2"#], &["for=2.2.2.2", ""]),
        (&["for=1.1.1.1,"], &["-", "for=1.1.1.1"]),
    ];
    for (lines, expected) in rows {
        let headers = headers(lines);
        let elements: Vec<String> = Forwarded::from_the_right(&headers)
            .map(|element| element.map_or("-".to_owned(), |element| element.to_string()))
            .collect();
        assert_eq!(elements, expected, "{lines:?}");
    }
}

fn node() -> impl Strategy<Value = ForwardedNode> {
    let text = prop_oneof![
        any::<Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
        Just("unknown".to_owned()),
        "_[a-z.-]{1,5}",
    ];
    let port = prop_oneof![
        Just(String::new()),
        any::<u16>().prop_map(|port| format!(":{port}")),
        ":_[a-z]{1,3}",
    ];
    (text, port).prop_map(|(text, port)| format!("{text}{port}").parse().expect("a node"))
}

#[test]
fn an_element_that_says_nothing_keeps_its_place() {
    let lines = headers(&["secret=x, for=192.0.2.1"]);
    let mut read = Forwarded::decode(&lines).unwrap().unwrap();
    read.push(ForwardedElement::new());
    let written = read.encode().unwrap();
    assert_eq!(written, "for=unknown, for=192.0.2.1, for=unknown");
    let again = Forwarded::decode(&headers(&[written.to_str().unwrap()]));
    let again = again.unwrap().unwrap();
    let clients = again.elements().iter().map(|element| element.client());
    let ips: Vec<_> = clients
        .map(|node| node.and_then(ForwardedNode::ip))
        .collect();
    assert_eq!(ips, [None, Some(Ipv4Addr::new(192, 0, 2, 1).into()), None]);
}

fn element() -> impl Strategy<Value = ForwardedElement> {
    use proptest::option::of;
    let host = r#"[a-z.:",;\\= \[\]]{1,12}"#;
    let some = (node(), of(node()), of(host), of("[a-z]{1,5}"));
    some.prop_map(|(client, by, host, proto)| ForwardedElement {
        client: Some(client),
        by,
        host,
        proto,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_the_same_from_both_ends(
        elements in proptest::collection::vec(element(), 1..6),
    ) {
        let forwarded = Forwarded { elements };
        let text = forwarded.to_string();
        let headers = headers(&[&text]);
        let mut right: Vec<_> = Forwarded::from_the_right(&headers).map(Option::unwrap).collect();
        right.reverse();
        prop_assert_eq!(&right, &forwarded.elements);
        prop_assert_eq!(Forwarded::decode(&headers).unwrap(), Some(forwarded));
    }

    #[test]
    fn no_text_makes_it_panic_and_the_last_element_is_always_found(
        text in r#"([for=";,\\\[\]:_.0-9 ]|for=|unknown|host="){0,16}|.{0,40}"#,
    ) {
        let text = format!("{}, for=192.0.2.1", text.replace(|c: char| c.is_control(), " "));
        let headers = headers(&[&text]);
        let mut elements = Forwarded::from_the_right(&headers);
        let last = elements.next().flatten().expect("an element");
        prop_assert_eq!(last.to_string(), "for=192.0.2.1");
        let _the_rest = elements.count();
        let _either = Forwarded::decode(&headers);
    }
}
