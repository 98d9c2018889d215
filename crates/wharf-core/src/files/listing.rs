use std::cmp::Ordering;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{self, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use wharf_http::Response;

use super::source::Entry;
use crate::response::page::{Page, escaped};
use crate::response::{Html, IntoResponse as _};

/// The style of the page, in the page itself: it loads nothing.
const STYLE: &str = include_str!("listing.css");

/// Lets the page use the style above, by its hash, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'sha256-VwNwuGBI+IUADeqYs8BBA++qKkthXHD4FHmNK1hfSM0='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The policy of a page with something below the table, which may load scripts and styles and send forms.
const POLICY_WITH_MORE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self' 'sha256-VwNwuGBI+IUADeqYs8BBA++qKkthXHD4FHmNK1hfSM0='; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What the lines are sorted by; folders come first in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Size,
    Time,
}

/// The order of the lines, as the query says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    column: Column,
    descending: bool,
}

impl Order {
    /// Reads `sort=size&order=desc`; what is not known counts as not there.
    fn parse(query: Option<&str>) -> Self {
        let pairs = query.unwrap_or_default().split('&');
        let mut order = Self {
            column: Column::Name,
            descending: false,
        };
        for pair in pairs {
            match pair {
                "sort=name" => order.column = Column::Name,
                "sort=size" => order.column = Column::Size,
                "sort=time" => order.column = Column::Time,
                "order=desc" => order.descending = true,
                "order=asc" => order.descending = false,
                _ => {}
            }
        }
        order
    }

    fn compare(self, one: &Entry, other: &Entry) -> Ordering {
        let by_name = || {
            let (lower, other_lower) = (one.name.to_lowercase(), other.name.to_lowercase());
            lower
                .cmp(&other_lower)
                .then_with(|| one.name.cmp(&other.name))
        };
        let order = match self.column {
            Column::Name => by_name(),
            Column::Size => one.size.cmp(&other.size).then_with(by_name),
            Column::Time => one.modified.cmp(&other.modified).then_with(by_name),
        };
        let folders = other.size.is_none().cmp(&one.size.is_none());
        folders.then(if self.descending {
            order.reverse()
        } else {
            order
        })
    }
}

/// Makes the page of a folder: readable by day and night, on a phone, and aloud. `path` is that of the request, and
/// ends in a slash; `top` of its segments lie above the folder that is served. `below` is HTML.
pub(super) fn page(
    path: &str,
    top: usize,
    query: Option<&str>,
    mut entries: Vec<Entry>,
    cut: bool,
    below: Option<&str>,
) -> Response {
    let order = Order::parse(query);
    entries.sort_by(|one, other| order.compare(one, other));
    let mut lines = String::new();
    if top < path.matches('/').count() - 1 {
        lines.push_str("<tr><td><a class=\"folder\" href=\"../\">../</a></td><td class=\"size\"></td><td class=\"time\"></td></tr>\n");
    }
    for entry in &entries {
        line(&mut lines, entry);
    }
    let heads = [
        ("Name", "name", Column::Name, ""),
        ("Size", "size", Column::Size, "size"),
        ("Changed", "time", Column::Time, "time"),
    ]
    .map(|(text, word, column, class)| head(order, text, word, column, class))
    .concat();
    let count = match (entries.len(), cut) {
        (1, false) => "1 entry".to_owned(),
        (count, false) => format!("{count} entries"),
        (count, true) => format!("The first {count} entries; there are more."),
    };
    let crumbs = crumbs(path, top);
    let more = below.unwrap_or_default();
    let main = format!(
        r#"<h1>{crumbs}</h1>
<table>
<thead><tr>{heads}</tr></thead>
<tbody>
{lines}</tbody>
</table>
<p>{count}</p>
{more}"#
    );
    let page = Page {
        title: &percent_decode_str(path).decode_utf8_lossy(),
        head: "",
        style: STYLE,
        main: &main,
    };
    let mut response = Html(page.to_string()).into_response();
    let headers = response.headers_mut();
    let policy = below.map_or(POLICY, |_| POLICY_WITH_MORE);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    // A folder has no state that tells when a file in it changes.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The head of a column, which sorts by it, or the other way round.
fn head(order: Order, text: &str, word: &str, column: Column, class: &str) -> String {
    let (sorted, next) = match (order.column == column, order.descending) {
        (true, false) => (" aria-sort=\"ascending\"", "desc"),
        (true, true) => (" aria-sort=\"descending\"", "asc"),
        (false, _) => ("", "asc"),
    };
    format!(
        "<th scope=\"col\" class=\"{class}\"{sorted}><a rel=\"nofollow\" href=\"?sort={word}&amp;order={next}\">{text}</a></th>"
    )
}

/// The folders on the way, each a link.
fn crumbs(path: &str, top: usize) -> String {
    let names: Vec<&str> = path.trim_matches('/').split('/').collect();
    let mut crumbs = String::from("/");
    for (index, name) in names
        .iter()
        .enumerate()
        .filter(|(_, name)| !name.is_empty())
    {
        let text = escaped(&percent_decode_str(name).decode_utf8_lossy());
        let above = names.len() - 1 - index;
        // What lies above the folder that is served need not be there.
        if above == 0 || index + 1 < top {
            let _ = write!(crumbs, "{text}/");
        } else {
            let _ = write!(crumbs, "<a href=\"{}\">{text}</a>/", "../".repeat(above));
        }
    }
    crumbs
}

fn line(lines: &mut String, entry: &Entry) {
    let slash = if entry.size.is_none() { "/" } else { "" };
    let class = if entry.size.is_none() {
        " class=\"folder\""
    } else {
        ""
    };
    let text = escaped(&entry.name);
    // With `./` in front, no name looks like a scheme.
    let link = utf8_percent_encode(&entry.name, SEGMENT);
    let size = entry.size.map(size).unwrap_or_default();
    let time = entry.modified.map(time).unwrap_or_default();
    // Writing into a string does not fail.
    let _ = writeln!(
        lines,
        "<tr><td><a{class} href=\"./{link}{slash}\">{text}{slash}</a></td><td class=\"size\">{size}</td><td class=\"time\">{time}</td></tr>"
    );
}

/// Writes a size as people read it, in units of 1024 bytes.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Writes a time as `2026-11-26 15:04`, in UTC.
fn time(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    // Counted from the first of March, so that the day that leap years have comes last; 400 years repeat.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + later;
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!(
        "<time datetime=\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}Z\">{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}</time>"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::response::page::tests::assert_allowed;

    fn entry(name: &str, size: Option<u64>, seconds: u64) -> Entry {
        Entry {
            name: name.to_owned(),
            size,
            modified: Some(UNIX_EPOCH + Duration::from_secs(seconds)),
        }
    }

    async fn html(path: &str, top: usize, query: Option<&str>, entries: Vec<Entry>) -> String {
        let mut response = page(path, top, query, entries, false, None);
        let bytes = response.body_mut().bytes(None).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn names_are_escaped_in_text_and_in_links() {
        let name = "<script>\"'&?#%a:b\u{202e}txt.exe";
        let html = html("/s/", 1, None, vec![entry(name, Some(3), 0)]).await;
        assert!(
            html.contains("&lt;script&gt;&quot;&#39;&amp;?#%a:b\u{fffd}txt.exe</a>"),
            "{html}"
        );
        assert!(html.contains("href=\"./%3Cscript%3E%22%27%26%3F%23%25a%3Ab%E2%80%AEtxt.exe\""));
        assert!(!html.contains("<script"));
    }

    #[tokio::test]
    async fn lines_are_sorted_with_the_folders_first() {
        let entries = || {
            vec![
                entry("b", Some(1), 30),
                entry("A", Some(3), 10),
                entry("z", None, 20),
                entry("c", Some(2), 20),
            ]
        };
        for (query, expected) in [
            (None, "z/ A b c"),
            (Some("sort=name&order=desc"), "z/ c b A"),
            (Some("sort=size"), "z/ b c A"),
            (Some("sort=size&order=desc"), "z/ A c b"),
            (Some("sort=time&order=asc"), "z/ A c b"),
            (Some("sort=nonsense&x"), "z/ A b c"),
        ] {
            let html = html("/s/", 1, query, entries()).await;
            let names: Vec<&str> = html
                .split("href=\"./")
                .skip(1)
                .map(|rest| &rest[..rest.find('"').unwrap()])
                .collect();
            assert_eq!(names.join(" "), expected, "{query:?}");
        }
    }

    #[tokio::test]
    async fn the_way_up_ends_at_the_folder_that_is_served() {
        let top = html("/s/", 1, None, Vec::new()).await;
        assert!(!top.contains("\"../\""));
        let below = html("/s/a%20b/c/", 1, None, Vec::new()).await;
        assert!(
            below.contains("<a href=\"../../\">s</a>/<a href=\"../\">a b</a>/c/"),
            "{below}"
        );
        assert!(below.contains("href=\"../\">../</a>"));
    }

    #[test]
    fn sizes_and_times_are_written_for_people() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (1_709_251_199, "2024-02-29 23:59"),
            (4_102_444_800, "2100-01-01 00:00"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            let written = time(UNIX_EPOCH + Duration::from_secs(seconds));
            assert!(written.contains(&format!(">{text}<")), "{written}");
        }
    }

    #[test]
    fn the_policies_allow_the_style() {
        assert_allowed(&POLICY, STYLE);
        assert_allowed(&POLICY_WITH_MORE, STYLE);
    }
}
