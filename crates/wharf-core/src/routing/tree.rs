//! The tree that patterns are put into, one level per segment.
//!
//! A node's children are found in this order, which is the order of precedence at one place:
//!
//! 1. the literal child: one look-up in a hash table;
//! 2. children with parameters, in the order of [`Rank`]: those with a literal prefix through one hash look-up per length of prefix
//!    that occurs, then those without;
//! 3. `{*rest}` children, in the order of their rank.
//!
//! A node is reached along one path only, at one depth; so a search visits no node twice, however often it has to fall back.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::pattern;
use super::segment::{Fields, Rest, Segment};

/// The node that every search begins at.
pub(super) const ROOT: u32 = 0;

/// No node, or no leaf.
pub(super) const NONE: u32 = u32::MAX;

/// Decides which of two sibling segments with parameters is tried first: the lesser. Equal ones are tried in the order they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rank {
    prefix: Reverse<usize>,
    suffix: Reverse<usize>,
    constrained: Reverse<usize>,
    inner: Reverse<usize>,
}

impl Rank {
    pub(super) fn of_fields(fields: &Fields) -> Self {
        Self {
            prefix: Reverse(fields.prefix.len()),
            suffix: Reverse(fields.suffix().len()),
            inner: Reverse(fields.inner_len()),
            constrained: Reverse(fields.constrained()),
        }
    }

    pub(super) fn of_rest(rest: &Rest) -> Self {
        Self {
            prefix: Reverse(rest.prefix.len()),
            suffix: Reverse(0),
            inner: Reverse(0),
            constrained: Reverse(usize::from(rest.constraint.is_some())),
        }
    }
}

/// Grows a [`Tree`].
#[derive(Debug)]
pub(super) struct TreeBuilder {
    nodes: Vec<Draft>,
    leaves: u32,
}

#[derive(Debug, Default)]
struct Draft {
    leaf: Option<u32>,
    literals: HashMap<Box<str>, u32>,
    /// Every child with parameters, in the order written; and the same by shape.
    fields: Vec<Branch>,
    rests: Vec<(Rest, u32)>,
    shapes: HashMap<String, u32>,
}

impl TreeBuilder {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Draft::default()],
            leaves: 0,
        }
    }

    /// Adds a pattern and returns its leaf: the same one for all patterns of one shape.
    pub(super) fn insert(&mut self, segments: &[&Segment]) -> u32 {
        let node = segments
            .iter()
            .fold(ROOT, |node, segment| self.child(node, segment));
        let next = self.leaves;
        let leaf = *self.nodes[node as usize].leaf.get_or_insert(next);
        self.leaves += u32::from(leaf == next);
        leaf
    }

    fn child(&mut self, parent: u32, segment: &Segment) -> u32 {
        let next = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        let draft = &mut self.nodes[parent as usize];
        let mut shape = String::new();
        let child = match segment {
            Segment::Literal(text) => *draft.literals.entry(text.clone()).or_insert(next),
            Segment::Fields(_) | Segment::Rest(_) => {
                pattern::write_shape(segment, &mut shape);
                *draft.shapes.entry(shape).or_insert(next)
            }
        };
        if child == next {
            match segment {
                Segment::Literal(_) => {}
                Segment::Fields(fields) => draft.fields.push(Branch {
                    fields: fields.clone(),
                    node: child,
                }),
                Segment::Rest(rest) => draft.rests.push((rest.clone(), child)),
            }
            self.nodes.push(Draft::default());
        }
        child
    }

    /// Makes the tree.
    pub(super) fn build(self) -> Tree {
        let mut keys = Vec::new();
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        for mut draft in self.nodes {
            draft
                .fields
                .sort_by_key(|branch| Rank::of_fields(&branch.fields));
            draft.rests.sort_by_key(|(rest, _)| Rank::of_rest(rest));
            let open_at = draft
                .fields
                .partition_point(|branch| !branch.fields.prefix.is_empty());
            let open = draft.fields.split_off(open_at);
            let literals = draft.literals.iter();
            let literals: Vec<_> = literals
                .map(|(text, &node)| (text.as_bytes(), node))
                .collect();
            nodes.push(Node {
                leaf: draft.leaf.unwrap_or(NONE),
                literals: Table::new(&literals, &mut keys),
                prefixed: prefixed(draft.fields, &mut keys),
                open: open.into(),
                rests: draft.rests.into(),
            });
        }
        Tree {
            nodes: nodes.into(),
            keys: keys.into(),
        }
    }
}

/// Groups children, which are sorted, by the text of their prefix, the longest prefixes first.
fn prefixed(children: Vec<Branch>, keys: &mut Vec<u8>) -> Box<[Prefixed]> {
    let mut lengths: Vec<Prefixed> = Vec::new();
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    for branch in children {
        let len = branch.fields.prefix.len();
        if lengths.last().is_none_or(|last| last.len != len) {
            lengths.push(Prefixed {
                len,
                table: Table::default(),
                groups: Vec::new(),
            });
        }
        if let Some(Prefixed { groups, .. }) = lengths.last_mut() {
            let next = groups.len();
            let place = *places.entry(branch.fields.prefix.clone()).or_insert(next);
            if place == next {
                groups.push(Vec::new());
            }
            groups[place].push(branch);
        }
    }
    for Prefixed { table, groups, .. } in &mut lengths {
        let firsts = groups.iter().filter_map(|group| group.first());
        let texts = firsts.map(|branch| branch.fields.prefix.as_bytes());
        *table = Table::new(&texts.zip(0..).collect::<Vec<_>>(), keys);
    }
    lengths.into()
}

/// A finished tree.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Box<[Node]>,
    /// The texts of all literals, one after the other.
    keys: Box<[u8]>,
}

#[derive(Debug)]
struct Node {
    leaf: u32,
    literals: Table,
    prefixed: Box<[Prefixed]>,
    open: Box<[Branch]>,
    rests: Box<[(Rest, u32)]>,
}

/// A child with parameters.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) fields: Fields,
    pub(super) node: u32,
}

/// Children whose segments begin with a literal of `len` bytes, in one group per literal.
#[derive(Debug)]
struct Prefixed {
    len: usize,
    table: Table,
    groups: Vec<Vec<Branch>>,
}

impl Tree {
    /// Returns the leaf at a node, or [`NONE`].
    pub(super) fn leaf(&self, node: u32) -> u32 {
        self.nodes[node as usize].leaf
    }

    /// Returns the child for exactly this segment, or [`NONE`].
    pub(super) fn literal(&self, node: u32, segment: &str) -> u32 {
        self.nodes[node as usize]
            .literals
            .get(segment.as_bytes(), &self.keys)
    }

    /// Returns the children whose parameters may fit this segment, the most specific first. Whether they do is for the caller to see.
    pub(super) fn fields<'t>(
        &'t self,
        node: u32,
        segment: &'t str,
    ) -> impl Iterator<Item = &'t Branch> {
        let node = &self.nodes[node as usize];
        let prefixed = node.prefixed.iter().filter_map(|prefixed| {
            let group = prefixed
                .table
                .get(segment.as_bytes().get(..prefixed.len)?, &self.keys);
            prefixed.groups.get(group as usize)
        });
        prefixed.flatten().chain(&node.open)
    }

    /// Returns the `{*rest}` children, the most specific first.
    pub(super) fn rests(&self, node: u32) -> &[(Rest, u32)] {
        &self.nodes[node as usize].rests
    }
}

/// A hash table from literal texts to numbers: open addressing, at most half full.
#[derive(Debug, Default)]
struct Table {
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    value: u32,
    start: u32,
    len: u32,
}

const EMPTY: Slot = Slot {
    hash: 0,
    value: NONE,
    start: 0,
    len: 0,
};

impl Table {
    fn new(entries: &[(&[u8], u32)], keys: &mut Vec<u8>) -> Self {
        if entries.is_empty() {
            return Self {
                slots: Box::default(),
            };
        }
        let mut slots = vec![EMPTY; (entries.len() * 2).next_power_of_two()];
        let mask = slots.len() - 1;
        for &(text, value) in entries {
            let hash = hash(text);
            let mut at = hash as usize & mask;
            while slots[at].value != NONE {
                at = (at + 1) & mask;
            }
            let start = u32::try_from(keys.len()).unwrap_or(NONE);
            let len = u32::try_from(text.len()).unwrap_or(NONE);
            keys.extend_from_slice(text);
            slots[at] = Slot {
                hash,
                value,
                start,
                len,
            };
        }
        Self {
            slots: slots.into(),
        }
    }

    /// Returns the number stored for `text`, or [`NONE`].
    fn get(&self, text: &[u8], keys: &[u8]) -> u32 {
        if self.slots.is_empty() {
            return NONE;
        }
        let mask = self.slots.len() - 1;
        let hash = hash(text);
        let mut at = hash as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.value == NONE {
                return NONE;
            }
            if slot.hash == hash && slot.len as usize == text.len() {
                let start = slot.start as usize;
                if keys.get(start..start + text.len()) == Some(text) {
                    return slot.value;
                }
            }
            at = (at + 1) & mask;
        }
    }
}

/// Hashes eight bytes at a time. The keys are the application's own, so that nobody else can make them collide.
fn hash(text: &[u8]) -> u32 {
    fn mix(state: u64) -> u64 {
        let product = u128::from(state) * 0x9E37_79B9_7F4A_7C15;
        (product as u64) ^ ((product >> 64) as u64)
    }
    let (words, tail) = text.as_chunks::<8>();
    let mut state = text.len() as u64 ^ 0x2545_F491_4F6C_DD1D;
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let tail = tail
        .iter()
        .fold(0, |tail, &byte| (tail << 8) | u64::from(byte));
    let hash = mix(state ^ tail);
    (hash ^ (hash >> 32)) as u32
}
