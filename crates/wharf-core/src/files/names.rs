use percent_encoding::percent_decode_str;

/// Where a request path leads: the folders and the file below the root, each a plain name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// Joined by slashes; empty for the root.
    path: String,
    /// The request path ends in a slash.
    folder: bool,
}

impl Names {
    /// Reads the path below the root, as it was received; `None` when it can name nothing that is served.
    ///
    /// Each segment is decoded once and by itself, so that `%2f` is a part of a name, and such names there are not.
    /// What a system could read as more than a name (`..`, `\`, NUL, `C:` on Windows) is refused everywhere alike.
    pub(super) fn parse(raw: &str, dot_files: bool) -> Option<Self> {
        let (names, folder) = match raw.strip_suffix('/') {
            Some(names) => (names, true),
            None => (raw, raw.is_empty()),
        };
        let mut path = String::with_capacity(raw.len());
        if !(raw.is_empty() || raw == "/" && names.is_empty()) {
            for segment in names.split('/') {
                let name = percent_decode_str(segment).decode_utf8().ok()?;
                if !is_name(&name) || (name.starts_with('.') && !dot_files) {
                    return None;
                }
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(&name);
            }
        }
        // `//` names nothing: an empty segment is no name.
        if raw == "/" {
            return None;
        }
        Some(Self { path, folder })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_folder(&self) -> bool {
        self.folder
    }
}

/// Tells whether a system takes the text as the name of one thing in a folder.
pub(super) fn is_name(name: &str) -> bool {
    let separator = |c: char| matches!(c, '/' | '\\' | '\0') || (cfg!(windows) && c == ':');
    !matches!(name, "" | "." | "..") && !name.contains(separator)
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_plain_names_are_paths() {
        for (raw, path) in [
            ("", Some(("", true))),
            ("a.txt", Some(("a.txt", false))),
            ("a/b/", Some(("a/b", true))),
            ("caf%C3%A9/a%20b", Some(("café/a b", false))),
            ("a%252fb", Some(("a%2fb", false))),
            ("...", None),
            ("/", None),
            ("//", None),
            ("a//b", None),
            ("/etc/passwd", None),
            ("..", None),
            ("a/../b", None),
            ("%2e%2e/b", None),
            ("a/%2E./b", None),
            ("..%2fb", None),
            ("a%5c..%5cb", None),
            ("a\\b", None),
            ("a%00.txt", None),
            ("./a", None),
            (".git/config", None),
            ("a/.env", None),
            ("%ff", None),
        ] {
            let names = Names::parse(raw, false);
            let got = names
                .as_ref()
                .map(|names| (names.path(), names.is_folder()));
            assert_eq!(got, path, "{raw}");
        }
        assert!(Names::parse(".well-known/a", true).is_some());
        assert!(Names::parse("../a", true).is_none());
    }

    proptest! {
        #[test]
        fn no_path_leads_up_or_elsewhere(raw in r"([./\\a:]|%2[eEfF]|%5[cC]|%00|%25|é){0,16}", dots: bool) {
            if let Some(names) = Names::parse(&raw, dots) {
                let mut components = Path::new(names.path()).components();
                prop_assert!(components.all(|part| matches!(part, Component::Normal(_))));
            }
        }
    }
}
