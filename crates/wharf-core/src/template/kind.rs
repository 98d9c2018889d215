//! What the end of a template's name says.

use minijinja::AutoEscape;

/// Endings that tell editors of the language, and nobody else of anything.
const IGNORED: [&str; 3] = [".j2", ".jinja2", ".jinja"];

/// How values are written.
#[derive(Clone, Copy)]
enum Escape {
    Markup,
    Json,
    Nothing,
}

/// By the ending: media type and escaping.
const KINDS: [(&str, &str, Escape); 18] = [
    ("html", "text/html; charset=utf-8", Escape::Markup),
    ("htm", "text/html; charset=utf-8", Escape::Markup),
    (
        "xhtml",
        "application/xhtml+xml; charset=utf-8",
        Escape::Markup,
    ),
    ("xml", "text/xml; charset=utf-8", Escape::Markup),
    ("svg", "image/svg+xml", Escape::Markup),
    ("rss", "application/rss+xml; charset=utf-8", Escape::Markup),
    (
        "atom",
        "application/atom+xml; charset=utf-8",
        Escape::Markup,
    ),
    ("json", "application/json", Escape::Json),
    ("webmanifest", "application/manifest+json", Escape::Json),
    ("js", "text/javascript; charset=utf-8", Escape::Json),
    ("mjs", "text/javascript; charset=utf-8", Escape::Json),
    ("yaml", "application/yaml", Escape::Json),
    ("yml", "application/yaml", Escape::Json),
    ("css", "text/css; charset=utf-8", Escape::Nothing),
    ("csv", "text/csv; charset=utf-8", Escape::Nothing),
    ("ics", "text/calendar; charset=utf-8", Escape::Nothing),
    ("md", "text/markdown; charset=utf-8", Escape::Nothing),
    ("txt", "text/plain; charset=utf-8", Escape::Nothing),
];

fn of(name: &str) -> (&'static str, Escape) {
    let stripped = IGNORED.iter().find_map(|ending| name.strip_suffix(ending));
    let (_, ending) = stripped
        .unwrap_or(name)
        .rsplit_once('.')
        .unwrap_or_default();
    let mut kinds = KINDS.iter();
    let kind = kinds.find(|(known, ..)| ending.eq_ignore_ascii_case(known));
    kind.map_or(
        ("text/plain; charset=utf-8", Escape::Nothing),
        |&(_, media, escape)| (media, escape),
    )
}

/// Returns the media type of what a template comes to.
pub(super) fn media_type(name: &str) -> &'static str {
    of(name).0
}

/// Returns how values are escaped in a template.
pub(super) fn auto_escape(name: &str) -> AutoEscape {
    match of(name).1 {
        Escape::Markup => AutoEscape::Html,
        Escape::Json => AutoEscape::Json,
        Escape::Nothing => AutoEscape::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ending_that_counts_decides() {
        for (name, media, escape) in [
            ("index.html", "text/html; charset=utf-8", AutoEscape::Html),
            (
                "a/b/INDEX.HTML",
                "text/html; charset=utf-8",
                AutoEscape::Html,
            ),
            (
                "index.html.j2",
                "text/html; charset=utf-8",
                AutoEscape::Html,
            ),
            ("map.svg", "image/svg+xml", AutoEscape::Html),
            ("ships.json.jinja", "application/json", AutoEscape::Json),
            ("mail.txt", "text/plain; charset=utf-8", AutoEscape::None),
            ("html", "text/plain; charset=utf-8", AutoEscape::None),
            (
                "page.html.bak",
                "text/plain; charset=utf-8",
                AutoEscape::None,
            ),
        ] {
            assert_eq!(media_type(name), media, "{name}");
            assert_eq!(auto_escape(name), escape, "{name}");
        }
    }
}
