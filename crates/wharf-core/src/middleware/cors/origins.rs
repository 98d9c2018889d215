//! [`Origins`]: whose pages may read answers.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue, ORIGIN};

use crate::origin::malformed;

/// Whose pages may read answers.
#[derive(Clone)]
pub(super) enum Origins {
    Any,
    Listed(Vec<String>),
    Chosen(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Origins {
    /// Returns the origin of a request when it may read the answer.
    pub(super) fn allowed<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let origin = sole(headers)?;
        let text = origin.to_str().ok()?;
        let may = match self {
            Self::Any => true,
            // Browsers write an origin in one way only (HTML, "serialization of an origin"), so bytes are compared.
            Self::Listed(listed) => listed.iter().any(|one| one == text),
            Self::Chosen(choose) => choose(text),
        };
        may.then_some(origin)
    }

    /// Says which listed origin is none that a browser would ever send.
    pub(super) fn problem(&self) -> Option<String> {
        let Self::Listed(listed) = self else {
            return None;
        };
        listed.iter().find_map(|origin| malformed(origin))
    }
}

/// Returns the field `Origin` when it is there once.
fn sole(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(ORIGIN).iter();
    let first = lines.next()?;
    lines.next().is_none().then_some(first)
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Listed(listed) => f.debug_tuple("Listed").field(listed).finish(),
            Self::Chosen(_) => f.debug_struct("Chosen").finish_non_exhaustive(),
        }
    }
}
