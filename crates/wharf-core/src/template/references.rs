//! [`references`]: which other templates a template names.
//!
//! The engine looks a name up when it renders, and shows nobody what it has parsed. So the tags are read once more, of templates that
//! have parsed already: what is no tag that names templates is passed over, not judged.

/// A place where a template names others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) verb: Verb,
    /// The first of these that is there is taken.
    pub(super) names: Vec<&'a str>,
}

/// What is done with the template that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Extends,
    Includes,
    ImportsFrom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// What stands between quotes; `None` where a backslash gives it another meaning.
    Text(Option<&'a str>),
    Sign(char),
}

/// Finds the templates that one names by their names.
///
/// Those that only rendering tells, by a variable or a condition, are left out, and so are those that may be missing
/// (`ignore missing`).
pub(super) fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let start = text.len() - rest.len() + at;
        let opened = &rest[at + 1..];
        rest = match opened.chars().next() {
            Some('#') => after(opened, "#}"),
            Some('{') => tokens(&opened[1..], "}}").1,
            Some('%') => {
                let (tokens, behind) = tokens(&opened[1..], "%}");
                if let Some((verb, names)) = named(&tokens) {
                    let line = text[..start].matches('\n').count() + 1;
                    found.push(Reference { line, verb, names });
                }
                match tokens[..] {
                    [Token::Word("raw")] => after_raw(behind),
                    _ => behind,
                }
            }
            _ => opened,
        };
    }
    found
}

/// Returns what comes after `end`; nothing where that does not come.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, behind)| behind)
}

/// Returns what comes after the tag that ends raw text.
fn after_raw(mut text: &str) -> &str {
    while let Some((_, tag)) = text.split_once("{%") {
        let word = tag.trim_start_matches(['-', '+']).trim_start();
        if word.starts_with("endraw") {
            return after(word, "%}");
        }
        text = tag;
    }
    ""
}

/// Takes a tag apart, up to its end outside of all brackets; what comes after it is the second.
fn tokens<'a>(text: &'a str, end: &str) -> (Vec<Token<'a>>, &'a str) {
    // The sign next to the mark says what becomes of white space around the tag.
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut tokens = Vec::new();
    let mut open = 0_usize;
    while let Some(first) = rest.chars().next() {
        if open == 0 && rest.starts_with(end) {
            if let Some(Token::Sign('-' | '+')) = tokens.last() {
                tokens.pop();
            }
            return (tokens, &rest[end.len()..]);
        }
        let length = match first {
            '"' | '\'' => {
                let length = quoted(&rest[1..], first);
                let inside = &rest[1..1 + length];
                tokens.push(Token::Text((!inside.contains('\\')).then_some(inside)));
                (length + 2).min(rest.len())
            }
            _ if is_in_word(first) => {
                let length = rest.find(|c| !is_in_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..length]));
                length
            }
            _ => {
                match first {
                    '(' | '[' | '{' => open += 1,
                    ')' | ']' | '}' => open = open.saturating_sub(1),
                    _ => {}
                }
                if !first.is_whitespace() {
                    tokens.push(Token::Sign(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    (tokens, "")
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns how many bytes there are before the quote that ends a text.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at,
            _ => {}
        }
    }
    text.len()
}

/// Returns the templates that a tag names, and what for.
fn named<'a>(tokens: &[Token<'a>]) -> Option<(Verb, Vec<&'a str>)> {
    use Token::{Sign, Text, Word};

    match tokens {
        [Word("extends"), Text(Some(name))] => Some((Verb::Extends, vec![name])),
        [Word("import"), Text(Some(name)), Word("as"), ..]
        | [Word("from"), Text(Some(name)), Word("import"), ..] => {
            Some((Verb::ImportsFrom, vec![name]))
        }
        [Word("include"), Text(Some(name)), how @ ..] if is_plain(how) => {
            Some((Verb::Includes, vec![name]))
        }
        [Word("include"), Sign('[' | '('), list @ ..] => {
            let end = list
                .iter()
                .position(|token| matches!(token, Sign(']' | ')')))?;
            let (list, how) = (&list[..end], &list[end + 1..]);
            let names: Option<Vec<_>> = list
                .iter()
                .filter(|token| **token != Sign(','))
                .map(|token| match token {
                    Text(name) => *name,
                    _ => None,
                })
                .collect();
            let names = names.filter(|names| !names.is_empty() && is_plain(how))?;
            Some((Verb::Includes, names))
        }
        _ => None,
    }
}

/// Tells whether a tag ends in nothing, or in `with context` or `without context`.
fn is_plain(tokens: &[Token<'_>]) -> bool {
    matches!(
        tokens,
        [] | [Token::Word("with" | "without"), Token::Word("context")]
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(usize, Verb, Vec<&str>)> {
        let found = references(text).into_iter();
        found
            .map(|reference| (reference.line, reference.verb, reference.names))
            .collect()
    }

    #[test]
    fn names_in_tags_are_found_with_their_lines() {
        let text = "{% extends 'base.html' %}\n<p>{ 100% }</p>\n{%- include \"nav.html\" -%}\n\
            {%+ include ['a.txt', 'b.txt',] without context +%}{% import 'm.html' as m %}\n\n\
            {% from 'n.html'\nimport link as l, mail with context %}{{ {'a': {'b': 1}} }}{%include'c.txt'%}";
        assert_eq!(
            found(text),
            [
                (1, Verb::Extends, vec!["base.html"]),
                (3, Verb::Includes, vec!["nav.html"]),
                (4, Verb::Includes, vec!["a.txt", "b.txt"]),
                (4, Verb::ImportsFrom, vec!["m.html"]),
                (6, Verb::ImportsFrom, vec!["n.html"]),
                (7, Verb::Includes, vec!["c.txt"]),
            ]
        );
    }

    #[test]
    fn what_only_rendering_tells_is_left_out() {
        for text in [
            "{% include page %}",
            "{% include 'a' ~ page %}",
            "{% include 'a'|lower %}",
            "{% include 'a' if page else 'b' %}",
            "{% include ['a', page] %}",
            "{% include ['a'][0] %}",
            "{% include 'a\\n' %}",
            "{% include 'a' ignore missing %}",
            "{% include ['a', 'b'] ignore missing with context %}",
            "{% extends base %}",
            "{% extends 'a' if page else 'b' %}",
            "{% import 'a' if page else 'b' as m %}",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_no_tag_is_passed_over() {
        for text in [
            "{# {% include 'a' %} #}",
            "{% raw %}{% include 'a' %}{% endraw %}",
            "{%- raw -%}{% include 'a' %}{{{%+ endraw -%}",
            "{{ \"{% include 'a' %}\" }}",
            "{{ {'}}': '{% include \"a\" %}'} }}",
            "{% set text = '%}{% include \"a\" %}' %}",
            "{ % include 'a' %}",
            "{% set include = 'a' %}",
        ] {
            let text = format!("{text}\n{{% include 'z' %}}");
            assert_eq!(found(&text), [(2, Verb::Includes, vec!["z"])], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_to_an_end(text in "([{}%#'\"\\\\\\-\\[\\]a\n é]|raw|endraw|include|\\{%|%\\})*") {
            for reference in references(&text) {
                prop_assert!(reference.line <= text.matches('\n').count() + 1);
                prop_assert!(!reference.names.is_empty());
            }
        }
    }
}
