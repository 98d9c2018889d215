//! What differs between what was expected and what came, field by field.

use std::fmt;

use serde_json::Value;

use crate::json::{Extent, differences};

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

/// Compares JSON.
pub(super) fn json(expected: &Value, got: &Value, extent: Extent) -> Vec<Difference> {
    let (places, more) = differences(expected, got, extent);
    let told = places.into_iter().map(|place| {
        let what = match place.pointer.as_str() {
            "" => "body".to_owned(),
            pointer => format!("body at {pointer}"),
        };
        match place.expected {
            Some(expected) => Difference::new(what, expected, place.got),
            None => Difference::new(what, "nothing", place.got),
        }
    });
    let mut told: Vec<_> = told.collect();
    if more > 0 {
        told.push(Difference::told("body", format!("and {more} more")));
    }
    told
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

    #[test]
    fn json_that_differs_is_told_by_its_place() {
        let expected = json!({ "name": "Ada", "ships": [1, 2] });
        let got = json!({ "name": "Eve", "ships": [1], "age": 7 });
        let told = json(&expected, &got, Extent::Whole);
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "body at /name: expected \"Ada\", got \"Eve\"",
                "body at /ships/1: expected 2, got nothing",
                "body at /age: expected nothing, got 7",
            ]
        );
        let told = json(&json!(1), &json!("1"), Extent::Part);
        assert_eq!(told[0].to_string(), "body: expected 1, got \"1\"");
    }

    #[test]
    fn long_values_and_long_lists_are_shortened() {
        let long = "x".repeat(1_000);
        let line = json(&json!(1), &json!(long), Extent::Whole)[0].to_string();
        assert!(line.len() < 300 && line.ends_with("(1002 bytes)"), "{line}");
        let many = json(&json!(vec![0; 50]), &json!(vec![1; 50]), Extent::Whole);
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
