//! From method and path to route.

use std::fmt;

use http::{HeaderValue, Method};

use super::methods::{Allowed, Wanted};
use super::params::Params;
use super::slash::{self, TrailingSlash};
use super::text::{BadPath, Decoded, END, Part, Plain, Text};
use super::tree::{Branch, NONE, Node, Parameters, ROOT, Tree};
use super::word;

mod builder;
mod leaf;
mod literals;

pub(super) use builder::Entry;
pub use builder::{RouteOptions, RouterBuilder};
use leaf::Leaves;
use literals::Literals;

/// Finds routes.
///
/// Holds one value per route and gives out references to it; what a value is, and what is done with it, is the caller's business.
#[derive(Debug)]
pub struct Router<T> {
    literals: Literals,
    tree: Tree,
    leaves: Leaves,
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
        let wanted = Wanted::new(method);
        let mut params = Params::default();
        let route = match self.leaves.get(self.literals.leaf(path), wanted) {
            NONE => match self.search(wanted, path, &mut params) {
                Ok(route) => route,
                Err(missed) => return self.missed(wanted, path, missed),
            },
            route => route,
        };
        Lookup::Found(Match {
            value: &self.routes[route as usize].value,
            params,
        })
    }

    #[cold]
    fn missed(&self, wanted: Wanted<'_>, path: &str, missed: Missed) -> Lookup<'_, T> {
        match missed {
            Missed::Bad(bad) => Lookup::Bad(bad),
            Missed::Refused(allow) if wanted.is_options() => Lookup::Options { allow },
            missed => match (self.redirect(wanted, path), missed) {
                (Some(location), _) => Lookup::Redirect(location),
                (None, Missed::Refused(allow)) => Lookup::MethodNotAllowed { allow },
                (None, _) => Lookup::NotFound,
            },
        }
    }

    /// Finds the number of a route, and where the parameters are.
    fn search(&self, wanted: Wanted<'_>, path: &str, params: &mut Params) -> Result<u32, Missed> {
        if !path.starts_with('/') {
            return Err(Missed::Nothing);
        }
        if u32::try_from(path.len()).is_err() {
            return Err(Missed::Bad(BadPath::too_long()));
        }
        if word::has_escape(path.as_bytes()) {
            let decoded = Decoded::new(path).map_err(Missed::Bad)?;
            return Search::run(self, &decoded, wanted, params);
        }
        params.set_plain();
        Search::run(self, Plain(path), wanted, params)
    }

    /// Finds where to redirect a request that nothing matches.
    fn redirect(&self, wanted: Wanted<'_>, path: &str) -> Option<String> {
        if !self.has_redirects || !path.starts_with('/') {
            return None;
        }
        let leads = |path: &String| match self.search(wanted, path, &mut Params::default()) {
            Ok(route) => self.routes[route as usize].slash == TrailingSlash::Redirect,
            Err(_) => false,
        };
        slash::alternatives(path).find(leads)
    }
}

/// What is kept of a route.
#[derive(Debug)]
struct Found<T> {
    value: T,
    slash: TrailingSlash,
}

/// How a search ends that finds no route.
enum Missed {
    /// There are others, whose methods these are.
    Refused(HeaderValue),
    Nothing,
    Bad(BadPath),
}

/// One walk down the tree, with all its turning back.
struct Search<'s, T, X> {
    router: &'s Router<T>,
    text: X,
    wanted: Wanted<'s>,
    /// Where the parameters go. Those of a way that leads nowhere are left to whoever tries another one.
    params: &'s mut Params,
    refused: Refused,
}

/// The leaves that matched the path and not the method.
enum Refused {
    None,
    One(u32),
    Several(Allowed),
}

impl<'s, T, X: Text<'s>> Search<'s, T, X> {
    fn run(
        router: &'s Router<T>,
        text: X,
        wanted: Wanted<'s>,
        params: &'s mut Params,
    ) -> Result<u32, Missed> {
        let mut search = Self {
            router,
            text,
            wanted,
            params,
            refused: Refused::None,
        };
        let route = search.below(router.tree.node(ROOT), X::FIRST);
        if route != NONE {
            return Ok(route);
        }
        Err(match search.refused {
            Refused::None => Missed::Nothing,
            Refused::One(leaf) => Missed::Refused(router.leaves.refusal(leaf).allow.clone()),
            Refused::Several(allowed) => Missed::Refused(allowed.to_value()),
        })
    }

    /// Searches a node for what begins at `at`.
    ///
    /// Recursion ends where the tree does: its depth is bounded by the longest pattern, not by the path.
    fn below(&mut self, mut node: &'s Node, mut at: usize) -> u32 {
        let tree = &self.router.tree;
        while at != END {
            let part = self.text.segment(at);
            if let Some((child, next)) = tree.literal(node, self.text, at, part) {
                // Nothing to come back for.
                if let Parameters::None = node.parameters {
                    (node, at) = (child, next);
                    continue;
                }
                let route = self.attempt(child, next);
                if route != NONE {
                    return route;
                }
            }
            (node, at) = match node.parameters {
                Parameters::None => return NONE,
                Parameters::Whole(_) if part.is_empty() => return NONE,
                Parameters::Whole(child) => {
                    self.params.push(self.text.locate(at, 0..part.len()));
                    (tree.node(child), part.next)
                }
                Parameters::One(branch) => match self.read(branch, part, at) {
                    Some(child) => (child, part.next),
                    None => return NONE,
                },
                Parameters::Several(several) => return self.several(several, at, part),
            };
        }
        self.leaf(node)
    }

    /// Searches a node, and puts the parameters back if that leads nowhere.
    fn attempt(&mut self, node: &'s Node, at: usize) -> u32 {
        let before = self.params.len();
        let route = self.below(node, at);
        if route == NONE {
            self.params.truncate(before);
        }
        route
    }

    /// Searches children with parameters, the most specific first.
    fn several(&mut self, several: u32, at: usize, part: Part) -> u32 {
        let tree = &self.router.tree;
        let before = self.params.len();
        for branch in tree.branches(several, part.of(self.text)) {
            if let Some(child) = self.read(branch, part, at) {
                let route = self.below(child, part.next);
                if route != NONE {
                    return route;
                }
                self.params.truncate(before);
            }
        }
        for (rest, child) in tree.rests(several) {
            if rest.accepts(self.text.rest(at)) {
                let place = self.text.locate_rest(at, rest.prefix.len());
                self.params.push(place);
                let route = self.leaf(child);
                if route != NONE {
                    return route;
                }
                self.params.truncate(before);
            }
        }
        NONE
    }

    /// Reads the parameters of a segment, if it fits a branch, and returns the node behind it.
    fn read(&mut self, branch: Branch, part: Part, at: usize) -> Option<&'s Node> {
        let (fields, child) = self.router.tree.branch(branch);
        let (text, params) = (self.text, &mut *self.params);
        let found = |range| params.push(text.locate(at, range));
        fields.read(part.of(text), found).then_some(child)
    }

    /// Looks for the method where the path ends.
    fn leaf(&mut self, node: &Node) -> u32 {
        let route = self.router.leaves.get(node.leaf, self.wanted);
        if route == NONE && node.leaf != NONE {
            self.refuse(node.leaf);
        }
        route
    }

    #[cold]
    fn refuse(&mut self, leaf: u32) {
        let allowed = |leaf| &self.router.leaves.refusal(leaf).allowed;
        match &mut self.refused {
            Refused::None => self.refused = Refused::One(leaf),
            Refused::One(first) => {
                let mut both = allowed(*first).clone();
                both.merge(allowed(leaf));
                self.refused = Refused::Several(both);
            }
            Refused::Several(several) => several.merge(allowed(leaf)),
        }
    }
}
