//! The trace that a request is part of (W3C Trace Context, level 1).

use http::{HeaderMap, HeaderValue};
use wharf_http::Context;
use wharf_http::context::TraceContext;

/// How many notes of others a trace may bring (§3.3.1.1).
const NOTES: usize = 32;

/// Takes over the trace that a request is part of, with what others have noted of it.
pub(super) fn take_over(parent: &HeaderValue, headers: &HeaderMap, context: &Context) {
    let Some(trace) = parent.to_str().ok().and_then(TraceContext::parse) else {
        return;
    };
    context.set_trace(trace);
    let lines = headers.get_all("tracestate").iter();
    let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    let state = lines.join(&b',');
    let notes = state.split(|&byte| byte == b',');
    let notes = notes.filter(|note| !note.trim_ascii().is_empty()).count();
    // What breaks the rules is left out as a whole, and the trace goes on (§3.3.1.5).
    if (1..=NOTES).contains(&notes)
        && let Ok(state) = HeaderValue::from_bytes(&state)
    {
        context.set_trace_state(state);
    }
}
