//! Hash tables from literal texts to numbers, made once and then only read.

use super::tag;

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// Ends every key. UTF-8 has no such byte, so that a key is none that merely begins the same.
const KEY_END: u8 = 0xFF;

/// Many tables, with their texts in one place.
///
/// A look-up touches the table, and for a text that is not its own [`tag`](tag::tag) the key too.
#[derive(Debug, Default)]
pub(super) struct Tables {
    slots: Vec<Slot>,
    keys: Vec<u8>,
}

/// One of many tables: open addressing, at most two thirds full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    start: u32,
    /// One less than the number of slots, which is a power of two.
    mask: u32,
}

/// A text that is kept with the tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u64,
    value: u32,
    /// Where the text stands among the keys.
    key: u32,
}

impl Tables {
    /// Adds a table of different texts.
    pub(super) fn insert(&mut self, entries: &[(&str, u32)]) -> Table {
        let empty = Slot {
            tag: 0,
            value: NONE,
            key: 0,
        };
        let start = self.slots.len();
        // There are more slots than texts, so that a search ends.
        let len = (entries.len() + entries.len() / 2 + 1).next_power_of_two();
        self.slots.resize(start + len, empty);
        let table = Table {
            start: number(start),
            mask: number(len - 1),
        };
        for &(text, value) in entries {
            let key = self.keep(text).start;
            let tag = tag::tag(text.as_bytes());
            let mut at = tag::hash(tag) & table.mask;
            while self.slots[start + at as usize].value != NONE {
                at = (at + 1) & table.mask;
            }
            self.slots[start + at as usize] = Slot { tag, value, key };
        }
        table
    }

    /// Returns the number that a table has for a text of this tag, or [`NONE`]. The text is asked for only where its tag does not say
    /// all of it.
    #[inline]
    pub(super) fn get<'t>(&self, table: Table, tag: u64, text: impl Fn() -> &'t [u8]) -> u32 {
        let mut at = tag::hash(tag) & table.mask;
        while let Some(slot) = self.slots.get((table.start + at) as usize) {
            if slot.value == NONE {
                break;
            }
            if slot.tag == tag && (tag::is_exact(tag) || self.is_key(slot.key, text())) {
                return slot.value;
            }
            at = (at + 1) & table.mask;
        }
        NONE
    }

    /// Keeps a text with those of the tables.
    pub(super) fn keep(&mut self, text: &str) -> Key {
        let start = number(self.keys.len());
        self.keys.extend_from_slice(text.as_bytes());
        self.keys.push(KEY_END);
        Key {
            start,
            len: number(text.len()),
        }
    }

    /// Returns a text that was kept.
    pub(super) fn text(&self, key: Key) -> &[u8] {
        let start = key.start as usize;
        let text = self.keys.get(start..start + key.len as usize);
        text.unwrap_or_default()
    }

    fn is_key(&self, start: u32, text: &[u8]) -> bool {
        let rest = self.keys.get(start as usize..).unwrap_or_default();
        rest.strip_prefix(text).and_then(<[u8]>::first) == Some(&KEY_END)
    }
}

/// More than this says, four billion bytes of texts, no application has.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(tables: &Tables, table: Table, text: &str) -> u32 {
        tables.get(table, tag::tag(text.as_bytes()), || text.as_bytes())
    }

    #[test]
    fn every_text_is_found_and_no_other() {
        let texts: Vec<String> = (0..1000).map(|number| format!("text-{number}")).collect();
        let entries: Vec<_> = texts.iter().map(String::as_str).zip(0..).collect();
        let mut tables = Tables::default();
        let before = tables.insert(&[("text-0", 7), ("", 8)]);
        let none = tables.insert(&[]);
        let table = tables.insert(&entries);
        for (text, number) in texts.iter().zip(0..) {
            assert_eq!(get(&tables, table, text), number);
        }
        for other in ["", "text-", "text-1000", "text-01", "ext-1"] {
            assert_eq!(get(&tables, table, other), NONE, "{other}");
        }
        assert_eq!(
            ["text-0", "", "text-1"].map(|text| get(&tables, before, text)),
            [7, 8, NONE]
        );
        assert_eq!(
            ["", "text-0"].map(|text| get(&tables, none, text)),
            [NONE; 2]
        );
    }

    #[test]
    fn a_key_is_none_that_begins_the_same() {
        let mut tables = Tables::default();
        tables.insert(&[("long enough", 0), ("long enough to be another", 1)]);
        for (text, at) in [("long enough", 0), ("long enough to be another", 12)] {
            assert!(tables.is_key(at, text.as_bytes()));
            assert!(!tables.is_key(at, &text.as_bytes()[..9]));
        }
        assert!(!tables.is_key(0, b"long enough "));
        assert!(!tables.is_key(99, b"long enough"));
    }
}
