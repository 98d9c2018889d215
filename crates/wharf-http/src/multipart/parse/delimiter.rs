use memchr::memmem::Finder;

/// How much white space may follow a boundary. A line with more is content.
const PADDING: usize = 64;

/// The line break, the hyphens and the boundary that stand between parts.
pub(super) struct Delimiter {
    finder: Finder<'static>,
}

/// What stands after the content that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing that is whole.
    Nothing,
    /// A delimiter that another part follows, of this length, from its first line break to the end of its second.
    Next(usize),
    /// The last delimiter, of this length.
    Last(usize),
}

/// What some bytes after a boundary make of it.
enum Line {
    Next(usize),
    Last(usize),
    /// The bytes are too few to tell.
    Open,
    /// It is no line of its own: the boundary is the beginning of another text.
    Content,
}

impl Delimiter {
    pub(super) fn new(boundary: &str) -> Self {
        let text = format!("\r\n--{boundary}");
        Self {
            finder: Finder::new(text.as_bytes()).into_owned(),
        }
    }

    /// Returns how many bytes are surely content, and what follows them.
    pub(super) fn find(&self, bytes: &[u8], ended: bool) -> (usize, Found) {
        let length = self.finder.needle().len();
        let mut from = 0;
        while let Some(at) = self.finder.find(&bytes[from..]) {
            let at = from + at;
            match line(&bytes[at + length..], ended) {
                Line::Next(rest) => return (at, Found::Next(length + rest)),
                Line::Last(rest) => return (at, Found::Last(length + rest)),
                Line::Open => return (at, Found::Nothing),
                Line::Content => from = at + length,
            }
        }
        if ended {
            return (bytes.len(), Found::Nothing);
        }
        // The bytes may end with the beginning of one.
        let needle = self.finder.needle();
        let last = bytes.len().saturating_sub(length - 1).max(from);
        let tail = &bytes[last..];
        let open = memchr::memchr_iter(b'\r', tail).find(|&at| needle.starts_with(&tail[at..]));
        (open.map_or(bytes.len(), |at| last + at), Found::Nothing)
    }
}

/// Tells what a boundary is by what follows it: white space and a line break, and two hyphens before them for the last.
fn line(after: &[u8], ended: bool) -> Line {
    let last = after.starts_with(b"--");
    if !last && (after.is_empty() || after == b"-") {
        return match ended {
            true => Line::Content,
            false => Line::Open,
        };
    }
    let start = if last { 2 } else { 0 };
    let padding = after[start..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    if padding > PADDING {
        return Line::Content;
    }
    let end = start + padding;
    match &after[end..] {
        [b'\r', b'\n', ..] if last => Line::Last(end + 2),
        [b'\r', b'\n', ..] => Line::Next(end + 2),
        // Nothing has to follow the last one.
        [] if last && ended => Line::Last(end),
        [] | [b'\r'] if !ended => Line::Open,
        _ => Line::Content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_a_line_of_its_own() {
        let delimiter = Delimiter::new("b");
        let rows: [(&str, bool, (usize, Found)); 14] = [
            ("ab\r\n--b\r\nc", false, (2, Found::Next(7))),
            ("\r\n--b \t\r\n", false, (0, Found::Next(9))),
            ("a\r\n--b--\r\nc", false, (1, Found::Last(9))),
            ("a\r\n--b-- \r\n", false, (1, Found::Last(10))),
            ("a\r\n--b--", false, (1, Found::Nothing)),
            ("a\r\n--b--", true, (1, Found::Last(7))),
            ("a\r\n--b", true, (6, Found::Nothing)),
            ("a\r\n--b-", false, (1, Found::Nothing)),
            ("a\r\n--bc\r\n--b\r", false, (7, Found::Nothing)),
            ("a\r\n--b-c", false, (8, Found::Nothing)),
            ("a\r\n--b\n", false, (7, Found::Nothing)),
            ("a\n--b\r\n\r", false, (7, Found::Nothing)),
            ("a\r\r\n-", false, (2, Found::Nothing)),
            ("a\r\nb", false, (4, Found::Nothing)),
        ];
        for (text, ended, expected) in rows {
            let found = delimiter.find(text.as_bytes(), ended);
            assert_eq!(found, expected, "{text:?}");
        }
        let padded = format!("\r\n--b{}\r\n", " ".repeat(65));
        assert_eq!(delimiter.find(padded.as_bytes(), true).1, Found::Nothing);
    }
}
