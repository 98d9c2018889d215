//! Paths below which cookies are sent (RFC 6265bis §5.1.4).

/// Returns the path of a cookie that names none: the folder of what was requested.
pub(super) fn default_of(requested: &str) -> &str {
    match requested.rfind('/') {
        Some(end @ 1..) if requested.starts_with('/') => &requested[..end],
        _ => "/",
    }
}

/// Tells whether a cookie with a path goes with a request for another.
pub(super) fn covers(path: &str, requested: &str) -> bool {
    match requested.strip_prefix(path) {
        Some(rest) => rest.is_empty() || path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_without_path_has_the_folder_of_the_request() {
        for (requested, expected) in [
            ("", "/"),
            ("/", "/"),
            ("/a", "/"),
            ("/a/", "/a"),
            ("/a/b", "/a"),
            ("/a/b/", "/a/b"),
            ("/a//b", "/a/"),
            ("//", "/"),
            ("/a/b%2Fc", "/a"),
            ("a/b", "/"),
        ] {
            assert_eq!(default_of(requested), expected, "{requested}");
        }
    }

    #[test]
    fn a_path_covers_itself_and_what_is_below() {
        for (path, requested, expected) in [
            ("/", "/", true),
            ("/", "/a/b", true),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a", "/a/b", true),
            ("/a/", "/a/b", true),
            ("/a/", "/a/", true),
            ("/a", "/ab", false),
            ("/a/", "/a", false),
            ("/a", "/", false),
            ("/a", "/b/a", false),
            ("/a", "/A", false),
            ("/a", "/%61", false),
            ("/a/b", "/a//b", false),
            ("/a//", "/a//b", true),
        ] {
            assert_eq!(covers(path, requested), expected, "{path} {requested}");
        }
    }
}
