use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use minijinja::value::{Serde, Value};
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::engine::{Engine, Extras};
use super::function::{TemplateFunction, shared};
use super::source::{Seen, Source};
use super::{Rendered, TemplateError};

/// The templates of an app, and what they can call. Cheap to clone.
///
/// Given to an app by [`App::templates`](crate::App::templates), and rendered by a [`View`](super::View), or without a request by
/// [`render`](Self::render). Nothing is read before the app is checked, or the first is rendered.
///
/// # Examples
///
/// ```
/// use wharf_core::template::Templates;
///
/// let templates = Templates::embedded([
///     ("base.html", "<title>{% block title %}{% endblock %}</title>"),
///     ("ship.html", r#"{% extends "base.html" %}{% block title %}{{ name }}, {{ tons|weight }}{% endblock %}"#),
/// ])
/// .filter("weight", |tons: u64| Ok(format!("{tons} t")));
///
/// let ship = std::collections::BTreeMap::from([("name", "Tug <7>"), ("tons", "40")]);
/// # assert!(templates.render("ship.html", &ship).is_err()); // the filter wants a number
/// # let templates = templates.filter("weight", |tons: String| Ok(format!("{tons} t")));
/// assert_eq!(templates.render("ship.html", &ship)?.as_str(), "<title>Tug &lt;7&gt;, 40 t</title>");
/// # Ok::<(), wharf_core::template::TemplateError>(())
/// ```
#[derive(Clone)]
pub struct Templates {
    source: Arc<Source>,
    extras: Arc<Extras>,
    loaded: Arc<Loaded>,
}

/// What has been read. A setting that is changed makes a new one.
#[derive(Default)]
struct Loaded {
    /// As it was when it was read first.
    first: OnceLock<Result<Arc<Engine>, Arc<[TemplateError]>>>,
    /// As it was when it was looked at last, in debug mode.
    fresh: Mutex<Option<(Vec<Seen>, Arc<Engine>)>>,
}

impl Templates {
    fn new(source: Source) -> Self {
        Self {
            source: Arc::new(source),
            extras: Arc::default(),
            loaded: Arc::default(),
        }
    }

    /// Takes the files of a folder, and of the folders in it; a relative path starts at the working directory.
    ///
    /// A template is called by its path within the folder, such as `mail/welcome.txt`. Files whose name starts with a dot or ends in
    /// `~` are left out; all others have to be UTF-8. A folder that is missing is a problem that
    /// [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::Folder(path.into()))
    }

    /// Takes templates that are part of the program, each a name and a text: `("index.html", include_str!("index.html"))`.
    #[must_use]
    pub fn embedded<N, T>(templates: impl IntoIterator<Item = (N, T)>) -> Self
    where
        N: Into<String>,
        T: Into<String>,
    {
        let templates = templates.into_iter();
        let templates = templates.map(|(name, text)| (name.into(), text.into()));
        Self::new(Source::Embedded(templates.collect()))
    }

    /// Adds a filter: `{{ cents|money("EUR") }}` calls it with the value and `"EUR"`.
    ///
    /// An argument that does not fit, and an error that the function gives, are errors of the template that calls it. What it
    /// gives is escaped like any other value.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::template::Templates;
    ///
    /// let templates = Templates::embedded([("price.txt", r#"{{ 1250|money }} {{ 1250|money("GBP") }}"#)])
    ///     .filter("money", |cents: u64, currency: Option<String>| {
    ///         let currency = currency.unwrap_or_else(|| "EUR".into());
    ///         Ok(format!("{}.{:02} {currency}", cents / 100, cents % 100))
    ///     });
    /// assert_eq!(templates.render("price.txt", &())?.as_str(), "12.50 EUR 12.50 GBP");
    /// # Ok::<(), wharf_core::template::TemplateError>(())
    /// ```
    #[must_use]
    pub fn filter<A: DeserializeOwned, F: TemplateFunction<A>>(
        mut self,
        name: impl Into<String>,
        filter: F,
    ) -> Self {
        self.changed().filters.push((name.into(), shared(filter)));
        self
    }

    /// Adds a function: `{{ asset("app.css") }}`.
    #[must_use]
    pub fn function<A: DeserializeOwned, F: TemplateFunction<A>>(
        mut self,
        name: impl Into<String>,
        function: F,
    ) -> Self {
        self.changed()
            .functions
            .push((name.into(), shared(function)));
        self
    }

    /// Adds a value that all templates have, macros included. What is rendered with hides it.
    #[must_use]
    pub fn global(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = Value::from(Serde(value));
        self.changed().globals.push((name.into(), value));
        self
    }

    /// Sets whether it is an error to print a name that has no value; otherwise nothing is printed.
    ///
    /// Default: `true`, so that a slip of the pen is found. `{{ name|default("") }}` prints nothing in either case.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.changed().lenient = !strict;
        self
    }

    /// Forgets what has been read, and gives what may be changed then.
    fn changed(&mut self) -> &mut Extras {
        self.loaded = Arc::default();
        Arc::make_mut(&mut self.extras)
    }

    /// Renders a template without a request, such as the text of a mail.
    ///
    /// `context` is a struct or a map, whose fields the template has as names. Neither `url_for` nor `csp_nonce` is there.
    ///
    /// # Errors
    ///
    /// That there is no such template, that some do not parse or name others that are not there, or what went wrong at which line.
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<Rendered, TemplateError> {
        let engine = self.engine()?;
        engine.render(name, Value::from(Serde(context)))
    }

    /// Finds what is wrong with the templates: a folder that is missing, files that cannot be read, what does not parse,
    /// names that lead nowhere.
    pub(crate) fn problems(&self) -> Vec<String> {
        let Err(errors) = self.first() else {
            return Vec::new();
        };
        let texts = errors.iter().map(|error| {
            let chain = wharf_http::ErrorChain::new(error);
            chain.to_string()
        });
        texts.collect()
    }

    /// Returns the templates as they were read first.
    pub(super) fn engine(&self) -> Result<Arc<Engine>, TemplateError> {
        match self.first() {
            Ok(engine) => Ok(Arc::clone(engine)),
            // Again, for an error of one's own.
            Err(_) => self.load().map(Arc::new),
        }
    }

    /// Returns the templates as they are now, in debug mode. It waits for the disk.
    pub(super) fn engine_now(&self) -> Result<Arc<Engine>, TemplateError> {
        let seen = self.source.look()?;
        let mut fresh = (self.loaded.fresh.lock()).unwrap_or_else(PoisonError::into_inner);
        if let Some((before, engine)) = &*fresh
            && *before == seen
        {
            return Ok(Arc::clone(engine));
        }
        let engine = Arc::new(self.load()?);
        *fresh = Some((seen, Arc::clone(&engine)));
        Ok(engine)
    }

    fn first(&self) -> Result<&Arc<Engine>, &Arc<[TemplateError]>> {
        let read = || {
            let texts = self.source.read()?;
            Engine::new(texts, &self.extras)
        };
        let first = &self.loaded.first;
        first
            .get_or_init(|| read().map(Arc::new).map_err(Arc::from))
            .as_ref()
    }

    /// Reads all of it, and gives the first of the errors.
    fn load(&self) -> Result<Engine, TemplateError> {
        let loaded = self
            .source
            .read()
            .and_then(|texts| Engine::new(texts, &self.extras));
        loaded.map_err(|errors| {
            let mut errors = errors.into_iter();
            errors
                .next()
                .unwrap_or_else(|| TemplateError::folder("", "cannot be read"))
        })
    }
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Templates");
        match &*self.source {
            Source::Folder(path) => debug.field("folder", path),
            Source::Embedded(texts) => debug.field("embedded", &texts.len()),
        };
        debug.field("strict", &!self.extras.lenient);
        debug.finish_non_exhaustive()
    }
}
