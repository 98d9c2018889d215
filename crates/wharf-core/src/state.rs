//! Typed state by type: what an app provides, and what its mounted apps see of it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::extract::{State, TypeKey};

type Value = Arc<dyn Any + Send + Sync>;

/// Values by type.
#[derive(Clone, Default)]
pub(crate) struct StateMap {
    values: HashMap<TypeId, (TypeKey, Value), BuildHasherDefault<TypeIdHasher>>,
}

impl StateMap {
    /// Puts a value in; gives back whether there was one of that type.
    pub(crate) fn insert<T: Any + Send + Sync>(&mut self, value: T) -> bool {
        self.insert_shared(Arc::new(value))
    }

    pub(crate) fn insert_shared<T: Any + Send + Sync>(&mut self, value: Arc<T>) -> bool {
        let key = TypeKey::of::<T>();
        self.values.insert(key.id(), (key, value)).is_some()
    }

    /// Puts in the values of `others` wherever there is one of that type.
    pub(crate) fn replace(&mut self, others: &Self) {
        for (id, value) in &mut self.values {
            if let Some(other) = others.values.get(id) {
                value.clone_from(other);
            }
        }
    }

    /// Puts in the value that `others` has of a type; gives back whether there is one.
    pub(crate) fn take_over(&mut self, key: TypeKey, others: &Self) -> bool {
        let Some(value) = others.values.get(&key.id()) else {
            return false;
        };
        self.values.insert(key.id(), value.clone());
        true
    }

    pub(crate) fn get<T: Any + Send + Sync>(&self) -> Option<State<T>> {
        let (_, value) = self.values.get(&TypeId::of::<T>())?;
        Arc::clone(value).downcast().ok().map(State::new)
    }

    pub(crate) fn has(&self, key: TypeKey) -> bool {
        self.values.contains_key(&key.id())
    }

    /// Adds what `parent` has and this has not.
    pub(crate) fn inherit(&mut self, parent: &Self) {
        for (id, value) in &parent.values {
            self.values.entry(*id).or_insert_with(|| value.clone());
        }
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.values.values().map(|(key, _)| key))
            .finish()
    }
}

/// Type ids are hashes already.
#[derive(Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_its_own_hides_that_of_the_parent() {
        let (mut parent, mut child) = (StateMap::default(), StateMap::default());
        parent.insert(1_u8);
        parent.insert("parent");
        child.insert("child");
        child.inherit(&parent);
        assert_eq!(*child.get::<u8>().unwrap(), 1);
        assert_eq!(*child.get::<&str>().unwrap(), "child");
        assert!(child.get::<u16>().is_none());
    }
}
