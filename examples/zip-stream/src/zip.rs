//! ZIP files that are written from front to back, with what is in them stored as it is (APPNOTE.TXT of PKWARE, 4.3).
//!
//! Sums and lengths stand behind each file, since they are not known before it is read. Without the extensions for large
//! archives, a file, and the whole, is at most 4 GiB long.

use std::fmt;

/// Sums and lengths follow the file; names are UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;

/// The first of January 1980, the earliest that the format knows.
const DATE: u16 = 1 << 5 | 1;

/// An archive that is being written: what was written, for the directory at its end.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    directory: Vec<u8>,
    entries: u16,
    at: u32,
    open: Option<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    at: u32,
    length: u32,
    sum: u32,
}

/// The archive would be larger than the format allows.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the archive would be larger than 4 GiB, or have more than 65535 files")
    }
}

impl std::error::Error for TooLarge {}

impl Archive {
    /// Begins a file, and returns what comes before it.
    pub(crate) fn begin(&mut self, name: &str) -> Result<Vec<u8>, TooLarge> {
        let length = u16::try_from(name.len()).map_err(|_too_long| TooLarge)?;
        let mut head = Vec::with_capacity(30 + name.len());
        head.extend(0x0403_4b50_u32.to_le_bytes());
        head.extend(20_u16.to_le_bytes());
        head.extend(FLAGS.to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        head.extend(DATE.to_le_bytes());
        head.extend([0; 12]);
        head.extend(length.to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        head.extend(name.as_bytes());
        self.open = Some(Entry {
            name: name.to_owned(),
            at: self.at,
            length: 0,
            sum: !0,
        });
        self.passed(head.len())?;
        Ok(head)
    }

    /// Takes note of a piece of the file, which is sent as it is.
    pub(crate) fn piece(&mut self, piece: &[u8]) -> Result<(), TooLarge> {
        let Some(entry) = &mut self.open else {
            return Ok(());
        };
        let length = u32::try_from(piece.len()).map_err(|_too_long| TooLarge)?;
        entry.length = entry.length.checked_add(length).ok_or(TooLarge)?;
        entry.sum = piece.iter().fold(entry.sum, |sum, &byte| {
            let index = (sum ^ u32::from(byte)) & 0xff;
            (sum >> 8) ^ SUMS[index as usize]
        });
        self.passed(piece.len())
    }

    /// Ends the file, and returns what comes after it.
    pub(crate) fn end(&mut self) -> Result<Vec<u8>, TooLarge> {
        let Some(entry) = self.open.take() else {
            return Ok(Vec::new());
        };
        let mut sums = Vec::with_capacity(12);
        for number in [!entry.sum, entry.length, entry.length] {
            sums.extend(number.to_le_bytes());
        }
        let mut tail = 0x0807_4b50_u32.to_le_bytes().to_vec();
        tail.extend(&sums);
        self.passed(tail.len())?;

        let length = u16::try_from(entry.name.len()).map_err(|_too_long| TooLarge)?;
        let line = &mut self.directory;
        line.extend(0x0201_4b50_u32.to_le_bytes());
        line.extend(20_u16.to_le_bytes());
        line.extend(20_u16.to_le_bytes());
        line.extend(FLAGS.to_le_bytes());
        line.extend(0_u16.to_le_bytes());
        line.extend(0_u16.to_le_bytes());
        line.extend(DATE.to_le_bytes());
        line.extend(&sums);
        line.extend(length.to_le_bytes());
        line.extend([0; 12]);
        line.extend(entry.at.to_le_bytes());
        line.extend(entry.name.as_bytes());
        self.entries = self.entries.checked_add(1).ok_or(TooLarge)?;
        Ok(tail)
    }

    /// Returns the directory, which ends the archive.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, TooLarge> {
        let mut end = std::mem::take(&mut self.directory);
        let length = u32::try_from(end.len()).map_err(|_too_long| TooLarge)?;
        end.extend(0x0605_4b50_u32.to_le_bytes());
        end.extend([0; 4]);
        end.extend(self.entries.to_le_bytes());
        end.extend(self.entries.to_le_bytes());
        end.extend(length.to_le_bytes());
        end.extend(self.at.to_le_bytes());
        end.extend([0; 2]);
        Ok(end)
    }

    fn passed(&mut self, length: usize) -> Result<(), TooLarge> {
        let length = u32::try_from(length).map_err(|_too_long| TooLarge)?;
        self.at = self.at.checked_add(length).ok_or(TooLarge)?;
        Ok(())
    }
}

/// The sums of single bytes, of CRC-32.
const SUMS: [u32; 256] = sums();

const fn sums() -> [u32; 256] {
    let mut sums = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
            bit += 1;
        }
        sums[byte] = sum;
        byte += 1;
    }
    sums
}
