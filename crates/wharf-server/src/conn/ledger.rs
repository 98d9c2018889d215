//! What is written down of a request: the head of its answer completed, its line, a failure of its body.

use http::{StatusCode, header};
use wharf_http::body::Error;
use wharf_http::{Context, ErrorChain, Response};

use super::config::Settings;
use crate::access_log::{Line, Outcome, Record};

/// Completes the head of an answer, and keeps of it what the line needs.
pub(super) fn answered(settings: &Settings, record: Option<&mut Record>, response: &mut Response) {
    if let Some(server) = &settings.server
        && !response.headers().contains_key(header::SERVER)
    {
        response
            .headers_mut()
            .insert(header::SERVER, server.clone());
    }
    if let Some(record) = record {
        settings.access_log.answer(record, response);
    }
}

/// Writes the line of a request that has ended.
pub(super) fn ended(
    settings: &Settings,
    context: &Context,
    record: &mut Record,
    bytes: u64,
    outcome: Outcome,
) {
    let status = record.status().or_else(|| match outcome {
        Outcome::Left | Outcome::Slow => StatusCode::from_u16(499).ok(),
        Outcome::Failed => Some(StatusCode::INTERNAL_SERVER_ERROR),
        Outcome::Complete | Outcome::Rejected | Outcome::Cut => None,
    });
    let line = Line {
        status,
        bytes,
        outcome,
    };
    settings.access_log.write(context, record, &line);
}

/// Reports that the body of an answer failed; `consequence` says what becomes of it.
pub(super) fn body_failed(context: &Context, error: &Error, consequence: &str) {
    let error = ErrorChain::new(error);
    let route = context.route();
    let route = route.as_deref().unwrap_or("no route");
    context.connection().report(format_args!(
        "the body of an answer failed, {consequence} ({route}): {error}"
    ));
}
