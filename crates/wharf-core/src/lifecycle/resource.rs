use std::any::{Any, type_name};
use std::fmt;

use wharf_http::{BoxError, BoxFuture};

use super::hook::{CleanupResult, short_name};
use super::setup::Setup;
use crate::extract::TypeKey;

/// What leaves a resource: an async closure, or `()` when there is nothing to do.
///
/// # Examples
///
/// ```
/// use wharf_core::{Cleanup, Setup};
///
/// struct Database;
/// impl Database {
///     async fn close(&self) -> std::io::Result<()> {
///         Ok(())
///     }
/// }
///
/// async fn database(setup: Setup) -> Result<impl Cleanup, std::io::Error> {
///     let database = std::sync::Arc::new(Database);
///     setup.provide(database.clone());
///     Ok(async move || database.close().await)
/// }
/// let app = wharf_core::App::new().resource(database);
/// # let _ = app;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot clean up",
    label = "return `async move || ..` from the resource, or `()`",
    note = "a resource returns `async move || ..`, giving nothing or a `Result`, or `()` when there is nothing to clean up"
)]
pub trait Cleanup: Send + 'static {
    /// Leaves the resource.
    ///
    /// # Errors
    ///
    /// What could not be closed properly.
    fn leave(self) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl Cleanup for () {
    async fn leave(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<F, Fut> Cleanup for F
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output: CleanupResult> + Send,
{
    async fn leave(self) -> Result<(), BoxError> {
        self().await.into_result()
    }
}

pub(super) type Leave = Box<dyn FnOnce() -> BoxFuture<'static, Result<(), BoxError>> + Send>;
type Enter = Box<dyn FnOnce(Setup) -> BoxFuture<'static, Result<Leave, BoxError>> + Send>;

/// Something set up before the app serves and left after: a database, a queue, a client. Made by [`resource`].
#[must_use = "a resource does nothing until it is added to an app"]
pub struct Resource {
    pub(crate) name: String,
    pub(crate) provides: Option<Vec<TypeKey>>,
    pub(super) enter: Enter,
}

/// Makes a resource of an async function, so that it can be given a name and told what it provides.
///
/// The function itself can be given to `App::resource` when there is nothing to tell.
pub fn resource<F, Fut, C, E>(enter: F) -> Resource
where
    F: FnOnce(Setup) -> Fut + Send + 'static,
    Fut: Future<Output = Result<C, E>> + Send + 'static,
    C: Cleanup,
    E: Into<BoxError>,
{
    Resource {
        name: short_name(type_name::<F>()),
        provides: None,
        enter: Box::new(move |setup| {
            Box::pin(async move {
                let cleanup = enter(setup).await.map_err(Into::into)?;
                Ok(Box::new(move || Box::pin(cleanup.leave()) as BoxFuture<'static, _>) as Leave)
            })
        }),
    }
}

impl Resource {
    /// Names the resource in messages. Default: the name of its function.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Promises that the resource provides a `T`, so that the check need not enter it to know.
    pub fn provides<T: Any + Send + Sync>(mut self) -> Self {
        self.provides
            .get_or_insert_default()
            .push(TypeKey::of::<T>());
        self
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("name", &self.name)
            .field("provides", &self.provides)
            .finish_non_exhaustive()
    }
}

/// What `App::resource` takes: an async function of [`Setup`], or a [`Resource`].
///
/// `M` tells which; it is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resource",
    label = "write `async fn(Setup) -> Result<impl Cleanup, E>`",
    note = "`E` is any error that can become a `BoxError`; the clean-up is `async move || ..`, or `()` where nothing is to be done"
)]
pub trait IntoResource<M> {
    /// Makes a resource of it.
    fn into_resource(self) -> Resource;
}

impl IntoResource<()> for Resource {
    fn into_resource(self) -> Resource {
        self
    }
}

impl<F, Fut, C, E> IntoResource<(Fut, C, E)> for F
where
    F: FnOnce(Setup) -> Fut + Send + 'static,
    Fut: Future<Output = Result<C, E>> + Send + 'static,
    C: Cleanup,
    E: Into<BoxError>,
{
    fn into_resource(self) -> Resource {
        resource(self)
    }
}
