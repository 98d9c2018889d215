//! URLs from the names of routes.

use std::fmt;
use std::sync::Arc;

use crate::routing::{Names, UrlError};

/// Builds URLs from the names of routes. Cheap to clone.
///
/// All apps of a tree share one name space: the names of an app that has a name itself start with it and a dot.
///
/// # Examples
///
/// ```
/// use wharf_core::{App, Urls, get};
///
/// async fn link(urls: Urls) -> String {
///     urls.url_for("document", [("id", 7)]).unwrap()
/// }
///
/// let app = App::new().routes([get("/", link), get(r"/documents/{id:\d+}", async || "").name("document")]);
/// assert_eq!(app.urls()?.url_for("document", [("id", 7)])?, "/documents/7");
/// assert!(app.urls()?.url_for("document", [("id", "seven")]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Urls {
    names: Arc<Names>,
}

impl Urls {
    pub(crate) fn new(names: Names) -> Self {
        Self {
            names: Arc::new(names),
        }
    }

    /// Builds the path of the route called `name`; every parameter is escaped as one segment.
    ///
    /// # Errors
    ///
    /// That no route has the name, that a parameter is missing, unknown, or does not fit its constraint.
    pub fn url_for<K: AsRef<str>, V: fmt::Display>(
        &self,
        name: &str,
        params: impl IntoIterator<Item = (K, V)>,
    ) -> Result<String, UrlError> {
        let params: Vec<(K, V)> = params.into_iter().collect();
        let params: Vec<(&str, &dyn fmt::Display)> = params
            .iter()
            .map(|(name, value)| (name.as_ref(), value as &dyn fmt::Display))
            .collect();
        self.names.url_for(name, &params)
    }

    /// Returns the names and patterns of all named routes, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names
            .iter()
            .map(|(name, pattern, _)| (name, pattern.as_str()))
    }
}
