use proptest::prelude::*;

use super::*;
use crate::routing::Pattern;

fn fields(segment: &str) -> Fields {
    match Pattern::parse(&format!("/{segment}")).unwrap().segments() {
        [Segment::Fields(fields)] => fields.clone(),
        other => panic!("{other:?}"),
    }
}

fn values<'t>(fields: &Fields, text: &'t str) -> Option<Vec<&'t str>> {
    let mut values = Vec::new();
    fields
        .read(text, |range| values.push(&text[range]))
        .then_some(values)
}

/// What the segment's expression says, prefix and suffix included.
fn oracle<'t>(fields: &Fields, text: &'t str) -> Option<Vec<&'t str>> {
    let inner = text
        .strip_prefix(&*fields.prefix)?
        .strip_suffix(fields.suffix())?;
    let (expression, groups) = expression(&fields.fields).unwrap();
    let captures = expression.captures(inner)?;
    let values: Vec<_> = groups
        .iter()
        .map(|&group| captures.get(group).unwrap().as_str())
        .collect();
    values
        .iter()
        .all(|value| !value.is_empty())
        .then_some(values)
}

#[test]
fn earlier_parameters_take_as_much_as_they_can() {
    for (segment, text, expected) in [
        (
            "{name}.{extension}",
            "archive.tar.gz",
            Some(vec!["archive.tar", "gz"]),
        ),
        ("{a}-{b}", "x-y-z", Some(vec!["x-y", "z"])),
        ("{a}-{b}", "--x", Some(vec!["-", "x"])),
        ("{a}-{b}", "x--", Some(vec!["x", "-"])),
        ("{a}-{b}", "x-", None),
        ("{a}-{b}", "-x", None),
        ("{a}-{b}-{c}", "----", None),
        ("{a}-{b}-{c}", "-----", Some(vec!["-", "-", "-"])),
        ("{a}é{b}", "ééé", Some(vec!["é", "é"])),
        (r"v{major:\d+}.{minor:\d+}", "v10.2", Some(vec!["10", "2"])),
        (r"v{major:\d+}.{minor:\d+}", "v10.2.3", None),
        (
            r"{year:\d{4}}-{slug}",
            "2024-a-b",
            Some(vec!["2024", "a-b"]),
        ),
        (r"{a:\w+}_{b}", "x_y_z", Some(vec!["x_y", "z"])),
        (r"{a:x-y}-{b}", "x-y-z", Some(vec!["x-y", "z"])),
        (
            r"{name}.{extension:png|jpg}",
            "a.b.png",
            Some(vec!["a.b", "png"]),
        ),
        (r"{name}.{extension:png|jpg}", "a.b.gif", None),
        (r"{a:\d*}-{b}", "-x", None),
        ("pre{x}post", "prepost", None),
        ("pre{x}post", "prexpost", Some(vec!["x"])),
        ("aa{x}aa", "aaa", None),
    ] {
        assert_eq!(
            values(&fields(segment), text),
            expected,
            "{segment} on {text}"
        );
    }
}

#[test]
fn common_segments_need_no_engine() {
    for segment in [
        "{a}-{b}",
        "{n}.{e:png|jpg}",
        "{a}-{b}.{e:[a-z]+}",
        "{a}.{b}.json",
        r"{y:\d{4}}-{m:\d{2}}-{slug}",
        r"v{major:\d+}.{minor:\d+}",
        "{n:[a-z]+}.{e:png|jpg}",
    ] {
        assert!(
            !matches!(fields(segment).reading, Reading::Expression(..)),
            "{segment}"
        );
    }
    assert!(matches!(
        fields(r"{a:\w+}_{b}").reading,
        Reading::Expression(..)
    ));
}

#[test]
fn groups_in_a_constraint_do_not_shift_the_parameters() {
    let fields = fields(r"{a:(x)(?P<wharf>y)?\w}_{b:(z+)}");
    assert_eq!(values(&fields, "xyw_zz"), Some(vec!["xyw", "zz"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_way_of_reading_agrees_with_the_expression(
        prefix in prop::sample::select(vec!["", "a", "-"]),
        parameters in prop::collection::vec(
            (
                prop::sample::select(vec!["", r":\d+", ":[a-c]+", ":[a-c-]+", r":\d{2}", r":\w+", ":a|bc", ":.*", r":a?\d*", ":é+", ":[^.]+"]),
                prop::sample::select(vec!["-", ".", "a", "--", "é", "1"]),
            ),
            1..4,
        ),
        suffix in any::<bool>(),
        texts in prop::collection::vec("[a-c12é.-]{0,9}", 1..12),
    ) {
        let mut segment = prefix.to_owned();
        for (index, (constraint, after)) in parameters.iter().enumerate() {
            let after = if index + 1 < parameters.len() || suffix { after } else { "" };
            segment.push_str(&format!("{{p{index}{constraint}}}{after}"));
        }
        let fields = fields(&segment);
        for text in texts {
            prop_assert_eq!(values(&fields, &text), oracle(&fields, &text), "{} on {:?}", segment, text);
        }
    }
}
