//! How the process of a server begins and ends.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

pub type Failure = Box<dyn Error>;

/// What the driver says to a server.
pub struct Assignment {
    /// Which row of the tables it is, where a program has several.
    pub row: String,
    /// Where the files lie that are served under `/files/`.
    pub files: PathBuf,
    /// Where its certificate lies, when it is to speak TLS: see [`tls`](crate::tls).
    pub tls: Option<PathBuf>,
    /// Is bound, does not block, and its port was told.
    pub listener: TcpListener,
}

impl Assignment {
    /// Reads `ROW FOLDER [TLS]` from the arguments, prints the port, and ends the process when standard input ends.
    pub fn take() -> io::Result<Self> {
        let mut arguments = std::env::args().skip(1);
        let row = arguments.next().unwrap_or_default();
        let files = arguments.next().unwrap_or_else(|| ".".to_owned()).into();
        let tls = arguments.next().map(PathBuf::from);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let mut out = io::stdout();
        writeln!(out, "{}", listener.local_addr()?.port())?;
        out.flush()?;
        std::thread::Builder::new().stack_size(64 << 10).spawn(|| {
            io::stdin().read_to_end(&mut Vec::new()).ok();
            std::process::exit(0);
        })?;
        Ok(Self {
            row,
            files,
            tls,
            listener,
        })
    }
}

/// Runs a server on the one runtime that each of them has.
pub fn block_on<F: Future<Output = Result<(), Failure>>>(
    serve: impl FnOnce(Assignment) -> F,
) -> Result<(), Failure> {
    let assignment = Assignment::take()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async { serve(assignment).await })
}
