//! The routes that end at one place, by method.

use http::HeaderValue;

use crate::routing::methods::{Allowed, MethodTable, Wanted};
use crate::routing::tree::NONE;

/// All leaves of a router, by number.
#[derive(Debug)]
pub(super) struct Leaves {
    leaves: Box<[Leaf]>,
    tables: Box<[Draft]>,
    refusals: Box<[Refusal]>,
}

/// What most requests need of a leaf: small, so that many share a cache line.
#[derive(Clone, Copy, Debug)]
struct Leaf {
    /// The methods that `route` is for, see [`Wanted::is_among`].
    methods: u16,
    route: u32,
    /// Where the table stands that has all routes, or [`NONE`] where it would say no more than this.
    table: u32,
}

/// What the methods of a leaf come to in an answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) allowed: Allowed,
    pub(super) allow: HeaderValue,
}

/// The routes of a leaf, as they are collected.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) exact: MethodTable,
    /// Routes of the path with a slash more or less, which ignore that.
    pub(super) slashed: Option<Box<MethodTable>>,
}

impl Draft {
    fn get(&self, wanted: Wanted<'_>) -> u32 {
        match (self.exact.get(wanted), &self.slashed) {
            (NONE, Some(slashed)) => slashed.get(wanted),
            (route, _) => route,
        }
    }
}

impl Leaves {
    pub(super) fn new(drafts: Vec<Draft>) -> Self {
        let (mut leaves, mut tables, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        for draft in drafts {
            let mut allowed = Allowed::default();
            allowed.add(&draft.exact);
            draft.slashed.iter().for_each(|table| allowed.add(table));
            let allow = allowed.to_value();
            refusals.push(Refusal { allowed, allow });
            let (route, methods, is_all) = draft.exact.first();
            let table = if is_all && draft.slashed.is_none() {
                NONE
            } else {
                tables.push(draft);
                u32::try_from(tables.len() - 1).unwrap_or(NONE)
            };
            leaves.push(Leaf {
                methods,
                route,
                table,
            });
        }
        Self {
            leaves: leaves.into(),
            tables: tables.into(),
            refusals: refusals.into(),
        }
    }

    /// Returns the route for a method, or [`NONE`], which is also what a leaf that does not exist has.
    #[inline]
    pub(super) fn get(&self, leaf: u32, wanted: Wanted<'_>) -> u32 {
        match self.leaves.get(leaf as usize) {
            None => NONE,
            Some(leaf) if wanted.is_among(leaf.methods) => leaf.route,
            Some(leaf) => self.tabled(leaf.table, wanted),
        }
    }

    fn tabled(&self, table: u32, wanted: Wanted<'_>) -> u32 {
        let table = self.tables.get(table as usize);
        table.map_or(NONE, |table| table.get(wanted))
    }

    /// Returns what a leaf has to say where it has no route for a method.
    pub(super) fn refusal(&self, leaf: u32) -> &Refusal {
        &self.refusals[leaf as usize]
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::*;
    use crate::routing::methods::Verb;

    const METHODS: [&str; 11] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "PURGE",
        "LINK",
    ];

    /// Routes for some methods; 11 is any, of which there are several times as many as of others.
    fn table() -> impl Strategy<Value = MethodTable> {
        prop::collection::btree_map(0_usize..14, 0_u32..3, 0..5).prop_map(|routes| {
            let mut table = MethodTable::default();
            for (place, route) in routes {
                let method = METHODS.get(place);
                let method = method.map(|name| Method::from_bytes(name.as_bytes()).unwrap());
                table.insert(&method.map_or(Verb::Any, Verb::One), route);
            }
            table
        })
    }

    proptest! {
        #[test]
        fn a_leaf_answers_as_its_tables_do(exact in table(), slashed in prop::option::of(table())) {
            let draft = || Draft {
                exact: exact.clone(),
                slashed: slashed.clone().map(Box::new),
            };
            let leaves = Leaves::new(vec![draft(), Draft::default()]);
            for name in METHODS {
                let method = Method::from_bytes(name.as_bytes()).unwrap();
                let wanted = Wanted::new(&method);
                prop_assert_eq!(leaves.get(0, wanted), draft().get(wanted), "{} in {:?}", name, draft());
                prop_assert_eq!(leaves.get(1, wanted), NONE);
                prop_assert_eq!(leaves.get(NONE, wanted), NONE);
            }
        }
    }
}
