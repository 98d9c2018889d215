//! [`Successor`], the new process on its way up.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram as StdUnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixDatagram;
use tokio::time::{Instant, sleep};

use super::Program;
use crate::error::{Error, ErrorKind};
use crate::listener::{Inherited, OpenListener, READY, name_of};
use crate::shutdown::until;

/// Descriptors are handed over from this number on, above those that a small program has.
const FIRST: i32 = 100;

/// How often a row of free descriptors is looked for.
const ATTEMPTS: usize = 32;

/// How often it is looked whether the new process has ended.
const LOOK: Duration = Duration::from_millis(50);

/// What the new process sends when it serves.
const IS_READY: &[u8] = b"READY=1";

/// A process that has been started and given all sockets. Dropping it before it is ready ends it.
#[derive(Debug)]
pub(crate) struct Successor {
    child: Process,
    ready: UnixDatagram,
}

impl Successor {
    /// Starts `program` once more, and hands it the sockets of all listeners.
    pub(crate) fn start(program: Option<&Program>, open: &[OpenListener]) -> Result<Self, Error> {
        let program = program.ok_or_else(|| {
            let message = "it is not known how this process was started";
            Error::new(ErrorKind::Restart, message)
        })?;
        Self::spawn(program, open, false)
    }

    /// Starts `program` once more, and lends it the sockets of all listeners: it is not alone with them, does not remove
    /// their files, and ends when it is told to and not with the terminal.
    pub(crate) fn lend(program: &Program, open: &[OpenListener]) -> Result<Self, Error> {
        Self::spawn(program, open, true)
    }

    fn spawn(program: &Program, open: &[OpenListener], lent: bool) -> Result<Self, Error> {
        spawn(program, open, lent).map_err(|cause| {
            let path = program.path.display();
            Error::new(ErrorKind::Restart, format!("could not start `{path}`")).because(cause)
        })
    }

    /// Waits until the new process serves, and returns it.
    pub(crate) async fn ready(mut self, limit: Duration) -> Result<Process, Error> {
        let failed = |message: String| Err(Error::new(ErrorKind::Restart, message));
        let begun = Instant::now();
        let mut message = [0; IS_READY.len() + 1];
        loop {
            // A failure is found out by the end of the process, or by the limit.
            let received = until(self.ready.recv(&mut message), sleep(LOOK)).await;
            if let Some(Ok(read)) = received
                && message[..read] == *IS_READY
            {
                return Ok(self.child);
            }
            if let Some(status) = self.child.ended() {
                return failed(format!(
                    "the new process ended before it was ready ({status})"
                ));
            }
            if begun.elapsed() >= limit {
                return failed(format!(
                    "the new process was not ready within {limit:?}, and was ended"
                ));
            }
        }
    }
}

/// A child that is ended when nobody wants it.
#[derive(Debug)]
pub(crate) struct Process(Option<Child>);

impl Process {
    /// Tells it to end in order.
    pub(crate) fn terminate(&self) {
        if let Some(child) = &self.0 {
            // It may have ended by itself.
            let _gone = kill_process(Pid::from_child(child), Signal::TERM);
        }
    }

    /// Waits until it has ended, and returns how.
    ///
    /// Cancel safe.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            sleep(LOOK).await;
        }
    }

    /// Returns how it ended, once it has.
    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.as_mut()?.try_wait().ok().flatten()
    }

    /// Lets it live on, and returns its number.
    pub(crate) fn release(mut self) -> u32 {
        self.0.take().map_or(0, |child| child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn spawn(program: &Program, open: &[OpenListener], lent: bool) -> io::Result<Successor> {
    let (own, theirs) = StdUnixDatagram::pair()?;
    own.set_nonblocking(true)?;
    let own = UnixDatagram::from_std(own)?;
    let mut names = Vec::new();
    let mut descriptors: Vec<BorrowedFd<'_>> = Vec::new();
    for open in open {
        for socket in open.sockets() {
            names.push(name_of(open.label(), lent || open.is_lent()));
            descriptors.push(socket.as_fd());
        }
    }
    names.push(READY.to_owned());
    descriptors.push(theirs.as_fd());

    let row = row(&descriptors)?;
    let mut command = Command::new(&program.path);
    command
        .arg0(&program.name)
        .args(&program.args)
        .env("LISTEN_FDS", row.len().to_string())
        .env("LISTEN_FDS_FIRST_FD", row[0].as_raw_fd().to_string())
        .env("LISTEN_FDNAMES", names.join(":"))
        // They name this process.
        .env_remove("LISTEN_PID")
        .env_remove("WATCHDOG_PID");
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    if lent {
        command.process_group(0).stdin(Stdio::null());
    }
    // From here to the drop of the row, a process that is started elsewhere in this one would get the sockets, too.
    for descriptor in &row {
        fcntl_setfd(descriptor, FdFlags::empty())?;
    }
    let child = command.spawn();
    drop(row);
    Ok(Successor {
        child: Process(Some(child?)),
        ready: own,
    })
}

/// Duplicates descriptors to numbers that follow each other, as the protocol wants them.
fn row(descriptors: &[BorrowedFd<'_>]) -> io::Result<Vec<OwnedFd>> {
    let mut first = FIRST;
    for _ in 0..ATTEMPTS {
        let mut row: Vec<OwnedFd> = Vec::with_capacity(descriptors.len());
        let mut next = first;
        for descriptor in descriptors {
            let duplicate = fcntl_dupfd_cloexec(descriptor, next)?;
            let number = duplicate.as_raw_fd();
            let follows = row.is_empty() || number == next;
            row.push(duplicate);
            next = number + 1;
            if !follows {
                break;
            }
        }
        if row.len() == descriptors.len()
            && row
                .windows(2)
                .all(|pair| pair[0].as_raw_fd() + 1 == pair[1].as_raw_fd())
        {
            return Ok(row);
        }
        // Beyond the one that was in the way.
        first = next;
    }
    Err(io::Error::other(
        "found no free descriptors that follow each other",
    ))
}

/// Tells the process that handed its sockets over, if one has, that this one serves; returns whether there is one.
pub(crate) fn tell_ready(inherited: &mut Inherited) -> bool {
    let Some(ready) = inherited.take_ready() else {
        return false;
    };
    if let Err(cause) = ready.send(IS_READY) {
        tracing::warn!(target: "wharf::server", %cause, "the process before this one could not be told to end");
    }
    true
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn descriptors_follow_each_other_even_where_some_numbers_are_taken() {
        let files: Vec<File> = (0..5).map(|_| File::open("/dev/null").unwrap()).collect();
        let descriptors: Vec<BorrowedFd<'_>> = files.iter().map(AsFd::as_fd).collect();
        let numbers = |row: &[OwnedFd]| row.iter().map(AsRawFd::as_raw_fd).collect::<Vec<_>>();
        let one = row(&descriptors[..1]).unwrap();
        let in_the_way = fcntl_dupfd_cloexec(&files[0], one[0].as_raw_fd() + 3).unwrap();
        drop(one);
        let row = row(&descriptors).unwrap();
        let numbers = numbers(&row);
        assert!(
            numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
            "{numbers:?}"
        );
        assert!(!numbers.contains(&in_the_way.as_raw_fd()));
        assert!(numbers[0] >= FIRST);
    }
}
