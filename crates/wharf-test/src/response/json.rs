//! Where JSON differs.

use serde_json::Value;

/// How many differences a message lists.
const LISTED: usize = 10;

/// Tells how much of a value has to be as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// The fields of objects that are expected; others may be there besides. Arrays have the elements that are expected, in
    /// order.
    Part,
}

/// Lists where `got` is not as `expected`, one difference a line, each with its JSON pointer (RFC 6901).
pub(super) fn differences(expected: &Value, got: &Value, extent: Extent) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, got, extent, "", &mut found);
    if found.len() > LISTED {
        let more = found.len() - LISTED;
        found.truncate(LISTED);
        found.push(format!("and {more} more"));
    }
    found
}

fn compare(expected: &Value, got: &Value, extent: Extent, at: &str, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(wanted), Value::Object(fields)) => {
            for (name, expected) in wanted {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                match fields.get(name) {
                    Some(got) => compare(expected, got, extent, &at, found),
                    None => found.push(format!("at `{at}`: missing, expected {expected}")),
                }
            }
            if extent == Extent::Whole {
                for (name, got) in fields
                    .iter()
                    .filter(|(name, _)| !wanted.contains_key(*name))
                {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    found.push(format!("at `{at}/{name}`: got {got}, expected nothing"));
                }
            }
        }
        (Value::Array(wanted), Value::Array(elements)) if wanted.len() == elements.len() => {
            for (index, (expected, got)) in wanted.iter().zip(elements).enumerate() {
                compare(expected, got, extent, &format!("{at}/{index}"), found);
            }
        }
        (expected, got) if expected == got => {}
        (Value::Array(wanted), Value::Array(elements)) => found.push(format!(
            "at `{at}`: {} elements, expected {}",
            elements.len(),
            wanted.len()
        )),
        (expected, got) => found.push(format!("at `{at}`: got {got}, expected {expected}")),
    }
}
