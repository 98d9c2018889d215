//! Which answers are worth it.

use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap,
};
use wharf_http::Response;
use wharf_http::header::{CacheControl, TypedHeader as _};

use super::NeverCompress;

/// What may be done with the content of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// It must stay as it is, or there is none.
    Fixed,
    /// 304: it stays as the client has it.
    Unchanged,
    /// It would hardly become shorter.
    Dense,
    /// Too short to bother.
    Short,
    /// It becomes shorter.
    Loose,
}

impl Content {
    pub(super) fn of(response: &Response, minimum: u64, shrinks: fn(&str) -> bool) -> Self {
        let headers = response.headers();
        match response.status() {
            StatusCode::NOT_MODIFIED => return Self::Unchanged,
            StatusCode::PARTIAL_CONTENT => return Self::Fixed,
            _ => {}
        }
        if response.body().is_empty() || is_fixed(headers) {
            return Self::Fixed;
        }
        if response.extensions().get::<NeverCompress>().is_some() {
            return Self::Fixed;
        }
        if !media_type(headers).is_some_and(|media_type| shrinks(&media_type)) {
            return Self::Dense;
        }
        match response.body().len().or_else(|| announced(headers)) {
            Some(length) if length < minimum => Self::Short,
            _ => Self::Loose,
        }
    }
}

/// Tells whether the fields are true of these bytes only.
fn is_fixed(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_ENCODING)
        || headers.contains_key(CONTENT_RANGE)
        // RFC 9530 §2: a digest of the bytes as they are sent; `Digest` is its predecessor.
        || headers.contains_key("content-digest")
        || headers.contains_key("digest")
        || (headers.contains_key(CACHE_CONTROL)
            && CacheControl::decode(headers)
                .is_ok_and(|control| control.is_some_and(|control| control.is_no_transform())))
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (media_type, _) = value.split_once(';').unwrap_or((value, ""));
    Some(media_type.trim().to_ascii_lowercase())
}

/// The length that the fields give, which a body of unknown length may have.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Media types that become shorter: text by whatever name.
pub(super) fn shrinks(media_type: &str) -> bool {
    let Some((kind, name)) = media_type.split_once('/') else {
        return false;
    };
    match (kind, name) {
        ("text", _) => true,
        (_, name)
            if name.ends_with("+json") || name.ends_with("+xml") || name.ends_with("+text") =>
        {
            true
        }
        ("application", name) => matches!(
            name,
            "json"
                | "json5"
                | "jsonl"
                | "ndjson"
                | "x-ndjson"
                | "json-seq"
                | "xml"
                | "xml-dtd"
                | "javascript"
                | "x-javascript"
                | "ecmascript"
                | "wasm"
                | "graphql"
                | "sql"
                | "rtf"
                | "yaml"
                | "toml"
                | "x-yaml"
                | "x-sh"
                | "x-tar"
                | "x-www-form-urlencoded"
                | "postscript"
                | "vnd.ms-fontobject"
        ),
        ("font", name) => matches!(name, "ttf" | "otf" | "collection" | "sfnt"),
        ("image", name) => matches!(name, "bmp" | "x-icon" | "vnd.microsoft.icon"),
        ("model", _) => true,
        _ => false,
    }
}
