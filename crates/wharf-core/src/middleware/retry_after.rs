use std::time::Duration;

use http::header::HeaderValue;

/// Makes the value of `Retry-After` (RFC 9110 §10.2.3): whole seconds, never sooner than was said.
pub(super) fn retry_after(wait: Duration) -> HeaderValue {
    whole_seconds(wait).into()
}

/// Rounds up to whole seconds.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(begun)
}
