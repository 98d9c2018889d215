//! Bodies of files, read piece by piece: at once what the system has in memory, and the rest off the runtime.

use std::fs::{self, File};
use std::future::Future as _;
use std::io::{self, Seek as _};
use std::mem;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::{Body, Error, ErrorKind, pread};

/// Large enough that the hop to another thread does not count, small enough for many files at once.
const PIECE: u64 = 64 * 1024;

#[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
impl Body {
    /// Opens a file as a body of known length.
    ///
    /// What is appended after this is not sent. The body can be made anew by [`try_clone`](Self::try_clone), which opens
    /// the file again at its first byte. It is read 64 KiB at a time: at once on Linux, as far as the system has it in
    /// memory, and else by the threads that tokio keeps for blocking work.
    ///
    /// # Errors
    ///
    /// What the system says when the file cannot be opened, and [`io::ErrorKind::InvalidInput`] when it is a folder or
    /// anything else without a length. Reading fails with an [`io::ErrorKind::UnexpectedEof`] below
    /// [`ErrorKind::Other`] when the file has become shorter.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime; so does reading.
    ///
    /// # Cancel safety
    ///
    /// Safe: the file is closed when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::Body;
    ///
    /// # let path = std::env::temp_dir().join(format!("wharf-body-{}", std::process::id()));
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// std::fs::write(&path, "on disk")?;
    /// let mut body = Body::from_path(&path).await?;
    /// assert_eq!(body.len(), Some(7));
    /// assert_eq!(body.bytes(1024).await?, "on disk");
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
    /// ```
    pub async fn from_path(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path: Arc<Path> = Arc::from(path.into());
        let again = Arc::clone(&path);
        let opening = spawn_blocking(move || {
            // Looked at before it is opened, since opening a pipe waits for whoever writes into it.
            length(&fs::metadata(&path)?)?;
            let file = File::open(&path)?;
            let length = length(&file.metadata()?)?;
            Ok::<_, io::Error>((file, length))
        });
        let (file, left) = opening.await.map_err(gone)??;
        if left == 0 {
            return Ok(Self::empty());
        }
        let body = Self::new(FileBody {
            state: State::Open(Arc::new(file)),
            at: 0,
            left,
        });
        Ok(body.or_made_by(move || {
            Self::new(FileBody {
                state: State::Closed(Arc::clone(&again)),
                at: 0,
                left,
            })
        }))
    }

    /// Makes a body of an open file, from where it stands to its present end.
    ///
    /// It can be sent once; see [`from_path`](Self::from_path) for one that can be made anew, and for the rest.
    ///
    /// # Errors
    ///
    /// As [`from_path`](Self::from_path).
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime; so does reading.
    ///
    /// # Cancel safety
    ///
    /// Safe: the file is closed when the future is dropped.
    pub async fn from_file(file: File) -> io::Result<Self> {
        let looking = spawn_blocking(move || {
            let mut file = file;
            let length = length(&file.metadata()?)?;
            let at = file.stream_position()?;
            Ok::<_, io::Error>((file, at..length))
        });
        let (file, part) = looking.await.map_err(gone)??;
        Ok(Self::from_file_part(file, part))
    }

    /// Makes a body of a part of an open file, by its bytes; the place where the file stands does not count.
    ///
    /// Several parts can share a file, and the body can be made anew. What the file does not have when it is read is
    /// an error, as in [`from_path`](Self::from_path).
    ///
    /// # Panics
    ///
    /// Reading panics outside a tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    /// use wharf_http::Body;
    ///
    /// # let path = std::env::temp_dir().join(format!("wharf-part-{}", std::process::id()));
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// std::fs::write(&path, "on disk")?;
    /// let mut body = Body::from_file_part(File::open(&path)?, 3..5);
    /// assert_eq!(body.len(), Some(2));
    /// assert_eq!(body.bytes(1024).await?, "di");
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn from_file_part(file: impl Into<Arc<File>>, part: Range<u64>) -> Self {
        let file = file.into();
        let make = move || {
            Self::new(FileBody {
                state: State::Open(Arc::clone(&file)),
                at: part.start,
                left: part.end.saturating_sub(part.start),
            })
        };
        make().or_made_by(make)
    }
}

fn length(metadata: &fs::Metadata) -> io::Result<u64> {
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}

/// The runtime shuts down and does no blocking work any more.
fn gone(error: JoinError) -> io::Error {
    io::Error::other(error)
}

struct FileBody {
    state: State,
    at: u64,
    left: u64,
}

enum State {
    Closed(Arc<Path>),
    Open(Arc<File>),
    Reading(JoinHandle<io::Result<(Arc<File>, Vec<u8>)>>),
    Ended,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            let (at, left) = (self.at, self.left);
            // At most `PIECE`, which any `usize` holds.
            let size = left.min(PIECE) as usize;
            match &mut self.state {
                State::Reading(reading) => {
                    let read = ready!(Pin::new(reading).poll(cx));
                    self.state = State::Ended;
                    let read = read.map_err(gone).and_then(|read| read);
                    return Poll::Ready(Some(self.took(read)));
                }
                _ if size == 0 => return Poll::Ready(None),
                state => {
                    let reading = match mem::replace(state, State::Ended) {
                        State::Closed(path) => spawn_blocking(move || {
                            let file = Arc::new(File::open(path)?);
                            let piece = read(&file, at, size)?;
                            Ok((file, piece))
                        }),
                        State::Open(file) => {
                            if let Some(piece) = pread::cached(&file, at, size) {
                                return Poll::Ready(Some(self.took(Ok((file, piece)))));
                            }
                            spawn_blocking(move || {
                                let piece = read(&file, at, size)?;
                                Ok((file, piece))
                            })
                        }
                        State::Reading(_) | State::Ended => return Poll::Ready(None),
                    };
                    self.state = State::Reading(reading);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl FileBody {
    fn took(&mut self, read: io::Result<(Arc<File>, Vec<u8>)>) -> Result<Frame<Bytes>, Error> {
        let failed = |error: io::Error| Error::new(ErrorKind::Other).because(error);
        let (file, piece) = read.map_err(failed)?;
        if piece.is_empty() {
            let missing = format!("the file has become {} bytes shorter", self.left);
            let short = io::Error::new(io::ErrorKind::UnexpectedEof, missing);
            return Err(failed(short));
        }
        self.at += piece.len() as u64;
        self.left = self.left.saturating_sub(piece.len() as u64);
        if self.left > 0 {
            self.state = State::Open(file);
        }
        Ok(Frame::data(piece.into()))
    }
}

/// Reads `size` bytes: fewer at the end of the file alone.
fn read(file: &File, at: u64, size: usize) -> io::Result<Vec<u8>> {
    let mut piece = vec![0; size];
    let mut filled = 0;
    while filled < size {
        match pread::read_at(file, &mut piece[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(filled);
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// A file that is removed at the end of the test.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str, content: &[u8]) -> Self {
            let name = format!("wharf-http-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            fs::remove_file(&self.0).unwrap();
        }
    }

    fn source(error: &Error) -> io::ErrorKind {
        let source = std::error::Error::source(error).unwrap();
        source.downcast_ref::<io::Error>().unwrap().kind()
    }

    #[tokio::test]
    async fn a_file_is_sent_in_pieces_and_can_be_sent_again() {
        let content: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        let file = Temporary::new("again", &content);
        let mut body = Body::from_path(&file.0).await.unwrap();
        let mut again = body.try_clone().unwrap();
        assert_eq!((body.len(), again.len()), (Some(200_000), Some(200_000)));

        let first = body.chunk().await.unwrap().unwrap();
        assert_eq!(first, content[..64 * 1024]);
        assert_eq!(body.len(), Some(200_000 - 64 * 1024));
        assert!(body.try_clone().is_none(), "it was read from");
        assert_eq!(body.bytes(None).await.unwrap(), content[64 * 1024..]);
        assert_eq!(again.bytes(200_000).await.unwrap(), content);
    }

    #[tokio::test]
    async fn what_is_appended_is_not_sent() {
        let file = Temporary::new("longer", b"before");
        let mut body = Body::from_path(&file.0).await.unwrap();
        let mut again = body.try_clone().unwrap();
        let mut appending = fs::OpenOptions::new().append(true).open(&file.0).unwrap();
        appending.write_all(b" and after").unwrap();
        assert_eq!(body.bytes(None).await.unwrap(), "before");
        assert_eq!(again.bytes(None).await.unwrap(), "before");
    }

    #[tokio::test]
    async fn a_file_that_has_become_shorter_is_an_error() {
        let file = Temporary::new("shorter", b"before");
        let mut body = Body::from_path(&file.0).await.unwrap();
        fs::write(&file.0, "be").unwrap();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "be");
        let error = body.chunk().await.unwrap().unwrap_err();
        assert_eq!(source(&error), io::ErrorKind::UnexpectedEof);
        assert_eq!(
            format!("{error:#}"),
            "the body could not be read: the file has become 4 bytes shorter"
        );
    }

    #[tokio::test]
    async fn a_file_that_is_gone_when_it_is_needed_again_is_an_error() {
        let file = Temporary::new("gone", b"x");
        let mut body = Body::from_path(&file.0).await.unwrap();
        let mut again = body.try_clone().unwrap();
        drop(file);
        assert_eq!(body.bytes(None).await.unwrap(), "x", "it was open");
        let error = again.bytes(None).await.unwrap_err();
        assert_eq!(source(&error), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn only_files_have_a_length() {
        let error = Body::from_path(std::env::temp_dir()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = Body::from_path("/no/such/file").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let empty = Temporary::new("empty", b"");
        assert!(Body::from_path(&empty.0).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_open_file_is_sent_from_where_it_stands() {
        let temporary = Temporary::new("open", b"skipped, sent");
        let mut file = File::open(&temporary.0).unwrap();
        file.read_exact(&mut [0; 9]).unwrap();
        let mut body = Body::from_file(file).await.unwrap();
        assert_eq!(body.len(), Some(4));
        assert_eq!(body.bytes(None).await.unwrap(), "sent");
    }

    #[tokio::test]
    async fn parts_of_one_file_are_read_side_by_side() {
        let temporary = Temporary::new("parts", b"0123456789");
        let file = Arc::new(File::open(&temporary.0).unwrap());
        let mut first = Body::from_file_part(Arc::clone(&file), 2..5);
        let mut again = first.try_clone().unwrap();
        let mut second = Body::from_file_part(file, 7..10);
        assert_eq!(second.bytes(None).await.unwrap(), "789");
        assert_eq!(first.bytes(None).await.unwrap(), "234");
        assert_eq!(again.bytes(None).await.unwrap(), "234");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_the_system_has_in_memory_is_read_at_once() {
        let temporary = Temporary::new("cached", &[7; 100_000]);
        // Written a moment ago, so that it is in memory; not every file system tells.
        let file = File::open(&temporary.0).unwrap();
        if pread::cached(&file, 0, 1).is_none() {
            return;
        }
        let mut body = Body::from_file_part(file, 0..100_000);
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut count = 0;
        while let Poll::Ready(Some(piece)) = body.poll_chunk(&mut context) {
            count += piece.unwrap().len();
        }
        assert_eq!(count, 100_000, "no poll had to wait for another thread");
    }
}
