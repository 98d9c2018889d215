use std::fs::{File, Metadata};
use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use wharf_http::Body;
use wharf_http::header::{ETag, Validators};

/// What is sent: an opened file, or bytes in the program, with the name of its state.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    source: Source,
    length: u64,
    version: String,
    modified: Option<SystemTime>,
}

#[derive(Clone, Debug)]
enum Source {
    File(Arc<File>),
    Bytes(&'static [u8]),
}

impl Content {
    /// Takes an open file. Its state is named by the time of its last change, in the precision of the file system, and
    /// its length: several machines with one release of the files name it alike.
    pub(super) fn file(file: File, metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        Self {
            source: Source::File(Arc::new(file)),
            length: metadata.len(),
            version: version(modified, metadata.len()),
            modified,
        }
    }

    /// Takes bytes in the program, which are told apart by what they are.
    pub(super) fn bytes(bytes: &'static [u8]) -> Self {
        Self {
            source: Source::Bytes(bytes),
            length: bytes.len() as u64,
            version: format!("{:x}-{:x}", digest(bytes), bytes.len()),
            modified: None,
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Returns a text that changes with the content, of characters that a URL and an entity tag can hold.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Returns the fields that tell the state of the content; each coding of it has a tag of its own (RFC 9110 §8.8.3.3).
    pub(super) fn validators(&self, coding: Option<&str>) -> Validators {
        let tag = match coding {
            Some(coding) => ETag::strong(format!("{}-{coding}", self.version)),
            None => ETag::strong(self.version.as_str()),
        };
        let mut validators = Validators::new();
        if let Ok(tag) = tag {
            validators = validators.tag(tag);
        }
        match self.modified {
            Some(at) => validators.modified(at),
            None => validators,
        }
    }

    /// Returns a part of the content, which is read when it is sent.
    pub(super) fn body(&self, part: Range<u64>) -> Body {
        match &self.source {
            Source::File(file) => Body::from_file_part(Arc::clone(file), part),
            Source::Bytes(bytes) => {
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                let part = bytes.get(index(part.start)..index(part.end));
                Body::from(Bytes::from_static(part.unwrap_or_default()))
            }
        }
    }
}

fn version(modified: Option<SystemTime>, length: u64) -> String {
    let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let nanoseconds = since.unwrap_or_default().as_nanos();
    format!("{nanoseconds:x}-{length:x}")
}

/// FNV-1a: the content is the program's own, so that nobody else can make two of them collide.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
