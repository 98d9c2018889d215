use proptest::prelude::*;

use super::*;

/// What came out: heads with the number of fields, content, and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    parts: Vec<(usize, Vec<u8>)>,
    error: Option<ErrorKind>,
    most_held: usize,
}

fn run<P: AsRef<[u8]>>(mut parser: Parser, pieces: impl IntoIterator<Item = P>) -> Seen {
    let mut pieces = pieces.into_iter();
    let mut seen = Seen::default();
    let mut open = false;
    loop {
        match parser.next() {
            Ok(Event::Hungry) => match pieces.next() {
                Some(piece) => {
                    let held = parser.ahead.len() + parser.head.len();
                    seen.most_held = seen.most_held.max(held);
                    parser.feed(Bytes::copy_from_slice(piece.as_ref()));
                }
                None => parser.end(),
            },
            Ok(Event::Head(fields)) => {
                assert!(!open);
                open = true;
                seen.parts.push((fields.len(), Vec::new()));
            }
            Ok(Event::Data(data)) => {
                assert!(open && !data.is_empty());
                seen.parts.last_mut().unwrap().1.extend_from_slice(&data);
            }
            Ok(Event::PartEnd) => {
                assert!(open);
                open = false;
            }
            Ok(Event::End) => return seen,
            Err(error) => {
                seen.error = Some(error.kind());
                return seen;
            }
        }
    }
}

fn parser() -> Parser {
    Parser::new("b", &Limits::new().headers(4).head_bytes(100))
}

fn parts(text: &str) -> Vec<(usize, String)> {
    let seen = run(parser(), [text.as_bytes()]);
    assert_eq!(seen.error, None, "{text:?}");
    let parts = seen.parts.into_iter();
    parts
        .map(|(fields, content)| (fields, String::from_utf8(content).unwrap()))
        .collect()
}

fn part(fields: usize, content: &str) -> (usize, String) {
    (fields, content.to_owned())
}

#[test]
fn parts_are_between_boundaries_and_the_rest_is_passed_over() {
    assert_eq!(parts("--b--"), []);
    assert_eq!(parts("--b--\r\nepilogue\r\n--b\r\n\r\nno part"), []);
    assert_eq!(
        parts(
            "preamble --b\r\n\r\n--b\r\nA: b\r\nC: d\r\n\r\none\r\n--b\r\n\r\ntwo\r\n\r\n--b--\r\n"
        ),
        [part(2, "one"), part(0, "two\r\n")]
    );
    // Padding is none of the boundary, and longer boundaries are others.
    assert_eq!(
        parts("--b \t\r\n\r\n--bb\r\n--b\n\r\n--b--- \r\n--b-- \r\n"),
        [part(0, "--bb\r\n--b\n\r\n--b---")].map(|(fields, text)| (fields, text + " "))
    );
}

#[test]
fn an_empty_part_may_lack_the_line_break_of_its_content() {
    assert_eq!(parts("--b\r\n\r\n--b--"), [part(0, "")]);
    assert_eq!(parts("--b\r\nA: b\r\n\r\n--b--"), [part(1, "")]);
    assert_eq!(parts("--b\r\nA: b\r\n\r\n\r\n--b--"), [part(1, "")]);
    assert_eq!(parts("--b\r\nA: b\r\n\r\n\r\n\r\n--b--"), [part(1, "\r\n")]);
}

#[test]
fn what_is_no_multipart_body_is_an_error() {
    let rows = [
        ("", ErrorKind::Truncated),
        ("no boundary", ErrorKind::Truncated),
        ("--b", ErrorKind::Truncated),
        ("--b\r\nA: b\r\n\r\ncut off", ErrorKind::Truncated),
        ("--b\r\nA: b\r\n\r\none\r\n--b-", ErrorKind::Truncated),
        ("--b\r\nA: b", ErrorKind::Truncated),
        ("--b\n\r\none\n--b--", ErrorKind::Truncated),
        ("--b\r\nA\r\n\r\n\r\n--b--", ErrorKind::Malformed),
        (
            "--b\r\nA:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\n\r\n\r\n--b--",
            ErrorKind::TooManyHeaders { limit: 4 },
        ),
    ];
    for (text, expected) in rows {
        let seen = run(parser(), [text.as_bytes()]);
        assert_eq!(seen.error, Some(expected), "{text:?}");
    }
    for (length, fits) in [(95, true), (96, false)] {
        let text = format!("--b\r\nA: {}\r\n\r\n\r\n--b--", "x".repeat(length));
        let expected = ErrorKind::HeadTooLarge { limit: 100 };
        let seen = run(parser(), [text.as_bytes()]);
        assert_eq!(seen.error, (!fits).then_some(expected));
    }
}

#[test]
fn a_stream_without_end_may_end_in_a_part() {
    for (text, count) in [
        ("--b\r\n\r\none\r\n--b\r\n\r\ntwo", 2),
        ("--b\r\n\r\none\r\n--b\r\n", 1),
    ] {
        let seen = run(parser().endless(), [text.as_bytes()]);
        assert_eq!((seen.error, seen.parts.len()), (None, count), "{text:?}");
    }
}

/// Cuts bytes at some places.
fn cut<'a>(bytes: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|at| at.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut from = 0;
    let mut pieces = Vec::new();
    for place in places.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        text in "(\r\n|--b|--|-|b|A: b|\r|\n| ){0,40}",
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        for text in [text.clone(), format!("--b\r\nA: b\r\n\r\n{text}\r\n--b--")] {
            let bytes = text.as_bytes();
            let whole = run(parser(), [bytes]);
            let pieces = run(parser(), cut(bytes, &places));
            prop_assert_eq!((&pieces.parts, pieces.error), (&whole.parts, whole.error));
            let single = run(parser(), bytes.chunks(1));
            prop_assert_eq!((&single.parts, single.error), (&whole.parts, whole.error));
        }
    }

    #[test]
    fn every_part_comes_out_as_it_went_in_and_little_is_held(
        contents in prop::collection::vec("(\r\n|--b|-|b|\r|\n|.){0,30}", 0..5),
        size in 1..40_usize,
    ) {
        let boundary = "of-its-own";
        let mut text = String::new();
        for content in &contents {
            text += &format!("--{boundary}\r\nA: b\r\n\r\n{content}\r\n");
        }
        text += &format!("--{boundary}--");
        let seen = run(Parser::new(boundary, &Limits::new()), text.as_bytes().chunks(size));
        prop_assert_eq!(seen.error, None);
        let parts = seen.parts.iter().map(|(_, content)| content.as_slice());
        prop_assert!(parts.eq(contents.iter().map(String::as_bytes)));
        prop_assert!(seen.most_held < 100 + size, "{}", seen.most_held);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        size in 1..40_usize,
    ) {
        let _ = run(parser(), bytes.chunks(size));
    }
}
