use std::convert::Infallible;

use http::request::Parts;

use crate::extract::{FromRequestParts, Scope};

/// The id of the last event that a reader had before it connected again: the field `last-event-id`.
///
/// There is none in a first request. It is what the client says, and to be checked like all of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastEventId(Option<String>);

impl LastEventId {
    /// Returns the id; `None` when the reader has not had one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl FromRequestParts for LastEventId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, Infallible> {
        // Browsers send it in UTF-8.
        let id = parts.headers.get("last-event-id").map(|value| {
            let id = String::from_utf8_lossy(value.as_bytes());
            id.into_owned()
        });
        Ok(Self(id.filter(|id| !id.is_empty())))
    }
}
