//! br (RFC 7932).

use std::io;

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation as Operation, BrotliEncoderParameter as Parameter,
    BrotliEncoderStateStruct,
};
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::codec::{Ask, Codec, Kind, Step, ends_early};

pub(super) const BROTLI: Kind = Kind {
    name: "br",
    alias: None,
    decoder: || Ok(Box::new(Decoder::new())),
    encoder: |level| Ok(Box::new(Encoder::new(level))),
};

/// 1 MiB: a quarter of what the tool takes, since a server holds many.
const WINDOW_BITS: u32 = 20;

/// Beyond it the time grows faster than the body shrinks, for what is encoded while it is sent.
const LEVEL: u32 = 4;

struct Decoder {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    ended: bool,
}

impl Decoder {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        // Strict: a window of 16 MiB at most, where an extension of the format allows 1 GiB.
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self {
            state: Box::new(state),
            ended: false,
        }
    }
}

impl Codec for Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        let (mut unread, mut read) = (input.len(), 0);
        let (mut room, mut written) = (output.len(), 0);
        if !self.ended {
            let result = BrotliDecompressStream(
                &mut unread,
                &mut read,
                input,
                &mut room,
                &mut written,
                output,
                &mut 0,
                &mut self.state,
            );
            match result {
                BrotliResult::ResultSuccess => self.ended = true,
                BrotliResult::ResultFailure => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "it is corrupt"));
                }
                BrotliResult::NeedsMoreInput if room > 0 && ask == Ask::End => {
                    return Err(ends_early());
                }
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {
                    return Ok(Step {
                        read,
                        written,
                        done: unread == 0 && room > 0,
                    });
                }
            }
        }
        Ok(Step {
            read: input.len(),
            written,
            done: true,
        })
    }
}

struct Encoder {
    state: Box<BrotliEncoderStateStruct<StandardAlloc>>,
}

impl Encoder {
    fn new(level: Option<u32>) -> Self {
        let mut state = Box::new(BrotliEncoderStateStruct::new(StandardAlloc::default()));
        let level = level.unwrap_or(LEVEL).min(11);
        state.set_parameter(Parameter::BROTLI_PARAM_QUALITY, level);
        state.set_parameter(Parameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
        Self { state }
    }
}

impl Codec for Encoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step> {
        let (mut unread, mut read) = (input.len(), 0);
        let (mut room, mut written) = (output.len(), 0);
        let operation = match ask {
            Ask::More => Operation::BROTLI_OPERATION_PROCESS,
            Ask::Flush => Operation::BROTLI_OPERATION_FLUSH,
            Ask::End => Operation::BROTLI_OPERATION_FINISH,
        };
        let accepted = self.state.compress_stream(
            operation,
            &mut unread,
            input,
            &mut read,
            &mut room,
            output,
            &mut written,
            &mut None,
            &mut |_, _, _, _| (),
        );
        if !accepted {
            return Err(io::Error::other("the br encoder refused its input"));
        }
        let done = match ask {
            Ask::More => unread == 0,
            Ask::Flush => unread == 0 && !self.state.has_more_output(),
            Ask::End => self.state.is_finished(),
        };
        Ok(Step {
            read,
            written,
            done,
        })
    }
}
