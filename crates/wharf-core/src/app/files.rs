use std::panic::Location;
use std::sync::Arc;

use super::{App, Beside};
use crate::check::Problem;
use crate::files::{Files, serve};
use crate::routing::TrailingSlash;

#[cfg_attr(docsrs, doc(cfg(feature = "files")))]
impl App {
    /// Serves a folder under a prefix: a path, or [`Files`] that say more.
    ///
    /// It answers GET and HEAD. Routes of their own below the prefix come before it. That the folder is there is part of the
    /// [`check`](Self::check).
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::App;
    /// use wharf_core::files::Files;
    ///
    /// let app = App::new()
    ///     .files("/static", "src")
    ///     .files("/source", Files::new("src").index(["lib.rs"]).listing(true));
    /// assert!(app.check().is_ok());
    /// assert!(App::new().files("/static", "no/such/folder").check().is_err());
    /// ```
    #[track_caller]
    pub fn files(mut self, prefix: impl AsRef<str>, files: impl Into<Files>) -> Self {
        let files = Arc::new(files.into());
        let location = Location::caller();
        let checked = Arc::clone(&files);
        self.beside.push(Beside::new(move || {
            let text = checked.problem();
            let problem = text.map(|text| Problem::Files { text, location });
            problem.into_iter().collect()
        }));
        let routes = serve::routes(prefix.as_ref(), &files);
        self.routes(routes.into_iter().map(|mut route| {
            route.location = location;
            route.trailing_slash(TrailingSlash::Strict)
        }))
    }
}
