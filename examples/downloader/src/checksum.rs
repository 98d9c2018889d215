//! [`Checksum`]: what a file should be.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// A SHA-256, in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checksum(String);

impl Checksum {
    /// Reads a file and returns what it is.
    pub(crate) async fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path).await?;
        let mut hasher = Sha256::new();
        let mut block = vec![0; 256 << 10];
        loop {
            let length = file.read(&mut block).await?;
            if length == 0 {
                break;
            }
            hasher.update(&block[..length]);
        }
        let digits = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self(digits))
    }
}

impl FromStr for Checksum {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_one = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_ascii_lowercase())).ok_or(())
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
