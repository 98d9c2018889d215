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

    pub(super) fn is_set(&self) -> bool {
        !self.slot.items().is_empty()
    }

    /// Returns what is kept here, or else what is kept in `other`.
    pub(super) fn or(self, other: Self) -> Self {
        if self.is_set() { self } else { other }
    }

    pub(super) fn public(self) -> Option<S::Public> {
        self.slot.public()
    }
}

/// A setting as text sees it, of whatever type its value is.
pub(super) trait Setting {
    /// Sets what a flag, a variable or a file says.
    fn put_text(&mut self, origin: Origin, text: &str) -> Result<(), String>;

    /// Finds out whether a file may have it in this form; the error is what was expected.
    fn takes(&self, plain: &Plain) -> Result<(), String>;

    /// Returns all that is set as it can be written, `None` for what could not be read again as the same.
    fn written(&self) -> Vec<Option<Plain>>;

    /// Returns where it came from, if it is set.
    fn origin(&self) -> Option<Origin>;
}

impl<S: Slot> Setting for Kept<S> {
    fn put_text(&mut self, origin: Origin, text: &str) -> Result<(), String> {
        self.slot.put_more(S::Item::parse(text)?);
        self.origin = origin;
        Ok(())
    }

    fn takes(&self, plain: &Plain) -> Result<(), String> {
        match S::Item::takes(plain) {
            true => Ok(()),
            false => Err(S::Item::expected()),
        }
    }

    fn written(&self) -> Vec<Option<Plain>> {
        let mut written = Vec::new();
        for item in self.slot.items() {
            written.push(item.written());
        }
        written
    }

    fn origin(&self) -> Option<Origin> {
        self.is_set().then_some(self.origin)
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
