use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write as _};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderMap;
use serde_core::de::{Deserialize, Deserializer, Error, Visitor};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use wharf_http::Body;
use wharf_http::header::ContentType;
use wharf_http::multipart::{PartReader, safe_file_name};

use super::spool::Content;
use crate::extract::text::UPLOAD;

/// A file of a [`MultipartForm`](super::MultipartForm): in memory when it is small, else a temporary file.
///
/// It is removed when this is dropped, which a handler that ends, fails, panics or is cancelled does, and so does a server that
/// shuts down; only a process that is killed leaves it. [`persist`](Self::persist) keeps it.
pub struct Upload {
    inner: Arc<Inner>,
}

struct Inner {
    field: String,
    file_name: Option<String>,
    kind: Option<ContentType>,
    headers: HeaderMap,
    content: Content,
}

impl Upload {
    pub(super) fn new(part: &PartReader, field: &str, content: Content) -> Self {
        Self {
            inner: Arc::new(Inner {
                field: field.to_owned(),
                file_name: part.file_name().map(str::to_owned),
                kind: part.content_type().cloned(),
                headers: part.headers().clone(),
                content,
            }),
        }
    }

    /// Returns the name of the form field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.inner.field
    }

    /// Returns the name of the file as it was sent, which may be anything: never use it as a path (RFC 7578 §4.2).
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.inner.file_name.as_deref()
    }

    /// Returns the name of the file made safe by [`safe_file_name`]; `None` when nothing is left of it.
    #[must_use]
    pub fn safe_file_name(&self) -> Option<String> {
        self.file_name().and_then(safe_file_name)
    }

    /// Returns the type of the content as the client gave it, which may be wrong; `None` when it gave none.
    #[must_use]
    pub fn content_type(&self) -> Option<&ContentType> {
        self.inner.kind.as_ref()
    }

    /// Returns the header fields of the part.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// Returns the number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.inner.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File(_, length) => *length,
        }
    }

    /// Tells whether the file has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns where the temporary file is; `None` when the content is in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.inner.content {
            Content::Memory(_) => None,
            Content::File(file, _) => file.path(),
        }
    }

    /// Returns the bytes when they are in memory.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.inner.content {
            Content::Memory(bytes) => Some(bytes),
            Content::File(..) => None,
        }
    }

    /// Reads all bytes; `limit` is in bytes, `None` reads all there are.
    ///
    /// # Errors
    ///
    /// [`FileTooLarge`](io::ErrorKind::FileTooLarge) when there are more than `limit` bytes, else what the system says.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing changes.
    pub async fn bytes(&self, limit: impl Into<Option<usize>>) -> io::Result<Bytes> {
        if limit.into().is_some_and(|limit| self.len() > limit as u64) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let Some(path) = self.path().map(Path::to_owned) else {
            return Ok(self.as_bytes().cloned().unwrap_or_default());
        };
        let reading = spawn_blocking(move || std::fs::read(path).map(Bytes::from));
        reading.await.map_err(io::Error::other)?
    }

    /// Makes a body of it, such as one to send on. It can be sent after this is dropped, too.
    ///
    /// # Errors
    ///
    /// What the system says when the temporary file cannot be opened.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing changes.
    pub async fn body(&self) -> io::Result<Body> {
        let Some(path) = self.path().map(Path::to_owned) else {
            return Ok(self.as_bytes().cloned().unwrap_or_default().into());
        };
        let opening = spawn_blocking(move || std::fs::File::open(path));
        Body::from_file(opening.await.map_err(io::Error::other)??).await
    }

    /// Keeps it as a file of this name, which must not exist; its owner alone may read and write it.
    ///
    /// A temporary file on the same file system is renamed, whatever its size; otherwise it is copied beside the name and then
    /// renamed, so that nobody sees a part of it.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists), or else what the system says. The upload is then removed.
    ///
    /// # Cancel safety
    ///
    /// The file is there in full or not at all, when the future is dropped.
    pub async fn persist(self, path: impl Into<PathBuf>) -> io::Result<()> {
        let path = path.into();
        let keeping = spawn_blocking(move || match Arc::try_unwrap(self.inner) {
            Ok(inner) => keep(inner.content, &path),
            Err(shared) => match &shared.content {
                Content::Memory(bytes) => keep(Content::Memory(bytes.clone()), &path),
                Content::File(file, _) => copy(&mut open(file.path())?, &path),
            },
        });
        keeping.await.map_err(io::Error::other)?
    }
}

fn keep(content: Content, path: &Path) -> io::Result<()> {
    let file = match content {
        Content::Memory(bytes) => {
            let mut file = NamedTempFile::new_in(folder(path))?;
            file.write_all(&bytes)?;
            file
        }
        Content::File(file, _) => match file.into_inner() {
            Some(file) => file,
            None => return Err(io::ErrorKind::NotFound.into()),
        },
    };
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::CrossesDevices => {
            copy(&mut open(Some(error.file.path()))?, path)
        }
        Err(error) => Err(error.error),
    }
}

fn open(path: Option<&Path>) -> io::Result<std::fs::File> {
    std::fs::File::open(path.ok_or(io::ErrorKind::NotFound)?)
}

fn copy(from: &mut std::fs::File, path: &Path) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder(path))?;
    io::copy(from, file.as_file_mut())?;
    file.persist_noclobber(path)
        .map(drop)
        .map_err(|error| error.error)
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("field", &self.field())
            .field("file_name", &self.file_name())
            .field("len", &self.len())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

thread_local! {
    /// The files of the form that is decoded: serde has no other way to hand a value through a type that it knows nothing of.
    static FILES: RefCell<Vec<Upload>> = const { RefCell::new(Vec::new()) };
}

/// Decodes a form that has these files.
pub(super) fn with_files<T>(files: Vec<Upload>, decode: impl FnOnce() -> T) -> T {
    /// Also gone when decoding panics.
    struct Before(Vec<Upload>);
    impl Drop for Before {
        fn drop(&mut self) {
            let before = mem::take(&mut self.0);
            drop(FILES.with(|files| files.replace(before)));
        }
    }
    let _before = Before(FILES.with(|known| known.replace(files)));
    decode()
}

impl<'de> Deserialize<'de> for Upload {
    /// Takes a file of a [`MultipartForm`](super::MultipartForm); nothing else has files.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(UPLOAD, FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = Upload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, number: D) -> Result<Upload, D::Error> {
        number.deserialize_bytes(self)
    }

    fn visit_bytes<E: Error>(self, token: &[u8]) -> Result<Upload, E> {
        let none = || E::custom("it is no file of a multipart form");
        let [0xff, number @ ..] = token else {
            return Err(none());
        };
        let number = <[u8; 4]>::try_from(number).map_err(|_length| none())?;
        let number = usize::try_from(u32::from_be_bytes(number)).unwrap_or(usize::MAX);
        FILES.with_borrow(|files| {
            let file = files.get(number).ok_or_else(none)?;
            Ok(Upload {
                inner: Arc::clone(&file.inner),
            })
        })
    }
}
