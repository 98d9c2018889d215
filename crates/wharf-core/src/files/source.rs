use std::io;
use std::time::SystemTime;

use super::disk::Root;
use super::{Content, Embedded};

/// Where the files are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Folder(Root),
    Embedded(Embedded),
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Found {
    File(Content),
    Folder,
    /// There is something, but nothing that may be sent: a pipe, a device, a socket, or a file without permission.
    Refused,
    Missing,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// In bytes; `None` for a folder.
    pub(super) size: Option<u64>,
    pub(super) modified: Option<SystemTime>,
}

impl Source {
    /// Finds what a path of plain names leads to.
    pub(super) async fn find(&self, path: &str, follow: bool) -> io::Result<Found> {
        match self {
            Self::Folder(root) => root.find(path, follow).await,
            Self::Embedded(files) => Ok(files.find(path)),
        }
    }

    /// Lists a folder, without order; `true` when there is more than is listed.
    pub(super) async fn list(&self, path: &str, follow: bool) -> io::Result<(Vec<Entry>, bool)> {
        match self {
            Self::Folder(root) => root.list(path, follow).await,
            Self::Embedded(files) => Ok((files.list(path), false)),
        }
    }
}
