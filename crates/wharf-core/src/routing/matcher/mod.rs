//! From method and path to route.

use std::fmt;

use http::{HeaderValue, Method};

use super::methods::{Allowed, MethodTable};
use super::params::Params;
use super::segment::Rest;
use super::slash::{self, TrailingSlash};
use super::table::{self, Table};
use super::text::{self, BadPath, Decoded, END, Part, Plain, Text};
use super::tree::{Branch, NONE, Node, ROOT, Tree};

mod builder;

pub(super) use builder::Entry;
pub use builder::{RouteOptions, RouterBuilder};

/// Finds routes.
///
/// Holds one value per route and gives out references to it; what a value is, and what is done with it, is the caller's business.
#[derive(Debug)]
pub struct Router<T> {
    /// The leaves of patterns without parameters by their whole path: what is most specific at every place wins in any
    /// case, so that the tree need not be asked.
    literals: Table,
    literal_keys: Box<[u8]>,
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
    /// The places of its parameters, in the order of [`Pattern::names`](super::Pattern::names).
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
        if let Some(found) = self.literal(method, path) {
            return Lookup::Found(found);
        }
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

    /// Finds a route without parameters.
    fn literal(&self, method: &Method, path: &str) -> Option<Match<'_, T>> {
        let path = path.as_bytes();
        let leaf = self
            .literals
            .get(path, table::hash(path), &self.literal_keys);
        let route = self.leaves.get(leaf as usize)?.exact.get(method);
        Some(Match {
            value: &self.routes.get(route as usize)?.value,
            params: Params::default(),
        })
    }

    fn search(&self, method: &Method, path: &str) -> Result<Outcome, BadPath> {
        if !path.starts_with('/') {
            return Ok(Outcome::Nothing);
        }
        if u32::try_from(path.len()).is_err() {
            return Err(BadPath::too_long());
        }
        if !text::has_escape(path.as_bytes()) {
            let mut outcome = Search::run(self, Plain(path), method);
            if let Outcome::Route(_, params) = &mut outcome {
                params.set_plain();
            }
            return Ok(outcome);
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

/// What is kept of a route.
#[derive(Debug)]
struct Found<T> {
    value: T,
    slash: TrailingSlash,
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
        let route = search.below(router.tree.node(ROOT), X::FIRST);
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

    /// Searches a node for what begins at `at`.
    ///
    /// Recursion ends where the tree does: its depth is bounded by the longest pattern, not by the path.
    fn below(&mut self, mut node: &'s Node, mut at: usize) -> u32 {
        let tree = &self.router.tree;
        let part = loop {
            if at == END {
                return self.leaf(node);
            }
            let mut part = None;
            let literal = match &node.label {
                Some(label) => {
                    let next = self.text.skip(at, &label.text);
                    next.map(|next| (tree.node(label.node), next))
                }
                None => {
                    let found = part.insert(self.text.segment(at));
                    tree.literal(node, found.text, found.hash)
                        .map(|child| (child, found.next))
                }
            };
            match literal {
                Some((child, next)) if node.has_parameters => {
                    let route = self.below(child, next);
                    if route != NONE {
                        return route;
                    }
                }
                // Nothing to come back for.
                Some((child, next)) => {
                    (node, at) = (child, next);
                    continue;
                }
                None if node.has_parameters => {}
                None => return NONE,
            }
            break part.unwrap_or_else(|| self.text.segment(at));
        };
        if !part.text.is_empty() {
            // Asked for, since going through nothing costs more.
            if node.has_prefixed() {
                for branch in tree.prefixed(node, part.text) {
                    let route = self.branch(branch, at, part);
                    if route != NONE {
                        return route;
                    }
                }
            }
            for branch in &node.open {
                let route = self.branch(branch, at, part);
                if route != NONE {
                    return route;
                }
            }
        }
        for (rest, child) in &node.rests {
            let route = self.rest(rest, tree.node(*child), at);
            if route != NONE {
                return route;
            }
        }
        NONE
    }

    /// Searches one child with parameters.
    fn branch(&mut self, branch: &'s Branch, at: usize, part: Part<'s>) -> u32 {
        let before = self.params.len();
        let (text, params) = (self.text, &mut self.params);
        if branch
            .fields
            .read(part.text, |range| params.push(text.locate(at, range)))
        {
            let route = self.below(self.router.tree.node(branch.node), part.next);
            if route != NONE {
                return route;
            }
        }
        self.params.truncate(before);
        NONE
    }

    /// Looks at one child that takes all of the path.
    fn rest(&mut self, rest: &Rest, child: &Node, at: usize) -> u32 {
        if !rest.accepts(self.text.rest(at)) {
            return NONE;
        }
        let before = self.params.len();
        self.params
            .push(self.text.locate_rest(at, rest.prefix.len()));
        let route = self.leaf(child);
        if route == NONE {
            self.params.truncate(before);
        }
        route
    }

    /// Looks for the method where the path ends.
    fn leaf(&mut self, node: &Node) -> u32 {
        let leaf = node.leaf;
        let Some(found) = self.router.leaves.get(leaf as usize) else {
            return NONE;
        };
        let route = found.get(self.method);
        if route == NONE {
            self.refuse(leaf, &found.allowed);
        }
        route
    }

    #[cold]
    fn refuse(&mut self, leaf: u32, methods: &Allowed) {
        match &mut self.refused {
            Refused::None => self.refused = Refused::One(leaf),
            Refused::One(first) => {
                let mut allowed = self.router.leaves[*first as usize].allowed.clone();
                allowed.merge(methods);
                self.refused = Refused::Several(allowed);
            }
            Refused::Several(allowed) => allowed.merge(methods),
        }
    }
}
