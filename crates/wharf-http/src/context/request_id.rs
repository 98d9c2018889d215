use std::fmt;

/// The id of one request; prints as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub(super) u128);

impl RequestId {
    /// Returns the id as a number.
    #[must_use]
    pub fn as_u128(self) -> u128 {
        self.0
    }

    /// Returns the id as it is printed: 32 hexadecimal digits, in small letters.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::{Connection, Context};
    ///
    /// let id = Context::new(Connection::memory()).request_id();
    /// assert_eq!(id.digits(), id.to_string().as_bytes());
    /// ```
    #[must_use]
    pub fn digits(self) -> [u8; 32] {
        let mut digits = [0; 32];
        for (pair, byte) in digits
            .as_chunks_mut()
            .0
            .iter_mut()
            .zip(self.0.to_be_bytes())
        {
            *pair = [byte >> 4, byte & 15].map(|half| DIGITS[usize::from(half)]);
        }
        digits
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each is one of sixteen letters.
        f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_printed_with_all_its_digits() {
        for id in [0, 1, 0x0123_4567_89ab_cdef << 60, u128::MAX] {
            assert_eq!(RequestId(id).to_string(), format!("{id:032x}"));
        }
    }
}
