use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;

use super::*;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Colour {
    DeepBlue,
    Other { name: &'static str },
    Mixed(u8, u8),
    Grey(u8),
}

#[derive(Serialize)]
struct Metres(f64);

#[derive(Serialize)]
struct All {
    text: &'static str,
    char: char,
    yes: bool,
    number: i64,
    large: u128,
    length: Metres,
    colour: Colour,
    list: Vec<Option<u8>>,
    pair: (u8, &'static str),
    some: Option<&'static str>,
    none: Option<u8>,
    unit: (),
    empty: [u8; 0],
    blank: &'static str,
}

/// A value of any shape.
#[derive(Serialize)]
#[serde(untagged)]
enum Any {
    Nothing,
    Map(BTreeMap<u8, u8>),
    List(Vec<Self>),
    Colour(Colour),
}

impl Any {
    fn list(member: Self) -> Self {
        Self::List(vec![member])
    }
}

#[test]
fn every_kind_of_field_is_written() {
    let all = All {
        text: "a b",
        char: 'ß',
        yes: true,
        number: -5,
        large: u128::MAX,
        length: Metres(1.5),
        colour: Colour::DeepBlue,
        list: vec![Some(1), None, Some(2)],
        pair: (3, "x"),
        some: Some("y"),
        none: None,
        unit: (),
        empty: [],
        blank: "",
    };
    assert_eq!(
        encode(&all).unwrap(),
        "text=a+b&char=%C3%9F&yes=true&number=-5&large=340282366920938463463374607431768211455&length=1.5\
         &colour=deep-blue&list=1&list=2&pair=3&pair=x&some=y&blank="
    );
}

#[test]
fn a_form_is_a_struct_a_map_or_a_list_of_pairs() {
    let map = BTreeMap::from([(2, vec!["a", "b"]), (3, vec!["c"])]);
    assert_eq!(encode(&map).unwrap(), "2=a&2=b&3=c");
    assert_eq!(
        encode(&vec![("a", 1), ("b", 2), ("a", 3)]).unwrap(),
        "a=1&b=2&a=3"
    );
    assert_eq!(encode(&(("a", 1), ["b", "2"])).unwrap(), "a=1&b=2");
    assert_eq!(encode(&Some([("a", Some(1)), ("b", None)])).unwrap(), "a=1");
    assert_eq!(encode(&()).unwrap(), "");
    assert_eq!(encode::<[(u8, u8)]>(&[]).unwrap(), "");
}

#[test]
fn what_has_no_place_in_a_form_is_named() {
    let field = |value: Any| encode(&[("a", value)]).unwrap_err().to_string();
    let refused = "the field \"a\" cannot be part of a form: it is";
    for (value, expected) in [
        (
            Any::Map(BTreeMap::new()),
            "a map, expected a text or a list of texts",
        ),
        (
            Any::list(Any::list(Any::Nothing)),
            "a list, expected a text in the list",
        ),
        (
            Any::Colour(Colour::Other { name: "x" }),
            "a variant with data, expected a text or a list of texts",
        ),
        (
            Any::Colour(Colour::Mixed(1, 2)),
            "a variant with data, expected a text or a list of texts",
        ),
        (
            Any::list(Any::Colour(Colour::Grey(1))),
            "a variant with data, expected a text in the list",
        ),
    ] {
        assert_eq!(field(value), format!("{refused} {expected}"));
    }
    assert_eq!(encode(&[("a", Metres(0.0))]).unwrap(), "a=0");

    let form = |error: FormError| error.to_string();
    assert_eq!(
        form(encode("text").unwrap_err()),
        "this cannot be a form: it is a single value, expected a struct, a map or a list of pairs"
    );
    for error in [
        encode(&[("a", 1, 2)]).unwrap_err(),
        encode(&[["a"]]).unwrap_err(),
    ] {
        assert_eq!(
            form(error),
            "this cannot be a form: it is a list, expected a pair of name and value"
        );
    }
    assert_eq!(
        form(encode(&["ab"]).unwrap_err()),
        "this cannot be a form: it is a single value, expected a pair of name and value"
    );
    assert_eq!(
        form(encode(&[(None::<u8>, 1)]).unwrap_err()),
        "this cannot be a form: it is nothing, expected a text"
    );
    assert_eq!(encode(&[("a", [[1]])]).unwrap_err().field(), Some("a"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_by_others(
        fields in prop::collection::vec((any::<String>(), any::<String>()), 0..6),
    ) {
        let text = encode(&fields).unwrap();
        prop_assert!(text.is_ascii() && !text.contains(' '), "{}", text);
        let read: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        prop_assert_eq!(&read, &fields);
        let mut other = form_urlencoded::Serializer::new(String::new());
        prop_assert_eq!(text, other.extend_pairs(&fields).finish());
    }
}
