//! The field `Sec-WebSocket-Extensions` (RFC 6455 §9.1).

use std::borrow::Cow;

use http::HeaderMap;
use http::header::SEC_WEBSOCKET_EXTENSIONS;

use crate::header::grammar;

/// One extension with its parameters, as offered or accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extension<'h> {
    pub(super) name: &'h str,
    pub(super) parameters: Vec<(&'h str, Option<Cow<'h, str>>)>,
}

/// Returns all lines of the field as one list, or `None` if one is not text.
pub(super) fn joined(headers: &HeaderMap) -> Option<String> {
    let mut all = String::new();
    for line in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(line.to_str().ok()?);
    }
    Some(all)
}

/// Reads a list of extensions; `None` for one that breaks the grammar.
pub(super) fn read(list: &str) -> Option<Vec<Extension<'_>>> {
    grammar::split(list, b',').map(one).collect()
}

fn one(text: &str) -> Option<Extension<'_>> {
    let mut pieces = grammar::split(text, b';');
    let name = pieces.next().filter(|name| grammar::is_token(name))?;
    let parameters = pieces.map(|piece| match piece.contains('=') {
        // A quoted value, too, has to be a token once its quotes are gone.
        true => grammar::parameter(piece)
            .filter(|(_, value)| grammar::is_token(value))
            .map(|(name, value)| (name, Some(value))),
        false => grammar::is_token(piece).then_some((piece, None)),
    });
    Some(Extension {
        name,
        parameters: parameters.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_in_order() {
        let list = r#"permessage-deflate; client_max_window_bits; server_max_window_bits="10", foo, bar;a=b"#;
        let read = read(list).unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].name, "permessage-deflate");
        assert_eq!(
            read[0].parameters,
            [
                ("client_max_window_bits", None),
                ("server_max_window_bits", Some("10".into()))
            ]
        );
        assert_eq!((read[1].name, &*read[1].parameters), ("foo", &[][..]));
        assert_eq!(read[2].parameters, [("a", Some("b".into()))]);
    }

    #[test]
    fn lists_that_break_the_grammar_are_refused() {
        for bad in [
            "a b",
            "a; b c",
            "a; b=",
            "a; b=\"c d\"",
            "a; =b",
            "é",
            "a;b=\"c",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(""), Some(vec![]));
    }
}
