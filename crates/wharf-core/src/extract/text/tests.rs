use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

fn read<T: DeserializeOwned>(query: &str) -> Result<T, String> {
    let all: Vec<_> = pairs(query.as_bytes()).map(|pair| pair.unwrap()).collect();
    decode(&all, Layout::Form).map_err(|error| error.describe("field", &|_| "?".into()))
}

#[derive(Debug, Deserialize, PartialEq)]
struct Lists {
    a: Vec<u8>,
    #[serde(default)]
    b: Option<Vec<String>>,
}

#[test]
fn a_list_is_made_of_a_name_given_any_number_of_times() {
    let rows: [(&str, Result<&[u8], &str>); 7] = [
        ("a=1&a=2", Ok(&[1, 2])),
        ("a=1&x=9&a=2&a=3", Ok(&[1, 2, 3])),
        ("a=1", Ok(&[1])),
        ("", Ok(&[])),
        ("x=1", Ok(&[])),
        ("a=", Err("the field `a` is ``, expected u8")),
        ("a=1&a=b", Err("the field `a` is `b`, expected u8")),
    ];
    for (query, expected) in rows {
        let got = read::<Lists>(query).map(|lists| lists.a);
        assert_eq!(
            got,
            expected.map(<[u8]>::to_vec).map_err(str::to_owned),
            "{query}"
        );
    }
    assert_eq!(read::<Lists>("").unwrap().b, None);
    assert_eq!(
        read::<Lists>("b=x&b=").unwrap().b,
        Some(vec!["x".into(), String::new()])
    );
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Order {
    Up,
    Down,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Scalars {
    #[serde(default)]
    number: i64,
    #[serde(default)]
    float: f32,
    #[serde(default)]
    truth: bool,
    #[serde(default)]
    letter: char,
    order: Option<Order>,
    blank: Option<u32>,
    text: Option<String>,
    #[serde(default)]
    pair: (u8, u8),
}

#[test]
fn one_value_is_read_as_its_type_and_an_error_names_it() {
    let rows = [
        ("number=-5&float=1.5&truth=on&letter=%C3%A4", None),
        ("order=down&blank=7&text=", None),
        ("pair=1&pair=2", None),
        ("blank=&order=", None),
        ("unknown=1&unknown=2", None),
        (
            "number=1&number=2",
            Some("the field `number` is given 2 times, expected once"),
        ),
        (
            "number=abc",
            Some("the field `number` is `abc`, expected i64"),
        ),
        (
            "truth=yes",
            Some("the field `truth` is `yes`, expected `true` or `false`"),
        ),
        (
            "order=left",
            Some("the field `order` is `left`, expected `up` or `down`"),
        ),
        (
            "letter=ab",
            Some("the field `letter` is `ab`, expected char"),
        ),
        (
            "pair=1",
            Some("the field `pair` is given 1 times, expected 2 times"),
        ),
        (
            "blank=x%0D%0Ay",
            Some("the field `blank` is `x\u{fffd}\u{fffd}y`, expected u32"),
        ),
    ];
    for (query, expected) in rows {
        let got = read::<Scalars>(query).err();
        assert_eq!(got.as_deref(), expected, "{query}");
    }
    let scalars = read::<Scalars>("blank=&order=&text=").unwrap();
    assert_eq!((scalars.blank, scalars.order), (None, None));
    assert_eq!(scalars.text.as_deref(), Some(""));
}

#[derive(Debug, Deserialize, PartialEq)]
struct Page {
    page: u64,
    size: Option<u8>,
    exact: Option<bool>,
    name: Option<String>,
    tags: Vec<u8>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Search {
    text: String,
    #[serde(flatten)]
    page: Page,
}

#[test]
fn flattened_structs_hold_numbers_lists_and_texts_that_look_like_numbers() {
    let page = |page, size, exact, name: Option<&str>, tags: &[u8]| Page {
        page,
        size,
        exact,
        name: name.map(str::to_owned),
        tags: tags.to_vec(),
    };
    let rows = [
        ("text=7&page=3", Ok(page(3, None, None, None, &[]))),
        (
            "text=a&page=3&size=&name=",
            Ok(page(3, None, None, Some(""), &[])),
        ),
        (
            "text=a&page=3&name=42&exact=true",
            Ok(page(3, None, Some(true), Some("42"), &[])),
        ),
        (
            "text=3&page=3&size=3&name=3&tags=3",
            Ok(page(3, Some(3), None, Some("3"), &[3])),
        ),
        (
            "text=a&page=3&tags=1&tags=2",
            Ok(page(3, None, None, None, &[1, 2])),
        ),
        ("text=a&page=3&tags=9", Ok(page(3, None, None, None, &[9]))),
        (
            "text=a&page=3&size=12&tags=x",
            Err("the field `tags` is `x`, expected u8"),
        ),
        (
            "text=a&page=x",
            Err("the field `page` is `x`, expected u64"),
        ),
        ("text=a", Err("the field `page` is missing")),
        ("page=1", Err("the field `text` is missing")),
    ];
    for (query, expected) in rows {
        let got = read::<Search>(query).map(|search| search.page);
        assert_eq!(got, expected.map_err(str::to_owned), "{query}");
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Tagged {
    Tug { power: u32 },
    Ferry,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Closed {
    a: Option<u8>,
}

#[test]
fn maps_pairs_and_tagged_enums_are_read_too() {
    let map = read::<BTreeMap<String, u8>>("b=2&a=1").unwrap();
    assert_eq!(map, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    let map = read::<HashMap<String, Vec<u8>>>("b=2&a=1&b=3").unwrap();
    assert_eq!(map["b"], [2, 3]);
    let pairs = read::<Vec<(String, u8)>>("b=2&a=1&b=3").unwrap();
    assert_eq!(pairs, [("b".into(), 2), ("a".into(), 1), ("b".into(), 3)]);
    assert_eq!(read("kind=tug&power=9"), Ok(Tagged::Tug { power: 9 }));
    assert_eq!(read("kind=ferry"), Ok(Tagged::Ferry));
    assert!(read::<Tagged>("kind=tug&power=x").is_err());
    assert_eq!(
        read::<Closed>("b=1"),
        Err("unknown field `b`, expected `a`".into())
    );
    assert_eq!(
        read::<u8>("b=1"),
        Err("fields cannot be read as a single value".into())
    );
    assert_eq!(read::<()>(""), Ok(()));
}

#[test]
fn many_names_cost_no_more_than_they_weigh() {
    let query: String = (0..30_000).map(|n| format!("&k{n}=")).collect();
    assert_eq!(
        read::<HashMap<String, String>>(&query).unwrap().len(),
        30_000
    );
    assert!(read::<HashMap<String, Option<u8>>>(&query).is_err());
}

#[test]
fn bytes_that_are_no_utf8_are_an_error_that_names_the_field() {
    let bad = pairs(b"a=1&b=%ff").nth(1).unwrap().unwrap_err();
    assert_eq!(bad.to_string(), "`b` is not UTF-8");
    assert!(pairs(b"%c3=1").next().unwrap().is_err());
}

proptest! {
    #[test]
    fn names_and_texts_are_split_as_the_url_standard_says(query in "[ab=&+%0-9é;]{0,40}") {
        let got: Result<Vec<_>, _> = pairs(query.as_bytes()).collect();
        if let Ok(got) = got {
            let oracle: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
            prop_assert_eq!(got, oracle);
        }
    }

    #[test]
    fn no_query_makes_it_panic(query in ".{0,80}") {
        let all: Vec<_> = pairs(query.as_bytes()).filter_map(Result::ok).collect();
        for layout in [Layout::Form, Layout::Path] {
            let _ = decode::<Search>(&all, layout);
            let _ = decode::<Scalars>(&all, layout);
            let _ = decode::<Tagged>(&all, layout);
            let _ = decode::<serde_json::Value>(&all, layout);
            let _ = decode::<(String, u8)>(&all, layout);
        }
    }

    #[test]
    fn what_was_encoded_is_read_back(map in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..6)) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&map);
        prop_assert_eq!(read::<BTreeMap<String, String>>(&query.finish()), Ok(map));
    }
}
