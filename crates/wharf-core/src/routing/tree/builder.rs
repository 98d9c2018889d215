//! Grows a tree, and lays it out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::{Branch, List, Literals, Node, Parameters, Prefix, ROOT, Several, Tree};
use crate::routing::pattern;
use crate::routing::segment::{Fields, Rest, Segment};
use crate::routing::table::NONE;
use crate::routing::tag;

/// Decides which of two sibling segments with parameters is tried first: the lesser. Equal ones are tried in the order they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::routing) struct Rank {
    prefix: Reverse<usize>,
    suffix: Reverse<usize>,
    constrained: Reverse<usize>,
    inner: Reverse<usize>,
}

impl Rank {
    pub(in crate::routing) fn of_fields(fields: &Fields) -> Self {
        Self {
            prefix: Reverse(fields.prefix.len()),
            suffix: Reverse(fields.suffix().len()),
            inner: Reverse(fields.inner_len()),
            constrained: Reverse(fields.constrained()),
        }
    }

    pub(in crate::routing) fn of_rest(rest: &Rest) -> Self {
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
pub(in crate::routing) struct TreeBuilder {
    nodes: Vec<Draft>,
    leaves: u32,
    /// Segments with parameters, each once, and their numbers by shape.
    fields: Vec<Fields>,
    numbers: HashMap<String, u32>,
}

#[derive(Debug, Default)]
struct Draft {
    leaf: Option<u32>,
    literals: BTreeMap<Box<str>, u32>,
    /// Every child with parameters, in the order written; and the same by shape.
    branches: Vec<Branch>,
    rests: Vec<(Rest, u32)>,
    shapes: HashMap<String, u32>,
}

impl TreeBuilder {
    pub(in crate::routing) fn new() -> Self {
        Self {
            nodes: vec![Draft::default()],
            leaves: 0,
            fields: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// Adds a pattern and returns its leaf: the same one for all patterns of one shape.
    pub(in crate::routing) fn insert(&mut self, segments: &[&Segment]) -> u32 {
        let node = segments
            .iter()
            .fold(ROOT, |node, segment| self.child(node, segment));
        let next = self.leaves;
        let leaf = *self.nodes[node as usize].leaf.get_or_insert(next);
        self.leaves += u32::from(leaf == next);
        leaf
    }

    fn child(&mut self, parent: u32, segment: &Segment) -> u32 {
        let next = number(&self.nodes);
        let draft = &mut self.nodes[parent as usize];
        let mut shape = String::new();
        let child = match segment {
            Segment::Literal(text) => *draft.literals.entry(text.clone()).or_insert(next),
            Segment::Fields(_) | Segment::Rest(_) => {
                pattern::write_shape(segment, &mut shape);
                *draft.shapes.entry(shape.clone()).or_insert(next)
            }
        };
        if child == next {
            match segment {
                Segment::Literal(_) => {}
                Segment::Fields(fields) => {
                    let known = self.numbers.entry(shape).or_insert_with(|| {
                        self.fields.push(fields.clone());
                        number(&self.fields) - 1
                    });
                    draft.branches.push(Branch {
                        fields: *known,
                        node: child,
                    });
                }
                Segment::Rest(rest) => draft.rests.push((rest.clone(), child)),
            }
            self.nodes.push(Draft::default());
        }
        child
    }

    /// Makes the tree.
    pub(in crate::routing) fn build(mut self) -> Tree {
        for draft in &mut self.nodes {
            let rank = |branch: &Branch| Rank::of_fields(&self.fields[branch.fields as usize]);
            draft.branches.sort_by_key(rank);
            draft.rests.sort_by_key(|(rest, _)| Rank::of_rest(rest));
        }
        let order = self.depth_first();
        let mut numbers = vec![NONE; self.nodes.len()];
        for (&draft, number) in order.iter().zip(0..) {
            numbers[draft as usize] = number;
        }
        let mut layout = Layout {
            tree: Tree::default(),
            numbers,
        };
        for &number in &order {
            layout.add(&self, &self.nodes[number as usize]);
        }
        layout.tree.fields = self.fields;
        layout.tree
    }

    /// Lists the nodes that a search can get to, each before those below it.
    fn depth_first(&self) -> Vec<u32> {
        let (mut order, mut waiting) = (Vec::new(), vec![ROOT]);
        while let Some(number) = waiting.pop() {
            order.push(number);
            let draft = &self.nodes[number as usize];
            waiting.extend(draft.rests.iter().map(|(_, child)| child));
            match self.label(draft) {
                Some((_, child)) => waiting.push(child),
                None => waiting.extend(draft.literals.values().rev()),
            }
            waiting.extend(draft.branches.iter().rev().map(|branch| branch.node));
        }
        order
    }

    /// Returns the literal child of a node that has just one, together with its own as long as nothing else can come between.
    fn label(&self, node: &Draft) -> Option<(String, u32)> {
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
                _ => return Some((text, child)),
            }
        }
    }
}

impl Draft {
    /// Returns the literal child, if there is just one. A text with a slash does not count: in a [`Literals::Label`], slashes separate.
    fn only_literal(&self) -> Option<(&str, u32)> {
        let (text, &child) = self.literals.iter().next()?;
        (self.literals.len() == 1 && !text.contains('/')).then_some((text, child))
    }
}

/// A tree in the making, and the numbers that its nodes get.
struct Layout {
    tree: Tree,
    numbers: Vec<u32>,
}

impl Layout {
    /// Adds the next node.
    fn add(&mut self, builder: &TreeBuilder, draft: &Draft) {
        let literals = self.literals(builder, draft);
        let parameters = self.parameters(builder, draft);
        self.tree.nodes.push(Node {
            leaf: draft.leaf.unwrap_or(NONE),
            literals,
            parameters,
        });
    }

    fn literals(&mut self, builder: &TreeBuilder, draft: &Draft) -> Literals {
        if let Some((text, child)) = builder.label(draft) {
            let (tag, child) = (tag::tag(text.as_bytes()), self.number(child));
            return if tag::is_exact(tag) && !text.contains('/') {
                Literals::Short(tag.to_le_bytes(), child)
            } else {
                Literals::Label(self.tree.tables.keep(&text), child)
            };
        }
        let literals = draft.literals.iter();
        let literals = literals.map(|(text, &child)| (&**text, self.number(child)));
        match &*literals.collect::<Vec<_>>() {
            [] => Literals::None,
            literals => Literals::Table(self.tree.tables.insert(literals)),
        }
    }

    fn parameters(&mut self, builder: &TreeBuilder, draft: &Draft) -> Parameters {
        let fields = |branch: &Branch| &builder.fields[branch.fields as usize];
        let branches = draft.branches.iter().map(|branch| Branch {
            fields: branch.fields,
            node: self.number(branch.node),
        });
        let branches: Vec<_> = branches.collect();
        match (&*branches, &*draft.rests) {
            ([], []) => return Parameters::None,
            ([only], []) if fields(only).is_whole() => return Parameters::Whole(only.node),
            ([only], []) => return Parameters::One(*only),
            _ => {}
        }
        let open_at = branches.partition_point(|branch| !fields(branch).prefix.is_empty());
        let (prefixed, open) = branches.split_at(open_at);
        let first = number(&self.tree.prefixes);
        let same_len = |a: &Branch, b: &Branch| fields(a).prefix.len() == fields(b).prefix.len();
        for branches in prefixed.chunk_by(same_len) {
            self.prefix(builder, branches);
        }
        let rests = draft.rests.iter();
        let rests = rests.map(|(rest, child)| (rest.clone(), self.number(*child)));
        let rests: Vec<_> = rests.collect();
        let several = Several {
            prefixes: List {
                start: first,
                len: number(&self.tree.prefixes) - first,
            },
            open: append(&mut self.tree.branches, open.iter().copied()),
            rests: append(&mut self.tree.rests, rests),
        };
        self.tree.several.push(several);
        Parameters::Several(number(&self.tree.several) - 1)
    }

    /// Adds branches with prefixes of one length, in groups of those with the same prefix.
    fn prefix(&mut self, builder: &TreeBuilder, branches: &[Branch]) {
        let mut groups: BTreeMap<&str, Vec<Branch>> = BTreeMap::new();
        for branch in branches {
            let prefix = &builder.fields[branch.fields as usize].prefix;
            groups.entry(prefix).or_default().push(*branch);
        }
        let mut entries = Vec::new();
        for (prefix, branches) in groups {
            entries.push((prefix, number(&self.tree.groups)));
            let group = append(&mut self.tree.branches, branches);
            self.tree.groups.push(group);
        }
        let len = entries.first().map_or(0, |(prefix, _)| prefix.len());
        let table = self.tree.tables.insert(&entries);
        self.tree.prefixes.push(Prefix { len, table });
    }

    fn number(&self, draft: u32) -> u32 {
        self.numbers[draft as usize]
    }
}

/// Adds items to an array, and returns where they are.
fn append<T>(all: &mut Vec<T>, items: impl IntoIterator<Item = T>) -> List {
    let start = number(all);
    all.extend(items);
    List {
        start,
        len: number(all) - start,
    }
}

/// Returns the number that the next item of an array gets. There are fewer than four billion: each takes a part of a pattern.
fn number<T>(all: &[T]) -> u32 {
    u32::try_from(all.len()).unwrap_or(NONE)
}
