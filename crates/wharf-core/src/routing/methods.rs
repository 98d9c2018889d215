//! Which route answers which method at one path.

use http::{HeaderValue, Method};

use super::tree::NONE;

/// The methods that have a place of their own, sorted as `Allow` lists them.
const STANDARD: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

const GET: usize = 2;
const HEAD: usize = 3;
const OPTIONS: usize = 4;

/// The place in a set of all methods that have none of their own.
const OTHER: usize = STANDARD.len();

/// Which requests a route is for: those with one method, or all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Requests with any method.
    Any,
    /// Requests with this method.
    One(Method),
}

impl Verb {
    /// Returns whether some request is for both.
    pub fn overlaps(&self, other: &Self) -> bool {
        *self == Self::Any || *other == Self::Any || self == other
    }
}

impl From<Method> for Verb {
    fn from(method: Method) -> Self {
        Self::One(method)
    }
}

impl From<&Method> for Verb {
    fn from(method: &Method) -> Self {
        Self::One(method.clone())
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::One(method) => method.as_str(),
        })
    }
}

/// The method of a request, and its place among those of a [`MethodTable`].
#[derive(Clone, Copy)]
pub(super) struct Wanted<'m> {
    method: &'m Method,
    index: usize,
}

impl<'m> Wanted<'m> {
    pub(super) fn new(method: &'m Method) -> Self {
        let index = index(method).unwrap_or(OTHER);
        Self { method, index }
    }

    pub(super) fn is_options(self) -> bool {
        self.index == OPTIONS
    }

    /// Returns whether a set of methods, one bit for each place, has this one.
    pub(super) fn is_among(self, methods: u16) -> bool {
        methods >> self.index & 1 != 0
    }
}

/// The routes of one path, by method.
#[derive(Clone, Debug)]
pub(super) struct MethodTable {
    standard: [u32; STANDARD.len()],
    any: u32,
    others: Vec<(Method, u32)>,
}

impl Default for MethodTable {
    fn default() -> Self {
        Self {
            standard: [NONE; STANDARD.len()],
            any: NONE,
            others: Vec::new(),
        }
    }
}

impl MethodTable {
    /// Sets the route for a method that has none yet.
    pub(super) fn insert(&mut self, verb: &Verb, route: u32) {
        match verb {
            Verb::Any => self.any = route,
            Verb::One(method) => match index(method) {
                Some(index) => self.standard[index] = route,
                None => self.others.push((method.clone(), route)),
            },
        }
    }

    /// Lets the route for GET answer HEAD (RFC 9110 §9.3.2), unless HEAD has a route of its own.
    pub(super) fn head_from_get(&mut self) {
        if self.standard[HEAD] == NONE {
            self.standard[HEAD] = self.standard[GET];
        }
    }

    /// Returns the route for a method, or [`NONE`].
    pub(super) fn get(&self, wanted: Wanted<'_>) -> u32 {
        let own = match self.standard.get(wanted.index) {
            Some(route) => *route,
            None => self
                .others
                .iter()
                .find(|(other, _)| other == wanted.method)
                .map_or(NONE, |(_, route)| *route),
        };
        if own == NONE { self.any } else { own }
    }

    /// Returns the route that most requests are for, the set of methods that it is for, see [`Wanted::is_among`], and whether there is
    /// no other route.
    pub(super) fn first(&self) -> (u32, u16, bool) {
        let places = || self.standard.iter().chain([&self.any]);
        let or_any = |route: u32| if route == NONE { self.any } else { route };
        let get = or_any(self.standard[GET]);
        let route = match get {
            NONE => places()
                .copied()
                .find(|&route| route != NONE)
                .unwrap_or(NONE),
            get => get,
        };
        let mut methods = 0;
        for (index, &own) in places().enumerate() {
            // Of the other methods, some have a route of their own.
            let is_known = index != OTHER || self.others.is_empty();
            methods |= u16::from(is_known && or_any(own) == route && route != NONE) << index;
        }
        let is_only = places().all(|&own| own == NONE || own == route);
        (route, methods, is_only && self.others.is_empty())
    }
}

fn index(method: &Method) -> Option<usize> {
    Some(match *method {
        Method::GET => GET,
        Method::POST => 6,
        Method::HEAD => HEAD,
        Method::PUT => 7,
        Method::DELETE => 1,
        Method::PATCH => 5,
        Method::OPTIONS => OPTIONS,
        Method::CONNECT => 0,
        Method::TRACE => 8,
        _ => return None,
    })
}

/// A set of methods, as it goes into `Allow` (RFC 9110 §10.2.1).
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    standard: u16,
    others: Vec<Method>,
}

impl Allowed {
    /// Adds the methods of one path.
    pub(super) fn add(&mut self, table: &MethodTable) {
        for (index, &route) in table.standard.iter().enumerate() {
            self.standard |= u16::from(route != NONE) << index;
        }
        self.others
            .extend(table.others.iter().map(|(method, _)| method.clone()));
    }

    /// Adds all of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        self.standard |= other.standard;
        self.others.extend_from_slice(&other.others);
    }

    /// Returns the value of `Allow`: sorted, and with OPTIONS, which every path answers.
    pub(super) fn to_value(&self) -> HeaderValue {
        let set = self.standard | 1 << OPTIONS;
        let standard = STANDARD
            .iter()
            .enumerate()
            .filter(|(index, _)| set & (1 << index) != 0)
            .map(|(_, method)| method.as_str());
        let mut names: Vec<&str> = standard
            .chain(self.others.iter().map(Method::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        HeaderValue::from_str(&names.join(", "))
            .expect("a method is a token, and a token is a header value")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(methods: &[&str]) -> MethodTable {
        let mut table = MethodTable::default();
        for (method, route) in methods.iter().zip(0..) {
            let verb = Method::from_bytes(method.as_bytes()).unwrap().into();
            table.insert(&verb, route);
        }
        table
    }

    fn get(table: &MethodTable, method: &str) -> u32 {
        table.get(Wanted::new(&Method::from_bytes(method.as_bytes()).unwrap()))
    }

    #[test]
    fn every_method_has_its_own_place() {
        let names = [
            "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
            "PURGE", "get",
        ];
        let table = table(&names);
        for (name, route) in names.iter().zip(0..) {
            assert_eq!(get(&table, name), route, "{name}");
        }
        assert_eq!(get(&table, "LINK"), NONE);
        for (index, method) in STANDARD.iter().enumerate() {
            assert_eq!(self::index(method), Some(index), "{method}");
        }
    }

    #[test]
    fn allow_is_sorted_without_repetition_and_has_options() {
        let mut allowed = Allowed::default();
        allowed.add(&table(&["PURGE", "PUT", "GET"]));
        let mut other = Allowed::default();
        other.add(&table(&["PURGE", "DELETE", "COPY"]));
        allowed.merge(&other);
        assert_eq!(allowed.to_value(), "COPY, DELETE, GET, OPTIONS, PURGE, PUT");
        assert_eq!(Allowed::default().to_value(), "OPTIONS");
    }

    #[test]
    fn a_route_for_any_method_yields_to_one_for_this_method() {
        let mut table = table(&["GET"]);
        table.insert(&Verb::Any, 7);
        assert_eq!((get(&table, "GET"), get(&table, "PUT")), (0, 7));
        assert!(Verb::Any.overlaps(&Method::GET.into()));
        assert!(!Verb::from(Method::PUT).overlaps(&Method::GET.into()));
    }
}
