//! Routing: path patterns, and the way from method and path to route.
//!
//! Data and algorithms only: nothing here knows of handlers, bodies or connections. A [`RouterBuilder`] takes one value of any type per
//! route; the [`Router`] it makes gives back a reference to the value, and the places of the parameters.
//!
//! Layout: `pattern` parses what is written, `segment` and `constraint` are its compiled pieces, `tree` holds them with a hash `table`
//! at each node that finds texts by their `tag`, `word` reads texts eight bytes at a time, `matcher` searches the tree, `methods` tells routes of one path apart, `slash` says what a slash at the end means, `conflict`
//! finds routes in each other's way, `name` and `url` lead back from a route to a path, `mount` tells which mounted part owns a path,
//! `text` decodes request paths, `params` remembers where parameters are.
//!
//! # Precedence
//!
//! A path is matched segment by segment, from the left. Of several routes that fit, the one wins that is more specific at the first
//! segment where they differ:
//!
//! | order | segment | example |
//! |---|---|---|
//! | 1 | literal | `new` |
//! | 2 | parameters after literal text, the longest first | `v{n}` |
//! | 3 | parameters before literal text, the longest first | `{name}.json` |
//! | 4 | parameters with constraints, the most of them first | `{id:\d+}` |
//! | 5 | several parameters, those with the most literal text in between first | `{a}-{b}` |
//! | 6 | one parameter | `{name}` |
//! | 7 | rest of the path: by length of the literal before it, then with a constraint, then without | `{*path}` |
//!
//! Rows 2 to 6 are one comparison: each row decides where those above it are even, so that `v{n:\d+}` comes before `v{n}`. What is even in
//! all of them, such as two different constraints, is tried in the order of writing; [`RouterBuilder::overlaps`] lists such pairs. Names
//! of parameters count for nothing, and may differ from route to route.
//!
//! A route that fails further on does not hide others: the search falls back to the next one in this order, for a path that does not
//! fit as well as for a method that is missing. So `GET /{a}/x` is found although `/b/{c:\d+}` begins more specifically. Only if no
//! route has the method is it refused, with `Allow` naming the methods of all routes that fit the path.
//!
//! # Paths
//!
//! Each segment is percent-decoded before it is compared: `/caf%C3%A9` is `/café`, `%2F` is a character of its segment and separates
//! nothing. A bad escape, or bytes that are not UTF-8 once decoded, make the whole path bad. Dot segments are not resolved: clients do
//! that before they send a path, and one that does not gets what it asked for. Empty segments are not skipped: see [`TrailingSlash`].
//!
//! # Cost
//!
//! A look-up goes down a tree with one level per segment, in which literals without a branch between them are one step, and others are
//! found by hash; a path of literals only is found by one hash of all of it. So the steps do not become more with the routes. What does
//! is the chance that the processor's caches do not hold what is read: some lines, one or two for each step. A look-up allocates
//! nothing, unless the path holds escapes, a route has more than four parameters, or several routes refuse the method. Each node is
//! visited once at most, and each segment is read in time linear in its length, so that no path makes a search longer than one pass
//! over the routes that share its beginning.
//!
//! The usual constraints are byte tests: a set of characters with or without a count, several of them where one cannot run into the
//! next, a choice of words. Others run on a regular expression engine, which takes a lock, and allocates where parameters share a segment.

mod conflict;
mod constraint;
mod matcher;
mod methods;
mod mount;
mod name;
mod params;
mod pattern;
mod segment;
mod slash;
mod table;
mod tag;
mod text;
mod tree;
mod url;
mod word;

pub use conflict::{Conflict, Overlap};
pub use matcher::{Lookup, Match, RouteOptions, Router, RouterBuilder};
pub use methods::Verb;
pub use mount::Mounts;
pub use name::{NameError, Names};
pub use params::Params;
pub use pattern::{Pattern, PatternError};
pub use slash::TrailingSlash;
pub use text::BadPath;
pub use url::{UrlError, UrlErrorKind};
