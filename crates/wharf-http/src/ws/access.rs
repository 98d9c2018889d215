//! [`Access`]: what can be done with a stream, whoever has it.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::close::{CloseCode, CloseFrame};
use super::error::{Error, ErrorKind};
use super::message::Message;
use super::signals::Party;
use super::stream::Stream;

/// A way to the stream: that of its one owner, or of one of two halves.
pub(super) trait Access {
    /// Polls the stream, and does first what a closer asked for.
    fn poll<T>(
        &mut self,
        party: Party,
        cx: &mut Context<'_>,
        poll: impl FnMut(&mut Stream, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T>;

    /// Begins the closing handshake.
    fn leave(&mut self, frame: &CloseFrame);

    #[inline]
    fn receive(&mut self) -> impl Future<Output = Result<Option<Message>, Error>> {
        poll_fn(|cx| self.poll(Party::Reader, cx, Stream::poll_receive))
    }

    #[inline]
    fn send(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message);
        let mut end = 0;
        poll_fn(move |cx| {
            self.poll(Party::Writer, cx, |stream, cx| {
                stream.poll_send(cx, &mut message, &mut end)
            })
        })
    }

    fn feed(&mut self, message: Message) -> impl Future<Output = Result<(), Error>> {
        let mut message = Some(message);
        poll_fn(move |cx| {
            self.poll(Party::Writer, cx, |stream, cx| {
                stream
                    .poll_feed(cx, &mut message)
                    .map(|fed| fed.map(|_| ()))
            })
        })
    }

    fn flush(&mut self) -> impl Future<Output = Result<(), Error>> {
        poll_fn(|cx| {
            self.poll(Party::Writer, cx, |stream, cx| {
                let end = stream.end();
                stream.poll_written(cx, end)
            })
        })
    }

    async fn close(&mut self, frame: CloseFrame) -> Result<(), Error> {
        if !frame.code().can_be_sent() && frame.code() != CloseCode::NO_STATUS {
            return Err(Error::new(ErrorKind::InvalidCloseCode));
        }
        self.leave(&frame);
        poll_fn(|cx| self.poll(Party::Writer, cx, Stream::poll_close)).await
    }
}
