//! Base64 with the standard alphabet (RFC 4648 §4), for credentials.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [first, second, third] = [0, 1, 2].map(|at| chunk.get(at).copied().unwrap_or(0));
        let group = u32::from_be_bytes([0, first, second, third]);
        for at in 0..4 {
            let index = (group >> (18 - 6 * at)) & 63;
            text.push(match at > chunk.len() {
                true => '=',
                false => char::from(ALPHABET[index as usize]),
            });
        }
    }
    text
}

/// Reads padded text, and such whose padding was left out.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let whole = padding == 0 || (padding <= 2 && text.len().is_multiple_of(4));
    if !whole || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.as_bytes().chunks(4) {
        let mut group = 0;
        for at in 0..4 {
            let value = chunk.get(at).map_or(Some(0), |&digit| value_of(digit))?;
            group = group << 6 | value;
        }
        let [_, decoded @ ..] = group.to_be_bytes();
        let (kept, dropped) = decoded.split_at(chunk.len() - 1);
        // Bits beyond the last byte must be zero, or two texts would stand for the same bytes.
        if dropped.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

fn value_of(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vectors_of_the_standard_hold() {
        // RFC 4648 §10.
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(plain.as_bytes()));
            assert_eq!(
                decode(encoded.trim_end_matches('=')).as_deref(),
                Some(plain.as_bytes())
            );
        }
        for bad in [
            "Z", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "Zg==Zg==", "Zg-_", "Zé==", "=",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn what_can_be_read_is_written_the_same(text in "[A-Za-z0-9+/]{0,12}") {
            if let Some(bytes) = decode(&text) {
                let written = encode(&bytes);
                prop_assert_eq!(written.trim_end_matches('='), text);
            }
        }
    }
}
