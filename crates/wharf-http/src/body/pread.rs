//! Reads at a place of a file, which several readers of one file can do at once.

use std::fs::File;
use std::io;

/// Reads what the system has in memory, without waiting for a disk; `None` when it has nothing, or cannot tell.
///
/// An empty piece is the end of the file.
#[cfg(target_os = "linux")]
pub(super) fn cached(file: &File, at: u64, size: usize) -> Option<Vec<u8>> {
    use rustix::io::{ReadWriteFlags, preadv2};

    let mut piece = vec![0; size];
    let mut slices = [io::IoSliceMut::new(&mut piece)];
    let count = preadv2(file, &mut slices, at, ReadWriteFlags::NOWAIT).ok()?;
    piece.truncate(count);
    Some(piece)
}

/// Only Linux tells what is in memory.
#[cfg(not(target_os = "linux"))]
pub(super) fn cached(_file: &File, _at: u64, _size: usize) -> Option<Vec<u8>> {
    None
}

#[cfg(unix)]
pub(super) fn read_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, piece, at)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, piece, at)
}

#[cfg(not(any(unix, windows)))]
pub(super) fn read_at(_file: &File, _piece: &mut [u8], _at: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
