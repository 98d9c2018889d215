//! Content codings of responses: asked for, and undone as the body is read (RFC 9110 §8.4).

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, RANGE};
use wharf_http::coding::{self, Limits};
use wharf_http::{Request, Response};

use super::Scope;
use crate::{Error, ErrorKind};

/// Asks for the codings that can be undone.
pub(super) fn ask(request: &mut Request, scope: &Scope) {
    let headers = request.headers_mut();
    // A range of a body that is encoded on the fly may be one of other bytes than asked for.
    if scope.settings.decode
        && !headers.contains_key(RANGE)
        && !scope.settings.omitted.contains(&ACCEPT_ENCODING)
    {
        headers
            .entry(ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static(coding::accepted()));
    }
}

/// Undoes the codings of a body. One that is not known is left to the reader.
pub(super) fn undo(response: &mut Response, scope: &Scope) -> Result<(), Error> {
    if !scope.settings.decode || !response.headers().contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let (mut parts, mut body) = std::mem::take(response).into_parts();
    let decoded = coding::decode(&mut body, &parts.headers, Limits::new());
    match decoded {
        Ok(true) => {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(CONTENT_LENGTH);
        }
        Ok(false) => {}
        Err(error) if error.unknown().is_some() => {}
        Err(error) => return Err(Error::new(ErrorKind::Malformed).because(error)),
    }
    *response = Response::from_parts(parts, body);
    Ok(())
}
