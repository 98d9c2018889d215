//! Reload while developing: the program is built again when its sources change, and takes over from itself.
//!
//! The process that the developer has started holds the sockets and serves nothing. Its child serves; the next one is
//! given the same sockets and is ready before the last one is told to end, as in a restart. A build that fails, or a
//! program that does not start, leaves the last one where it is.

mod build;
mod watch;

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use self::build::Build;
use self::watch::Watch;
use crate::error::{Error, ErrorKind};
use crate::listener::OpenListener;
use crate::notice::Notice;
use crate::restart::{Process, Program, Successor};
use crate::runtime::spawn;
use crate::shutdown::until;
use crate::signals::{Signals, Told};

/// How often sources are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What is watched and what is done about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Develop {
    /// Files and folders to watch besides the sources.
    pub(crate) watch: Vec<PathBuf>,
    /// How the program is built; by cargo when not set.
    pub(crate) command: Option<String>,
}

impl Develop {
    /// Serves by a child, and by another when something has changed, until the process is told to end.
    pub(crate) async fn run(
        self,
        open: Vec<OpenListener>,
        limit: Duration,
        notice: Notice,
    ) -> Result<(), Error> {
        let program = Program::current().ok_or_else(|| {
            let message = "it is not known how this process was started";
            Error::new(ErrorKind::Restart, message)
        })?;
        let mut signals = Signals::install().map_err(|cause| {
            Error::new(ErrorKind::Runtime, "could not listen for signals").because(cause)
        })?;
        let build = Build::new(self.command, program.path())?;
        let watch = Watch::new(program.path(), self.watch);
        let mut development = Development {
            program,
            build,
            watch,
            open,
            limit,
            notice,
            serving: None,
        };
        let _told = until(development.serve(), stopped(&mut signals)).await;
        development.end(&mut signals).await;
        Ok(())
    }
}

/// Waits for the signal to end.
async fn stopped(signals: &mut Signals) {
    while signals.next().await != Told::Stop {}
}

struct Development {
    program: Program,
    build: Build,
    watch: Watch,
    open: Vec<OpenListener>,
    limit: Duration,
    notice: Notice,
    serving: Option<Process>,
}

impl Development {
    async fn serve(&mut self) {
        self.replace().await;
        loop {
            self.changed().await;
            // Whatever changes while it is built is in the next build.
            self.watch.note();
            self.notice.info(format_args!(
                "something has changed: the program is built again"
            ));
            match self.build.run().await {
                Ok(()) => {
                    self.watch.learn();
                    self.replace().await;
                }
                Err(error) => self.notice.warn(format_args!("{error:#}")),
            }
        }
    }

    /// Lets a new process take over; the one before it serves on when that fails.
    async fn replace(&mut self) {
        let started = Successor::lend(&self.program, &self.open);
        let ready = match started {
            Ok(successor) => successor.ready(self.limit).await,
            Err(error) => Err(error),
        };
        match ready {
            Ok(process) => {
                let before = self.serving.replace(process);
                if let Some(mut before) = before {
                    before.terminate();
                    // It finishes its requests, and is waited for so that it does not stay in the table of processes.
                    let _waits = spawn(Box::pin(async move {
                        let _status = before.wait().await;
                    }));
                }
            }
            Err(error) => self.notice.warn(format_args!(
                "the program does not run: {error:#}; it is tried again when something changes"
            )),
        }
    }

    /// Waits until something has changed; says so when the process that serves ends meanwhile.
    async fn changed(&mut self) {
        let notice = self.notice;
        let watch = &mut self.watch;
        let serving = &mut self.serving;
        let change = async {
            loop {
                sleep(LOOK).await;
                if watch.has_changed() {
                    // An editor may still be writing.
                    sleep(LOOK).await;
                    return;
                }
            }
        };
        let ended = async {
            if let Some(process) = serving {
                let status = process.wait().await;
                notice.warn(format_args!(
                    "the program has ended ({status}); it is started again when something changes"
                ));
                *serving = None;
            }
            pending::<()>().await;
        };
        let _changed = until(change, ended).await;
    }

    /// Ends the process that serves, in order; a second signal is passed on.
    async fn end(mut self, signals: &mut Signals) {
        let Some(mut process) = self.serving.take() else {
            return;
        };
        process.terminate();
        while until(process.wait(), stopped(signals)).await.is_none() {
            process.terminate();
        }
    }
}
