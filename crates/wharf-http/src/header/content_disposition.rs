use std::borrow::Cow;
use std::fmt::{self, Write as _};

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::extended::{self, Extended};
use super::grammar::{self, Quoted};
use super::{BadHeader, TypedHeader};

/// Whether content is shown or saved, and under which name: `Content-Disposition` (RFC 6266).
///
/// # Examples
///
/// ```
/// use wharf_http::header::ContentDisposition;
///
/// let saved = ContentDisposition::attachment().named("Größe.txt");
/// assert_eq!(saved.to_string(), "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDisposition {
    /// In lower case.
    kind: Cow<'static, str>,
    name: Option<String>,
    file_name: Option<String>,
}

impl ContentDisposition {
    fn new(kind: &'static str) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            name: None,
            file_name: None,
        }
    }

    /// Has the content saved.
    #[must_use]
    pub fn attachment() -> Self {
        Self::new("attachment")
    }

    /// Has the content shown.
    #[must_use]
    pub fn inline() -> Self {
        Self::new("inline")
    }

    /// Sets the name to save under.
    ///
    /// It is sent so that it names no folder: slashes and control characters become `_`. A name that is not ASCII is
    /// sent in full to clients that know extended values (RFC 8187), and with `_` for what is not ASCII to others.
    #[must_use]
    pub fn named(mut self, file_name: impl AsRef<str>) -> Self {
        let safe = |char: char| match char {
            '/' | '\\' => '_',
            char if char.is_control() => '_',
            char => char,
        };
        self.file_name = Some(file_name.as_ref().chars().map(safe).collect());
        self
    }

    /// Reads the value of the field. Parameters that are malformed are left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = grammar::split(text, b';');
        let kind = pieces.next().filter(|kind| grammar::is_token(kind))?;
        let mut found = Self {
            kind: Cow::Owned(kind.to_ascii_lowercase()),
            name: None,
            file_name: None,
        };
        let mut extended = None;
        for (name, value) in pieces.filter_map(grammar::parameter) {
            if name.eq_ignore_ascii_case("filename*") {
                extended = extended.or_else(|| extended::decode(&value));
            } else if name.eq_ignore_ascii_case("filename") {
                found.file_name.get_or_insert_with(|| value.into_owned());
            } else if name.eq_ignore_ascii_case("name") {
                found.name.get_or_insert_with(|| value.into_owned());
            }
        }
        // The extended one is meant to be preferred (RFC 6266 §4.3).
        found.file_name = extended.or(found.file_name);
        Some(found)
    }

    /// Returns the disposition type, in lower case.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the name of the form field, in a part of a multipart body (RFC 7578 §4.2).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the name to save under as it was sent, which may be anything: never use it as a path (RFC 6266 §4.3).
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }
}

impl fmt::Display for ContentDisposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(name) = &self.name {
            write!(f, "; name={}", Quoted(name))?;
        }
        let Some(file_name) = &self.file_name else {
            return Ok(());
        };
        f.write_str("; filename=\"")?;
        for char in file_name.chars() {
            match char {
                // Some clients take escapes in a quoted name literally, and others decode percent signs (RFC 6266, D).
                '"' | '\\' | '%' => f.write_char('_')?,
                ' '..='~' => f.write_char(char)?,
                _ => f.write_char('_')?,
            }
        }
        f.write_char('"')?;
        if file_name
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !b"\"\\%".contains(&byte))
        {
            return Ok(());
        }
        write!(f, "; filename*={}", Extended(file_name))
    }
}

impl TypedHeader for ContentDisposition {
    const NAME: HeaderName = header::CONTENT_DISPOSITION;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let Some(text) = super::single_text(headers, &Self::NAME)? else {
            return Ok(None);
        };
        match Self::parse(text) {
            Some(disposition) => Ok(Some(disposition)),
            None => Err(BadHeader::new(
                &Self::NAME,
                "expected `attachment` or `inline`",
            )),
        }
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn file_names_are_read_in_all_their_forms() {
        let rows = [
            ("attachment", Some(("attachment", None))),
            (
                "Attachment; filename=example.html",
                Some(("attachment", Some("example.html"))),
            ),
            (
                r#"INLINE; FILENAME= "an example.html""#,
                Some(("inline", Some("an example.html"))),
            ),
            (
                "attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates",
                Some(("attachment", Some("€ rates"))),
            ),
            (
                "attachment; filename*=iso-8859-1'en'%A3%20rates",
                Some(("attachment", Some("£ rates"))),
            ),
            (
                "attachment; filename*=utf-8''%ff; filename=a",
                Some(("attachment", Some("a"))),
            ),
            (
                "attachment; filename*=koi8-r''a; filename=b",
                Some(("attachment", Some("b"))),
            ),
            (
                "attachment; filename=a; filename=b",
                Some(("attachment", Some("a"))),
            ),
            (
                "attachment; filename=\"a;b\\\"c\"",
                Some(("attachment", Some("a;b\"c"))),
            ),
            ("attachment; filename=ä; x", Some(("attachment", None))),
            (
                "attachment; filename=\"ä\"",
                Some(("attachment", Some("ä"))),
            ),
            ("", None),
            ("\"attachment\"", None),
        ];
        for (text, expected) in rows {
            let got = ContentDisposition::parse(text);
            let got = got.as_ref().map(|found| (found.kind(), found.file_name()));
            assert_eq!(got, expected, "{text}");
        }
        let part = ContentDisposition::parse("form-data; name=\"a b\"").unwrap();
        assert_eq!(
            (part.name(), part.to_string().as_str()),
            (Some("a b"), "form-data; name=\"a b\"")
        );
    }

    #[test]
    fn file_names_are_written_for_old_and_new_clients() {
        let rows = [
            ("a b.txt", "filename=\"a b.txt\""),
            (
                "a\"b.txt",
                "filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt",
            ),
            (
                "100%.txt",
                "filename=\"100_.txt\"; filename*=UTF-8''100%25.txt",
            ),
            ("../../etc/passwd", "filename=\".._.._etc_passwd\""),
            ("a\r\nset-cookie: b", "filename=\"a__set-cookie: b\""),
            ("", "filename=\"\""),
        ];
        for (name, expected) in rows {
            let disposition = ContentDisposition::inline().named(name);
            assert_eq!(
                disposition.to_string(),
                format!("inline; {expected}"),
                "{name}"
            );
            assert!(disposition.encode().is_some());
        }
    }

    proptest! {
        #[test]
        fn every_name_can_be_sent_and_is_read_back(name in "[^/\\\\\\p{Cc}]{0,12}") {
            let sent = ContentDisposition::attachment().named(&name).encode().unwrap();
            let headers = HeaderMap::from_iter([(header::CONTENT_DISPOSITION, sent)]);
            let read = ContentDisposition::decode(&headers).unwrap().unwrap();
            prop_assert_eq!(read.file_name(), Some(name.as_str()));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}|attachment; filename\\*?=[a'\"%;=\\\\]{0,20}") {
            let _ = ContentDisposition::parse(&text);
        }
    }
}
