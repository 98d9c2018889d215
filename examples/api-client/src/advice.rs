//! What to do about an error.

use wharf_client::http::StatusCode;
use wharf_client::{Error, ErrorKind, Phase};

/// Says what somebody who gets an error can do about it; a service would decide by the same kinds.
pub(crate) fn of(error: &Error) -> String {
    let advice = match error.kind() {
        ErrorKind::Config | ErrorKind::Url | ErrorKind::Request => {
            "a mistake in what was asked for: the base URL or a name; trying again is of no use"
        }
        ErrorKind::Dns => "the name has no address: is the base URL right, is there a network?",
        ErrorKind::AddressRefused => "the settings of this client forbid the address",
        ErrorKind::Connect => "nobody listens there, or a firewall is between; nothing was sent",
        ErrorKind::Proxy => "the proxy is in the way; nothing was sent",
        ErrorKind::Tls | ErrorKind::Certificate => {
            "whoever answers could not prove to be the API; do not go on before it is known why"
        }
        ErrorKind::Timeout(Phase::PoolWait) => {
            "this program has more calls under way than connections; nothing was sent"
        }
        ErrorKind::Timeout(Phase::Connect) => "the host does not react; nothing was sent",
        ErrorKind::Timeout(_) => "the API is slow; what it was told may have happened or not",
        ErrorKind::RequestBody | ErrorKind::Disconnected => {
            "the connection broke; what the API was told may have happened or not"
        }
        ErrorKind::Malformed | ErrorKind::ResponseBody => {
            "what came back is no whole answer: is something between that changes it?"
        }
        ErrorKind::TooLarge { .. } => "the answer is larger than an answer of this API can be",
        ErrorKind::Decode => "the answer is not what this program expects: is it of this version?",
        ErrorKind::Redirect => "the API leads in circles: is the base URL right?",
        ErrorKind::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            "the API does not accept the key: set HARBOUR_KEY"
        }
        ErrorKind::Status(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
            "the API has too much to do, and had so each time; try again later"
        }
        ErrorKind::Status(status) if status.is_client_error() => {
            "the API refuses what was asked for"
        }
        ErrorKind::Status(_) => "the API has failed; whoever runs it has a log",
        _ => "see the log above",
    };
    match error.body_excerpt().filter(|said| !said.is_empty()) {
        None => advice.to_owned(),
        Some(said) => format!(
            "{advice}\nit says: {}",
            String::from_utf8_lossy(said).trim_end()
        ),
    }
}
