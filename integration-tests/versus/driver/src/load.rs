//! [`Load`], many connections that ask the same over and over.
//!
//! One thread and one epoll, so that asking costs less than answering. Answers to one question are all of one length, which the
//! first one tells: after that it is enough to count bytes, and to look at how each answer begins.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};

use crate::Failure;
use crate::channel::{Channel, PATIENCE};
use crate::contestant::Contestant;
use crate::question::Question;
use crate::rounds::median;

const OK: &[u8] = b"HTTP/1.1 200 ";

/// Connections to one server.
pub struct Load {
    connections: Vec<Connection>,
    epoll: Epoll,
    /// What is sent at a time.
    request: Vec<u8>,
    pipelined: usize,
    /// The length of the answers to `request` together.
    length: usize,
    buffer: Vec<u8>,
    /// How long answers took, in microseconds.
    latencies: Vec<f64>,
    /// How long the slowest of a hundred took, for each time that was asked for a while.
    slowest: Vec<f64>,
}

struct Connection {
    channel: Channel,
    sent: usize,
    got: usize,
    /// epoll tells when there is room to send.
    waits_for_room: bool,
    /// `None` while it waits for an answer to what was asked before a pause.
    begun: Option<Instant>,
}

impl Load {
    /// Opens the connections, after the first of them has got the right answer.
    pub fn open(server: &Contestant, question: &Question) -> Result<Self, Failure> {
        let mut first = server.connect()?;
        first.write_all(&question.request)?;
        first.flush()?;
        let answer = read_answer(&mut first)?;
        if !answer.bytes.starts_with(OK) || !question.is_right(&answer.body) {
            let text =
                String::from_utf8_lossy(&answer.bytes[..answer.bytes.len().min(500)]).into_owned();
            return Err(format!("a wrong answer to `{}`: {text}", question.name).into());
        }
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut channels = vec![first];
        while channels.len() < question.connections {
            let mut channel = server.connect()?;
            // Shakes hands, if that is to be done, as long as there is time for it.
            channel.flush()?;
            channels.push(channel);
        }
        let mut connections = Vec::new();
        for (at, channel) in channels.into_iter().enumerate() {
            channel.watch(&epoll, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
            connections.push(Connection {
                channel,
                sent: 0,
                got: 0,
                waits_for_room: false,
                begun: None,
            });
        }
        let request = question.request.repeat(question.pipelined);
        let length = answer.bytes.len() * question.pipelined;
        let mut load = Self {
            connections,
            epoll,
            request,
            pipelined: question.pipelined,
            length,
            buffer: vec![0; 256 << 10],
            latencies: Vec::new(),
            slowest: Vec::new(),
        };
        for at in 0..load.connections.len() {
            load.send(at)?;
        }
        Ok(load)
    }

    /// Asks for a while. What was asked and not answered in time is left for the next while.
    pub fn run(&mut self, time: Duration) -> Result<usize, Failure> {
        self.latencies.clear();
        for connection in &mut self.connections {
            connection.begun = None;
        }
        let mut count = 0;
        let mut events = [EpollEvent::empty(); 256];
        let begun = Instant::now();
        let mut last = begun;
        while begun.elapsed() < time {
            let ready = self.epoll.wait(&mut events, 100_u16)?;
            if ready > 0 {
                last = Instant::now();
            } else if last.elapsed() > PATIENCE {
                return Err("no answer for a long time".into());
            }
            for event in &events[..ready] {
                let at = event.data() as usize;
                if self.connections[at].waits_for_room
                    && event.events().contains(EpollFlags::EPOLLOUT)
                {
                    self.send(at)?;
                }
                if !event.events().contains(EpollFlags::EPOLLOUT)
                    || event.events().contains(EpollFlags::EPOLLIN)
                {
                    count += self.receive(at)?;
                }
            }
        }
        self.latencies.sort_by(f64::total_cmp);
        let hundredth = self.latencies.len() * 99 / 100;
        self.slowest.extend(self.latencies.get(hundredth));
        Ok(count)
    }

    /// Returns how many microseconds the slowest of a hundred requests waited, the median of all times that were asked.
    pub fn slowest(&self) -> Option<f64> {
        median(self.slowest.iter().copied())
    }

    /// Sends what a connection still has to send, as far as there is room.
    fn send(&mut self, at: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[at];
        if connection.sent == 0 {
            connection.begun = Some(Instant::now());
        }
        while connection.sent < self.request.len() {
            match connection.channel.write(&self.request[connection.sent..]) {
                Ok(sent) => connection.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let waits = connection.sent < self.request.len() || !connection.channel.push()?;
        if waits != connection.waits_for_room {
            connection.waits_for_room = waits;
            let flags = if waits {
                EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT
            } else {
                EpollFlags::EPOLLIN
            };
            let event = &mut EpollEvent::new(flags, at as u64);
            connection.channel.watch_for(&self.epoll, event)?;
        }
        Ok(())
    }

    /// Reads what is there, asks anew when that was all, and returns the number of answers that were completed by it.
    fn receive(&mut self, at: usize) -> Result<usize, Failure> {
        let connection = &mut self.connections[at];
        loop {
            let got = match connection.channel.read(&mut self.buffer) {
                Ok(0) => return Err("the server closed a connection".into()),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                Err(error) => return Err(error.into()),
            };
            // Of a batch it is enough to see how the first answer begins: the length of the others tells whether they are the same.
            if connection.got == 0 && !self.buffer[..got].starts_with(&OK[..OK.len().min(got)]) {
                return Err("an answer that is not 200".into());
            }
            connection.got += got;
            if connection.got > self.length {
                return Err("an answer that is longer than the first".into());
            }
            if connection.got == self.length {
                break;
            }
            if !connection.channel.holds_back() {
                return Ok(0);
            }
        }
        if let Some(begun) = connection.begun {
            self.latencies.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        (connection.sent, connection.got) = (0, 0);
        self.send(at)?;
        Ok(self.pipelined)
    }
}

/// An answer as it came, and its body without the framing of chunks.
pub struct Answer {
    pub bytes: Vec<u8>,
    pub body: Vec<u8>,
}

/// Reads one answer.
pub fn read_answer(stream: &mut Channel) -> Result<Answer, Failure> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        if let Some(body) = body_of(&bytes)? {
            return Ok(Answer { bytes, body });
        }
        let got = stream.read(&mut buffer)?;
        if got == 0 {
            return Err("the server closed before its answer was complete".into());
        }
        bytes.extend_from_slice(&buffer[..got]);
    }
}

/// Returns the body of an answer once it is complete.
fn body_of(bytes: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, mut rest) = (
        String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase(),
        &bytes[head + 4..],
    );
    let field = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    if let Some(length) = field("content-length:") {
        let length: usize = length.parse()?;
        return Ok((rest.len() >= length).then(|| rest[..length].to_vec()));
    }
    if field("transfer-encoding:") != Some("chunked") {
        return Err(format!("an answer of unknown length: {head}").into());
    }
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return Ok(None);
        };
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end])?, 16)?;
        let Some(chunk) = rest.get(end + 2..end + 2 + length + 2) else {
            return Ok(None);
        };
        if length == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&chunk[..length]);
        rest = &rest[end + 4 + length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_whole_when_its_length_or_its_last_chunk_is_there() {
        let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(body_of(sized).unwrap().as_deref(), Some(&b"hello"[..]));
        assert_eq!(body_of(&sized[..sized.len() - 1]).unwrap(), None);
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
        assert_eq!(body_of(chunked).unwrap().as_deref(), Some(&b"hello"[..]));
        for cut in 0..chunked.len() {
            assert_eq!(body_of(&chunked[..cut]).unwrap(), None, "after {cut} bytes");
        }
        assert!(body_of(b"HTTP/1.1 200 OK\r\n\r\nuntil the end").is_err());
    }
}
