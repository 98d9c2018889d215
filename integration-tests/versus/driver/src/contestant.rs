//! [`Contestant`], a server that is a process of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;

use crate::Failure;
use crate::channel::{Authority, Channel};
use crate::machine::{self, LOAD_CORE, SERVER_CORE};

/// A server that runs, bound to one core.
pub struct Contestant {
    pub row: &'static str,
    pub port: u16,
    process: Child,
    /// What those who connect need to speak TLS, when that is spoken here.
    client: Option<Arc<ClientConfig>>,
}

/// Which servers there are: the name of the row and of the program.
const PROGRAMS: [(&str, &str); 10] = [
    ("tokio", "serve-tokio"),
    ("hyper", "serve-hyper"),
    ("hyper-flush", "serve-hyper"),
    ("wharf", "serve-wharf"),
    ("wharf-sonic", "serve-wharf"),
    ("wharf-production", "serve-wharf"),
    ("xitca-web", "serve-xitca"),
    ("actix-web", "serve-actix"),
    ("ntex", "serve-ntex"),
    ("axum", "serve-axum"),
];

/// Returns the names of all rows. `aiohttp` is one of them when `PYTHON` names a Python that has it.
pub fn rows() -> Vec<&'static str> {
    let python = std::env::var_os("PYTHON").map(|_| "aiohttp");
    PROGRAMS.iter().map(|(row, _)| *row).chain(python).collect()
}

impl Contestant {
    /// Starts a server, by the words of `under`, such as those of valgrind, when there are any.
    pub fn start(row: &'static str, folder: &Folder, under: &[&str]) -> Result<Self, Failure> {
        Self::launch(row, folder, under, None)
    }

    /// Starts a server that speaks TLS with the certificate of `authority`.
    pub fn start_encrypted(
        row: &'static str,
        folder: &Folder,
        authority: &Authority,
    ) -> Result<Self, Failure> {
        let mut contestant = Self::launch(row, folder, &[], Some(authority))?;
        contestant.client = Some(authority.client(Resumption::disabled())?);
        Ok(contestant)
    }

    /// Opens a connection to it.
    pub fn connect(&self) -> Result<Channel, Failure> {
        Channel::open(self.port, self.client.as_ref())
    }

    fn launch(
        row: &'static str,
        folder: &Folder,
        under: &[&str],
        authority: Option<&Authority>,
    ) -> Result<Self, Failure> {
        let mut words: Vec<OsString> = under.iter().map(OsString::from).collect();
        match PROGRAMS.iter().find(|(name, _)| *name == row) {
            Some((_, program)) => words.push(program_beside(program)?.into()),
            None => {
                words.push(std::env::var_os("PYTHON").ok_or("PYTHON is not set")?);
                words.push(script("serve.py").into());
            }
        }
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .arg(row)
            .arg(folder.path.join("files"))
            .args(authority.map(|authority| &authority.folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if !under.is_empty() {
            command.stderr(Stdio::piped());
        }
        Self::spawn(row, command, SERVER_CORE)
            .map_err(|cause| format!("{row} did not start: {cause}").into())
    }

    /// Starts the server that clients are compared with, on their core: so a request wakes nobody up on another.
    pub fn peer() -> Result<Self, Failure> {
        let mut command = Command::new(program_beside("peer")?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self::spawn("peer", command, LOAD_CORE)
    }

    fn spawn(row: &'static str, mut command: Command, core: usize) -> Result<Self, Failure> {
        // A process begins on the cores of whoever starts it.
        machine::pin(core)?;
        let process = command.spawn();
        machine::pin(LOAD_CORE)?;
        let mut contestant = Self {
            row,
            port: 0,
            process: process?,
            client: None,
        };
        contestant.port = read_port(&mut contestant.process)?;
        Ok(contestant)
    }

    /// Returns how many seconds of CPU time it has taken.
    pub fn cpu(&self) -> Result<f64, Failure> {
        machine::cpu(self.process.id())
    }

    /// Returns how many KiB of memory it has.
    pub fn resident(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no line `VmRSS`")?;
        Ok(line.trim_end_matches("kB").trim().parse()?)
    }

    /// Lets it end by itself and returns what it said on standard error.
    pub fn end(mut self) -> Result<String, Failure> {
        drop(self.process.stdin.take());
        let mut said = String::new();
        if let Some(mut stderr) = self.process.stderr.take() {
            stderr.read_to_string(&mut said)?;
        }
        self.process.wait()?;
        Ok(said)
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Reads the port that a server prints.
pub fn read_port(process: &mut Child) -> Result<u16, Failure> {
    let mut port = String::new();
    BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut port)?;
    let read = port.trim().parse();
    Ok(read.map_err(|_| format!("it printed `{port}`, which is no port"))?)
}

/// Returns the path of a program that was built with this one.
pub fn program_beside(name: &str) -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?.with_file_name(name);
    if program.exists() {
        Ok(program)
    } else {
        Err(format!("`{name}` is not built: run `cargo build --release` first").into())
    }
}

/// Returns the path of a program in Python.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../src")
        .join(name)
}

/// A folder with the file that servers serve. It goes when it is dropped.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn create() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("versus-{}", std::process::id()));
        let folder = Self { path };
        // The last part is that of the path it is asked for by, which some servers want and the others do not mind.
        let files = folder.path.join("files");
        std::fs::create_dir_all(&files)?;
        std::fs::write(files.join("64k.bin"), Self::content())?;
        Ok(folder)
    }

    /// Makes a certificate beside the files.
    pub fn authority(&self) -> Result<Authority, Failure> {
        Authority::create(&self.path)
    }

    /// Returns what is in the file: 64 KiB.
    pub fn content() -> Vec<u8> {
        (0..64 << 10)
            .map(|at: u32| (at * 7 + at / 256) as u8)
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.path).ok();
    }
}
