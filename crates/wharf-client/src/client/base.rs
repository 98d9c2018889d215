//! The base URL of a client.

use url::{ParseError, Url};
use wharf_http::BoxError;

use super::{Place, Seen};
use crate::{Error, ErrorKind};

pub(super) fn parse(base: &str) -> Result<Url, Error> {
    let invalid = |why: &str| Err(Error::new(ErrorKind::Url).because(format!("the base {why}")));
    let url = Url::parse(base).map_err(|error| Error::new(ErrorKind::Url).because(error))?;
    if !is_spoken(url.scheme()) {
        return invalid(&format!(
            "has the scheme `{}`, which is not supported",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("holds credentials; they belong in `basic_auth`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return invalid("has a query or a fragment, which no joined URL would keep");
    }
    if !url.path().ends_with('/') {
        return invalid(
            "has a path that does not end in a slash, so that joining would drop its last segment",
        );
    }
    Ok(url)
}

/// Names the scheme by which the handshake of a WebSocket goes (RFC 6455 §3).
#[cfg(feature = "ws")]
pub(super) fn of_websocket(mut place: Place) -> Place {
    let scheme = match place.url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return place,
    };
    let _all_of_these_have_a_host = place.url.set_scheme(scheme);
    place.url.into()
}

/// Joins a URL to the base (RFC 3986 §5.2).
pub(super) fn resolve(seen: &Seen, base: Option<&Url>, url: &str) -> Result<Place, Error> {
    let invalid = |why: BoxError| Error::new(ErrorKind::Url).because(why);
    match (seen.parse(url), base) {
        (Ok(place), _) => Ok(place),
        (Err(ParseError::RelativeUrlWithoutBase), Some(base)) => {
            let joined = base.join(url).map_err(|error| invalid(error.into()))?;
            // `//other` and `\\other` name a host: a path made of somebody's input must not redirect the request.
            if joined.origin() != base.origin()
                || !joined.username().is_empty()
                || joined.password().is_some()
            {
                return Err(invalid("a relative one cannot lead to another host".into()));
            }
            Ok(joined.into())
        }
        (Err(error), _) => Err(invalid(error.into())),
    }
}

/// Tells whether a scheme can be spoken by this build. `http+unix` names a socket in place of a host.
pub(crate) fn is_spoken(scheme: &str) -> bool {
    scheme == "http"
        || scheme == "https" && cfg!(feature = "tls-core")
        || scheme == "http+unix" && cfg!(unix)
}
