use proptest::prelude::*;

use super::*;

fn decode(lines: &[&str]) -> Links {
    let value = |line: &&str| HeaderValue::from_bytes(line.as_bytes()).unwrap();
    let pairs = lines.iter().map(|line| (header::LINK, value(line)));
    Links::decode(&HeaderMap::from_iter(pairs))
        .unwrap()
        .unwrap_or_default()
}

#[test]
fn links_are_read_from_one_line_or_many() {
    type Row<'r> = (&'r [&'r str], &'r [(&'r str, &'r str)]);
    let rows: [Row<'_>; 13] = [
        // RFC 8288 §3.5.
        (
            &[
                "<http://example.com/TheBook/chapter2>; rel=\"previous\"; title=\"previous chapter\"",
            ],
            &[("http://example.com/TheBook/chapter2", "previous")],
        ),
        (
            &[
                "</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel=\"next\"",
            ],
            &[
                ("/TheBook/chapter2", "previous"),
                ("/TheBook/chapter4", "next"),
            ],
        ),
        (
            &["<http://example.org/>; rel=\"start http://example.net/relation/other\""],
            &[(
                "http://example.org/",
                "start http://example.net/relation/other",
            )],
        ),
        (&["<a>; rel=x", "<b> ;REL = y"], &[("a", "x"), ("b", "y")]),
        // Commas and semicolons separate nothing in a target or in quotes.
        (
            &["<a?b,c;d>; rel=\"e, f;g\", <h>"],
            &[("a?b,c;d", "e, f;g"), ("h", "")],
        ),
        (&["<a>; rel=x; rel=y"], &[("a", "x")]),
        (&["<a>;;; rel=x;"], &[("a", "x")]),
        (&["<a>; crossorigin; rel=x"], &[("a", "x")]),
        (&["<a>; rel=\"b\\\"c"], &[("a", "b\"c")]),
        (&["<>; rel=self"], &[("", "self")]),
        (&["<a>; rel=x, broken, <b>"], &[("a", "x")]),
        (
            &["<a>; rel=x nonsense, <b>; rel=\"y\" nonsense, <c>"],
            &[("a", "x nonsense"), ("b", "y"), ("c", "")],
        ),
        (&["<open", "", ",,"], &[]),
    ];
    for (lines, expected) in rows {
        let links = decode(lines);
        let got: Vec<_> = links
            .iter()
            .map(|link| (link.target(), link.parameter("rel").unwrap_or_default()))
            .collect();
        assert_eq!(got, expected, "{lines:?}");
    }
}

#[test]
fn the_extended_title_is_preferred_where_it_can_be_read() {
    for (line, title) in [
        (
            "<a>; title=b; title*=UTF-8'de'n%c3%a4chstes%20Kapitel",
            Some("nächstes Kapitel"),
        ),
        ("<a>; title*=koi8-r''x; title=\"b c\"", Some("b c")),
        ("<a>; title=\"ä\"", Some("ä")),
        ("<a>", None),
    ] {
        let links = decode(&[line]);
        assert_eq!(
            links.iter().next().unwrap().title().as_deref(),
            title,
            "{line}"
        );
    }
}

#[test]
fn relations_are_found_in_any_case_but_not_those_of_something_else() {
    let links = decode(&["<a>; rel=next; anchor=\"#x\", <b>; rel=\"last  Next\""]);
    assert_eq!(links.rel("NEXT").unwrap().target(), "b");
    assert_eq!(links.rel("nex"), None);
    assert_eq!(links.iter().filter(|link| link.is("next")).count(), 2);
}

#[test]
fn links_are_written_so_that_nothing_can_be_slipped_in() {
    let mut links = Links::new(Link::new("/a?b=c d").with("rel", "next"));
    links.push(
        Link::new("/>; rel=stylesheet")
            .with("title", "a \"b\"")
            .with("Title", "ü"),
    );
    assert_eq!(
        links.encode().unwrap(),
        "</a?b=c%20d>; rel=\"next\", \
         </%3E;%20rel=stylesheet>; title=\"a \\\"b\\\"\"; title*=UTF-8''%C3%BC"
    );
    let broken = Links::new(Link::new("/").with("title", "a\r\nset-cookie: b"));
    assert_eq!(broken.encode(), None);
}

#[test]
fn a_field_that_is_not_utf_8_is_an_error_and_one_that_is_not_there_is_none() {
    let latin = HeaderValue::from_bytes(b"<a>; title=\"\xe4\"").unwrap();
    let headers = HeaderMap::from_iter([(header::LINK, latin)]);
    assert!(Links::decode(&headers).is_err());
    assert_eq!(Links::decode(&HeaderMap::new()), Ok(None));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(line in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            let _ = Links::decode(&HeaderMap::from_iter([(header::LINK, value)]));
        }
    }

    #[test]
    fn no_text_makes_it_panic_or_run_on(line in "[<>;,=\"\\\\ a*'%]{0,60}") {
        let value = HeaderValue::from_str(&line).unwrap();
        let links = Links::decode(&HeaderMap::from_iter([(header::LINK, value)])).unwrap().unwrap();
        prop_assert!(links.iter().count() <= line.len());
    }

    #[test]
    fn what_was_written_is_read_back(target in "[!#-;=?-~]{0,12}", rel in "[ -~]{0,12}", title in "[ -~äü€]{1,12}") {
        let sent = Links::new(Link::new(target).with("rel", rel).with("title", title.clone()));
        let links = decode(&[sent.encode().unwrap().to_str().unwrap()]);
        let (sent, got) = (sent.iter().next().unwrap(), links.iter().next().unwrap());
        prop_assert_eq!(links.iter().count(), 1);
        prop_assert_eq!((got.target(), got.parameter("rel")), (sent.target(), sent.parameter("rel")));
        prop_assert_eq!(got.title(), Some(title));
    }
}

#[test]
fn an_extended_parameter_that_is_none_slips_nothing_in() {
    let links = Links::new(Link::new("/a").with("title*", "a; rel=next, </b>"));
    assert_eq!(
        links.encode().unwrap(),
        r#"</a>; title*="a; rel=next, </b>""#
    );
    let headers = HeaderMap::from_iter([(header::LINK, links.encode().unwrap())]);
    assert_eq!(Links::decode(&headers), Ok(Some(links)));
}
