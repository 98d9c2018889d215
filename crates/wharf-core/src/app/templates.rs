use std::panic::Location;

use super::{App, Beside};
use crate::check::Problem;
use crate::template::Templates;

#[cfg_attr(docsrs, doc(cfg(feature = "templates")))]
impl App {
    /// Gives the handlers of this app, and of those mounted in it, their templates.
    ///
    /// All of them are read by the [`check`](Self::check), which lists those that do not parse, and those that
    /// extend, include or import from others that are not there. Handlers take a [`View`](crate::template::View), or
    /// [`State<Templates>`](crate::State) to render without a request.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::App;
    /// use wharf_core::template::Templates;
    ///
    /// let app = |text: &str| App::new().templates(Templates::embedded([("index.html", text)]));
    /// assert!(app("{{ name }}").check().is_ok());
    /// let error = app("<p>\n{{ name }").check().unwrap_err();
    /// assert!(error.to_string().contains("template `index.html`, line 2: "));
    /// let error = app("{% include 'nav.html' %}").check().unwrap_err();
    /// assert!(error.to_string().contains("line 1: includes `nav.html`, which is not there"));
    /// ```
    #[track_caller]
    pub fn templates(mut self, templates: Templates) -> Self {
        let location = Location::caller();
        let checked = templates.clone();
        self.beside.push(Beside::new(move || {
            let texts = checked.problems().into_iter();
            texts
                .map(|text| Problem::Template { text, location })
                .collect()
        }));
        self.provide(templates)
    }
}
