//! gzip (RFC 1952) and deflate in the zlib format (RFC 1950).

use std::io;

use flate2::{
    Compress, Compression, Decompress, DecompressError, FlushCompress, FlushDecompress, Status,
};

use super::codec::{Ask, Codec, Kind, Step, ends_early};

pub(super) const GZIP: Kind = Kind {
    name: "gzip",
    // RFC 9110 §8.4.1.3
    alias: Some("x-gzip"),
    decoder: || Ok(Box::new(Gunzip::new())),
    encoder: |level| {
        let compress = Compress::new_gzip(compression(level), WINDOW_BITS);
        Ok(Box::new(Deflate { compress }))
    },
};

pub(super) const DEFLATE: Kind = Kind {
    name: "deflate",
    alias: None,
    decoder: || Ok(Box::new(Inflate::Unknown(None))),
    encoder: |level| {
        let compress = Compress::new(compression(level), true);
        Ok(Box::new(Deflate { compress }))
    },
};

/// The largest window there is, 32 KiB: a decoder has to take any.
const WINDOW_BITS: u8 = 15;

/// The first bytes of a gzip member (RFC 1952 §2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

fn compression(level: Option<u32>) -> Compression {
    level.map_or_else(Compression::default, |level| Compression::new(level.min(9)))
}

struct Deflate {
    compress: Compress,
}

impl Codec for Deflate {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        let before = (self.compress.total_in(), self.compress.total_out());
        let flush = match ask {
            Ask::More => FlushCompress::None,
            Ask::Flush => FlushCompress::Sync,
            Ask::End => FlushCompress::Finish,
        };
        let status = self.compress.compress(input, output, flush)?;
        let read = moved(before.0, self.compress.total_in());
        let written = moved(before.1, self.compress.total_out());
        let done = match ask {
            Ask::More => read == input.len(),
            // A flush is over when it leaves room.
            Ask::Flush => read == input.len() && written < output.len(),
            Ask::End => status == Status::StreamEnd,
        };
        Ok(Step {
            read,
            written,
            done,
        })
    }
}

/// Members of gzip data, one after the other.
enum Gunzip {
    Member(Decompress),
    /// After a member; whether the first byte of another has come.
    Between {
        begun: bool,
    },
    /// Whatever is no member.
    Rest,
}

impl Gunzip {
    fn new() -> Self {
        Self::Member(Decompress::new_gzip(WINDOW_BITS))
    }
}

impl Codec for Gunzip {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        let mut step = Step::default();
        loop {
            let rest = &input[step.read..];
            match self {
                Self::Member(decompress) => {
                    let (one, ended) = inflate(decompress, rest, &mut output[step.written..], ask)?;
                    step.read += one.read;
                    step.written += one.written;
                    step.done = one.done;
                    if !ended {
                        return Ok(step);
                    }
                    *self = Self::Between { begun: false };
                    // One member a step, so that the caller can count them.
                    if step.read > 0 || step.written > 0 {
                        step.done = false;
                        return Ok(step);
                    }
                }
                Self::Between { begun } => match rest.first() {
                    None => {
                        step.done = true;
                        return Ok(step);
                    }
                    Some(&byte) if !*begun && byte == MAGIC[0] => {
                        *begun = true;
                        step.read += 1;
                    }
                    Some(&byte) if *begun && byte == MAGIC[1] => {
                        let mut decompress = Decompress::new_gzip(WINDOW_BITS);
                        put(&mut decompress, &MAGIC)?;
                        *self = Self::Member(decompress);
                        step.read += 1;
                    }
                    Some(_) => *self = Self::Rest,
                },
                Self::Rest => {
                    step.read = input.len();
                    step.done = true;
                    return Ok(step);
                }
            }
        }
    }
}

/// The zlib format, or bare deflate data, which its first two bytes tell apart.
enum Inflate {
    /// Not told yet; what came of the two bytes.
    Unknown(Option<u8>),
    Known(Decompress),
    /// What follows the data.
    Rest,
}

impl Codec for Inflate {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        match self {
            Self::Unknown(first) => {
                let mut bytes = first.iter().chain(input).copied();
                let (Some(one), Some(two)) = (bytes.next(), bytes.next()) else {
                    if ask == Ask::End {
                        return Err(ends_early());
                    }
                    *first = first.or(input.first().copied());
                    return Ok(Step {
                        read: input.len(),
                        written: 0,
                        done: true,
                    });
                };
                let mut decompress = Decompress::new(is_zlib(one, two));
                if let Some(first) = *first {
                    put(&mut decompress, &[first])?;
                }
                *self = Self::Known(decompress);
                self.step(input, output, ask)
            }
            Self::Known(decompress) => {
                let (mut step, ended) = inflate(decompress, input, output, ask)?;
                if ended {
                    *self = Self::Rest;
                    step.read = input.len();
                    step.done = true;
                }
                Ok(step)
            }
            Self::Rest => Ok(Step {
                read: input.len(),
                written: 0,
                done: true,
            }),
        }
    }
}

/// Tells whether this is the header of the zlib format (RFC 1950 §2.2): method 8, a window of 32 KiB at most, and a
/// check sum. Bare data that begins like it would be a stored block with a byte of padding that no encoder writes.
fn is_zlib(one: u8, two: u8) -> bool {
    one & 0x0f == 8 && one >> 4 <= 7 && u16::from_be_bytes([one, two]).is_multiple_of(31)
}

/// Decodes a part of one stream, and tells whether it is its last.
fn inflate(
    decompress: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
    ask: Ask,
) -> io::Result<(Step, bool)> {
    let before = (decompress.total_in(), decompress.total_out());
    let status = decompress
        .decompress(input, output, FlushDecompress::None)
        .map_err(|error| corrupt(&error))?;
    let read = moved(before.0, decompress.total_in());
    let written = moved(before.1, decompress.total_out());
    let ended = status == Status::StreamEnd;
    let done = read == input.len() && written < output.len();
    if done && !ended && ask == Ask::End {
        return Err(ends_early());
    }
    let step = Step {
        read,
        written,
        done,
    };
    Ok((step, ended))
}

/// Puts the first bytes of a stream in, of which no output comes.
fn put(decompress: &mut Decompress, bytes: &[u8]) -> io::Result<()> {
    let (step, _) = inflate(decompress, bytes, &mut [0], Ask::More)?;
    match step.read == bytes.len() && step.written == 0 {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn corrupt(error: &DecompressError) -> io::Error {
    let text = match error.needs_dictionary() {
        Some(_) => "it needs a dictionary".to_owned(),
        None => error.message().unwrap_or("it is corrupt").to_owned(),
    };
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Returns how far a counter moved in one step, which is at most the length of a slice.
fn moved(before: u64, after: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}
