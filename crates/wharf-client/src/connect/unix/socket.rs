//! Unix sockets, at a path or in Linux's abstract name space.

use std::error::Error as StdError;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::sleep;

use crate::connect::{Stream, probed};

/// How long to wait for a listener whose queue is full.
const FULL: Duration = Duration::from_millis(10);

/// Connects to the socket at a path; one that begins with `@` is a name in the abstract name space.
///
/// # Cancel safety
///
/// Dropping the future closes the socket.
pub(crate) async fn open(path: &Path) -> Result<Stream, io::Error> {
    match connect(path).await {
        Ok(socket) => Ok(probed::stream(socket)),
        Err(error) => Err(io::Error::new(
            error.kind(),
            Refused {
                path: path.to_owned(),
                error,
            },
        )),
    }
}

async fn connect(path: &Path) -> io::Result<UnixStream> {
    let name = path.as_os_str().as_bytes();
    let name = match name.strip_prefix(b"@") {
        Some(name) if cfg!(any(target_os = "android", target_os = "linux")) => {
            [b"\0", name].concat()
        }
        _ => name.to_vec(),
    };
    loop {
        match UnixStream::connect(OsStr::from_bytes(&name)).await {
            // Linux says so at once when the queue of the listener is full, and tells nobody when it no longer is. Other
            // sockets would wait; so does this one, for as long as the caller lets it.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(FULL).await,
            result => return result,
        }
    }
}

/// A socket that could not be connected to, with its path; the path of a socket is a setting and no secret of a request.
#[derive(Debug)]
struct Refused {
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix socket {}", self.path.display())
    }
}

impl StdError for Refused {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.error)
    }
}
