//! Stands in for the hand-over on systems that cannot give listening sockets to a child: it is an error.

use std::time::Duration;

use super::Program;
use crate::error::{Error, ErrorKind};
use crate::listener::{Inherited, OpenListener};

/// There is none.
#[derive(Debug)]
pub(crate) enum Successor {}

impl Successor {
    pub(crate) fn start(_program: Option<&Program>, _open: &[OpenListener]) -> Result<Self, Error> {
        Err(Error::new(
            ErrorKind::Restart,
            "sockets cannot be handed to another process on this system",
        ))
    }

    pub(crate) fn lend(_program: &Program, _open: &[OpenListener]) -> Result<Self, Error> {
        Self::start(None, &[])
    }

    pub(crate) async fn ready(self, _limit: Duration) -> Result<Process, Error> {
        match self {}
    }
}

/// There is none.
#[derive(Debug)]
pub(crate) enum Process {}

impl Process {
    pub(crate) fn terminate(&self) {
        match *self {}
    }

    pub(crate) async fn wait(&mut self) -> std::process::ExitStatus {
        match *self {}
    }

    pub(crate) fn release(self) -> u32 {
        match self {}
    }
}

/// Tells nobody, since nobody can have handed anything over.
pub(crate) fn tell_ready(_inherited: &mut Inherited) -> bool {
    false
}
