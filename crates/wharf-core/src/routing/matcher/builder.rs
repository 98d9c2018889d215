//! Collects routes, and makes a router of them.

use std::collections::HashMap;

use http::Method;

use super::leaf::{Draft, Leaves};
use super::literals::Literals;
use super::{Found, Router};
use crate::routing::conflict::{self, Conflict, Overlap};
use crate::routing::methods::{MethodTable, Verb, Wanted};
use crate::routing::pattern::{self, Pattern};
use crate::routing::segment::Segment;
use crate::routing::slash::TrailingSlash;
use crate::routing::tree::TreeBuilder;

/// How one route is matched, apart from its pattern and method.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RouteOptions {
    trailing_slash: TrailingSlash,
    head: bool,
}

impl Default for RouteOptions {
    fn default() -> Self {
        Self {
            trailing_slash: TrailingSlash::default(),
            head: true,
        }
    }
}

impl RouteOptions {
    /// Makes options with every default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what a slash at the end of the path means.
    ///
    /// Default: [`TrailingSlash::Strict`].
    #[must_use]
    pub fn trailing_slash(mut self, mode: TrailingSlash) -> Self {
        self.trailing_slash = mode;
        self
    }

    /// Sets whether a route for GET answers HEAD too, where no other route does (RFC 9110 §9.3.2).
    ///
    /// Default: `true`. No effect on routes for other methods.
    #[must_use]
    pub fn head(mut self, head: bool) -> Self {
        self.head = head;
        self
    }
}

/// Collects routes; finds what is wrong with them all at once.
#[derive(Debug)]
pub struct RouterBuilder<T> {
    routes: Vec<Entry<T>>,
    /// The routes of each shape.
    shapes: HashMap<Box<str>, Vec<usize>>,
    conflicts: Vec<Conflict>,
}

#[derive(Debug)]
pub(in crate::routing) struct Entry<T> {
    pub(in crate::routing) pattern: Pattern,
    pub(in crate::routing) verb: Verb,
    options: RouteOptions,
    value: T,
}

impl<T> Default for RouterBuilder<T> {
    fn default() -> Self {
        Self {
            routes: Vec::new(),
            shapes: HashMap::new(),
            conflicts: Vec::new(),
        }
    }
}

impl<T> RouterBuilder<T> {
    /// Makes an empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route, and returns its number: routes are counted from 0, in the order in which they are added.
    ///
    /// The number is what [`Conflict`] and [`Overlap`] speak of.
    pub fn insert(
        &mut self,
        pattern: &Pattern,
        verb: impl Into<Verb>,
        options: RouteOptions,
        value: T,
    ) -> usize {
        let verb = verb.into();
        let number = self.routes.len();
        let same = self.shapes.entry(pattern.shape().into()).or_default();
        let clashing = same
            .iter()
            .filter(|&&other| self.routes[other].verb.overlaps(&verb));
        // A third route that is equal to two others is reported once for each method: against the first.
        let mut reported: Vec<&Verb> = Vec::new();
        for &first in clashing {
            let other = &self.routes[first];
            if !reported.contains(&&other.verb) {
                reported.push(&other.verb);
                self.conflicts.push(Conflict::new(
                    [first, number],
                    [&other.pattern, pattern],
                    [&other.verb, &verb],
                ));
            }
        }
        same.push(number);
        self.routes.push(Entry {
            pattern: pattern.clone(),
            verb,
            options,
            value,
        });
        number
    }

    /// Returns the pairs of routes that claim the same requests, in the order in which the later of each pair was added.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Returns the pairs of routes that differ in nothing but constraints, and may fit the same path: the first is tried first.
    ///
    /// That is allowed. It is worth listing, for it is the one case in which the order of writing decides.
    pub fn overlaps(&self) -> Vec<Overlap> {
        conflict::overlaps(&self.routes)
    }

    /// Makes the router.
    ///
    /// # Errors
    ///
    /// If routes conflict: all conflicts.
    pub fn build(self) -> Result<Router<T>, Vec<Conflict>> {
        if !self.conflicts.is_empty() {
            return Err(self.conflicts);
        }
        let mut tree = TreeBuilder::new();
        let mut leaves: Vec<Draft> = Vec::new();
        let mut leaf = |leaf: u32, change: &mut dyn FnMut(&mut Draft)| {
            let at = leaf as usize;
            if at == leaves.len() {
                leaves.push(Draft::default());
            }
            change(&mut leaves[at]);
        };
        let mut literals: HashMap<String, u32> = HashMap::new();
        for (route, number) in self.routes.iter().zip(0..) {
            let add = |table: &mut MethodTable| table.insert(&route.verb, number);
            let segments = route.pattern.segments();
            let node = tree.insert(&segments.iter().collect::<Vec<_>>());
            leaf(node, &mut |leaf| add(&mut leaf.exact));
            if let Some(path) = literal(segments) {
                literals.insert(path, node);
            }
            if route.options.trailing_slash == TrailingSlash::Ignore
                && let Some(toggled) = toggled(segments)
            {
                leaf(tree.insert(&toggled), &mut |leaf| {
                    add(leaf.slashed.get_or_insert_default());
                });
            }
        }
        let has_redirects = self
            .routes
            .iter()
            .any(|route| route.options.trailing_slash == TrailingSlash::Redirect);
        let answers_head = |route: u32| {
            self.routes
                .get(route as usize)
                .is_some_and(|route| route.options.head)
        };
        for leaf in &mut leaves {
            for table in std::iter::once(&mut leaf.exact).chain(leaf.slashed.as_deref_mut()) {
                if answers_head(table.get(Wanted::new(&Method::GET))) {
                    table.head_from_get();
                }
            }
        }
        let routes = self.routes.into_iter().map(|entry| Found {
            value: entry.value,
            slash: entry.options.trailing_slash,
        });
        Ok(Router {
            literals: Literals::new(&literals),
            tree: tree.build(),
            leaves: Leaves::new(leaves),
            routes: routes.collect(),
            has_redirects,
        })
    }
}

/// Returns the one path that a pattern without parameters matches as it is received; `None` where it has parameters, or
/// where it can only be received with an escape.
fn literal(segments: &[Segment]) -> Option<String> {
    let mut path = String::new();
    for segment in segments {
        let Segment::Literal(text) = segment else {
            return None;
        };
        path.push('/');
        path.push_str(text);
    }
    (!path.contains('%') && path.matches('/').count() == segments.len()).then_some(path)
}

/// Returns the segments of a pattern with a slash at its end, or without; `None` where that makes no sense.
fn toggled(segments: &[Segment]) -> Option<Vec<&Segment>> {
    static SLASH: std::sync::LazyLock<Segment> =
        std::sync::LazyLock::new(|| Segment::Literal(Box::default()));
    match segments {
        [] | [.., Segment::Rest(_)] => None,
        [only] if pattern::is_empty(only) => None,
        [shorter @ .., last] if pattern::is_empty(last) => Some(shorter.iter().collect()),
        all => Some(all.iter().chain([&*SLASH]).collect()),
    }
}
