//! An example as a service that hands over to successors, for the tests of those that do. They take this file in by its path.

use std::io::{BufRead as _, BufReader, Lines, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A program that serves, and those that take over from it. What is left of them is killed when it is dropped.
pub(crate) struct Service {
    child: Child,
    now: u32,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts a program, waits until it serves, and returns the line that says where.
    pub(crate) fn start(command: &mut Command) -> (Self, String) {
        let mut child = command
            .env("WHARF_ACCESS_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let banner = lines.find_map(|line| line.ok().filter(|line| line.contains("Running on")));
        let now = child.id();
        let banner = banner.expect("the program says where it listens");
        (Self { child, now, lines }, banner)
    }

    /// Lets a new process take over, by `ask`, and waits until it serves; `find` asks for the number of who answers. Returns the
    /// number of the new process. For a moment both answer.
    pub(crate) fn restart(&mut self, ask: impl FnOnce(u32), find: impl Fn() -> u32) -> u32 {
        let before = self.now;
        ask(before);
        let begun = Instant::now();
        while self.now == before {
            assert!(begun.elapsed() < PATIENCE, "nobody took over");
            self.now = find();
        }
        self.now
    }

    /// Ends the process that serves now by SIGTERM, and waits until all that served before it have ended, too; the first
    /// has to say that it ended well.
    pub(crate) fn end(mut self) {
        kill("TERM", self.now);
        let (child, now) = (self.child.id(), self.now);
        // One that does not end fails the test instead of holding it up.
        let (ended, waits) = mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                kill("KILL", child);
                kill("KILL", now);
            }
        });
        // They share the pipe: it is at its end when all have ended.
        let rest: Vec<String> = self.lines.by_ref().map(Result::unwrap).collect();
        let status = self.child.wait().unwrap();
        self.now = child;
        drop(ended);
        watch.join().unwrap();
        assert!(status.success(), "{status}: {rest:?}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
        if self.now != self.child.id() {
            kill("KILL", self.now);
        }
    }
}

/// Sends a signal, such as `USR2`, to a process that may have ended.
pub(crate) fn kill(signal: &str, process: u32) {
    let process = process.to_string();
    let sent = Command::new("kill").args(["-s", signal, &process]).status();
    let _ended_already = sent.unwrap();
}

/// Sends a request, such as `GET /`, on a connection that stays open, and returns head and body of the answer.
pub(crate) fn ask(
    stream: &mut (impl Read + Write),
    request: &str,
    fields: &str,
) -> Result<(String, String), String> {
    let head = format!("{request} HTTP/1.1\r\nHost: quay.test\r\n{fields}\r\n");
    stream
        .write_all(head.as_bytes())
        .map_err(|cause| format!("not taken: {cause}"))?;
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return Ok((head, body.to_owned()));
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(read @ 1..) => answer.extend_from_slice(&piece[..read]),
            end => return Err(format!("not answered: {end:?} after {answer:?}")),
        }
    }
}

/// Makes an empty folder for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    // The path of a unix socket has to be short.
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    let _none_yet = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
