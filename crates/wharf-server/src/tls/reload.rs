//! [`Reload`], whether files are read again, and [`Managed`], a configuration in use that may be replaced.

use std::fmt;
use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;

use super::setup::Setup;
use super::{CertificateInfo, TlsConfig};
use crate::error::Error;
use crate::notice::Notice;

/// Whether the files of a [`TlsConfig`] are read again when they have changed.
///
/// They are looked at from time to time: size, time of change and, on unix, which file it is, so that a replaced symbolic
/// link is seen too. When something has changed, all are read and checked. If all is well, new handshakes use them and
/// open connections go on; if not, the last good ones stay in use and the reason is logged, once for each change. So a pair
/// may be written one file after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    pub(super) every: Option<Duration>,
}

impl Default for Reload {
    /// Looks every 10 seconds.
    fn default() -> Self {
        Self::every(Duration::from_secs(10))
    }
}

impl Reload {
    /// Looks at the files so often; not more often than every 10 milliseconds.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self {
            every: Some(interval.max(Duration::from_millis(10))),
        }
    }

    /// Does not look by itself; [`ServerHandle::reload`](crate::ServerHandle::reload) still
    /// reads them.
    #[must_use]
    pub fn on_call() -> Self {
        Self { every: None }
    }
}

/// A configuration in use.
pub(crate) struct Managed {
    pub(super) config: Arc<TlsConfig>,
    current: RwLock<Setup>,
    seen: Mutex<Seen>,
}

/// What the files looked like when they were last read, and whether they could not be used.
struct Seen {
    stamps: Vec<Stamp>,
    failed: bool,
}

impl Managed {
    /// Reads everything for the first time.
    pub(super) fn load(config: Arc<TlsConfig>) -> Result<Self, Error> {
        let stamps = stamps(&config);
        let setup = Setup::load(&config, None)?;
        Ok(Self {
            config,
            current: RwLock::new(setup),
            seen: Mutex::new(Seen {
                stamps,
                failed: false,
            }),
        })
    }

    /// Returns what the next handshake uses.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.server)
    }

    pub(super) fn certificates(&self) -> Vec<CertificateInfo> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.certificates.clone()
    }

    /// Reads everything again and replaces what is in use; an error leaves it as it is. Blocks on the file system.
    pub(super) fn reload(&self) -> Result<(), Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.stamps = stamps(&self.config);
        self.replace(&mut seen)
    }

    /// Does that when a file has changed since the last time, and tells whether it did.
    ///
    /// What could not be used is tried again, since the reason may have been another than the files, but in silence.
    pub(super) fn reload_changed(&self) -> Result<bool, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before the files are read, so that one that changes meanwhile is seen next time.
        let now = stamps(&self.config);
        if seen.stamps == now {
            return Ok(seen.failed && self.replace(&mut seen).is_ok());
        }
        seen.stamps = now;
        self.replace(&mut seen).map(|()| true)
    }

    fn replace(&self, seen: &mut Seen) -> Result<(), Error> {
        // Until the last line has been reached.
        seen.failed = true;
        let earlier = self
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let setup = Setup::load(&self.config, Some(&earlier))?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = setup;
        seen.failed = false;
        Ok(())
    }

    /// Warns of certificates that have expired, or soon will have.
    pub(super) fn warn_of_expiry(&self, notice: Notice) {
        let now = SystemTime::now();
        for certificate in self.certificates() {
            if let Some(trouble) = certificate.trouble(now, self.config.expiry_warning) {
                notice.warn(format_args!("{trouble}"));
            }
        }
    }
}

impl fmt::Debug for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Managed")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What a file looked like; `None` when it was not there.
type Stamp = (PathBuf, Option<(u64, Option<SystemTime>, [i64; 4])>);

fn stamps(config: &TlsConfig) -> Vec<Stamp> {
    let stamp = |path: &std::path::Path| {
        let seen = fs::metadata(path).ok();
        let seen = seen.map(|file| (file.len(), file.modified().ok(), identity(&file)));
        (path.to_owned(), seen)
    };
    config.files().map(stamp).collect()
}

/// Which file it is, and when anything of it was changed.
#[cfg(unix)]
fn identity(file: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt as _;
    [
        file.dev().cast_signed(),
        file.ino().cast_signed(),
        file.ctime(),
        file.ctime_nsec(),
    ]
}

/// There is nothing of the kind here.
#[cfg(not(unix))]
fn identity(_file: &Metadata) -> [i64; 4] {
    [0; 4]
}
