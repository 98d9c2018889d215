use std::any::type_name;
use std::fmt;

use wharf_http::{BoxError, BoxFuture};

use super::resource::Resource;
use super::setup::Setup;

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

type RunHook = Box<dyn FnOnce(Setup) -> BoxFuture<'static, Result<(), BoxError>> + Send>;

/// A hook or a task: an async function of [`Setup`] with the name that messages give it.
pub(crate) struct Hook {
    pub(crate) name: String,
    pub(super) run: RunHook,
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

/// What one app brings to the life cycle.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) resources: Vec<Resource>,
    pub(crate) startup: Vec<Hook>,
    pub(crate) tasks: Vec<Hook>,
    pub(crate) shutdown: Vec<Hook>,
    pub(crate) cleanup: Vec<Hook>,
}

/// The last part of a path such as `app::setup::database`, and the function that holds a closure.
pub(super) fn short_name(full: &str) -> String {
    let name = full.trim_end_matches("::{{closure}}");
    let last = name.rsplit("::").next().unwrap_or(name);
    if name.len() < full.len() {
        format!("closure in {last}")
    } else {
        last.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        assert_eq!(short_name("app::setup::database"), "database");
        assert_eq!(short_name("app::main::{{closure}}"), "closure in main");
    }
}
