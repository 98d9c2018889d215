//! [`Record`]: a session as stores and cookies have it, and what becomes of two that were made of one.

use serde_json::{Map, Value, json};

use super::flash::{Flash, MOST};
use super::token::Secret;

/// A session: what the application keeps in it, and what wharf does.
#[derive(Clone)]
pub(super) struct Record {
    /// When it began, in seconds since 1970.
    pub(super) created: u64,
    /// When it was last found to be in use, to a share of its idle time.
    pub(super) seen: u64,
    pub(super) data: Value,
    pub(super) flashes: Vec<Flash>,
    pub(super) secret: Option<Secret>,
}

impl Record {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let flashes: Vec<Value> = self.flashes.iter().map(Flash::to_json).collect();
        let mut record = json!({ "c": self.created, "s": self.seen, "d": self.data });
        if !flashes.is_empty() {
            record["f"] = flashes.into();
        }
        if let Some(secret) = &self.secret {
            record["t"] = secret.to_text().into();
        }
        record.to_string().into_bytes()
    }

    /// Reads; `None` for what wharf has not written.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut record: Value = serde_json::from_slice(bytes).ok()?;
        let flashes = match record.get("f") {
            None => Vec::new(),
            Some(list) => list
                .as_array()?
                .iter()
                .map(Flash::from_json)
                .collect::<Option<_>>()?,
        };
        let secret = match record.get("t") {
            None => None,
            Some(text) => Some(Secret::parse(text.as_str()?)?),
        };
        Some(Self {
            created: record.get("c")?.as_u64()?,
            seen: record.get("s")?.as_u64()?,
            data: record.get_mut("d")?.take(),
            flashes,
            secret,
        })
    }

    /// Tells whether the other has the same in it, whenever it was written.
    pub(super) fn has_the_content_of(&self, other: &Self) -> bool {
        self.data == other.data && self.flashes == other.flashes && self.secret == other.secret
    }

    /// Puts what this request has changed, from `base` to `self`, into what another one has written meanwhile.
    ///
    /// Of the same field, the one that is written last counts.
    pub(super) fn onto(&self, base: &Self, theirs: &Self) -> Self {
        let secret = if self.secret == base.secret {
            &theirs.secret
        } else {
            &self.secret
        };
        Self {
            created: self.created.max(theirs.created),
            seen: self.seen.max(theirs.seen),
            data: merged(&base.data, &self.data, &theirs.data),
            flashes: bounded(left(&self.flashes, &base.flashes, &theirs.flashes)),
            secret: secret.clone(),
        }
    }
}

/// Fields one by one, or all of it where there are none.
fn merged(base: &Value, own: &Value, theirs: &Value) -> Value {
    let (Value::Object(base), Value::Object(own), Value::Object(theirs)) = (base, own, theirs)
    else {
        return if own == base { theirs } else { own }.clone();
    };
    let mut fields: Map<String, Value> = theirs.clone();
    for (name, value) in own {
        if base.get(name) != Some(value) {
            fields.insert(name.clone(), value.clone());
        }
    }
    fields.retain(|name, _| own.contains_key(name) || !base.contains_key(name));
    Value::Object(fields)
}

/// Their messages without those that were shown here, and those that were added here.
fn left(own: &[Flash], base: &[Flash], theirs: &[Flash]) -> Vec<Flash> {
    let shown = without(base, own);
    let mut left = without(theirs, &shown);
    left.extend(without(own, base));
    left
}

/// Takes each of `others` out once.
fn without(list: &[Flash], others: &[Flash]) -> Vec<Flash> {
    let mut others = others.to_vec();
    let mut rest = list.to_vec();
    rest.retain(
        |flash| match others.iter().position(|other| other == flash) {
            Some(index) => {
                others.swap_remove(index);
                false
            }
            None => true,
        },
    );
    rest
}

/// Drops the oldest messages of too many.
pub(super) fn bounded(mut flashes: Vec<Flash>) -> Vec<Flash> {
    flashes.drain(..flashes.len().saturating_sub(MOST));
    flashes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Level;
    use super::*;

    fn record(data: Value, flashes: &[&str]) -> Record {
        Record {
            created: 1,
            seen: 2,
            data,
            flashes: flashes
                .iter()
                .map(|text| Flash::new(Level::Info, *text))
                .collect(),
            secret: None,
        }
    }

    #[test]
    fn fields_that_two_requests_have_changed_are_both_kept() {
        for (base, own, theirs, expected) in [
            (
                json!({"a": 1, "b": 1}),
                json!({"a": 2, "b": 1}),
                json!({"a": 1, "b": 2}),
                json!({"a": 2, "b": 2}),
            ),
            (
                json!({"a": 1}),
                json!({"a": 2}),
                json!({"a": 3}),
                json!({"a": 2}),
            ),
            (
                json!({"a": 1}),
                json!({"a": 1}),
                json!({"a": 3}),
                json!({"a": 3}),
            ),
            (
                json!({}),
                json!({"a": 1}),
                json!({"b": 1}),
                json!({"a": 1, "b": 1}),
            ),
            (
                json!({"a": 1, "b": 1}),
                json!({"b": 1}),
                json!({"a": 1, "b": 2}),
                json!({"b": 2}),
            ),
            (
                json!({"a": 1, "b": 1}),
                json!({"a": 2, "b": 1}),
                json!({"b": 1}),
                json!({"a": 2, "b": 1}),
            ),
            (json!([1]), json!([1, 2]), json!([1, 3]), json!([1, 2])),
            (json!([1]), json!([1]), json!([1, 3]), json!([1, 3])),
            (
                json!(null),
                json!({"a": 1}),
                json!({"b": 1}),
                json!({"a": 1}),
            ),
        ] {
            let (base, own, theirs) = (record(base, &[]), record(own, &[]), record(theirs, &[]));
            assert_eq!(own.onto(&base, &theirs).data, expected);
        }
    }

    #[test]
    fn messages_are_shown_once_and_none_is_lost() {
        let texts = |base: &[&str], own: &[&str], theirs: &[&str]| -> Vec<String> {
            let record = |texts| record(json!(0), texts);
            let merged = record(own).onto(&record(base), &record(theirs));
            merged
                .flashes
                .iter()
                .map(|flash| flash.text().to_owned())
                .collect()
        };
        assert_eq!(texts(&[], &["a"], &["b"]), ["b", "a"]);
        assert_eq!(texts(&["a"], &[], &["a", "b"]), ["b"]);
        assert_eq!(texts(&["a"], &["a", "b"], &[]), ["b"]);
        assert_eq!(texts(&["a", "a"], &["b"], &["a", "a", "a"]), ["a", "b"]);
        assert!(texts(&["a"], &[], &[]).is_empty());
        let many = ["x"; MOST];
        assert_eq!(texts(&[], &["last"], &many).len(), MOST);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut one = record(json!({"a": [1, 2.5, "ä"]}), &["hello"]);
        one.secret = Some(Secret::random().unwrap());
        let read = Record::from_bytes(&one.to_bytes()).unwrap();
        assert!(read.has_the_content_of(&one));
        assert_eq!((read.created, read.seen), (1, 2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_none(bytes: Vec<u8>, text in r#"\{("[csdft]":[0-9\[\]",a-z]{0,4},?){0,5}\}"#) {
            let _read = Record::from_bytes(&bytes);
            let _read = Record::from_bytes(text.as_bytes());
        }
    }
}
