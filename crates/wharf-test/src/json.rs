//! Where JSON is not as it was expected.

use serde_json::Value;

/// How many places are told.
const MOST: usize = 10;

/// Tells how much of a value has to be as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// The members of objects that are expected; others may be there besides. Arrays have the elements that are expected, and no
    /// others.
    Part,
}

/// A place where two values differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place<'v> {
    /// A JSON pointer (RFC 6901); empty for the whole.
    pub(crate) pointer: String,
    /// `None` where nothing should be.
    pub(crate) expected: Option<&'v Value>,
    /// `None` where nothing is.
    pub(crate) got: Option<&'v Value>,
}

/// Finds the places where two values differ, the first ten of them, and counts the rest.
pub(crate) fn differences<'v>(
    expected: &'v Value,
    got: &'v Value,
    extent: Extent,
) -> (Vec<Place<'v>>, usize) {
    let mut found = Vec::new();
    compare(String::new(), Some(expected), Some(got), extent, &mut found);
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    (found, more)
}

fn compare<'v>(
    pointer: String,
    expected: Option<&'v Value>,
    got: Option<&'v Value>,
    extent: Extent,
    found: &mut Vec<Place<'v>>,
) {
    match (expected, got) {
        (Some(Value::Object(expected)), Some(Value::Object(got))) => {
            for (name, expected) in expected {
                let pointer = below(&pointer, name);
                compare(pointer, Some(expected), got.get(name), extent, found);
            }
            let others = got.iter().filter(|(name, _)| !expected.contains_key(*name));
            for (name, got) in others.filter(|_| extent == Extent::Whole) {
                compare(below(&pointer, name), None, Some(got), extent, found);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(got))) => {
            for index in 0..expected.len().max(got.len()) {
                let pointer = below(&pointer, &index.to_string());
                compare(pointer, expected.get(index), got.get(index), extent, found);
            }
        }
        _ if expected == got => {}
        _ => found.push(Place {
            pointer,
            expected,
            got,
        }),
    }
}

/// Points to a member of what a JSON pointer (RFC 6901 §3) points to.
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, got: &Value, extent: Extent) -> Vec<String> {
        let shown = |value: Option<&Value>| value.map_or("-".to_owned(), ToString::to_string);
        let (found, _) = differences(expected, got, extent);
        let told = found.into_iter().map(|place| {
            let (expected, got) = (shown(place.expected), shown(place.got));
            format!("{}: {expected}, {got}", place.pointer)
        });
        told.collect()
    }

    #[test]
    fn values_are_compared_member_by_member() {
        let expected = json!({ "name": "Ada", "ships": [1, 2], "a/b": true });
        let got = json!({ "name": "Eve", "ships": [1, 3, 4], "age": 7 });
        assert_eq!(
            told(&expected, &got, Extent::Whole),
            [
                "/a~1b: true, -",
                "/name: \"Ada\", \"Eve\"",
                "/ships/1: 2, 3",
                "/ships/2: -, 4",
                "/age: -, 7",
            ]
        );
        assert_eq!(told(&json!(1), &json!("1"), Extent::Whole), [": 1, \"1\""]);
        assert!(told(&expected, &expected, Extent::Whole).is_empty());
    }

    #[test]
    fn members_beyond_a_part_do_not_matter_but_elements_do() {
        let expected = json!({ "captain": { "name": "Ada" }, "ships": [{}] });
        let got =
            json!({ "captain": { "name": "Ada", "age": 36 }, "id": 1, "ships": [{ "id": 1 }, 2] });
        assert_eq!(told(&expected, &got, Extent::Part), ["/ships/1: -, 2"]);
        assert_eq!(told(&expected, &got, Extent::Whole).len(), 4);
    }

    #[test]
    fn of_many_places_the_first_are_told() {
        let (expected, got) = (json!(vec![0; 50]), json!(vec![1; 50]));
        let (found, more) = differences(&expected, &got, Extent::Whole);
        assert_eq!((found.len(), more), (10, 40));
        assert_eq!(found[9].pointer, "/9");
    }
}
