use proptest::prelude::*;

use super::*;

/// Every segment as the matcher sees it, and where its second half stands.
fn walk<'t, X: Text<'t>>(text: X) -> Vec<(&'t str, Span)> {
    let mut seen = Vec::new();
    let mut at = X::FIRST;
    while at != END {
        let part = text.segment(at);
        let segment = part.of(text);
        assert_eq!(part.tag(text.decoded()), tag::tag(segment.as_bytes()));
        let half = segment
            .char_indices()
            .nth(segment.chars().count() / 2)
            .map_or(0, |(half, _)| half);
        seen.push((segment, text.locate(at, half..segment.len())));
        at = part.next;
    }
    seen
}

#[test]
fn an_escaped_slash_does_not_split() {
    let decoded = Decoded::new("/a%2Fb/%c3%A9x/").unwrap();
    let segments: Vec<_> = walk(&decoded)
        .into_iter()
        .map(|(segment, _)| segment)
        .collect();
    assert_eq!(segments, ["a/b", "éx", ""]);
    assert_eq!((&decoded).rest(1), "éx/");
    assert_eq!((&decoded).locate(1, 2..3), Span { start: 13, end: 14 });
    assert_eq!((&decoded).locate_rest(0, 1), Span { start: 2, end: 15 });
}

#[test]
fn a_path_that_cannot_be_decoded_says_where() {
    for (path, at) in [
        ("/a/%zz", 3),
        ("/a/b%4", 4),
        ("/%", 1),
        ("/a%", 2),
        ("/x%C3/%A9", 2),
        ("/%+1", 1),
    ] {
        let bad = Decoded::new(path).map(|decoded| decoded.text).unwrap_err();
        assert_eq!(bad.offset(), at, "{path}");
    }
    let text = |path| {
        Decoded::new(path)
            .map(|decoded| decoded.text)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        text("/%zz"),
        "bad request path at byte 1: `%` is not followed by two hexadecimal digits"
    );
    assert_eq!(
        text("/%ff"),
        "bad request path at byte 1: segment is not UTF-8 once decoded"
    );
}

proptest! {
    #[test]
    fn a_path_without_escapes_is_the_same_either_way(path in "(/[a-cé.-]{0,9}){1,12}") {
        let decoded = Decoded::new(&path).unwrap();
        prop_assert_eq!(walk(Plain(&path)), walk(&decoded));
    }

    #[test]
    fn escaping_everything_changes_no_segment(segments in prop::collection::vec("[a-c/é%]{0,4}", 1..5)) {
        let escape = |text: &String| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let path: String = segments.iter().map(|segment| format!("/{}", escape(segment))).collect();
        let decoded = Decoded::new(&path).unwrap();
        let walked = walk(&decoded);
        prop_assert_eq!(walked.iter().map(|(segment, _)| *segment).collect::<Vec<_>>(), segments);
        for (segment, span) in walked {
            let raw = &path[span.start as usize..span.end as usize];
            prop_assert!(segment.ends_with(&*decode(raw).unwrap()));
        }
    }
}
