//! What differs between what was expected and what came, field by field.

use std::fmt;

use serde_json::Value;

/// How many differences of one body are told.
const MOST: usize = 10;

/// How many characters of a value are shown.
const SHOWN: usize = 200;

/// One thing that is not as it was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// What differs, such as ``query `page` ``.
    pub(super) what: String,
    /// How far it makes the request from the expected one.
    pub(super) weight: u32,
    pub(super) detail: String,
}

impl Difference {
    pub(super) fn new(
        what: impl Into<String>,
        expected: impl fmt::Display,
        got: Option<impl fmt::Display>,
    ) -> Self {
        let expected = shown(&expected);
        let got = got.map_or_else(|| "nothing".to_owned(), |got| shown(&got));
        Self::told(what, format!("expected {expected}, got {got}"))
    }

    pub(super) fn told(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            weight: 1,
            detail: detail.into(),
        }
    }

    pub(super) fn weighing(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.detail)
    }
}

/// Shortens what is too long to be read.
fn shown(value: &impl fmt::Display) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// Compares JSON; with `subset`, members that were not expected do not matter.
pub(super) fn json(expected: &Value, got: &Value, subset: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", expected, got, subset, &mut found);
    if found.len() > MOST {
        let more = found.len() - MOST;
        found.truncate(MOST);
        found.push(Difference::told("body", format!("and {more} more")));
    }
    found
}

fn compare(
    pointer: &str,
    expected: &Value,
    got: &Value,
    subset: bool,
    found: &mut Vec<Difference>,
) {
    let what = |pointer: &str| match pointer {
        "" => "body".to_owned(),
        _ => format!("body at {pointer}"),
    };
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (name, expected) in expected {
                let pointer = below(pointer, name);
                match got.get(name) {
                    Some(got) => compare(&pointer, expected, got, subset, found),
                    None => {
                        found.push(Difference::new(what(&pointer), expected, None::<Value>));
                    }
                }
            }
            let unexpected = got.iter().filter(|(name, _)| !expected.contains_key(*name));
            for (name, got) in unexpected.filter(|_| !subset) {
                let pointer = below(pointer, name);
                found.push(Difference::new(what(&pointer), "nothing", Some(got)));
            }
        }
        (Value::Array(expected), Value::Array(got)) => {
            for place in 0..expected.len().max(got.len()) {
                let pointer = below(pointer, &place.to_string());
                match (expected.get(place), got.get(place)) {
                    (Some(expected), Some(got)) => {
                        compare(&pointer, expected, got, subset, found);
                    }
                    (Some(expected), None) => {
                        found.push(Difference::new(what(&pointer), expected, None::<Value>));
                    }
                    (None, got) => found.push(Difference::new(what(&pointer), "nothing", got)),
                }
            }
        }
        _ if expected == got => {}
        _ => found.push(Difference::new(what(pointer), expected, Some(got))),
    }
}

/// Points to a member of what a JSON pointer (RFC 6901 §3) points to.
fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Compares texts and tells the first line that differs.
pub(super) fn text(expected: &str, got: &str) -> Option<Difference> {
    if expected == got {
        return None;
    }
    let (mut ours, mut theirs) = (expected.split('\n'), got.split('\n'));
    let mut line = 1;
    let (ours, theirs) = loop {
        match (ours.next(), theirs.next()) {
            (Some(ours), Some(theirs)) if ours == theirs => line += 1,
            pair => break pair,
        }
    };
    let quoted = |line: Option<&str>| line.map(|line| format!("{line:?}"));
    let what = match expected.contains('\n') || got.contains('\n') {
        true => format!("body line {line}"),
        false => "body".to_owned(),
    };
    let expected = quoted(ours).unwrap_or_else(|| "nothing".to_owned());
    Some(Difference::new(what, expected, quoted(theirs)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, got: &Value, subset: bool) -> Vec<String> {
        let differences = json(expected, got, subset);
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn json_is_compared_member_by_member() {
        let expected = json!({ "name": "Ada", "ships": [1, 2], "a/b": true });
        let got = json!({ "name": "Eve", "ships": [1, 3, 4], "age": 7 });
        assert_eq!(
            told(&expected, &got, false),
            [
                "body at /a~1b: expected true, got nothing",
                "body at /name: expected \"Ada\", got \"Eve\"",
                "body at /ships/1: expected 2, got 3",
                "body at /ships/2: expected nothing, got 4",
                "body at /age: expected nothing, got 7",
            ]
        );
        assert_eq!(
            told(&json!(1), &json!("1"), false),
            ["body: expected 1, got \"1\""]
        );
        assert!(told(&expected, &expected, false).is_empty());
    }

    #[test]
    fn members_beyond_a_subset_do_not_matter() {
        let expected = json!({ "captain": { "name": "Ada" } });
        let got = json!({ "captain": { "name": "Ada", "age": 36 }, "id": 1 });
        assert!(json(&expected, &got, true).is_empty());
        assert_eq!(json(&expected, &got, false).len(), 2);
    }

    #[test]
    fn long_values_and_long_lists_are_shortened() {
        let long = "x".repeat(1_000);
        let line = json(&json!(1), &json!(long), false)[0].to_string();
        assert!(line.len() < 300 && line.ends_with("(1002 bytes)"), "{line}");
        let many = json(&json!(vec![0; 50]), &json!(vec![1; 50]), false);
        assert_eq!(many.last().unwrap().to_string(), "body: and 40 more");
    }

    #[test]
    fn text_is_compared_line_by_line() {
        assert_eq!(text("same", "same"), None);
        assert_eq!(
            text("a\nb\nc", "a\nx\nc").unwrap().to_string(),
            "body line 2: expected \"b\", got \"x\""
        );
        assert_eq!(
            text("a\nb", "a").unwrap().to_string(),
            "body line 2: expected \"b\", got nothing"
        );
        assert_eq!(
            text("a", "b").unwrap().to_string(),
            "body: expected \"a\", got \"b\""
        );
    }
}
