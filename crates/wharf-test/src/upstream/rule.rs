//! What is asked of one part of a request.

use std::fmt;

use serde_json::Value;

use super::Call;
use super::diff::{self, Difference};
use crate::json::Extent;

/// What a name is to have.
#[derive(Clone)]
pub(super) enum Rule<T> {
    Is(T),
    Present,
    Absent,
}

/// What a body is to be.
#[derive(Clone)]
pub(super) enum BodyRule {
    Json(Value),
    JsonSubset(Value),
    Text(String),
    Bytes(Vec<u8>),
}

impl<T: PartialEq + fmt::Debug> Rule<T> {
    /// Compares the values that a name has.
    pub(super) fn difference(&self, what: &str, values: &[&T]) -> Option<Difference> {
        let expected = match self {
            Self::Is(expected) if !values.contains(&expected) => format!("{expected:?}"),
            Self::Present if values.is_empty() => "any value".to_owned(),
            Self::Absent if !values.is_empty() => "nothing".to_owned(),
            _ => return None,
        };
        let got = values.first().map(|value| format!("{value:?}"));
        Some(Difference::new(what, expected, got))
    }
}

impl BodyRule {
    /// Finds everything in which the body of a request is another one.
    pub(super) fn differences(&self, call: &Call) -> Vec<Difference> {
        let got = call.bytes();
        let (expected, extent) = match self {
            Self::Json(value) => (value, Extent::Whole),
            Self::JsonSubset(value) => (value, Extent::Part),
            Self::Text(expected) => {
                let got = String::from_utf8_lossy(got);
                return diff::text(expected, &got).into_iter().collect();
            }
            Self::Bytes(expected) if expected == got => return Vec::new(),
            Self::Bytes(expected) => {
                let same = expected
                    .iter()
                    .zip(got)
                    .take_while(|(ours, theirs)| ours == theirs);
                let (offset, ours, theirs) = (same.count(), expected.len(), got.len());
                let detail = format!(
                    "expected {ours} bytes, got {theirs}, of which the first {offset} are as expected"
                );
                return vec![Difference::told("body", detail)];
            }
        };
        match serde_json::from_slice(got) {
            Ok(got) => diff::json(expected, &got, extent),
            Err(_) if got.is_empty() => vec![Difference::new("body", expected, None::<Value>)],
            Err(error) => {
                let detail = format!("expected {expected}, got what is no JSON: {error}");
                vec![Difference::told("body", detail)]
            }
        }
    }
}
