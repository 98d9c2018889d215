use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use http::request::Parts;
use serde_core::de::DeserializeOwned;

use super::text::{self, Given, Kind, Layout, Pair, TextError};
use super::{FromRequestParts, Needs, OptionalFromRequestParts, Scope};
use crate::error::{ErrorKind, HttpError};

/// The parameters of the matched path.
///
/// A single one is taken as its type, several as a tuple in the order of the path, or as a struct or map by name. Lists
/// are made of the texts, or of pairs of name and text. A parameter that does not parse is answered 400 with its name.
///
/// An app does not start when a path lacks what a handler takes.
///
/// # Examples
///
/// ```
/// use wharf_core::{App, Path, get};
///
/// async fn ship(Path(id): Path<u64>) -> String {
///     format!("ship {id}")
/// }
///
/// async fn berth(Path((harbour, number)): Path<(String, u8)>) -> String {
///     format!("berth {number} of {harbour}")
/// }
///
/// let app = App::new().routes([get("/ships/{id}", ship), get("/{harbour}/{number}", berth)]);
/// assert!(app.check().is_ok());
///
/// let app = App::new().routes([get("/ships", ship)]);
/// assert!(app.check().unwrap_err().to_string().contains("takes a path parameter, the path has none"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path<T>(pub T);

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Path<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts for Path<T> {
    type Rejection = HttpError;

    async fn from_request_parts(_parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        let mut few = [Given::default(); text::FEW];
        if let Some(params) = scope.plain_params()
            && let Some(few) = few.get_mut(..params.len())
        {
            for (place, (name, text)) in few.iter_mut().zip(params) {
                *place = Given::new(name, text);
            }
            return decode(few);
        }
        let params: Vec<_> = scope.params().collect();
        let given = params.iter().map(|(name, text)| Given::new(name, text));
        decode(&given.collect::<Vec<_>>())
    }

    fn needs(needs: &mut Needs) {
        needs.path(check::<T>);
    }
}

impl<T: DeserializeOwned + Send> OptionalFromRequestParts for Path<T> {
    type Rejection = HttpError;

    /// `None` when the path has no parameters at all.
    async fn from_request_parts_optional(
        parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        match scope.params().next() {
            Some(_) => Self::from_request_parts(parts, scope).await.map(Some),
            None => Ok(None),
        }
    }

    fn needs_optional(needs: &mut Needs) {
        needs.path(|names| match names {
            [] => Ok(()),
            names => check::<T>(names),
        });
    }
}

fn decode<T: DeserializeOwned>(params: &[Given<'_>]) -> Result<Path<T>, HttpError> {
    text::decode_given(params, Layout::Path)
        .map(Path)
        .map_err(|error| rejection(&error, params))
}

fn rejection(error: &TextError, params: &[Given<'_>]) -> HttpError {
    let text = error.describe("path parameter", &|name| {
        let mut params = params.iter();
        let given = params.find(|given| given.name == name);
        given.map_or_else(String::new, |given| given.text.to_owned())
    });
    match error.kind {
        // The check before the start leaves only places where no route was checked, such as fallbacks.
        Kind::Arity { .. } | Kind::Unsupported(_) | Kind::Missing => {
            HttpError::internal("the app is misconfigured").because(text)
        }
        _ => HttpError::bad_request(text).kind(ErrorKind::Extraction),
    }
}

/// The text of a name, for a message.
pub(super) fn given(pairs: &[Pair<'_>], name: &str) -> String {
    let mut pairs = pairs.iter();
    let text = pairs.find(|(other, _)| other == name);
    text.map_or_else(String::new, |(_, text)| text.clone().into_owned())
}

/// Texts of which one will do for nearly any type.
const SAMPLES: [&str; 10] = [
    "1",
    "a",
    "true",
    "00000000-0000-4000-8000-000000000000",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "00:00:00",
    "127.0.0.1",
    "a@a.test",
    "http://a.test/",
];

/// Finds out whether `T` can be made of parameters of these names, by making it of sample texts.
///
/// A type that takes none of the samples is taken to fit: what it lacks then shows when a request comes.
fn check<T: DeserializeOwned>(names: &[&str]) -> Result<(), String> {
    let mut tried = vec![0; names.len()];
    let mut pairs: Vec<Pair<'_>> = names
        .iter()
        .map(|&name| (Cow::Borrowed(name), Cow::Borrowed(SAMPLES[0])))
        .collect();
    let mut missing = Vec::new();
    loop {
        let Err(error) = text::decode::<T>(&pairs, Layout::Path) else {
            break;
        };
        match (&error.kind, error.name()) {
            (Kind::Missing, Some(name)) if !missing.iter().any(|known| known == name) => {
                missing.push(name.to_owned());
                pairs.push((Cow::Owned(name.to_owned()), Cow::Borrowed(SAMPLES[0])));
                tried.push(0);
            }
            (Kind::Arity { wanted, .. }, _) => return Err(arity(*wanted, names)),
            (Kind::Unsupported(_), _) => {
                return Err(error.describe("path parameter", &|_| String::new()));
            }
            (kind, Some(name)) => {
                let Some(index) = pairs.iter().position(|(other, _)| other == name) else {
                    break;
                };
                tried[index] += 1;
                let variant = match kind {
                    Kind::Variant { expected, .. } => expected.first(),
                    _ => None,
                };
                let Some(sample) = variant.or(SAMPLES.get(tried[index])) else {
                    break;
                };
                if tried[index] > SAMPLES.len() {
                    break;
                }
                pairs[index].1 = Cow::Borrowed(sample);
            }
            _ => break,
        }
    }
    match missing.as_slice() {
        [] => Ok(()),
        missing => {
            let (missing, has) = (list(missing), has(names));
            Err(format!("the handler takes {missing}, the path has {has}"))
        }
    }
}

fn arity(wanted: usize, names: &[&str]) -> String {
    let has = has(names);
    match wanted {
        1 if names.is_empty() => "the handler takes a path parameter, the path has none".to_owned(),
        1 => format!(
            "the handler takes one path parameter, the path has {has}: take a tuple or a struct"
        ),
        _ => format!("the handler takes {wanted} path parameters, the path has {has}"),
    }
}

fn has(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [name] => format!("only `{name}`"),
        names => list(names),
    }
}

fn list(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    names.join(", ")
}
