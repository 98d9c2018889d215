use http::header::{HeaderName, HeaderValue};

/// By which a server knows a request that it has acted on already.
pub(super) const NAME: HeaderName = HeaderName::from_static("idempotency-key");

/// Makes a random UUID (RFC 9562 §5.4); `None` when the system has no random bytes to give.
pub(super) fn random() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    HeaderValue::try_from(uuid(u128::from_be_bytes(bytes))).ok()
}

/// Writes a number as a UUID of version 4.
fn uuid(random: u128) -> String {
    let marked = random & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{marked:032x}");
    let mut text = String::with_capacity(36);
    for (at, digit) in digits.char_indices() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_uuids_of_version_4_and_differ() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
            "01234567-89ab-4def-8123-456789abcdef"
        );
        assert_ne!(random().unwrap(), random().unwrap());
    }
}
