//! What an app sets up before it serves and clears away after: resources, hooks, background tasks, and their order.
//!
//! ~~~text
//! resources entered ─▶ start-up hooks ─▶ tasks ─▶ ... serving ... ─▶ shutdown hooks
//!                                                                         │
//! resources left, last first ◀─ clean-up hooks, last first ◀─ tasks cancelled, awaited
//! ~~~

use std::any::{Any, type_name};
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;
use wharf_http::error::ErrorLog;
use wharf_http::{BoxError, BoxFuture, ErrorChain, Signal};

use crate::check::CheckError;
use crate::extract::{State, TypeKey};
use crate::panic::message;
use crate::state::StateMap;

/// The handle that resources, hooks and tasks are given: state to read and to provide. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Setup {
    inner: Arc<SetupInner>,
}

#[derive(Debug)]
struct SetupInner {
    state: Mutex<StateMap>,
    parent: Option<Setup>,
    shutdown: Signal,
}

impl Setup {
    pub(crate) fn new(state: StateMap, parent: Option<Self>, shutdown: Signal) -> Self {
        Self {
            inner: Arc::new(SetupInner {
                state: Mutex::new(state),
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
        self.lock().insert(value);
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

/// What a clean-up or a hook may give: nothing, or a result.
pub trait CleanupResult {
    /// Makes a result of it.
    ///
    /// # Errors
    ///
    /// The error it holds.
    fn into_result(self) -> Result<(), BoxError>;
}

impl CleanupResult for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> CleanupResult for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

type Leave = Box<dyn FnOnce() -> BoxFuture<'static, Result<(), BoxError>> + Send>;
type Enter = Box<dyn FnOnce(Setup) -> BoxFuture<'static, Result<Leave, BoxError>> + Send>;
type RunHook = Box<dyn FnOnce(Setup) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

/// Something set up before the app serves and left after: a database, a queue, a client. Made by [`resource`].
#[must_use = "a resource does nothing until it is added to an app"]
pub struct Resource {
    pub(crate) name: String,
    pub(crate) provides: Option<Vec<TypeKey>>,
    enter: Enter,
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

/// A hook or a task: an async function of [`Setup`] with the name that messages give it.
pub(crate) struct Hook {
    pub(crate) name: String,
    run: RunHook,
}

impl Hook {
    pub(crate) fn new<F, Fut>(name: Option<String>, run: F) -> Self
    where
        F: FnOnce(Setup) -> Fut + Send + 'static,
        Fut: Future<Output: CleanupResult> + Send + 'static,
    {
        Self {
            name: name.unwrap_or_else(|| short_name(type_name::<F>())),
            run: Box::new(move |setup| Box::pin(async move { run(setup).await.into_result() })),
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hook").field(&self.name).finish()
    }
}

/// The last part of a path such as `app::setup::database`, and the function that holds a closure.
fn short_name(full: &str) -> String {
    let name = full.trim_end_matches("::{{closure}}");
    let last = name.rsplit("::").next().unwrap_or(name);
    if name.len() < full.len() {
        format!("closure in {last}")
    } else {
        last.to_owned()
    }
}

/// What one app brings to the life cycle.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) resources: Vec<Resource>,
    pub(crate) startup: Vec<Hook>,
    pub(crate) tasks: Vec<Hook>,
    pub(crate) shutdown: Vec<Hook>,
    pub(crate) cleanup: Vec<Hook>,
}

/// What was set up, and how it is cleared away.
#[derive(Default)]
pub(crate) struct Entered {
    errors: ErrorLog,
    resources: Vec<(String, Leave)>,
    tasks: Vec<Task>,
    shutdown: Vec<(Hook, Setup)>,
    cleanup: Vec<(Hook, Setup)>,
}

/// A background task, and who waits for its end.
struct Task {
    name: String,
    work: AbortOnDrop,
    watcher: JoinHandle<()>,
}

impl Entered {
    pub(crate) fn new(errors: ErrorLog) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }

    pub(crate) fn errors(&self) -> ErrorLog {
        self.errors
    }

    /// Enters a resource; should it fail, what was entered before is still to be left with [`leave`](Self::leave).
    pub(crate) async fn enter(
        &mut self,
        resource: Resource,
        setup: &Setup,
    ) -> Result<(), StartError> {
        let name = resource.name;
        // In a task of its own, so that a panic is an error like others and nothing stays entered.
        let leave = join(tokio::spawn((resource.enter)(setup.clone())))
            .await
            .map_err(|error| StartError::new(format!("resource `{name}` failed"), error))?;
        self.resources.push((name.clone(), leave));
        match resource
            .provides
            .iter()
            .flatten()
            .find(|key| !setup.has(**key))
        {
            Some(key) => Err(StartError::broken_promise(&name, *key)),
            None => Ok(()),
        }
    }

    pub(crate) async fn start(
        &mut self,
        hooks: Vec<Hook>,
        setup: &Setup,
    ) -> Result<(), StartError> {
        for hook in hooks {
            join(tokio::spawn((hook.run)(setup.clone())))
                .await
                .map_err(|error| {
                    StartError::new(format!("start-up hook `{}` failed", hook.name), error)
                })?;
        }
        Ok(())
    }

    pub(crate) fn spawn(&mut self, tasks: Vec<Hook>, setup: &Setup) {
        for task in tasks {
            let name = task.name;
            let work = tokio::spawn((task.run)(setup.clone()));
            let abort = AbortOnDrop(work.abort_handle());
            let watched = name.clone();
            let errors = self.errors;
            // Watched, so that a task that ends badly is known at once and not at the shutdown.
            let watcher = tokio::spawn(async move {
                match work.await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        let error = ErrorChain::new(error.as_ref());
                        errors.report(format_args!("background task `{watched}` failed: {error}"));
                    }
                    Err(error) if error.is_cancelled() => {}
                    Err(error) => {
                        let text = panic_text(error);
                        errors.report(format_args!("background task `{watched}` {text}"));
                    }
                }
            });
            self.tasks.push(Task {
                name,
                work: abort,
                watcher,
            });
        }
    }

    pub(crate) fn at_shutdown(&mut self, hooks: Vec<Hook>, setup: &Setup) {
        self.shutdown
            .extend(hooks.into_iter().map(|hook| (hook, setup.clone())));
    }

    pub(crate) fn at_cleanup(&mut self, hooks: Vec<Hook>, setup: &Setup) {
        self.cleanup
            .extend(hooks.into_iter().map(|hook| (hook, setup.clone())));
    }

    /// Takes the shutdown hooks out, in the order of writing.
    pub(crate) fn take_shutdown(
        &mut self,
    ) -> Vec<(String, BoxFuture<'static, Result<(), BoxError>>)> {
        let hooks = std::mem::take(&mut self.shutdown);
        hooks
            .into_iter()
            .map(|(hook, setup)| (hook.name, (hook.run)(setup)))
            .collect()
    }

    /// Clears everything away: tasks, clean-up hooks, resources, each last first. Goes on after a failure.
    pub(crate) async fn leave(mut self) -> Result<(), StopError> {
        let mut failures = Vec::new();
        for task in &self.tasks {
            task.work.0.abort();
        }
        for task in self.tasks.drain(..).rev() {
            // The watcher ends when the task itself has ended, wherever it was running.
            if let Err(error) = task.watcher.await {
                let what = format!("background task `{}`", task.name);
                failures.push((what, panic_text(error).into()));
            }
        }
        for (hook, setup) in self.cleanup.drain(..).rev() {
            if let Err(error) = join(tokio::spawn((hook.run)(setup))).await {
                failures.push((format!("clean-up hook `{}`", hook.name), error));
            }
        }
        for (name, leave) in self.resources.drain(..).rev() {
            if let Err(error) = join(tokio::spawn(leave())).await {
                failures.push((format!("resource `{name}`"), error));
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(StopError { failures })
        }
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered")
            .field("resources", &self.resources.len())
            .finish_non_exhaustive()
    }
}

/// Ends a background task when nobody holds it any more.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for a step that runs in a task of its own; a panic is an error like others.
pub(crate) async fn join<T>(task: JoinHandle<Result<T, BoxError>>) -> Result<T, BoxError> {
    task.await
        .unwrap_or_else(|error| Err(panic_text(error).into()))
}

fn panic_text(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => format!("panicked: {}", message(panic.as_ref())),
        Err(error) => error.to_string(),
    }
}

/// Why an app could not start. What had been entered was left again.
pub struct StartError {
    inner: Box<StartInner>,
}

enum StartInner {
    Check(CheckError),
    Step { what: String, source: BoxError },
    Promise(String),
}

impl StartError {
    fn new(what: String, source: BoxError) -> Self {
        Self {
            inner: Box::new(StartInner::Step { what, source }),
        }
    }

    fn broken_promise(resource: &str, key: TypeKey) -> Self {
        let text = format!("resource `{resource}` promised a `{key}` and did not provide it");
        Self {
            inner: Box::new(StartInner::Promise(text)),
        }
    }

    /// Returns the list of what is wrong, when the check found the app wrong.
    #[must_use]
    pub fn check(&self) -> Option<&CheckError> {
        match self.inner.as_ref() {
            StartInner::Check(error) => Some(error),
            StartInner::Step { .. } | StartInner::Promise(_) => None,
        }
    }
}

impl From<CheckError> for StartError {
    fn from(error: CheckError) -> Self {
        Self {
            inner: Box::new(StartInner::Check(error)),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.as_ref() {
            StartInner::Check(error) => fmt::Display::fmt(error, f),
            StartInner::Promise(text) => f.write_str(text),
            StartInner::Step { what, source } if f.alternate() => {
                write!(f, "{what}: {}", ErrorChain::new(source.as_ref()))
            }
            StartInner::Step { what, .. } => f.write_str(what),
        }
    }
}

impl fmt::Debug for StartError {
    /// Prints the readable text, since `main` prints errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl StdError for StartError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.inner.as_ref() {
            StartInner::Check(_) | StartInner::Promise(_) => None,
            StartInner::Step { source, .. } => Some(source.as_ref()),
        }
    }
}

/// What could not be cleared away properly; everything else was.
pub struct StopError {
    failures: Vec<(String, BoxError)>,
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not stop cleanly")?;
        for (number, (what, error)) in self.failures.iter().enumerate() {
            let separator = if number == 0 { ": " } else { "; " };
            write!(
                f,
                "{separator}{what} failed: {}",
                ErrorChain::new(error.as_ref())
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for StopError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        assert_eq!(short_name("app::setup::database"), "database");
        assert_eq!(short_name("app::main::{{closure}}"), "closure in main");
    }
}
