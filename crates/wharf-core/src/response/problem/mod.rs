//! The looks of an error: plain text, problem details (RFC 9457) or a page, by what the client accepts.
//!
//! | the client accepts most gladly | it gets |
//! |---|---|
//! | `text/plain`, `*/*`, something else, or nothing is said | `text/plain; charset=utf-8` |
//! | `application/problem+json`, `application/json`, any `..+json` | `application/problem+json` |
//! | `text/html`, as browsers do | `text/html; charset=utf-8`, a page that loads nothing |
//!
//! More gladly is a higher weight; of equal ones a type that is named wins over a wildcard, then what the client wrote
//! first, then the order of the table. Each of the three can be had for all clients, for example
//! `App::on_error(problem::json)`.
//!
//! Every one of them says status, reason and detail; the page and the problem details the id of the request too. The
//! cause is never shown, unless the app is set to [`debug`](crate::App::debug).

mod page;
#[cfg(test)]
mod tests;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use wharf_http::context::RequestId;
use wharf_http::header::{Accept, Preference};
use wharf_http::{Body, Response};

use crate::error::HttpError;
use crate::extract::Scope;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const PAGE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// How to sign in where nothing says it: by what the app itself offers, such as a page that begins a session.
///
/// No scheme that is registered means that, and a client passes over one that it does not know: no browser asks for a password.
pub(crate) const SIGN_IN: HeaderValue = HeaderValue::from_static("Session");

/// Renders an error in the form that the client accepts most gladly. This is what an app does by default.
#[must_use]
pub fn negotiated(error: &HttpError, scope: &Scope) -> Response {
    let mut response = match Form::accepted_by(&Accept::parse(scope.accept())) {
        Form::Text => text(error, scope),
        Form::Problem => json(error, scope),
        Form::Page => html(error, scope),
    };
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Renders an error as one line of text: status, reason, detail.
#[must_use]
pub fn text(error: &HttpError, scope: &Scope) -> Response {
    let Report {
        status,
        reason,
        detail,
        causes,
        ..
    } = Report::new(error, scope);
    let mut text = format!("{} {reason}", status.as_u16());
    if let Some(detail) = detail {
        text.push_str(": ");
        text.extend(detail.chars().map(printable));
    }
    text.push('\n');
    for cause in &causes {
        text.push_str("caused by: ");
        text.extend(cause.chars().map(printable));
        text.push('\n');
    }
    finish(error, scope, TEXT, text)
}

/// Renders an error as problem details (RFC 9457 §3), with the id of the request as the member `request_id`.
#[must_use]
pub fn json(error: &HttpError, scope: &Scope) -> Response {
    let report = Report::new(error, scope);
    // The reason is the title of a problem that has no other type (RFC 9457 §4.2.1).
    let mut text = String::from(r#"{"type":"about:blank","title":"#);
    push_quoted(&mut text, report.reason);
    text.push_str(&format!(r#","status":{}"#, report.status.as_u16()));
    if let Some(detail) = report.detail {
        text.push_str(r#","detail":"#);
        push_quoted(&mut text, detail);
    }
    text.push_str(&format!(r#","request_id":"{}""#, report.request_id));
    if !report.causes.is_empty() {
        text.push_str(r#","causes":["#);
        for (number, cause) in report.causes.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            push_quoted(&mut text, cause);
        }
        text.push(']');
    }
    text.push('}');
    finish(error, scope, PROBLEM, text)
}

/// Renders an error as a page for people: self-contained, escaped, without scripts.
#[must_use]
pub fn html(error: &HttpError, scope: &Scope) -> Response {
    let page = page::write(&Report::new(error, scope));
    let mut response = finish(error, scope, PAGE, page);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, page::POLICY);
    response
}

/// What is said of an error, in whatever form.
struct Report<'a> {
    status: StatusCode,
    reason: &'static str,
    detail: Option<&'a str>,
    /// Only in debug mode.
    causes: Vec<String>,
    request_id: RequestId,
}

impl<'a> Report<'a> {
    fn new(error: &'a HttpError, scope: &Scope) -> Self {
        let status = error.status();
        Self {
            status,
            reason: reason(status),
            detail: error.detail_text(),
            causes: if scope.is_debug() {
                error.causes()
            } else {
                Vec::new()
            },
            request_id: scope.context().request_id(),
        }
    }
}

fn reason(status: StatusCode) -> &'static str {
    // An unknown status is treated as the x00 of its class (RFC 9110 §15).
    status
        .canonical_reason()
        .unwrap_or(match status.as_u16() / 100 {
            1 => "Informational",
            2 => "Success",
            3 => "Redirection",
            4 => "Client Error",
            _ => "Server Error",
        })
}

/// Makes the response of a text in its form.
fn finish(error: &HttpError, scope: &Scope, form: HeaderValue, text: String) -> Response {
    let mut response = Response::default();
    *response.status_mut() = error.status();
    let is_error = error.status().is_client_error() || error.status().is_server_error();
    if is_error && !error.headers().contains_key(header::CACHE_CONTROL) {
        // It is of one moment, and carries the id of one request; 404 and 410 would be kept (RFC 9110 §15.1).
        response.headers_mut().insert(
            header::CACHE_CONTROL,
            const { HeaderValue::from_static("no-store") },
        );
    }
    // These have no content by definition (RFC 9110 §15.2, §15.3.5, §15.3.6, §15.4.5).
    if error.status().is_informational() || matches!(error.status().as_u16(), 204 | 205 | 304) {
        return response;
    }
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, form);
    fields.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        const { HeaderValue::from_static("nosniff") },
    );
    if scope.method() == Method::HEAD {
        // The length of what GET would get (RFC 9110 §8.6).
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    } else {
        *response.body_mut() = Body::from(text);
    }
    response
}

/// Adds what every answer to an error has, whoever gave it its looks: the status, and the fields of the error.
///
/// A field that the looks have already stays, except that cookies and `Vary` add up.
pub(crate) fn complete(response: &mut Response, error: &HttpError) {
    if response.status() == StatusCode::OK {
        *response.status_mut() = error.status();
    }
    let fields = response.headers_mut();
    for name in error.headers().keys() {
        // These are about a body that was not sent.
        if [
            header::CONTENT_LENGTH,
            header::CONTENT_ENCODING,
            header::TRANSFER_ENCODING,
        ]
        .contains(name)
        {
            continue;
        }
        let adds_up = *name == header::SET_COOKIE || *name == header::VARY;
        if fields.contains_key(name) && !adds_up {
            continue;
        }
        for value in error.headers().get_all(name) {
            if !adds_up || !fields.get_all(name).iter().any(|known| known == value) {
                fields.append(name.clone(), value.clone());
            }
        }
    }
}

/// Has a 401 say how to sign in, since it must say something (RFC 9110 §11.6.1).
pub(crate) fn challenge(response: &mut Response) {
    if response.status() == StatusCode::UNAUTHORIZED {
        let fields = response.headers_mut();
        fields.entry(header::WWW_AUTHENTICATE).or_insert(SIGN_IN);
    }
}

/// The forms that an error can take, the most modest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Problem,
    Page,
}

impl Form {
    /// Chooses by proactive negotiation (RFC 9110 §12.1); a client that takes none of the forms gets text all the same.
    fn accepted_by(accept: &Accept) -> Self {
        let problem = accept.preference("application/problem+json");
        let problem = if problem.is_exact() {
            problem
        } else {
            json_preference(accept).unwrap_or(problem)
        };
        let page = accept.preference("text/html; charset=utf-8");
        let mut best = (accept.preference("text/plain; charset=utf-8"), Self::Text);
        for (preference, form) in [(problem, Self::Problem), (page, Self::Page)] {
            if preference > best.0 {
                best = (preference, form);
            }
        }
        if best.0.is_acceptable() {
            best.1
        } else {
            Self::Text
        }
    }
}

/// How gladly a client takes JSON of any kind, for one that does not name problem details.
fn json_preference(accept: &Accept) -> Option<Preference> {
    accept
        .ranges()
        .filter(|(kind, subtype, _)| {
            *kind == "application" && (*subtype == "json" || subtype.ends_with("+json"))
        })
        .map(|(_, _, preference)| preference)
        .max()
}

/// Replaces control characters: a detail may hold what a client sent, and a terminal may be reading.
fn printable(c: char) -> char {
    if c.is_control() && c != '\n' && c != '\t' {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

/// Appends a string of JSON (RFC 8259 §7).
fn push_quoted(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
}
