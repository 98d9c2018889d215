//! The leaves of patterns without parameters, by their whole path.

use std::collections::HashMap;

use crate::routing::table::{NONE, Table, Tables};
use crate::routing::tag;

/// What is most specific at every place wins in any case, so that the tree need not be asked for these.
#[derive(Debug)]
pub(super) struct Literals {
    /// One bit for each length modulo 64: whether a path has it. Spares most other paths the look-up.
    lengths: u64,
    paths: Table,
    tables: Tables,
}

impl Literals {
    pub(super) fn new(leaves: &HashMap<String, u32>) -> Self {
        let mut tables = Tables::default();
        let entries = leaves.iter().map(|(path, leaf)| (path.as_str(), *leaf));
        Self {
            lengths: leaves
                .keys()
                .fold(0, |lengths, path| lengths | length(path)),
            paths: tables.insert(&entries.collect::<Vec<_>>()),
            tables,
        }
    }

    /// Returns the leaf of a path as it was received, or [`NONE`].
    pub(super) fn leaf(&self, path: &str) -> u32 {
        if self.lengths & length(path) == 0 {
            return NONE;
        }
        let tag = tag::tag(path.as_bytes());
        self.tables.get(self.paths, tag, || path.as_bytes())
    }
}

fn length(path: &str) -> u64 {
    1 << (path.len() % 64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_path_has_its_leaf_and_no_other_has_one(
            paths in prop::collection::hash_map("/[ab]{0,6}(/[a-c]{60,70})?", any::<u16>(), 0..12),
            others in prop::collection::vec("/[ab]{0,6}", 1..12),
        ) {
            let leaves = paths.into_iter().map(|(path, leaf)| (path, u32::from(leaf)));
            let leaves: HashMap<_, _> = leaves.collect();
            let literals = Literals::new(&leaves);
            for path in leaves.keys().chain(&others) {
                prop_assert_eq!(literals.leaf(path), leaves.get(path).copied().unwrap_or(NONE), "{}", path);
            }
        }
    }
}
