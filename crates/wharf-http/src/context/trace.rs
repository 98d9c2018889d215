use std::fmt;

use super::RequestId;

/// The identity of a distributed trace, as carried by the `traceparent` field (W3C Trace Context, level 1, §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

impl TraceContext {
    pub(super) fn from_id(id: RequestId) -> Self {
        // Neither part may be zero (§3.2.2.3, §3.2.2.4).
        let parent_id = (id.0 >> 32) as u64;
        Self {
            trace_id: id.0.max(1),
            parent_id: parent_id.max(1),
            flags: 0,
        }
    }

    /// Reads the value of a `traceparent` field; `None` when it is malformed and must be ignored (§3.2.2).
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::context::TraceContext;
    ///
    /// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// let trace = TraceContext::parse(text).unwrap();
    /// assert_eq!(trace.to_string(), text);
    /// assert!(trace.is_sampled());
    /// assert!(TraceContext::parse("00-0-0-01").is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let lower_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if bytes.len() < 55
            || ![2, 35, 52].iter().all(|&at| bytes[at] == b'-')
            || ![0..2, 3..35, 36..52, 53..55]
                .into_iter()
                .all(|range| bytes[range].iter().all(lower_hex))
        {
            return None;
        }
        // Version ff is forbidden; version 00 has exactly these four parts, later ones may have more (§3.2.2.1, §3.2.4).
        match &text[0..2] {
            "ff" => return None,
            "00" if bytes.len() != 55 => return None,
            _ if bytes.len() > 55 && bytes[55] != b'-' => return None,
            _ => {}
        }
        let trace_id = u128::from_str_radix(&text[3..35], 16)
            .ok()
            .filter(|&id| id != 0)?;
        let parent_id = u64::from_str_radix(&text[36..52], 16)
            .ok()
            .filter(|&id| id != 0)?;
        let flags = u8::from_str_radix(&text[53..55], 16).ok()?;
        Some(Self {
            trace_id,
            parent_id,
            flags,
        })
    }

    /// Returns the id of the whole trace.
    #[must_use]
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// Returns the id of the caller's span.
    #[must_use]
    pub fn parent_id(&self) -> u64 {
        self.parent_id
    }

    /// Tells whether the caller recorded the trace (§3.2.2.5.1).
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace_id, self.parent_id, self.flags
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_trace_parents_are_ignored() {
        for text in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
        assert!(
            TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")
                .is_some()
        );
    }
}
