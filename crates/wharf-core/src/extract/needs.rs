use std::any::{TypeId, type_name};
use std::fmt;

/// What an extractor will look up when a request comes.
///
/// # Examples
///
/// An extractor that is built of others asks them:
///
/// ```
/// use http::request::Parts;
/// use wharf_core::extract::{FromRequestParts, Needs, Scope, State};
/// use wharf_core::HttpError;
///
/// struct Database(String);
/// struct User(String);
///
/// impl FromRequestParts for User {
///     type Rejection = HttpError;
///
///     async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
///         let database = State::<Database>::from_request_parts(parts, scope).await?;
///         Ok(User(database.0.clone()))
///     }
///
///     fn needs(needs: &mut Needs) {
///         State::<Database>::needs(needs);
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Needs {
    needs: Vec<Need>,
}

/// One thing that an extractor will look up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Need {
    /// State of this type, from `App::provide` or a resource.
    State(TypeKey),
    /// A request extension of this type, from a middleware that provides it.
    Extension(TypeKey),
    /// Path parameters; the function is given their names and says what is wrong with them.
    Path(fn(&[&str]) -> Result<(), String>),
}

/// A type, told apart by identity and printed by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeKey {
    id: TypeId,
    name: &'static str,
}

impl TypeKey {
    /// Returns the key of a type.
    #[must_use]
    pub fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }

    /// Returns the identity of the type.
    #[must_use]
    pub fn id(self) -> TypeId {
        self.id
    }

    /// Returns the name of the type, with its path.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }
}

impl fmt::Display for TypeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for TypeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Needs {
    /// Notes that state of type `T` will be looked up.
    pub fn state<T: Send + Sync + 'static>(&mut self) {
        self.needs.push(Need::State(TypeKey::of::<T>()));
    }

    /// Notes that a request extension of type `T` will be looked up.
    pub fn extension<T: Send + Sync + 'static>(&mut self) {
        self.needs.push(Need::Extension(TypeKey::of::<T>()));
    }

    /// Notes that path parameters will be looked up; `check` is given the names that the route has.
    pub fn path(&mut self, check: fn(&[&str]) -> Result<(), String>) {
        self.needs.push(Need::Path(check));
    }

    /// Returns what was noted, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Need> {
        self.needs.iter()
    }
}
