use http::header::HeaderValue;

use super::Report;
use crate::response::page::{Page, escaped};

/// The style of the page, in the page itself: it loads nothing.
pub(super) const STYLE: &str = include_str!("page.css");

/// Lets the page use the style above, by its hash, and nothing else: no script, no frame around it, no request.
pub(super) const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'sha256-Q3a4edrDsyk6ux95HYYlF4hCH2qWUkgUqRGER62+moA='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Writes an error as a page of its own, readable by day and night, on a phone, and aloud.
pub(super) fn write(report: &Report<'_>) -> String {
    let (code, reason) = (report.status.as_u16(), escaped(report.reason));
    let explanation = match report.detail {
        Some(detail) => escaped(detail),
        None => explanation(code).to_owned(),
    };
    let mut causes = String::new();
    if !report.causes.is_empty() {
        causes.push_str("<h2>Causes</h2>\n<ol>\n");
        for cause in &report.causes {
            causes.push_str("<li>");
            causes.push_str(&escaped(cause));
            causes.push_str("</li>\n");
        }
        causes.push_str("</ol>\n");
    }
    let id = report.request_id;
    let main = format!(
        r#"<p class="status">{code}</p>
<h1>{reason}</h1>
<p class="detail">{explanation}</p>
{causes}<footer>Request <code>{id}</code></footer>
"#
    );
    let page = Page {
        title: &format!("{code} {}", report.reason),
        head: "<meta name=\"robots\" content=\"noindex\">\n",
        style: STYLE,
        main: &main,
    };
    page.to_string()
}

/// What is said to a person where the error has no detail.
fn explanation(code: u16) -> &'static str {
    match code {
        404 => "There is nothing at this address.",
        405 => "This address does not take that kind of request.",
        503 => "The service cannot answer right now. Please try again later.",
        500..=599 => "Something went wrong on the server. The number below helps to find out what.",
        400..=499 => "The server could not answer this request.",
        _ => "There is nothing to show.",
    }
}
