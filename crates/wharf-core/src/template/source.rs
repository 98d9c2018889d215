use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::TemplateError;

/// How deep folders may lie within each other, so that a link to a folder above comes to an end.
const DEPTH: usize = 16;

/// Where templates come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Folder(PathBuf),
    /// Names and texts.
    Embedded(Vec<(String, String)>),
}

/// One file of a folder, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    path: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
}

impl Source {
    /// Reads all templates, by name.
    ///
    /// # Errors
    ///
    /// All files that cannot be read.
    pub(super) fn read(&self) -> Result<Vec<(String, String)>, Vec<TemplateError>> {
        let root = match self {
            Self::Embedded(texts) => return Ok(texts.clone()),
            Self::Folder(root) => root,
        };
        let files = look(root).map_err(|error| vec![error])?;
        let (mut texts, mut errors) = (Vec::new(), Vec::new());
        for file in files {
            match fs::read_to_string(&file.path) {
                Ok(text) => texts.push((name(root, &file.path), text)),
                Err(error) => errors.push(TemplateError::file(file.path, error)),
            }
        }
        if errors.is_empty() {
            Ok(texts)
        } else {
            Err(errors)
        }
    }

    /// Looks at all files, to know later whether one has changed; nothing for what cannot change.
    pub(super) fn look(&self) -> Result<Vec<Seen>, TemplateError> {
        match self {
            Self::Embedded(_) => Ok(Vec::new()),
            Self::Folder(root) => look(root),
        }
    }
}

fn look(root: &Path) -> Result<Vec<Seen>, TemplateError> {
    if !root.is_dir() {
        return Err(TemplateError::folder(root, "is not there"));
    }
    let mut files = Vec::new();
    collect(root, root, DEPTH, &mut files)?;
    files.sort_unstable();
    Ok(files)
}

fn collect(
    root: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<Seen>,
) -> Result<(), TemplateError> {
    if depth == 0 {
        return Err(TemplateError::folder(root, "is more than 16 folders deep"));
    }
    let failed = |error| TemplateError::file(folder, error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // What editors and systems leave behind.
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let path = entry.path();
        let about = fs::metadata(&path).map_err(|error| TemplateError::file(&path, error))?;
        if about.is_dir() {
            collect(root, &path, depth - 1, files)?;
        } else if about.is_file() {
            files.push(Seen {
                path,
                modified: about.modified().ok(),
                length: about.len(),
            });
        }
    }
    Ok(())
}

/// Returns the name of a template: its path within the folder, with slashes on every system.
fn name(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let names = inside.iter().map(|name| name.to_string_lossy());
    names.collect::<Vec<_>>().join("/")
}
