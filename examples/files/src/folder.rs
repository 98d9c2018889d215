//! The folder that is served.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use wharf::HttpError;

/// The most files in one archive; its format knows no more.
const MOST: usize = u16::MAX as usize;

/// The folder that is served.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Finds a folder by its path: one that is not hidden, and that no link has outside of this one.
    pub(crate) async fn find(&self, path: &str) -> Result<PathBuf, HttpError> {
        let missing = || HttpError::not_found("there is no such folder");
        if path.split('/').any(|name| name.starts_with('.')) {
            return Err(missing());
        }
        let top = fs::canonicalize(&self.0).await?;
        let found = fs::canonicalize(top.join(path)).await;
        let found = found.map_err(|error| missing().because(error))?;
        match found.starts_with(&top) && fs::metadata(&found).await?.is_dir() {
            true => Ok(found),
            false => Err(missing()),
        }
    }
}

/// Lists all files below a folder that are not hidden, each with its name from there on. Links are passed over.
pub(crate) async fn files_below(top: PathBuf) -> Result<Vec<(String, PathBuf)>, HttpError> {
    let list = move || {
        let mut files = Vec::new();
        let mut folders = vec![top.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let (kind, path) = (entry.file_type()?, entry.path());
                // What is no text has no name in an archive either.
                let Some(name) = name_below(&top, &path) else {
                    continue;
                };
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    files.push((name, path));
                }
            }
            if files.len() > MOST {
                return Err(HttpError::unprocessable(
                    "the folder has more than 65535 files",
                ));
            }
        }
        files.sort();
        Ok(files)
    };
    tokio::task::spawn_blocking(list)
        .await
        .map_err(io::Error::from)?
}

/// Returns the path from a folder on, with slashes; `None` when its last name is hidden or no text.
fn name_below(top: &Path, path: &Path) -> Option<String> {
    let hidden = path.file_name()?.to_str()?.starts_with('.');
    let names: Option<Vec<&str>> = path
        .strip_prefix(top)
        .ok()?
        .iter()
        .map(|name| name.to_str())
        .collect();
    (!hidden).then_some(names?.join("/"))
}
