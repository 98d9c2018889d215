//! The names in `Content-Disposition`, as browsers and libraries really send them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::header::{extended, grammar};

/// The names of a part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Option<String>,
    pub(super) file_name: Option<String>,
}

impl Disposition {
    /// Reads the value of the field.
    ///
    /// Beyond RFC 6266 it knows what senders of forms do: three bytes that are percent-encoded (HTML standard §4.10.21.8),
    /// backslashes that escape nothing, as in the paths of old browsers, names in pieces (RFC 2231 §3), and values that
    /// should be quoted and are not. An extended value is preferred to a plain one, whatever the order.
    pub(super) fn parse(text: &str) -> Self {
        let mut found = Self::default();
        let (mut extended_name, mut extended_file, mut pieces) = (None, None, Vec::new());
        for parameter in grammar::split(text, b';').skip(1) {
            let Some((name, value)) = parameter.split_once('=') else {
                continue;
            };
            let (name, value) = (grammar::trim(name), grammar::trim(value));
            match name.to_ascii_lowercase().as_str() {
                "name" => drop(found.name.get_or_insert_with(|| plain(value))),
                "filename" => drop(found.file_name.get_or_insert_with(|| plain(value))),
                "name*" => extended_name = extended_name.or_else(|| extended(value)),
                "filename*" => extended_file = extended_file.or_else(|| extended(value)),
                name => {
                    if let Some(number) = name.strip_prefix("filename*") {
                        pieces.push((number.to_owned(), unquote(value)));
                    }
                }
            }
        }
        found.name = extended_name.or(found.name);
        found.file_name = extended_file
            .or_else(|| joined(&pieces))
            .or(found.file_name);
        found
    }
}

/// Undoes quotes, and what browsers make of quotes and line breaks.
fn plain(value: &str) -> String {
    let text = unquote(value);
    if !text.contains('%') {
        return text.into_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        let known = match after.as_bytes() {
            [b'%', b'2', b'2', ..] => Some('"'),
            [b'%', b'0', b'D' | b'd', ..] => Some('\r'),
            [b'%', b'0', b'A' | b'a', ..] => Some('\n'),
            _ => None,
        };
        plain.push(known.unwrap_or('%'));
        rest = &after[if known.is_some() { 3 } else { 1 }..];
    }
    plain.push_str(rest);
    plain
}

/// Takes the quotes off. A backslash before anything but a quote or a backslash stands for itself.
fn unquote(value: &str) -> Cow<'_, str> {
    let quoted = value
        .strip_prefix('"')
        .map(|text| text.strip_suffix('"').unwrap_or(text));
    let Some(text) = quoted else {
        return Cow::Borrowed(value);
    };
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let escaped = chars.next_if(|next| char == '\\' && matches!(next, '"' | '\\'));
        plain.push(escaped.unwrap_or(char));
    }
    Cow::Owned(plain)
}

fn extended(value: &str) -> Option<String> {
    extended::decode(&unquote(value))
}

/// Joins the pieces of a name: `*0`, `*1*` and so on, of which those with a star at the end are percent-encoded.
fn joined(pieces: &[(String, Cow<'_, str>)]) -> Option<String> {
    let mut name = String::new();
    for number in 0.. {
        let (plain, encoded) = (number.to_string(), format!("{number}*"));
        let piece = pieces
            .iter()
            .find(|(key, _)| *key == plain || *key == encoded);
        let Some((key, value)) = piece else {
            return (number > 0).then_some(name);
        };
        if *key == plain {
            name.push_str(value);
        } else if number == 0 {
            name.push_str(&extended::decode(value)?);
        } else {
            name.push_str(&percent_decode_str(value).decode_utf8_lossy());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_as_senders_write_them() {
        let rows = [
            ("form-data; name=a", (Some("a"), None)),
            (
                r#"form-data; name="a b"; filename="c;d.txt""#,
                (Some("a b"), Some("c;d.txt")),
            ),
            (
                r#"form-data; name="%22a%0d%0A%41""#,
                (Some("\"a\r\n%41"), None),
            ),
            (r#"form-data; name="100%""#, (Some("100%"), None)),
            (
                r#"form-data; name="a\"b"; filename="C:\temp\x.txt""#,
                (Some("a\"b"), Some("C:\\temp\\x.txt")),
            ),
            (
                r#"form-data; name="a"; filename="\\host\f""#,
                (Some("a"), Some("\\host\\f")),
            ),
            (
                "form-data; NAME=a; FileName=my file.txt",
                (Some("a"), Some("my file.txt")),
            ),
            (
                "form-data; name=\"ä\"; filename=\"ö.txt\"",
                (Some("ä"), Some("ö.txt")),
            ),
            (
                "attachment; filename*=UTF-8''%e2%82%ac; filename=\"EURO\"",
                (None, Some("€")),
            ),
            (
                "attachment; filename*=utf-8''%ff; filename=\"EURO\"",
                (None, Some("EURO")),
            ),
            (
                "attachment; filename*0=\"foo-\"; filename*1=\"bar\"",
                (None, Some("foo-bar")),
            ),
            (
                "attachment; filename*1*=%c3%b6; filename*0*=UTF-8''%c3%a4; filename*2=\".txt\"",
                (None, Some("äö.txt")),
            ),
            ("attachment; filename*1=b", (None, None)),
            ("form-data; name=\"\"; filename=\"\"", (Some(""), Some(""))),
            ("form-data; name=a; name=b", (Some("a"), None)),
            ("form-data", (None, None)),
            ("", (None, None)),
        ];
        for (text, (name, file_name)) in rows {
            let expected = Disposition {
                name: name.map(str::to_owned),
                file_name: file_name.map(str::to_owned),
            };
            assert_eq!(Disposition::parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in ".{0,40}|form-data; (file)?name\\*?[01]?\\*?=[a'\"%;=\\\\ä02]{0,20}",
        ) {
            let _ = Disposition::parse(&text);
        }
    }
}
