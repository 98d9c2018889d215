//! zstd (RFC 8878).

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use super::codec::{Ask, Codec, Kind, Step, ends_early};

pub(super) const ZSTD: Kind = Kind {
    name: "zstd",
    alias: None,
    decoder: || Ok(Box::new(Decompress::new()?)),
    encoder: |level| Ok(Box::new(Compress::new(level)?)),
};

/// 8 MiB, the most that a content coding may ask for (RFC 9659 §3).
const WINDOW_BITS: u32 = 23;

/// Those above have larger windows.
const MOST: i32 = 19;

struct Decompress {
    decoder: Decoder<'static>,
    /// Within a frame. Between two of them the data may end.
    open: bool,
}

impl Decompress {
    fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_BITS))?;
        Ok(Self {
            decoder,
            open: false,
        })
    }
}

impl Codec for Decompress {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        let mut step = Step::default();
        if self.open || !input.is_empty() {
            let status = self.decoder.run_on_buffers(input, output)?;
            self.open = status.remaining != 0;
            step.read = status.bytes_read;
            step.written = status.bytes_written;
        }
        step.done = step.read == input.len() && step.written < output.len();
        if step.done && self.open && ask == Ask::End {
            return Err(ends_early());
        }
        Ok(step)
    }
}

struct Compress {
    encoder: Encoder<'static>,
}

impl Compress {
    fn new(level: Option<u32>) -> io::Result<Self> {
        let level = level.map_or(zstd::DEFAULT_COMPRESSION_LEVEL, |level| {
            i32::try_from(level).map_or(MOST, |level| level.clamp(1, MOST))
        });
        Ok(Self {
            encoder: Encoder::new(level)?,
        })
    }
}

impl Codec for Compress {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        let mut source = InBuffer::around(input);
        let mut sink = OutBuffer::around(output);
        if !input.is_empty() {
            self.encoder.run(&mut source, &mut sink)?;
        }
        let all_read = source.pos() == input.len();
        let done = all_read
            && match ask {
                Ask::More => true,
                Ask::Flush => self.encoder.flush(&mut sink)? == 0,
                Ask::End => self.encoder.finish(&mut sink, true)? == 0,
            };
        Ok(Step {
            read: source.pos(),
            written: sink.pos(),
            done,
        })
    }
}
