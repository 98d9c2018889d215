//! An example as a program, started for a test. The examples' `tests/run.rs` take this file in by its path.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that serves. It is killed when it is dropped, such as by a test that fails.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) address: String,
}

impl Program {
    /// Starts a program and waits for the line that says where it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let (_, url) = line.split_once("://")?;
            Some(url.split(' ').next()?.to_owned())
        });
        let address = address.expect("the program says where it listens");
        Self {
            child,
            lines,
            address,
        }
    }

    /// Sends a request and returns the whole answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal, such as `TERM`, and waits until the program ends; it has to say that it ended well.
    pub(crate) fn stop(mut self, signal: &str) {
        let pid = self.child.id().to_string();
        kill(signal, &pid);
        // One that does not end fails the test instead of holding it up.
        let (ended, waits) = mpsc::channel::<()>();
        let watch = thread::spawn(move || {
            if waits.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                kill("KILL", &pid);
            }
        });
        // What else it prints is read, or it could not end.
        let rest: Vec<String> = self.lines.by_ref().map(Result::unwrap).collect();
        drop(ended);
        watch.join().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {rest:?}");
    }
}

fn kill(signal: &str, pid: &str) {
    let sent = Command::new("kill").args(["-s", signal, pid]).status();
    assert!(sent.unwrap().success());
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
