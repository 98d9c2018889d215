//! [`FileStore`]: sessions in a folder, one file each.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use wharf_http::BoxError;

use super::{Replaced, SessionStore, Stored};
use crate::session::SessionKey;

const SESSION: &str = "session";
const UNFINISHED: &str = "unfinished";

/// How often files whose time is over are looked for, at most.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// How old a file is that nobody will finish.
const ABANDONED: Duration = Duration::from_secs(3600);

/// How many sessions can be written at the same moment.
const LANES: usize = 16;

/// A version and the end of its time in seconds since 1970, eight bytes each, before the session.
const HEAD_LENGTH: usize = 16;

/// Keeps sessions in a folder, where they outlive a restart: for one instance. Cheap to clone; clones share the folder.
///
/// Each session is a file that only the user of the process can read (mode 0600, on Unix), written beside and renamed into place, so
/// that it is there in full or not at all. What is not a session of this store is left alone. Files whose time is over are looked for
/// when a session is put in, every ten minutes at the most, in the background; [`sweep`](Self::sweep) does it at once.
///
/// A process that ends in any way, or is killed, loses nothing. A machine whose power fails may lose what was written in the seconds
/// before, and bring back what was removed; [`durable`](Self::durable) rules that out.
///
/// Two requests to one process compare versions under a lock. Several processes may share a folder, but not a lock: of two writes
/// at the same moment, the last one counts then.
///
/// # Examples
///
/// ```no_run
/// # use wharf_core::session::{FileStore, Sessions};
/// # fn example() -> std::io::Result<()> {
/// let sessions = Sessions::<u32>::new(FileStore::open("/var/lib/harbour/sessions")?);
/// # drop(sessions);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FileStore {
    inner: Arc<Inner>,
    durable: bool,
}

struct Inner {
    folder: PathBuf,
    lanes: [Mutex<()>; LANES],
    hasher: RandomState,
    swept: Mutex<Instant>,
}

impl FileStore {
    /// Names a folder, which is made where there is none, for the user of the process alone.
    ///
    /// # Errors
    ///
    /// Why there is no such folder.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        Ok(Self {
            inner: Arc::new(Inner {
                folder,
                lanes: std::array::from_fn(|_| Mutex::default()),
                hasher: RandomState::new(),
                swept: Mutex::new(Instant::now()),
            }),
            durable: false,
        })
    }

    /// Sets whether the disk has each change before the answer goes out, so that it outlives a loss of power.
    ///
    /// Each request that changes a session then waits for two flushes, of the file and of its folder, which are often milliseconds
    /// each. It is for applications where a sign-out must hold whatever happens. Other visitors only have to sign in again, and a file
    /// that was cut off is an empty session. On Windows the file alone is flushed.
    ///
    /// Default: `false`.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Removes the files of sessions whose time is over, and returns how many there were.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be read. A file that cannot be removed is left for the next time.
    ///
    /// # Cancel safety
    ///
    /// The work goes on when the future is dropped.
    pub async fn sweep(&self) -> io::Result<usize> {
        let inner = Arc::clone(&self.inner);
        spawn_blocking(move || inner.sweep()).await?
    }

    /// Does something with the file of a session where it holds up nobody, to its end even when nobody waits for it.
    async fn with<R: Send + 'static>(
        &self,
        key: &SessionKey,
        work: impl FnOnce(&Inner, &Path) -> io::Result<R> + Send + 'static,
    ) -> Result<R, BoxError> {
        let (inner, key) = (Arc::clone(&self.inner), key.clone());
        let work = move || {
            let lane = inner.hasher.hash_one(&key) % LANES as u64;
            // There is nothing behind the lock that a panic could leave half-done.
            let _lane = inner.lanes[usize::try_from(lane).unwrap_or(0)]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            work(&inner, &inner.folder.join(format!("{key}.{SESSION}")))
        };
        Ok(spawn_blocking(work).await??)
    }

    fn draft(&self, version: u64, data: Bytes, keep: Duration) -> Draft {
        Draft {
            version,
            data,
            keep,
            durable: self.durable,
        }
    }

    /// Looks for what is over, in the background, if nobody has for a while.
    fn sweep_sometimes(&self) {
        let mut swept = self
            .inner
            .swept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if swept.elapsed() < SWEEP_EVERY {
            return;
        }
        *swept = Instant::now();
        let inner = Arc::clone(&self.inner);
        drop(spawn_blocking(move || {
            if let Err(error) = inner.sweep() {
                tracing::warn!(%error, "the folder of the sessions could not be swept");
            }
        }));
    }
}

/// A session to be written.
struct Draft {
    version: u64,
    data: Bytes,
    keep: Duration,
    durable: bool,
}

impl Inner {
    /// Writes a file in full or not at all.
    fn write(&self, path: &Path, draft: &Draft) -> io::Result<()> {
        let number = getrandom::u64().map_err(io::Error::other)?;
        let beside = self.folder.join(format!("{number:016x}.{UNFINISHED}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let end = now().saturating_add(draft.keep.as_secs());
        let mut content = Vec::with_capacity(HEAD_LENGTH + draft.data.len());
        content.extend_from_slice(&draft.version.to_be_bytes());
        content.extend_from_slice(&end.to_be_bytes());
        content.extend_from_slice(&draft.data);
        let written = options
            .open(&beside)
            .and_then(|mut file| {
                file.write_all(&content)?;
                // Before the new name, which could otherwise be there without the content.
                if draft.durable {
                    file.sync_all()
                } else {
                    Ok(())
                }
            })
            .and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // It may not even be there; else it is swept one day.
            let _removed = fs::remove_file(&beside);
        }
        written?;
        self.settle(draft.durable)
    }

    /// Removes a file, if it is there.
    fn remove(&self, path: &Path, durable: bool) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.settle(durable),
        }
    }

    /// Has the disk know which files there are.
    fn settle(&self, durable: bool) -> io::Result<()> {
        // Elsewhere a folder is no file that could be flushed.
        if durable && cfg!(unix) {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn sweep(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let over = match path.extension().and_then(|extension| extension.to_str()) {
                Some(SESSION) => is_over(&path),
                Some(UNFINISHED) => is_abandoned(&path),
                _ => false,
            };
            if over && fs::remove_file(&path).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl SessionStore for FileStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, BoxError> {
        self.with(key, |_, path| read(path)).await
    }

    async fn insert(&self, key: &SessionKey, data: Bytes, keep: Duration) -> Result<(), BoxError> {
        self.sweep_sometimes();
        let draft = self.draft(1, data, keep);
        self.with(key, move |inner, path| inner.write(path, &draft))
            .await
    }

    async fn replace(
        &self,
        key: &SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> Result<Replaced, BoxError> {
        let draft = self.draft(version.wrapping_add(1), data, keep);
        self.with(key, move |inner, path| match read(path)? {
            None => Ok(Replaced::Gone),
            Some(stored) if stored.version != version => Ok(Replaced::Changed),
            Some(_) => {
                inner.write(path, &draft)?;
                Ok(Replaced::Done)
            }
        })
        .await
    }

    async fn remove(&self, key: &SessionKey) -> Result<(), BoxError> {
        let durable = self.durable;
        self.with(key, move |inner, path| inner.remove(path, durable))
            .await
    }
}

/// Reads a file; `None` when there is none, its time is over, or it was cut off.
fn read(path: &Path) -> io::Result<Option<Stored>> {
    let content = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        content => Bytes::from(content?),
    };
    let Some((head, _)) = content.split_first_chunk::<HEAD_LENGTH>() else {
        return Ok(None);
    };
    let (version, end) = read_head(*head);
    Ok((end > now()).then(|| Stored::new(version, content.slice(HEAD_LENGTH..))))
}

fn read_head(head: [u8; HEAD_LENGTH]) -> (u64, u64) {
    let number = u128::from_be_bytes(head);
    let [version, end] = [number >> 64, number & u128::from(u64::MAX)]
        .map(|half| u64::try_from(half).unwrap_or(u64::MAX));
    (version, end)
}

/// Tells whether the time of a session is over. What cannot be read is left alone.
fn is_over(path: &Path) -> bool {
    let mut head = [0; HEAD_LENGTH];
    match File::open(path).and_then(|mut file| file.read_exact(&mut head)) {
        Ok(()) => read_head(head).1 <= now(),
        Err(error) => error.kind() == io::ErrorKind::UnexpectedEof,
    }
}

fn is_abandoned(path: &Path) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = changed.ok().and_then(|changed| changed.elapsed().ok());
    age.is_some_and(|age| age > ABANDONED)
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("folder", &self.inner.folder)
            .field("durable", &self.durable)
            .finish_non_exhaustive()
    }
}
