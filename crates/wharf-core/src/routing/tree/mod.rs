//! The tree that patterns are put into, one level per segment.
//!
//! A node's children are found in this order, which is the order of precedence at one place:
//!
//! 1. the literal child: one look-up in a hash table, or one comparison where there is just one, which then includes what follows it
//!    without a branch;
//! 2. children with parameters, in the order of [`Rank`]: those with a literal prefix through one hash look-up per length of prefix
//!    that occurs, then those without;
//! 3. `{*rest}` children, in the order of their rank.
//!
//! A node is reached along one path only, at one depth; so a search visits no node twice, however often it has to fall back.
//!
//! What a search reads lies close together, so that a large tree costs few cache lines: a node is half of one and stands before those
//! below it, the texts of all literals are in one place, and a segment with parameters is kept once, however many nodes have it.

use super::segment::{Fields, Rest};
pub(super) use super::table::NONE;
use super::table::{Key, Table, Tables};
use super::tag;
use super::text::{Part, Text};

mod builder;

pub(super) use builder::{Rank, TreeBuilder};

/// The node that every search begins at.
pub(super) const ROOT: u32 = 0;

/// A finished tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    tables: Tables,
    /// What segments with parameters are, each once.
    fields: Vec<Fields>,
    several: Vec<Several>,
    prefixes: Vec<Prefix>,
    groups: Vec<List>,
    branches: Vec<Branch>,
    rests: Vec<(Rest, u32)>,
}

/// One place in the tree.
#[derive(Debug)]
#[repr(align(32))]
pub(super) struct Node {
    /// What ends here, or [`NONE`].
    pub(super) leaf: u32,
    literals: Literals,
    pub(super) parameters: Parameters,
}

/// The literal children of a node.
#[derive(Debug)]
enum Literals {
    /// The only one: one or more segments, with a slash between any two and nothing else between them, and the node behind the last.
    Label(Key, u32),
    /// The only one, of one segment whose tag is all of it.
    Short(Tag, u32),
    Table(Table),
    None,
}

/// A tag, in bytes so that it does not make a node larger.
type Tag = [u8; 8];

/// The children of a node that have parameters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parameters {
    None,
    /// One whose segment is a parameter without anything else.
    Whole(u32),
    /// Another one.
    One(Branch),
    /// All others, by their number.
    Several(u32),
}

/// A child with parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    fields: u32,
    node: u32,
}

#[derive(Debug)]
struct Several {
    prefixes: List,
    /// Branches whose segments begin with a parameter, the most specific first.
    open: List,
    /// `{*rest}` children, the most specific first.
    rests: List,
}

/// Children whose segments begin with a literal of `len` bytes, by that literal.
#[derive(Debug)]
struct Prefix {
    len: usize,
    /// The numbers of groups of branches.
    table: Table,
}

/// Neighbours in an array.
#[derive(Clone, Copy, Debug)]
struct List {
    start: u32,
    len: u32,
}

impl List {
    fn of<T>(self, all: &[T]) -> &[T] {
        let start = self.start as usize;
        &all[start..start + self.len as usize]
    }
}

impl Tree {
    /// Returns a node by its number.
    pub(super) fn node(&self, number: u32) -> &Node {
        &self.nodes[number as usize]
    }

    /// Returns the child of a node for the literal that stands at `at`, and the position behind it. `part` is the segment there.
    // Most of what a step costs beside this is the call, so there is none.
    #[inline(always)]
    pub(super) fn literal<'t>(
        &'t self,
        node: &Node,
        text: impl Text<'t>,
        at: usize,
        part: Part,
    ) -> Option<(&'t Node, usize)> {
        match node.literals {
            Literals::Label(key, child) => {
                let next = text.skip(at, self.tables.text(key))?;
                Some((self.node(child), next))
            }
            Literals::Short(tag, child) => {
                let fits = part.tag(text.decoded()) == u64::from_le_bytes(tag);
                fits.then(|| (self.node(child), part.next))
            }
            Literals::None => None,
            Literals::Table(table) => {
                let bytes = || part.bytes_of(text);
                let child = self.tables.get(table, part.tag(text.decoded()), bytes);
                Some((self.nodes.get(child as usize)?, part.next))
            }
        }
    }

    /// Returns what the segment of a branch is, and the node behind it.
    pub(super) fn branch(&self, branch: Branch) -> (&Fields, &Node) {
        (&self.fields[branch.fields as usize], self.node(branch.node))
    }

    /// Returns the branches among [several](Parameters::Several) children that a segment may fit, the most specific first: those whose
    /// segments begin with a literal that this one begins with too, then those without. Whether the rest of it fits is for the caller
    /// to see.
    pub(super) fn branches<'t>(
        &'t self,
        several: u32,
        segment: &'t str,
    ) -> impl Iterator<Item = Branch> + 't {
        let several = &self.several[several as usize];
        let groups = several.prefixes.of(&self.prefixes).iter();
        let prefixed = groups.filter_map(|prefix| {
            let text = segment.as_bytes().get(..prefix.len)?;
            let group = self.tables.get(prefix.table, tag::tag(text), || text);
            Some(self.groups.get(group as usize)?.of(&self.branches))
        });
        let open = several.open.of(&self.branches);
        prefixed.flatten().chain(open).copied()
    }

    /// Returns the `{*rest}` among [several](Parameters::Several) children, the most specific first.
    pub(super) fn rests(&self, several: u32) -> impl Iterator<Item = (&Rest, &Node)> {
        let rests = self.several[several as usize].rests.of(&self.rests);
        rests.iter().map(|(rest, node)| (rest, self.node(*node)))
    }
}
