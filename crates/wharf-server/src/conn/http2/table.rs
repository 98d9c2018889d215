//! [`Table`], what the wire shows of a connection: which streams are open, whether a head is under way, and the windows.

use super::frames::{self, Event, Head, PREFACE, Scanner};

/// What both directions of a connection say.
#[derive(Debug)]
pub(super) struct Table {
    incoming: Scanner,
    outgoing: Scanner,
    /// The last frame that was sent resets a stream.
    resetting: bool,
    /// In the order of their numbers, which is that of their beginnings (RFC 9113 §5.1.1).
    open: Vec<Stream>,
    highest: u32,
    /// The last whose head came in whole.
    whole: u32,
    /// The last stream that is dealt with, as the client was told.
    last: u32,
    /// When the frame began that is coming in; 0 when none is.
    frame_since: u64,
    /// When the head began that is coming in; 0 when none is.
    head_since: u64,
    heads: u64,
    windows: Windows,
}

#[derive(Debug)]
struct Stream {
    number: u32,
    /// The client sends nothing more.
    received: bool,
    /// The server sends nothing more.
    sent: bool,
}

/// What the client allows to be sent (RFC 9113 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows {
    /// How many bytes of answers may be sent in all, those that were sent included.
    pub(super) credit: u64,
    /// What each stream has to begin with; the least of what the client ever said.
    pub(super) initial: u32,
    /// How many bytes of answers have been sent.
    pub(super) sent: u64,
}

/// What windows are until the client says otherwise (RFC 9113 §6.9.2).
pub(super) const WINDOW: u32 = 65_535;

impl Table {
    pub(super) fn new() -> Self {
        Self {
            incoming: Scanner::new(PREFACE.len()),
            outgoing: Scanner::new(0),
            resetting: false,
            open: Vec::new(),
            highest: 0,
            whole: 0,
            last: u32::MAX,
            frame_since: 0,
            head_since: 0,
            heads: 0,
            windows: Windows {
                credit: u64::from(WINDOW),
                initial: WINDOW,
                sent: 0,
            },
        }
    }

    /// Returns how many streams are open.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Returns how many of them have sent their head whole.
    pub(super) fn running(&self) -> usize {
        self.open
            .partition_point(|stream| stream.number <= self.whole)
    }

    /// Tells whether an answer has not come to its end.
    pub(super) fn is_answering(&self) -> bool {
        let running = &self.open[..self.running()];
        running.iter().any(|stream| !stream.sent)
    }

    /// Returns when the head began that is coming in; 0 when none is.
    pub(super) fn head_since(&self) -> u64 {
        self.head_since
    }

    /// Returns how many heads came in whole.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    pub(super) fn windows(&self) -> Windows {
        self.windows
    }

    /// Returns the last stream that the client may believe to have been dealt with; `None` while a frame is only half
    /// written, so that none can be put behind it.
    pub(super) fn last_stream(&self) -> Option<u32> {
        self.outgoing
            .is_between_frames()
            .then(|| self.whole.min(self.last))
    }

    /// Goes on with what came in at the time `now`.
    pub(super) fn received(&mut self, bytes: &[u8], now: u64) {
        let mut scanner = std::mem::replace(&mut self.incoming, Scanner::new(0));
        if scanner.is_between_frames() || self.frame_since == 0 {
            self.frame_since = now;
        }
        scanner.scan(bytes, |event, _| self.receive(event, now));
        if scanner.is_between_frames() {
            self.frame_since = 0;
        }
        self.incoming = scanner;
    }

    fn receive(&mut self, event: Event, now: u64) {
        match event {
            Event::Begun(head) => {
                if head.kind == frames::HEADERS && self.head_since == 0 {
                    self.head_since = self.frame_since;
                }
                self.begin(head);
            }
            Event::Ended(head) => {
                self.frame_since = now;
                if head.ends_fields() {
                    self.head_since = 0;
                    self.heads += 1;
                    self.whole = self.whole.max(head.stream);
                }
            }
            Event::Window { stream: 0, by } => self.windows.credit += u64::from(by),
            Event::InitialWindow(size) => {
                self.windows.initial = match self.heads {
                    0 => size,
                    _ => self.windows.initial.min(size),
                }
            }
            Event::Window { .. } | Event::LastStream(_) => {}
        }
    }

    fn begin(&mut self, head: Head) {
        let place = self.place(head.stream);
        match (head.kind, place) {
            (frames::HEADERS, Err(_)) if self.is_new(head.stream) => {
                self.highest = head.stream;
                self.open.push(Stream {
                    number: head.stream,
                    received: head.ends_stream(),
                    sent: false,
                });
            }
            (frames::RST_STREAM, Ok(place)) => drop(self.open.remove(place)),
            (_, Ok(place)) if head.ends_stream() => {
                self.open[place].received = true;
                self.close(place);
            }
            _ => {}
        }
    }

    /// Tells whether a number may be that of a new stream of the client (RFC 9113 §5.1.1).
    fn is_new(&self, stream: u32) -> bool {
        stream % 2 == 1 && stream > self.highest && stream <= self.last
    }

    /// Goes on with what is sent; `reset` is told how many of the bytes come after the header of a frame that resets a stream
    /// and follows a frame of another kind.
    pub(super) fn sent(&mut self, bytes: &[u8], mut reset: impl FnMut(usize)) {
        let mut scanner = std::mem::replace(&mut self.outgoing, Scanner::new(0));
        scanner.scan(bytes, |event, after| {
            if let Event::Begun(head) = event {
                let resets = head.kind == frames::RST_STREAM;
                if resets && !self.resetting {
                    reset(after);
                }
                self.resetting = resets;
            }
            self.send(event);
        });
        self.outgoing = scanner;
    }

    fn send(&mut self, event: Event) {
        match event {
            Event::Begun(head) => {
                if head.kind == frames::DATA {
                    self.windows.sent += u64::from(head.length);
                }
            }
            Event::Ended(head) => match self.place(head.stream) {
                Ok(place) if head.kind == frames::RST_STREAM => drop(self.open.remove(place)),
                Ok(place) if head.ends_stream() => {
                    self.open[place].sent = true;
                    self.close(place);
                }
                _ => {}
            },
            Event::LastStream(last) => {
                self.last = last;
                self.open.retain(|stream| stream.number <= last);
            }
            Event::Window { .. } | Event::InitialWindow(_) => {}
        }
    }

    fn close(&mut self, place: usize) {
        if self.open[place].received && self.open[place].sent {
            self.open.remove(place);
        }
    }

    fn place(&self, number: u32) -> Result<usize, usize> {
        self.open
            .binary_search_by_key(&number, |stream| stream.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
        frame.extend(payload);
        frame
    }

    fn table() -> Table {
        let mut table = Table::new();
        table.received(PREFACE, 1);
        table
    }

    #[test]
    fn a_stream_is_open_until_both_sides_have_ended_it_or_one_has_reset_it() {
        let mut table = table();
        table.received(&frame(frames::HEADERS, 4, 1, b"h"), 2);
        table.received(&frame(frames::HEADERS, 5, 3, b"h"), 2);
        table.received(&frame(frames::HEADERS, 5, 5, b"h"), 2);
        assert_eq!((table.open(), table.heads()), (3, 3));
        table.sent(&frame(frames::HEADERS, 5, 1, b"h"), |_| ());
        assert_eq!(table.open(), 3);
        table.received(&frame(frames::DATA, 1, 1, b"d"), 2);
        assert_eq!(table.open(), 2);
        let answer = frame(frames::DATA, 1, 3, b"dddd");
        table.sent(&answer[..11], |_| ());
        assert_eq!((table.open(), table.last_stream()), (2, None));
        table.sent(&answer[11..], |_| ());
        assert_eq!((table.open(), table.last_stream()), (1, Some(5)));
        table.received(&frame(frames::RST_STREAM, 0, 5, &[0; 4]), 2);
        assert_eq!(table.open(), 0);
        assert_eq!(table.windows().sent, 4);
    }

    #[test]
    fn what_comes_after_a_farewell_is_not_open() {
        let mut table = table();
        table.received(&frame(frames::HEADERS, 5, 1, b"h"), 2);
        table.received(&frame(frames::HEADERS, 5, 3, b"h"), 2);
        table.sent(
            &frame(frames::GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]),
            |_| (),
        );
        table.received(&frame(frames::HEADERS, 5, 7, b"h"), 2);
        assert_eq!((table.open(), table.last_stream()), (1, Some(1)));
    }

    #[test]
    fn a_head_is_under_way_from_the_first_byte_of_its_frame_to_the_end_of_its_last() {
        let mut table = table();
        let first = frame(frames::HEADERS, 1, 1, b"h");
        table.received(&first[..3], 10);
        assert_eq!(table.head_since(), 0);
        table.received(&first[3..], 20);
        assert_eq!((table.head_since(), table.heads()), (10, 0));
        assert_eq!((table.open(), table.running()), (1, 0));
        let last = frame(frames::CONTINUATION, 4, 1, b"h");
        table.received(&last[..9], 30);
        assert_eq!(table.head_since(), 10);
        table.received(&last[9..], 40);
        assert_eq!((table.head_since(), table.heads()), (0, 1));
        assert_eq!((table.open(), table.running()), (1, 1));
        let both = [first, last].concat();
        table.received(&both[..both.len() - 1], 50);
        assert_eq!(table.head_since(), 50);
    }
}
