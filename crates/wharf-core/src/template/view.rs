use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use minijinja::value::{Kwargs, Object, Serde, Value, from_args};
use minijinja::{AutoEscape, Error, ErrorKind};
use serde_core::Serialize;

use super::{Rendered, TemplateError, Templates};
use crate::error::HttpError;
use crate::extract::{CspNonce, FromRequestParts, Needs, Scope, State};
use crate::name::Urls;

/// Renders templates for one request: a handler argument.
///
/// An app whose handlers take one needs [`App::templates`](crate::App::templates), or it does not start.
///
/// # Examples
///
/// ```
/// use serde::Serialize;
/// use wharf_core::template::{Rendered, Templates, View};
/// use wharf_core::{App, HttpError, Path, get};
///
/// #[derive(Serialize)]
/// struct Ship {
///     id: u64,
///     name: &'static str,
/// }
///
/// async fn ship(Path(id): Path<u64>, view: View) -> Result<Rendered, HttpError> {
///     Ok(view.render("ship.html", Ship { id, name: "Tug <7>" })?)
/// }
///
/// let templates = Templates::embedded([("ship.html", r#"<a href="{{ url_for("ship", id=id) }}">{{ name }}</a>"#)]);
/// let app = App::new().templates(templates).routes([get(r"/ships/{id:\d+}", ship).name("ship")]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let request = http::Request::get("/ships/7").body(Default::default()).unwrap();
/// let mut answer = app.start().await.unwrap().handle(request).await;
/// assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
/// assert_eq!(answer.body_mut().bytes(None).await.unwrap(), r#"<a href="/ships/7">Tug &lt;7&gt;</a>"#);
/// # });
/// ```
#[derive(Clone)]
pub struct View {
    templates: State<Templates>,
    request: Arc<OfRequest>,
    debug: bool,
}

/// What templates know of the request.
#[derive(Debug)]
struct OfRequest {
    urls: Urls,
    nonce: Option<CspNonce>,
}

impl View {
    /// Renders a template; the result can be returned, alone or after a status and header fields.
    ///
    /// `context` is a struct or a map, whose fields the template has as names. In debug mode files that have changed are read again,
    /// on the thread of the request.
    ///
    /// # Errors
    ///
    /// That there is no such template, or what went wrong at which line; with `?` a 500.
    pub fn render(&self, name: &str, context: impl Serialize) -> Result<Rendered, TemplateError> {
        let engine = match self.debug {
            true => self.templates.engine_now()?,
            false => self.templates.engine()?,
        };
        let root = Root {
            given: Value::from(Serde(context)),
            request: Arc::clone(&self.request),
        };
        engine.render(name, Value::from_object(root))
    }
}

/// The names that a template has: those that it is given, then those that every request has.
#[derive(Debug)]
struct Root {
    given: Value,
    request: Arc<OfRequest>,
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let given = self.given.get_item(key).ok();
        given
            .filter(|value| !value.is_undefined())
            .or_else(|| match key.as_str()? {
                "url_for" => Some(Value::from_object(UrlFor(Arc::clone(&self.request)))),
                "csp_nonce" => self
                    .request
                    .nonce
                    .as_ref()
                    .map(|nonce| nonce.as_str().into()),
                _ => None,
            })
    }
}

/// What has to be escaped in HTML and XML.
const SPECIAL: [char; 5] = ['&', '<', '>', '"', '\''];

/// The function `url_for`.
#[derive(Debug)]
struct UrlFor(Arc<OfRequest>);

impl Object for UrlFor {
    fn call(
        self: &Arc<Self>,
        state: &mut minijinja::State<'_, '_>,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let (name, named): (&str, Kwargs) = from_args(arguments)?;
        let mut parameters = Vec::new();
        for key in named.args() {
            let value: Value = named.get(key)?;
            if value.is_undefined() || value.is_none() {
                let detail = format!("`{key}` has no value");
                return Err(Error::new(ErrorKind::UndefinedError, detail));
            }
            parameters.push((key.to_owned(), value));
        }
        match self.0.urls.url_for(name, parameters) {
            // Where there is nothing to escape but slashes, which `minijinja` writes as entities, the text stays readable.
            Ok(url) if *state.auto_escape() == AutoEscape::Html && !url.contains(SPECIAL) => {
                Ok(Value::from_safe_string(url))
            }
            Ok(url) => Ok(url.into()),
            Err(error) => Err(Error::new(ErrorKind::InvalidOperation, error.to_string())),
        }
    }
}

impl FromRequestParts for View {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        let templates = State::<Templates>::from_request_parts(parts, scope).await?;
        let request = OfRequest {
            urls: scope.urls().clone(),
            nonce: parts.extensions.get().cloned(),
        };
        Ok(Self {
            templates,
            request: Arc::new(request),
            debug: scope.is_debug(),
        })
    }

    fn needs(needs: &mut Needs) {
        needs.state::<Templates>();
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("templates", &self.templates)
            .finish_non_exhaustive()
    }
}
