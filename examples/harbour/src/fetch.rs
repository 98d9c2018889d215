//! The handler of `/fetch`: what another server says, by way of this one.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use wharf::client::{Error, Response, Timeouts};
use wharf::http::connection::Local;
use wharf::{Client, Context, HttpError, IntoResponse, State};

use crate::Config;

/// `GET /fetch`: fetches the upstream and sends its body on, piece by piece as it comes.
///
/// # Errors
///
/// 504 when the upstream is too slow; 502 when it cannot be reached or answers with an error.
pub async fn fetch(
    config: State<Config>,
    client: State<Client>,
    context: Context,
) -> Result<impl IntoResponse, HttpError> {
    let url = match &config.upstream {
        Some(url) => url.clone(),
        None => own_resources(&context)?,
    };
    let limits = Timeouts::new()
        .connect(Duration::from_secs(2))
        .response_head(Duration::from_secs(5))
        .body_read(Duration::from_secs(5));
    let answer = client
        .get(url)
        .timeouts(limits)
        .send()
        .await
        .and_then(Response::ok)
        .map_err(upstream_failed)?;
    let content_type = answer.headers().get(CONTENT_TYPE).cloned();
    Ok((
        content_type.map(|value| [(CONTENT_TYPE, value)]),
        answer.into_body(),
    ))
}

/// The list of resources, at the address that this very request came to.
fn own_resources(context: &Context) -> Result<String, HttpError> {
    match context.connection().local() {
        Local::Tcp(address) => Ok(format!("http://{address}/resources")),
        _ => Err(HttpError::bad_gateway(
            "this server has no URL of its own here; set UPSTREAM",
        )),
    }
}

/// The client of harbour is told as much as it can use; the cause goes to the log.
fn upstream_failed(error: Error) -> HttpError {
    let answer = if error.is_timeout() {
        HttpError::gateway_timeout("the upstream did not answer in time")
    } else {
        HttpError::bad_gateway("the upstream cannot be fetched")
    };
    answer.because(error)
}
