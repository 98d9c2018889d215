//! How it ends: by a close frame, by a rule that was broken, by silence or without a word.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::super::close::{CloseCode, CloseFrame};
use super::super::decoder::Event;
use super::super::error::{Error, ErrorKind, Phase, Violation};
use super::super::frame::Role;
use super::{Arrival, Stage, Stream};
use crate::connection::WebSocketEnd;

impl Stream {
    /// Begins the closing handshake, unless it has begun.
    pub(in crate::ws) fn leave(&mut self, frame: &CloseFrame) {
        if self.is_open() {
            let until = self.deadline();
            let sent = self.encoder.close(frame);
            self.stage = Stage::Leaving { until };
            self.settle(sent);
        }
    }

    /// Waits for the end of the connection, which has been closed.
    pub(in crate::ws) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_end(cx));
        Poll::Ready(match self.failure.take() {
            Some(error) if error.is_timeout() => Err(error),
            _ => Ok(()),
        })
    }

    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.stage {
                Stage::Open | Stage::Over => return Poll::Ready(()),
                Stage::Leaving { until } => match self.decoder.next() {
                    Ok(Some(Event::Close(frame))) => {
                        self.closed = Some(frame);
                        self.stage = Stage::Ending {
                            until,
                            failed: false,
                        };
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        let _later = self.poll_flush(cx);
                        if self.is_over() {
                            return Poll::Ready(());
                        }
                        match self.poll_read(cx) {
                            Poll::Ready(Ok(Arrival::Message(_) | Arrival::Bytes)) => {}
                            Poll::Ready(Ok(Arrival::Violation(_))) => self.violated(until),
                            Poll::Ready(Ok(Arrival::End)) => self.vanish(),
                            Poll::Ready(Err(error)) => self.break_off(error),
                            Poll::Pending => ready!(self.poll_alarm(false)),
                        }
                    }
                    // Our close frame is out: there is nothing more to tell.
                    Err(_) => self.violated(until),
                },
                Stage::Ending { until, failed } => {
                    if self.poll_flush(cx).is_pending() {
                        ready!(self.poll_alarm(false));
                        continue;
                    }
                    // RFC 6455 §7.1.1: the server ends the connection first, the client waits for that. Of a stream of HTTP/2
                    // each ends its own side (RFC 8441 §5): who lets go of it before resets it, which looks like a failure.
                    let leaves_at_once = self.role == Role::Server && !failed && !self.tunnel;
                    if self.role == Role::Server || failed || self.tunnel {
                        let Some(io) = &mut self.io else {
                            self.over();
                            continue;
                        };
                        match Pin::new(io).poll_shutdown(cx) {
                            Poll::Pending => {
                                ready!(self.poll_alarm(false));
                                continue;
                            }
                            Poll::Ready(Err(_)) => {
                                self.over();
                                continue;
                            }
                            Poll::Ready(Ok(())) => {}
                        }
                    }
                    self.stage = match leaves_at_once {
                        true => {
                            self.over();
                            Stage::Over
                        }
                        false => Stage::Draining { until },
                    };
                }
                // What has been sent since must be read: a socket that is closed before resets the connection, and our
                // close frame with it.
                Stage::Draining { .. } => {
                    self.decoder.clear();
                    match self.poll_read(cx) {
                        Poll::Ready(Err(_) | Ok(Arrival::End)) => self.over(),
                        Poll::Ready(Ok(_)) => {}
                        Poll::Pending => ready!(self.poll_alarm(false)),
                    }
                }
            }
        }
    }

    /// Tells the peer which rule it broke, and ends (RFC 6455 §7.1.7).
    pub(super) fn fail(&mut self, violation: Violation) {
        let until = self.deadline();
        let frame = CloseFrame::new(violation.code(), violation.what());
        let sent = self.encoder.close(&frame);
        self.failure = Some(violation.into());
        self.violated(until);
        self.settle(sent);
    }

    fn violated(&mut self, until: Instant) {
        self.end = Some(WebSocketEnd::Violation);
        self.stage = Stage::Ending {
            until,
            failed: true,
        };
    }

    pub(super) fn time_out(&mut self, phase: Phase) {
        self.failure
            .get_or_insert_with(|| Error::new(ErrorKind::TimedOut(phase)));
        self.end.get_or_insert(WebSocketEnd::TimedOut);
        self.over();
    }

    /// Ends without a close frame of the peer.
    pub(super) fn vanish(&mut self) {
        self.over();
    }

    pub(super) fn settle(&mut self, encoded: io::Result<()>) {
        if let Err(error) = encoded {
            self.break_off(error);
        }
    }

    pub(super) fn break_off(&mut self, error: io::Error) {
        // A peer that is gone has ended, if without a word.
        let gone = matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::WriteZero
        );
        if !gone && self.failure.is_none() {
            self.failure = Some(Error::new(ErrorKind::Io).because(error));
        }
        self.over();
    }

    /// Ends because of an error, and returns it.
    pub(super) fn broken(&mut self, error: io::Error) -> Error {
        self.over();
        Error::new(ErrorKind::Io).because(error)
    }

    /// Ends, and keeps nothing.
    pub(super) fn over(&mut self) {
        self.count_end(WebSocketEnd::Vanished);
        self.stage = Stage::Over;
        self.closed
            .get_or_insert_with(|| CloseFrame::new(CloseCode::ABNORMAL, ""));
        self.io = None;
        self.alarm = None;
        self.encoder.clear();
        self.decoder.clear();
    }
}
