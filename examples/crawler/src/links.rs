//! Where an HTML page leads: just enough of the language to find its links.

use wharf_client::Url;

/// Returns where a page that came from `url` leads, without fragments, in the order of the page. What is `nofollow` is left out.
pub(crate) fn of(html: &str, url: &Url) -> Vec<Url> {
    let mut base = url.clone();
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let name_ends = rest.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, after) = rest.split_at(name_ends.unwrap_or(rest.len()));
        let name = name.to_ascii_lowercase();
        let Some(wanted) = leads_by(&name) else {
            rest = after;
            continue;
        };
        let tag = Tag::take(after, wanted);
        rest = tag.rest;
        let target = tag.target.filter(|_| !tag.nofollow);
        if let Some(mut target) = target.and_then(|target| base.join(target.trim()).ok()) {
            target.set_fragment(None);
            match name.as_str() {
                "base" => base = target,
                _ => found.push(target),
            }
        }
        // What stands in there only looks like tags.
        if matches!(name.as_str(), "script" | "style") {
            let end = format!("</{name}");
            rest = rest.split_once(end.as_str()).map_or("", |(_, after)| after);
        }
    }
    found
}

/// Returns the attribute of an element that leads somewhere; empty for elements that are looked at for another reason.
fn leads_by(element: &str) -> Option<&'static str> {
    match element {
        "a" | "area" | "base" | "link" => Some("href"),
        "audio" | "embed" | "iframe" | "img" | "script" | "source" | "video" => Some("src"),
        "style" => Some(""),
        _ => None,
    }
}

/// What matters of a tag, and what follows it.
struct Tag<'h> {
    target: Option<String>,
    nofollow: bool,
    rest: &'h str,
}

impl<'h> Tag<'h> {
    /// Reads attributes up to the end of the tag.
    fn take(html: &'h str, wanted: &str) -> Self {
        let mut tag = Self {
            target: None,
            nofollow: false,
            rest: html,
        };
        loop {
            let text = tag
                .rest
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if let Some(after) = text.strip_prefix('>') {
                tag.rest = after;
                return tag;
            }
            if text.is_empty() {
                tag.rest = text;
                return tag;
            }
            let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
            // A stray `=` is the beginning of a name.
            let length = text.char_indices().skip(1).find(|&(_, c)| ends(c));
            let (name, after) = text.split_at(length.map_or(text.len(), |(at, _)| at));
            let Some(after) = after.trim_start().strip_prefix('=') else {
                tag.rest = after;
                continue;
            };
            let (value, after) = value(after.trim_start());
            tag.rest = after;
            if name.eq_ignore_ascii_case("rel") {
                tag.nofollow = value.to_ascii_lowercase().contains("nofollow");
            } else if name.eq_ignore_ascii_case(wanted) && tag.target.is_none() {
                tag.target = Some(value.replace("&amp;", "&"));
            }
        }
    }
}

/// Splits the value of an attribute from what follows it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>');
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(html: &str) -> Vec<String> {
        let page = Url::parse("http://quay.test/ships/list").unwrap();
        of(html, &page).iter().map(Url::to_string).collect()
    }

    #[test]
    fn links_are_found_however_they_are_written() {
        for html in [
            "<a href=\"tug\">",
            "<p><A class=x HREF = 'tug' >",
            "<a href=tug>the tug</a>",
            "<a disabled href=\"tug#crew\"/>",
            "<a title='a > b' href=tug",
            "<!-- <a href=old> --><img alt=\"\" src=\"/ships/tug\">",
            "<script>\"<a href=old>\"</script><link rel=next href=tug>",
            "<base href=\"/ships/yard/\"><a href=\"../tug\">",
        ] {
            assert_eq!(links(html), ["http://quay.test/ships/tug"], "{html}");
        }
        assert_eq!(
            links("<a href='?a=1&amp;b=2'>"),
            ["http://quay.test/ships/list?a=1&b=2"]
        );
    }

    #[test]
    fn what_does_not_lead_on_is_left_out() {
        for html in [
            "<a rel='x NoFollow' href=tug>",
            "<a name=tug>",
            "a href=tug",
            "<b href=tug>",
            "<a href='http://[x'>",
            "<style>a { content: '<a href=x>' }</style>",
            "<abbr href=tug>",
        ] {
            assert!(links(html).is_empty(), "{html}");
        }
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic(html in "([<>=/ '\"!-]|a|base|href|script|ä|\\PC){0,60}") {
            links(&html);
        }

        #[test]
        fn a_link_among_anything_that_ends_is_found(before in "[a-z &;\"'=äß]{0,20}", name in "[a-z]{1,8}") {
            let html = format!("{before}<a href=\"/{name}\">");
            prop_assert_eq!(links(&html), [format!("http://quay.test/{name}")]);
        }
    }
}
