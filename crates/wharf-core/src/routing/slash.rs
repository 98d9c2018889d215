//! Whether a slash at the end of a path counts.

use percent_encoding::{CONTROLS, utf8_percent_encode};

/// What a slash at the end of a path, or its absence, means to a route.
///
/// | route | request | `Strict` | `Redirect` | `Ignore` |
/// |---|---|---|---|---|
/// | `/x` | `/x` | matches | matches | matches |
/// | `/x` | `/x/` | 404 | 308 to `/x` | matches |
/// | `/x/` | `/x` | 404 | 308 to `/x/` | matches |
/// | `/x` | `//x` | 404 | 308 to `/x` | 404 |
/// | `/x` | `//x/` | 404 | 308 to `/x` | 404 |
///
/// The mode belongs to the route, so that a mounted part of an application can differ from the rest of it. A route whose pattern is the
/// path exactly wins over one that ignores a slash. A `{*rest}` parameter takes a slash at the end as part of its text, in all modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrailingSlash {
    /// `/x` and `/x/` are different paths.
    #[default]
    Strict,
    /// A path that nothing matches is redirected to where it would match with a slash added or removed at its end, with repeated
    /// slashes merged, or with both.
    ///
    /// The redirect keeps method and query (308), never leads to a path that does not resolve, and never leaves the host: no location
    /// begins with `//` or `/\`, which browsers read as the name of a host.
    Redirect,
    /// `/x` and `/x/` are the same path.
    Ignore,
}

/// Returns the paths to try in place of `path`, in order: slashes merged, slash at the end toggled, both.
pub(super) fn alternatives(path: &str) -> impl Iterator<Item = String> {
    let merged = merged(path);
    let both = merged.as_deref().and_then(toggled);
    let paths = [merged, toggled(path), both].into_iter().flatten();
    // A header takes ASCII only; what is not is encoded, as it should have been.
    paths
        .filter(|path| is_safe(path))
        .map(|path| utf8_percent_encode(&path, CONTROLS).to_string())
}

/// Returns `path` with one slash in place of several; `None` if nothing changes.
fn merged(path: &str) -> Option<String> {
    path.contains("//").then(|| {
        let mut merged = String::with_capacity(path.len());
        for character in path.chars() {
            if character != '/' || !merged.ends_with('/') {
                merged.push(character);
            }
        }
        merged
    })
}

/// Returns `path` with a slash at its end, or without; the root has no other form.
fn toggled(path: &str) -> Option<String> {
    match path.strip_suffix('/') {
        Some("") => None,
        Some(shorter) => Some(shorter.to_owned()),
        None => Some(format!("{path}/")),
    }
}

/// Returns whether a browser that is sent to `path` stays on the host.
///
/// Browsers read a backslash as a slash and drop tabs and line ends wherever they stand.
fn is_safe(path: &str) -> bool {
    !matches!(path.as_bytes(), [b'/', b'/' | b'\\', ..])
        && !path
            .bytes()
            .any(|byte| byte.is_ascii_control() || byte == b' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slashes_are_merged_then_toggled_then_both() {
        for (path, expected) in [
            ("/", &[] as &[&str]),
            ("/x", &["/x/"]),
            ("/x/", &["/x"]),
            ("/x//y", &["/x/y", "/x//y/", "/x/y/"]),
            ("//x", &["/x", "/x/"]),
            ("//x/", &["/x/", "/x"]),
            ("//", &["/", "/"]),
            ("///x", &["/x", "/x/"]),
            ("/x//", &["/x/", "/x/", "/x"]),
            ("/\\x", &[]),
            ("/\t/x", &[]),
            ("/é", &["/%C3%A9/"]),
        ] {
            assert_eq!(alternatives(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_alternative_leads_to_another_host(path in r"/[/\\a.\t\n é%-]{0,8}") {
            for path in alternatives(&path) {
                prop_assert!(path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\"));
                prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
