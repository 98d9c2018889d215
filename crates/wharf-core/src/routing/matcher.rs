//! From method and path to route.

use std::collections::HashMap;
use std::fmt;

use http::{HeaderValue, Method};

use super::conflict::{self, Conflict, Overlap};
use super::methods::{Allowed, MethodTable, Verb};
use super::params::{Params, Span};
use super::pattern::{self, Pattern};
use super::segment::Segment;
use super::slash::{self, TrailingSlash};
use super::text::{BadPath, Decoded, END, Plain, Text};
use super::tree::{Branch, NONE, ROOT, Tree, TreeBuilder};

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
pub(super) struct Entry<T> {
    pub(super) pattern: Pattern,
    pub(super) verb: Verb,
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
        let mut leaves: Vec<Leaf> = Vec::new();
        let mut leaf = |leaf: u32, change: &mut dyn FnMut(&mut Leaf)| {
            let at = leaf as usize;
            if at == leaves.len() {
                leaves.push(Leaf::default());
            }
            change(&mut leaves[at]);
        };
        for (route, number) in self.routes.iter().zip(0..) {
            let add = |table: &mut MethodTable| table.insert(&route.verb, number);
            let segments = route.pattern.segments();
            leaf(
                tree.insert(&segments.iter().collect::<Vec<_>>()),
                &mut |leaf| add(&mut leaf.exact),
            );
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
                if answers_head(table.get(&Method::GET)) {
                    table.head_from_get();
                }
                leaf.allowed.add(table);
            }
            leaf.allow = Some(leaf.allowed.to_value());
        }
        let routes = self.routes.into_iter().map(|entry| Found {
            value: entry.value,
            slash: entry.options.trailing_slash,
        });
        Ok(Router {
            tree: tree.build(),
            leaves: leaves.into(),
            routes: routes.collect(),
            has_redirects,
        })
    }
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

/// The routes that end at one node.
#[derive(Debug, Default)]
struct Leaf {
    exact: MethodTable,
    /// Routes of the path with a slash more or less, which ignore that.
    slashed: Option<Box<MethodTable>>,
    allowed: Allowed,
    allow: Option<HeaderValue>,
}

impl Leaf {
    /// Returns the route for a method, or [`NONE`].
    fn get(&self, method: &Method) -> u32 {
        match (self.exact.get(method), &self.slashed) {
            (NONE, Some(slashed)) => slashed.get(method),
            (route, _) => route,
        }
    }
}

#[derive(Debug)]
struct Found<T> {
    value: T,
    slash: TrailingSlash,
}

/// Finds routes.
///
/// Holds one value per route and gives out references to it; what a value is, and what is done with it, is the caller's business.
#[derive(Debug)]
pub struct Router<T> {
    tree: Tree,
    leaves: Box<[Leaf]>,
    routes: Box<[Found<T>]>,
    has_redirects: bool,
}

/// What a router has to say about a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Lookup<'r, T> {
    /// A route for this path and method.
    Found(Match<'r, T>),
    /// No route here, but one at this path: 308 (RFC 9110 §15.4.9). Still percent-encoded; the query is to be added.
    Redirect(String),
    /// Routes for this path, none for OPTIONS, which is answered with what they allow (RFC 9110 §9.3.7).
    Options {
        /// The value of `Allow`: the methods of all routes that match the path, sorted.
        allow: HeaderValue,
    },
    /// Routes for this path, none for this method: 405 (RFC 9110 §15.5.6).
    MethodNotAllowed {
        /// The value of `Allow`: the methods of all routes that match the path, sorted.
        allow: HeaderValue,
    },
    /// No route for this path: 404.
    NotFound,
    /// The path cannot be decoded: 400.
    Bad(BadPath),
}

/// A route, and where its parameters are.
pub struct Match<'r, T> {
    /// The value of the route.
    pub value: &'r T,
    /// The places of its parameters, in the order of [`Pattern::names`].
    pub params: Params,
}

impl<T: fmt::Debug> fmt::Debug for Match<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Match")
            .field("value", self.value)
            .field("params", &self.params)
            .finish()
    }
}

impl<T> Router<T> {
    /// Finds the route for a request. `path` is the path as received: percent-encoded, without its query.
    ///
    /// A path that does not begin with a slash, such as the `*` of `OPTIONS *`, matches nothing.
    pub fn find(&self, method: &Method, path: &str) -> Lookup<'_, T> {
        match self.search(method, path) {
            Err(bad) => Lookup::Bad(bad),
            Ok(Outcome::Route(route, params)) => Lookup::Found(Match {
                value: &self.routes[route as usize].value,
                params,
            }),
            Ok(Outcome::Refused(allow)) if *method == Method::OPTIONS => Lookup::Options { allow },
            Ok(missed) => match (self.redirect(method, path), missed) {
                (Some(location), _) => Lookup::Redirect(location),
                (None, Outcome::Refused(allow)) => Lookup::MethodNotAllowed { allow },
                (None, _) => Lookup::NotFound,
            },
        }
    }

    fn search(&self, method: &Method, path: &str) -> Result<Outcome, BadPath> {
        if !path.starts_with('/') {
            return Ok(Outcome::Nothing);
        }
        if u32::try_from(path.len()).is_err() {
            return Err(BadPath::too_long());
        }
        if memchr::memchr(b'%', path.as_bytes()).is_none() {
            return Ok(Search::run(self, Plain(path), method));
        }
        Ok(Search::run(self, &Decoded::new(path)?, method))
    }

    /// Finds where to redirect a request that nothing matches.
    fn redirect(&self, method: &Method, path: &str) -> Option<String> {
        if !self.has_redirects || !path.starts_with('/') {
            return None;
        }
        let leads = |path: &String| match self.search(method, path) {
            Ok(Outcome::Route(route, _)) => {
                self.routes[route as usize].slash == TrailingSlash::Redirect
            }
            _ => false,
        };
        slash::alternatives(path).find(leads)
    }
}

/// How a search ends.
enum Outcome {
    Route(u32, Params),
    Refused(HeaderValue),
    Nothing,
}

/// One walk down the tree, with all its turning back.
struct Search<'s, T, X> {
    router: &'s Router<T>,
    text: X,
    method: &'s Method,
    params: Params,
    refused: Refused,
}

/// The leaves that matched the path and not the method.
enum Refused {
    None,
    One(u32),
    Several(Allowed),
}

impl<'s, T, X: Text<'s>> Search<'s, T, X> {
    fn run(router: &'s Router<T>, text: X, method: &'s Method) -> Outcome {
        let mut search = Self {
            router,
            text,
            method,
            params: Params::default(),
            refused: Refused::None,
        };
        let route = search.below(ROOT, X::FIRST);
        if route != NONE {
            return Outcome::Route(route, search.params);
        }
        match search.refused {
            Refused::None => Outcome::Nothing,
            Refused::One(leaf) => {
                let leaf = &router.leaves[leaf as usize];
                Outcome::Refused(
                    leaf.allow
                        .clone()
                        .unwrap_or_else(|| leaf.allowed.to_value()),
                )
            }
            Refused::Several(allowed) => Outcome::Refused(allowed.to_value()),
        }
    }

    /// Searches the children of a node for what begins at `at`.
    ///
    /// Recursion ends where the tree does: its depth is bounded by the longest pattern, not by the path.
    fn below(&mut self, node: u32, at: usize) -> u32 {
        if at == END {
            return self.leaf(node);
        }
        let tree = &self.router.tree;
        let (segment, next) = self.text.segment(at);
        let child = tree.literal(node, segment);
        if child != NONE {
            let route = self.below(child, next);
            if route != NONE {
                return route;
            }
        }
        let before = self.params.len();
        if !segment.is_empty() {
            for Branch {
                fields,
                node: child,
            } in tree.fields(node, segment)
            {
                let Some(splits) = fields.split(segment) else {
                    continue;
                };
                for split in &splits[..fields.fields.len()] {
                    let span = self.text.locate(at, split.clone());
                    self.params.push(span);
                }
                let route = self.below(*child, next);
                if route != NONE {
                    return route;
                }
                self.params.truncate(before);
            }
        }
        for (rest, child) in tree.rests(node) {
            if !rest.accepts(self.text.rest(at)) {
                continue;
            }
            let span: Span = self.text.locate_rest(at, rest.prefix.len());
            self.params.push(span);
            let route = self.leaf(*child);
            if route != NONE {
                return route;
            }
            self.params.truncate(before);
        }
        NONE
    }

    /// Looks for the method where the path ends.
    fn leaf(&mut self, node: u32) -> u32 {
        let leaf = self.router.tree.leaf(node);
        let Some(found) = self.router.leaves.get(leaf as usize) else {
            return NONE;
        };
        let route = found.get(self.method);
        if route == NONE {
            match &mut self.refused {
                Refused::None => self.refused = Refused::One(leaf),
                Refused::One(first) => {
                    let mut allowed = self.router.leaves[*first as usize].allowed.clone();
                    allowed.merge(&found.allowed);
                    self.refused = Refused::Several(allowed);
                }
                Refused::Several(allowed) => allowed.merge(&found.allowed),
            }
        }
        route
    }
}
