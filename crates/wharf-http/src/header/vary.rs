use http::header::{HeaderMap, HeaderName, HeaderValue, VARY};

use super::grammar;

/// Says in `Vary` that a response depends on a field of its request, unless that is said already (RFC 9110 §12.5.5).
///
/// # Examples
///
/// ```
/// use wharf_http::HeaderMap;
/// use wharf_http::header::add_vary;
///
/// let mut headers = HeaderMap::new();
/// add_vary(&mut headers, &http::header::ORIGIN);
/// add_vary(&mut headers, &http::header::ORIGIN);
/// assert_eq!(headers["vary"], "origin");
/// ```
pub fn add_vary(headers: &mut HeaderMap, on: &HeaderName) {
    let mut lines = headers.get_all(VARY).iter();
    let said = lines.any(|line| {
        line.to_str().is_ok_and(|line| {
            grammar::split(line, b',')
                .any(|member| member == "*" || member.eq_ignore_ascii_case(on.as_str()))
        })
    });
    if !said {
        headers.append(VARY, HeaderValue::from(on.clone()));
    }
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;

    use super::*;

    #[test]
    fn a_field_is_added_unless_it_is_there() {
        for (before, after) in [
            (vec![], vec!["accept-encoding"]),
            (vec!["origin"], vec!["origin", "accept-encoding"]),
            (
                vec!["origin, Accept-Encoding"],
                vec!["origin, Accept-Encoding"],
            ),
            (vec!["*"], vec!["*"]),
            (
                vec!["x-accept-encoding"],
                vec!["x-accept-encoding", "accept-encoding"],
            ),
        ] {
            let lines = before.iter();
            let mut headers: HeaderMap = lines.map(|line| (VARY, line.parse().unwrap())).collect();
            add_vary(&mut headers, &ACCEPT_ENCODING);
            assert_eq!(headers.get_all(VARY).iter().collect::<Vec<_>>(), after);
        }
    }
}
