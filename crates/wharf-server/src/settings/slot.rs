//! Where a setting is kept, and where it came from.

use std::fmt;

use super::value::{Plain, Value};

/// Where the value of a setting came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// The program called a method.
    #[default]
    Program,
    File,
    Variable,
    Flag,
}

/// A setting with one value, or with a list of them: nothing at first.
pub(super) type One<T> = Option<T>;
pub(super) type Many<T> = Vec<T>;

pub(super) trait Slot: Default {
    type Item: Value;

    /// What the server is given.
    type Public;

    /// Whether it is a list: of one variable separated by commas, of several flags, of an array in a file.
    const IS_LIST: bool;

    /// Sets it, or adds to the list.
    fn put(&mut self, item: Self::Item);

    /// Takes in what is said beside what has been said by the same flag before.
    fn put_more(&mut self, item: Self::Item);

    fn items(&self) -> &[Self::Item];

    fn of(public: Self::Public) -> Self;

    /// Returns what the server is given; `None` when nothing is set.
    fn public(self) -> Option<Self::Public>;
}

impl<T: Value> Slot for One<T> {
    type Item = T;
    type Public = T::Public;

    const IS_LIST: bool = false;

    fn put(&mut self, item: T) {
        *self = Some(item);
    }

    fn put_more(&mut self, item: T) {
        *self = Some(match self.take() {
            Some(before) => before.and(item),
            None => item,
        });
    }

    fn items(&self) -> &[T] {
        self.as_slice()
    }

    fn of(public: T::Public) -> Self {
        Some(T::new(public))
    }

    fn public(self) -> Option<T::Public> {
        self.map(T::public)
    }
}

impl<T: Value> Slot for Many<T> {
    type Item = T;
    type Public = Vec<T::Public>;

    const IS_LIST: bool = true;

    fn put(&mut self, item: T) {
        self.push(item);
    }

    fn put_more(&mut self, item: T) {
        self.push(item);
    }

    fn items(&self) -> &[T] {
        self
    }

    fn of(public: Vec<T::Public>) -> Self {
        public.into_iter().map(T::new).collect()
    }

    fn public(self) -> Option<Vec<T::Public>> {
        (!self.is_empty()).then(|| self.into_iter().map(T::public).collect())
    }
}

/// A setting and its origin. It is equal to another with the same value, from wherever that came.
#[derive(Clone, Default)]
pub(super) struct Kept<S> {
    slot: S,
    origin: Origin,
}

impl<S: Slot> Kept<S> {
    pub(super) fn of(public: Option<S::Public>) -> Self {
        Self {
            slot: public.map(S::of).unwrap_or_default(),
            origin: Origin::Program,
        }
    }

    /// Sets what a program gives.
    pub(super) fn put(&mut self, public: <S::Item as Value>::Public) {
        self.slot.put(S::Item::new(public));
        self.origin = Origin::Program;
    }

    /// Sets what a flag or a variable says.
    pub(super) fn put_text(&mut self, origin: Origin, text: &str) -> Result<(), String> {
        self.slot.put_more(S::Item::parse(text)?);
        self.origin = origin;
        Ok(())
    }

    /// Sets what a file says.
    pub(super) fn put_plain(&mut self, plain: &Plain) -> Result<(), String> {
        if !S::Item::takes(plain) {
            let expected = S::Item::expected();
            return Err(format!("{plain} was given, expected {expected}"));
        }
        self.put_text(Origin::File, &plain.bare())
    }

    pub(super) fn is_set(&self) -> bool {
        !self.slot.items().is_empty()
    }

    /// Returns what is kept here, or else what is kept in `other`.
    pub(super) fn or(self, other: Self) -> Self {
        if self.is_set() { self } else { other }
    }

    /// Returns where it came from, if it is set.
    pub(super) fn origin(&self) -> Option<Origin> {
        self.is_set().then_some(self.origin)
    }

    /// Returns what can be written to a file and be read again as the same; `None` when there is nothing of the kind.
    pub(super) fn plain(&self) -> Option<Plain> {
        let mut items = Vec::new();
        for item in self.slot.items() {
            let plain = item.plain();
            let same = S::Item::parse(&plain.bare()).is_ok_and(|read| read == *item);
            items.push(same.then_some(plain)?);
        }
        match (S::IS_LIST, items.len()) {
            (_, 0) => None,
            (true, _) => Some(Plain::List(items)),
            (false, _) => items.pop(),
        }
    }

    pub(super) fn public(self) -> Option<S::Public> {
        self.slot.public()
    }
}

impl<S: PartialEq> PartialEq for Kept<S> {
    fn eq(&self, other: &Self) -> bool {
        self.slot == other.slot
    }
}

impl<S: Eq> Eq for Kept<S> {}

impl<S: Slot> fmt::Debug for Kept<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.slot.items().fmt(f)
    }
}
