//! [`Upload`]: a request body from a [`Read`].

use std::io::{self, Read};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};
use wharf_http::Body;

/// Large enough that the hop to another thread does not count.
const PIECE: usize = 64 * 1024;

/// A body that is read on a thread for blocking work, one piece at a time: the next when the connection has room for it.
pub(super) struct Upload {
    state: State,
    /// How many bytes are to come, where that is known.
    left: Option<u64>,
}

enum State {
    Idle(Reader),
    Reading(JoinHandle<io::Result<(Reader, Vec<u8>)>>),
    Ended,
}

type Reader = Box<dyn Read + Send>;

impl Upload {
    pub(super) fn body(reader: Reader, length: Option<u64>) -> Body {
        Body::new(Self {
            state: State::Idle(reader),
            left: length,
        })
    }

    fn read(&self, mut reader: Reader) -> State {
        let most = self.left.unwrap_or(u64::MAX).min(PIECE as u64);
        let mut piece = vec![0; usize::try_from(most).unwrap_or(PIECE)];
        State::Reading(spawn_blocking(move || {
            // One read, and not as many as fill the piece: what there is may be all for a long time.
            let count = loop {
                match reader.read(&mut piece) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => break result?,
                }
            };
            piece.truncate(count);
            piece.shrink_to_fit();
            Ok((reader, piece))
        }))
    }

    /// Makes a frame of what was read; `None` at the end.
    fn count(&mut self, piece: Vec<u8>) -> Option<io::Result<Frame<Bytes>>> {
        if let Some(left) = &mut self.left {
            if piece.is_empty() {
                let why =
                    format!("the reader has ended {left} bytes before the length it was given");
                return Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, why)));
            }
            *left = left.saturating_sub(piece.len() as u64);
        }
        (!piece.is_empty()).then(|| Ok(Frame::data(piece.into())))
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(_) if self.left == Some(0) => {}
                State::Idle(reader) => self.state = self.read(reader),
                State::Reading(mut task) => {
                    let Poll::Ready(read) = Pin::new(&mut task).poll(cx) else {
                        self.state = State::Reading(task);
                        return Poll::Pending;
                    };
                    let (reader, piece) = match read.map_err(io::Error::other).and_then(|read| read)
                    {
                        Ok(read) => read,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    if !piece.is_empty() {
                        self.state = State::Idle(reader);
                    }
                    return Poll::Ready(self.count(piece));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0) || matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map(SizeHint::with_exact).unwrap_or_default()
    }
}
