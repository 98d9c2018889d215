//! What errors look like.

use serde::Serialize;
use wharf::extract::Scope;
use wharf::{HttpError, Json};

/// The body of every answer that is an error.
#[derive(Debug, Serialize)]
pub struct ErrorBody {
    status: u16,
    error: String,
}

/// Makes the body of an error: what handlers return, what wharf makes of a bad request, an unknown path or a panic.
///
/// The cause of an error is not in it; wharf has logged it.
pub fn as_json(error: &HttpError, _scope: &Scope) -> Json<ErrorBody> {
    let status = error.status();
    let reason = status.canonical_reason().unwrap_or("error");
    Json(ErrorBody {
        status: status.as_u16(),
        error: error.detail_text().unwrap_or(reason).to_owned(),
    })
}
