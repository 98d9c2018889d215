//! Routes that claim the same requests, and routes that may.

use std::collections::HashMap;
use std::fmt;

use super::matcher::Entry;
use super::methods::Verb;
use super::pattern::{self, Pattern};
use super::segment::Segment;
use super::tree::Rank;

/// Two routes with the same shape, the same constraints and a method in common: only one of them could ever be called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// The number of the route that was added first.
    pub first: usize,
    /// The number of the route that was added later.
    pub second: usize,
    text: String,
}

impl Conflict {
    pub(super) fn new(
        [first, second]: [usize; 2],
        paths: [&Pattern; 2],
        verbs: [&Verb; 2],
    ) -> Self {
        let text = format!(
            "`{} {}` and `{} {}` match the same requests",
            verbs[0], paths[0], verbs[1], paths[1]
        );
        Self {
            first,
            second,
            text,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Conflict {}

/// Two routes that may fit the same path and are equally specific, so that the order of writing decides which is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overlap {
    /// The number of the route that is tried first.
    pub first: usize,
    /// The number of the route that is tried later.
    pub second: usize,
}

/// What decides, at one place, which of several segments is tried first, save for the order of writing.
#[derive(PartialEq, Eq, Hash)]
enum Place<'s> {
    Literal(&'s str),
    Fields(&'s str, &'s str, Rank),
    Rest(&'s str, Rank),
}

impl<'s> Place<'s> {
    fn new(segment: &'s Segment) -> Self {
        match segment {
            Segment::Literal(text) => Self::Literal(text),
            Segment::Fields(fields) => {
                Self::Fields(&fields.prefix, fields.suffix(), Rank::of_fields(fields))
            }
            Segment::Rest(rest) => Self::Rest(&rest.prefix, Rank::of_rest(rest)),
        }
    }
}

/// Finds the pairs that differ in shape, but not in what decides the order.
pub(super) fn overlaps<T>(routes: &[Entry<T>]) -> Vec<Overlap> {
    let mut places: HashMap<Vec<Place<'_>>, Vec<usize>> = HashMap::new();
    let mut first_with: HashMap<String, usize> = HashMap::new();
    let mut orders: Vec<Vec<usize>> = Vec::new();
    for (number, route) in routes.iter().enumerate() {
        let segments = route.pattern.segments();
        places
            .entry(segments.iter().map(Place::new).collect())
            .or_default()
            .push(number);
        // A sibling is as old as the first route that goes through it.
        let mut shape = String::new();
        let age = |segment: &Segment| {
            shape.push('/');
            pattern::write_shape(segment, &mut shape);
            *first_with.entry(shape.clone()).or_insert(number)
        };
        orders.push(segments.iter().map(age).collect());
    }
    let mut overlaps = Vec::new();
    for numbers in places.values() {
        for (at, &later) in numbers.iter().enumerate() {
            for &earlier in &numbers[..at] {
                let (one, other) = (&routes[earlier], &routes[later]);
                if one.pattern.shape() == other.pattern.shape() || !one.verb.overlaps(&other.verb) {
                    continue;
                }
                let swapped = orders[later] < orders[earlier];
                let (first, second) = if swapped {
                    (later, earlier)
                } else {
                    (earlier, later)
                };
                overlaps.push(Overlap { first, second });
            }
        }
    }
    overlaps.sort_unstable_by_key(|overlap| (overlap.first, overlap.second));
    overlaps
}
