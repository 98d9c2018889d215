use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Deref;

use http::request::Parts;
use serde_core::de::DeserializeOwned;

use super::path::given;
use super::text::{self, Kind, Layout, Pair};
use super::{FromRequestParts, OptionalFromRequestParts, Scope};
use crate::error::{ErrorKind, HttpError};

/// The query of the URI, as a struct or a map.
///
/// A name that is there several times, once or not at all makes a `Vec` of as many values; where one value is wanted,
/// several are an error. An `Option` is `None` when its name is missing, and also when its text is empty and no value
/// can be made of that. Structs may be flattened into each other. What does not fit is answered 400 with its name.
///
/// `Option<Query<T>>` is `None` when the URI has no query.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use wharf_core::{App, Query, get};
///
/// #[derive(Deserialize)]
/// struct Search {
///     text: String,
///     tag: Vec<String>,
///     page: Option<u32>,
/// }
///
/// // /ships?text=tug&tag=red&tag=small
/// async fn ships(Query(search): Query<Search>) -> String {
///     format!("{} {:?}, page {}", search.text, search.tag, search.page.unwrap_or(1))
/// }
///
/// # let _ = App::new().routes([get("/ships", ships)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query<T>(pub T);

impl<T> Deref for Query<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, HttpError> {
        let pairs = read(parts.uri.query().unwrap_or_default())?;
        text::decode(&pairs, Layout::Form)
            .map(Self)
            .map_err(|error| {
                let text = error.describe("query parameter", &|name| given(&pairs, name));
                match error.kind {
                    Kind::Unsupported(_) => {
                        HttpError::internal("the app is misconfigured").because(text)
                    }
                    _ => HttpError::bad_request(text).kind(ErrorKind::Extraction),
                }
            })
    }
}

impl<T: DeserializeOwned + Send> OptionalFromRequestParts for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        match parts.uri.query() {
            Some(_) => Self::from_request_parts(parts, scope).await.map(Some),
            None => Ok(None),
        }
    }
}

fn read(query: &str) -> Result<Vec<Pair<'_>>, HttpError> {
    let pairs: Result<_, _> = text::pairs(query.as_bytes()).collect();
    pairs.map_err(|bad| {
        HttpError::bad_request(format!("the query parameter {bad}")).kind(ErrorKind::Extraction)
    })
}

/// The query of the URI as it was sent, without the question mark; empty when there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RawQuery(pub String);

impl FromRequestParts for RawQuery {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.query().unwrap_or_default().to_owned()))
    }
}

impl OptionalFromRequestParts for RawQuery {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        _scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(parts.uri.query().map(|query| Self(query.to_owned())))
    }
}

/// The names and values of the query, decoded, in the order in which they were sent.
///
/// For names that are not known beforehand. Values that are not UTF-8 are answered 400.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryPairs {
    pairs: Vec<(String, String)>,
}

impl QueryPairs {
    /// Returns the first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// Returns all values of a name.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(move |(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// Returns all names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromRequestParts for QueryPairs {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, HttpError> {
        let pairs = read(parts.uri.query().unwrap_or_default())?;
        let owned = |(name, value): Pair<'_>| (Cow::into_owned(name), Cow::into_owned(value));
        Ok(Self {
            pairs: pairs.into_iter().map(owned).collect(),
        })
    }
}
