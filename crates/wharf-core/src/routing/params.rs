//! Where the parameters of a matched path are.

use std::borrow::Cow;
use std::fmt;

use super::text;

/// How many parameters need no allocation.
const INLINE: usize = 4;

/// The places of a path's parameters, in the order in which the pattern names them.
///
/// Holds byte ranges of the path as it was received, still percent-encoded, and borrows nothing: whoever keeps the path can ask for the
/// text later. Up to four parameters are stored without an allocation.
#[derive(Clone, Default)]
pub struct Params {
    len: u32,
    /// The path had no escapes, so that the texts stand in it as they are.
    plain: bool,
    inline: [Span; INLINE],
    /// In a box, so that the many that have none of these are small to move.
    #[expect(clippy::box_collection, reason = "rare, and a third of the size")]
    spilled: Option<Box<Vec<Span>>>,
}

/// A range of bytes.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Params {
    /// Returns how many parameters there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Returns whether the pattern has no parameters.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the decoded text of the parameter at `index`; `path` is the path that was matched, as it was received.
    ///
    /// Decoding happens here, and allocates only for a text that holds an escape. Of a `{*rest}` parameter, an encoded slash can no
    /// longer be told from a separator once it is decoded; [`Params::raw`] keeps them apart.
    ///
    /// `None` if there is no such parameter. With another path than the one that was matched, the answer has no meaning.
    pub fn get<'p>(&self, index: usize, path: &'p str) -> Option<Cow<'p, str>> {
        let raw = self.raw(index, path)?;
        if self.plain {
            return Some(Cow::Borrowed(raw));
        }
        text::decode(raw).ok()
    }

    /// Returns the text of the parameter at `index` as it was received: percent-encoded.
    pub fn raw<'p>(&self, index: usize, path: &'p str) -> Option<&'p str> {
        let span = self.span(index)?;
        path.get(span.start as usize..span.end as usize)
    }

    /// Returns whether what was received needs no decoding: [`get`](Self::get) and [`raw`](Self::raw) give the same.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    pub(super) fn set_plain(&mut self) {
        self.plain = true;
    }

    fn span(&self, index: usize) -> Option<Span> {
        if index >= self.len() {
            None
        } else if index < INLINE {
            Some(self.inline[index])
        } else {
            self.spilled.as_ref()?.get(index - INLINE).copied()
        }
    }

    pub(super) fn push(&mut self, span: Span) {
        if let Some(place) = self.inline.get_mut(self.len as usize) {
            *place = span;
        } else {
            self.spilled.get_or_insert_default().push(span);
        }
        self.len += 1;
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if let Some(spilled) = &mut self.spilled {
            spilled.truncate(len.saturating_sub(INLINE));
        }
        self.len = self.len.min(u32::try_from(len).unwrap_or(u32::MAX));
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spans = (0..self.len()).filter_map(|index| self.span(index));
        f.debug_list()
            .entries(spans.map(|span| span.start..span.end))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_beyond_the_fourth_are_kept_in_order() {
        let path: String = (0..20).map(|n| format!("/{n}")).collect();
        let mut params = Params::default();
        let mut at = 0;
        for n in 0..20_u32 {
            let width = if n < 10 { 1 } else { 2 };
            params.push(Span {
                start: at + 1,
                end: at + 1 + width,
            });
            at += 1 + width;
        }
        assert_eq!(params.len(), 20);
        for n in 0..20 {
            assert_eq!(
                params.get(n, &path).as_deref(),
                Some(n.to_string().as_str())
            );
        }
        assert_eq!(params.get(20, &path), None);
        params.truncate(9);
        assert_eq!(
            (params.get(8, &path).as_deref(), params.get(9, &path)),
            (Some("8"), None)
        );
        params.truncate(2);
        params.push(Span { start: 1, end: 2 });
        assert_eq!(params.get(2, &path).as_deref(), Some("0"));
    }

    #[test]
    fn a_path_that_was_not_matched_does_no_harm() {
        let mut params = Params::default();
        params.push(Span { start: 1, end: 40 });
        assert_eq!(params.get(0, "/short"), None);
        params.push(Span { start: 1, end: 3 });
        assert_eq!(params.get(1, "/%zz"), None);
    }
}
