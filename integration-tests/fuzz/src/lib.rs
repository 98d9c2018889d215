//! What the targets share: paused time, input in pieces, header fields from lines.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use wharf_http::{Body, BoxError};

/// Runs a future on paused time, and panics when it has not ended after a day: no limit of wharf is longer.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let day = Duration::from_secs(86_400);
    let within = async { tokio::time::timeout(day, future).await };
    runtime.block_on(within).expect("it ends")
}

/// Cuts input into pieces whose lengths follow from `seed`; 0 leaves it whole.
pub fn cut(mut input: &[u8], seed: u8) -> Vec<Bytes> {
    if seed == 0 {
        return vec![Bytes::copy_from_slice(input)];
    }
    let mut pieces = Vec::new();
    let mut state = u32::from(seed);
    while !input.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Short ones and long ones, so that a large input does not become a million pieces.
        let most = 1 << (state >> 8) % 9;
        let length = ((state >> 16) % most + 1) as usize;
        let (piece, rest) = input.split_at(length.min(input.len()));
        pieces.push(Bytes::copy_from_slice(piece));
        input = rest;
    }
    pieces
}

/// Makes a body that arrives in these pieces.
pub fn body(pieces: Vec<Bytes>) -> Body {
    Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, BoxError>)))
}

/// Reads lines such as `name: value`, and passes over those that are no header field.
pub fn fields(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|&byte| byte == b'\n').take(100) {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
