use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wharf_http::Signal;

use crate::extract::{State, TypeKey};
use crate::state::StateMap;

/// The handle that resources, hooks and tasks are given: state to read and to provide. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Setup {
    inner: Arc<SetupInner>,
}

#[derive(Debug)]
struct SetupInner {
    state: Mutex<StateMap>,
    /// What stands in for state of its type as soon as somebody provides that.
    overrides: StateMap,
    parent: Option<Setup>,
    shutdown: Signal,
}

impl Setup {
    pub(crate) fn new(
        mut state: StateMap,
        overrides: StateMap,
        parent: Option<Self>,
        shutdown: Signal,
    ) -> Self {
        state.replace(&overrides);
        Self {
            inner: Arc::new(SetupInner {
                state: Mutex::new(state),
                overrides,
                parent,
                shutdown,
            }),
        }
    }

    /// Returns state of type `T`: what this app provides, or else the nearest app that it is mounted in.
    ///
    /// # Errors
    ///
    /// That nobody has provided it yet: provide it on the app, or in a resource that is written before this one.
    pub fn state<T: Any + Send + Sync>(&self) -> Result<State<T>, MissingState> {
        let mut setup = Some(self);
        while let Some(here) = setup {
            if let Some(value) = here.lock().get() {
                return Ok(value);
            }
            setup = here.inner.parent.as_ref();
        }
        Err(MissingState {
            key: TypeKey::of::<T>(),
        })
    }

    /// Provides `value` to the handlers of this app and of the apps mounted in it.
    ///
    /// A value of the same type that was provided before is replaced. It has no effect once the app has started.
    pub fn provide<T: Any + Send + Sync>(&self, value: T) {
        let key = TypeKey::of::<T>();
        let mut state = self.lock();
        if !state.take_over(key, &self.inner.overrides) {
            state.insert(value);
        }
    }

    /// Returns the signal that fires when the app begins to shut down.
    #[must_use]
    pub fn shutdown(&self) -> &Signal {
        &self.inner.shutdown
    }

    pub(crate) fn has(&self, key: TypeKey) -> bool {
        self.lock().has(key)
    }

    /// Whether state of a type is there for the handlers of this app.
    pub(crate) fn sees(&self, key: TypeKey) -> bool {
        self.has(key)
            || self
                .inner
                .parent
                .as_ref()
                .is_some_and(|parent| parent.sees(key))
    }

    /// The whole state at this place: the app's own and what it inherits.
    pub(crate) fn snapshot(&self) -> StateMap {
        let mut state = self.lock().clone();
        if let Some(parent) = &self.inner.parent {
            state.inherit(&parent.snapshot());
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, StateMap> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// State that nobody has provided.
#[derive(Clone, Debug)]
pub struct MissingState {
    key: TypeKey,
}

impl fmt::Display for MissingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no state of type `{}`; provide it on the app, or in an earlier resource",
            self.key
        )
    }
}

impl StdError for MissingState {}
