//! The frame of the pages that the framework makes itself: an error, the listing of a folder.

use std::fmt;

/// A page that loads nothing, for any width, by day and night.
pub(crate) struct Page<'a> {
    /// Text, which is escaped here.
    pub(crate) title: &'a str,
    /// More of the head, as HTML.
    pub(crate) head: &'a str,
    /// In the page itself; the policy that goes with the page has its hash.
    pub(crate) style: &'a str,
    /// As HTML.
    pub(crate) main: &'a str,
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            head, style, main, ..
        } = self;
        let title = escaped(self.title);
        write!(
            f,
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{head}<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{main}</main>
</body>
</html>
"#
        )
    }
}

/// Escapes text for an element or an attribute. What a terminal or a reader could be led astray by is shown as such: control
/// characters, and those that turn the direction of a text around.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                safe.push(char::REPLACEMENT_CHARACTER);
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
pub(crate) mod tests {
    use http::HeaderValue;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// Asserts that a policy lets a page use its style.
    pub(crate) fn assert_allowed(policy: &HeaderValue, style: &str) {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut base64 = String::new();
        for chunk in Sha256::digest(style).chunks(3) {
            let bytes = chunk.iter().chain(&[0, 0]).take(3);
            let bits = bytes.fold(0, |bits, &byte| bits << 8 | usize::from(byte));
            for at in 0..4 {
                base64.push(match at > chunk.len() {
                    true => '=',
                    false => char::from(digits[bits >> (18 - 6 * at) & 63]),
                });
            }
        }
        let policy = policy.to_str().unwrap();
        let hash = format!("'sha256-{base64}'");
        assert!(policy.contains(&hash), "{hash} is not in {policy}");
    }

    #[test]
    fn the_title_is_escaped_and_the_rest_is_as_it_was_given() {
        let page = Page {
            title: "a <b> & \"c\"",
            head: "<meta name=\"robots\" content=\"noindex\">\n",
            style: "p{margin:0}",
            main: "<p>ahoy</p>\n",
        };
        let page = page.to_string();
        for part in [
            "noindex\">\n<title>a &lt;b&gt; &amp; &quot;c&quot;</title>\n<style>p{margin:0}</style>",
            "<main>\n<p>ahoy</p>\n</main>",
        ] {
            assert!(page.contains(part), "{page}");
        }
    }

    #[test]
    fn text_neither_ends_its_element_nor_turns_around() {
        assert_eq!(escaped("<i>'é'\n\t"), "&lt;i&gt;&#39;é&#39;\n\t");
        assert_eq!(
            escaped("\u{1b}[2J\u{202e}gpj.exe\u{2066}"),
            "\u{fffd}[2J\u{fffd}gpj.exe\u{fffd}"
        );
    }
}
