use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::source::Entry;
use super::{Content, Found};

/// Files in the program itself, for a deployment of one file. Made by [`embed!`](crate::files::embed), or of any list.
///
/// A list can be written by a build script; it holds paths with slashes, and bytes:
///
/// ```
/// use wharf_core::files::Embedded;
///
/// static FILES: &[(&str, &[u8])] = &[
///     ("index.html", b"<!doctype html><title>Quay</title>"),
///     ("css/site.css", b"body { margin: 0 }"),
/// ];
/// let files = Embedded::new(FILES);
/// ```
#[derive(Clone)]
pub struct Embedded {
    files: Arc<BTreeMap<&'static str, Content>>,
}

impl Embedded {
    /// Takes files by their paths, of which the last of several with one path counts. Hashes them once.
    #[must_use]
    pub fn new(files: &'static [(&'static str, &'static [u8])]) -> Self {
        let files = files.iter().map(|&(path, bytes)| {
            let path = path.trim_start_matches("./").trim_start_matches('/');
            (path, Content::bytes(bytes))
        });
        Self {
            files: Arc::new(files.collect()),
        }
    }

    pub(super) fn find(&self, path: &str) -> Found {
        if let Some(content) = self.files.get(path) {
            return Found::File(content.clone());
        }
        match self.below(path).next() {
            Some(_) => Found::Folder,
            None => Found::Missing,
        }
    }

    pub(super) fn list(&self, path: &str) -> Vec<Entry> {
        let mut folders = BTreeSet::new();
        let mut entries = Vec::new();
        for (rest, content) in self.below(path) {
            let (name, size) = match rest.split_once('/') {
                Some((folder, _)) if folders.insert(folder) => (folder, None),
                Some(_) => continue,
                None => (rest, Some(content.length())),
            };
            entries.push(Entry {
                name: name.to_owned(),
                size,
                modified: None,
            });
        }
        entries
    }

    /// The files below a folder, by the rest of their paths.
    fn below(&self, folder: &str) -> impl Iterator<Item = (&'static str, &Content)> {
        self.files.iter().filter_map(move |(path, content)| {
            let rest = match folder {
                "" => Some(*path),
                folder => path
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/')),
            };
            Some((rest?, content))
        })
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.files.keys()).finish()
    }
}

/// Puts files into the program: their folder, relative to the package's `Cargo.toml`, and their names in it.
///
/// # Examples
///
/// ```
/// use wharf_core::App;
/// use wharf_core::files::{Files, embed};
///
/// let app = App::new().files("/source", Files::embedded(embed!("src/files": "glob.rs", "names.rs")));
/// assert!(app.check().is_ok());
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! embed_files {
    ($folder:literal: $($name:literal),+ $(,)?) => {{
        static FILES: &[(&str, &[u8])] = &[
            $((
                $name,
                include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $name)),
            ),)+
        ];
        $crate::files::Embedded::new(FILES)
    }};
}
