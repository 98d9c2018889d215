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

use std::cmp::Reverse;
use std::collections::HashMap;

use super::pattern;
use super::segment::{Fields, Rest, Segment};
pub(super) use super::table::NONE;
use super::table::{self, Table};

/// The node that every search begins at.
pub(super) const ROOT: u32 = 0;

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
        let child = match segment {
            Segment::Literal(text) => *draft.literals.entry(text.clone()).or_insert(next),
            Segment::Fields(_) | Segment::Rest(_) => {
                let mut shape = String::new();
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
    pub(super) fn build(mut self) -> Tree {
        let mut keys = Vec::new();
        let labels: Vec<_> = self.nodes.iter().map(|node| self.label(node)).collect();
        let drafts = std::mem::take(&mut self.nodes);
        let nodes = drafts.into_iter().zip(labels).map(|(mut draft, label)| {
            draft
                .fields
                .sort_by_key(|branch| Rank::of_fields(&branch.fields));
            draft.rests.sort_by_key(|(rest, _)| Rank::of_rest(rest));
            let open_at = draft
                .fields
                .partition_point(|branch| !branch.fields.prefix.is_empty());
            let open = draft.fields.split_off(open_at);
            let literals = draft
                .literals
                .iter()
                .map(|(text, &node)| (text.as_bytes(), node));
            let literals = if label.is_some() {
                Vec::new()
            } else {
                literals.collect()
            };
            Node {
                leaf: draft.leaf.unwrap_or(NONE),
                label,
                literals: Table::new(&literals, &mut keys),
                has_parameters: !draft.shapes.is_empty(),
                prefixed: prefixed(draft.fields, &mut keys),
                open: open.into(),
                rests: draft.rests.into(),
            }
        });
        Tree {
            nodes: nodes.collect(),
            keys: keys.into(),
        }
    }

    /// Returns the literal child of a node that has just one, together with its own as long as nothing else can come between.
    fn label(&self, node: &Draft) -> Option<Label> {
        let (text, mut child) = node.only_literal()?;
        let mut text = text.to_owned();
        loop {
            let next = &self.nodes[child as usize];
            match next.only_literal() {
                Some((more, grandchild)) if next.leaf.is_none() && next.shapes.is_empty() => {
                    text.push('/');
                    text.push_str(more);
                    child = grandchild;
                }
                _ => {
                    return Some(Label {
                        text: text.into(),
                        node: child,
                    });
                }
            }
        }
    }
}

impl Draft {
    /// Returns the literal child, if there is just one. A text with a slash does not count: in a [`Label`], slashes separate.
    fn only_literal(&self) -> Option<(&str, u32)> {
        let (text, &child) = self.literals.iter().next()?;
        (self.literals.len() == 1 && !text.contains('/')).then_some((text, child))
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

/// One place in the tree.
#[derive(Debug)]
pub(super) struct Node {
    /// What ends here, or [`NONE`].
    pub(super) leaf: u32,
    /// The only literal child. If there are several, they are in `literals`.
    pub(super) label: Option<Label>,
    literals: Table,
    /// Whether there are children of other kinds.
    pub(super) has_parameters: bool,
    prefixed: Box<[Prefixed]>,
    /// Children whose segments begin with a parameter, the most specific first.
    pub(super) open: Box<[Branch]>,
    /// `{*rest}` children, the most specific first.
    pub(super) rests: Box<[(Rest, u32)]>,
}

/// One or more literal segments, with nothing else between them, and the node behind the last.
#[derive(Debug)]
pub(super) struct Label {
    /// The segments, with a slash between any two.
    pub(super) text: Box<str>,
    pub(super) node: u32,
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

impl Node {
    /// Returns whether there are children whose segments begin with a literal and go on with a parameter.
    pub(super) fn has_prefixed(&self) -> bool {
        !self.prefixed.is_empty()
    }
}

impl Tree {
    /// Returns a node by its number.
    pub(super) fn node(&self, number: u32) -> &Node {
        &self.nodes[number as usize]
    }

    /// Returns the child for exactly this segment, of a node without a label.
    pub(super) fn literal(&self, node: &Node, segment: &str, hash: u32) -> Option<&Node> {
        let child = node.literals.get(segment.as_bytes(), hash, &self.keys);
        self.nodes.get(child as usize)
    }

    /// Returns the children whose segments begin with a literal that this one begins with too, the most specific first. Whether the rest
    /// of it fits is for the caller to see.
    pub(super) fn prefixed<'t>(
        &'t self,
        node: &'t Node,
        segment: &'t str,
    ) -> impl Iterator<Item = &'t Branch> {
        let groups = node.prefixed.iter().filter_map(|prefixed| {
            let prefix = segment.as_bytes().get(..prefixed.len)?;
            let group = prefixed.table.get(prefix, table::hash(prefix), &self.keys);
            prefixed.groups.get(group as usize)
        });
        groups.flatten()
    }
}
