//! [`CertificateInfo`], what an operator wants to know of a certificate in use.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::identity::Loaded;

/// A certificate that a running server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    names: Vec<String>,
    serial: String,
    issuer: String,
    not_before: SystemTime,
    not_after: SystemTime,
    source: Option<PathBuf>,
}

impl CertificateInfo {
    pub(super) fn new(loaded: &Loaded) -> Self {
        Self {
            names: loaded.names.clone(),
            serial: loaded.details.serial.clone(),
            issuer: loaded.details.issuer.clone(),
            not_before: loaded.details.not_before,
            not_after: loaded.details.not_after,
            source: loaded.source.clone(),
        }
    }

    /// Returns the host names that it is shown for, in lower case.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the serial number in lower-case hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Returns who has signed it, as RFC 4514 writes it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns since when it is valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// Returns until when it is valid.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Returns the file that it was read from; `None` when it was given in memory.
    #[must_use]
    pub fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// Prints until when it is valid.
    pub(super) fn until(&self) -> String {
        date(self.not_after)
    }

    /// Says what is wrong with its time, now or within `ahead`.
    pub(super) fn trouble(&self, now: SystemTime, ahead: Duration) -> Option<String> {
        if now < self.not_before {
            return Some(format!(
                "{self} is not valid before {}",
                date(self.not_before)
            ));
        }
        let Ok(left) = self.not_after.duration_since(now) else {
            return Some(format!("{self} has expired on {}", date(self.not_after)));
        };
        (left < ahead).then(|| {
            let days = left.as_secs() / (24 * 60 * 60);
            format!("{self} expires in {days} days, on {}", date(self.not_after))
        })
    }
}

/// Prints a time; the printer has no words for those before 1970.
fn date(time: SystemTime) -> String {
    httpdate::fmt_http_date(time.max(SystemTime::UNIX_EPOCH))
}

impl fmt::Display for CertificateInfo {
    /// Prints its first name and its file: `the certificate of a.example in /etc/app/a.pem`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate")?;
        if let Some(name) = self.names.first() {
            write!(f, " of {name}")?;
        }
        match &self.source {
            Some(path) => write!(f, " in {}", path.display()),
            None => Ok(()),
        }
    }
}
