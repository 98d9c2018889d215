//! The slide: requests per second of small applications under `wrk`, with all cores for everybody.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::channel::{Channel, PATIENCE};
use crate::contestant::{program_beside, read_port};
use crate::load::read_answer;
use crate::postgres::Postgres;
use crate::rounds::Rounds;
use crate::table::{Column, Table, Unit};
use crate::{Failure, Options, machine};

/// The rows: wharf, and what needs a `PYTHON` that has it. `None` is served without gunicorn.
const SITES: [(&str, Option<(&str, &str)>); 4] = [
    ("wharf", None),
    (
        "aiohttp + uvloop",
        Some((
            "on_aiohttp:application",
            "aiohttp.worker.GunicornUVLoopWebWorker",
        )),
    ),
    (
        "aiohttp",
        Some(("on_aiohttp:application", "aiohttp.GunicornWebWorker")),
    ),
    ("Flask", Some(("on_flask:application", "sync"))),
];

/// What is asked, by the name of the column.
const PATHS: [(&str, &str); 2] = [("/", "/"), ("/fetch", "/fetch, with a database")];

/// The table of the slide, if anything could be run, and what could not, and why.
pub struct Outcome {
    pub speed: Option<Table>,
    pub absent: Vec<String>,
}

/// Runs `wrk -t12 -c400` against each application in turn.
pub fn run(options: &Options) -> Result<Outcome, Failure> {
    let mut absent = Vec::new();
    let mut paths: Vec<&str> = PATHS.iter().map(|(path, _)| *path).collect();
    if Command::new("wrk").arg("-v").output().is_err() {
        absent.push("nothing was run: there is no `wrk`".to_owned());
        return Ok(Outcome {
            speed: None,
            absent,
        });
    }
    machine::release()?;
    let postgres = match Postgres::start() {
        Ok(postgres) => Some(postgres),
        Err(cause) => {
            absent.push(format!("/fetch: no PostgreSQL, {cause}"));
            paths.retain(|path| *path == "/");
            None
        }
    };
    let (mut rows, mut rounds) = (Vec::new(), Rounds::default());
    for (row, gunicorn) in SITES {
        let site = match Site::start(gunicorn, postgres.as_ref()) {
            Ok(site) => site,
            Err(cause) => {
                absent.push(format!("{row}: {cause}"));
                continue;
            }
        };
        eprint!("headline: {row}");
        for path in &paths {
            let speed = site.ask(path, options.duration);
            let speed = speed.map_err(|cause| format!("{row}, {path}: {cause}"))?;
            eprint!("  {path} {speed:.0}/s");
            rounds.add(row, path, Some(speed));
        }
        eprintln!();
        rows.push(row);
    }
    let columns = PATHS.map(|(name, title)| Column {
        name,
        title: title.to_owned(),
    });
    let speed = Table::fill(columns.into(), &rows, Unit::Count, |row, column| {
        rounds.median(row, column)
    });
    let mut note = format!(
        "`wrk -t12 -c400 -d{}s`, once, with `wrk`, the application and PostgreSQL on the same {} cores. `/` is a text, `/fetch` twenty rows \
         of a table as JSON. wharf has a worker for each core and its limits as they come; the others are under gunicorn with {} workers.",
        options.duration.as_secs(),
        machine::cores(),
        workers(),
    );
    for line in &absent {
        note.push_str(&format!(" Not run: {line}."));
    }
    let speed = (!rows.is_empty()).then(|| speed.titled("Headline: requests per second", note));
    Ok(Outcome { speed, absent })
}

/// How many workers gunicorn is told to have, as the talk has it.
fn workers() -> usize {
    2 * machine::cores() + 1
}

/// An application that runs.
struct Site {
    port: u16,
    process: Child,
}

impl Site {
    fn start(gunicorn: Option<(&str, &str)>, postgres: Option<&Postgres>) -> Result<Self, Failure> {
        let (mut command, listener) = match gunicorn {
            None => {
                let mut command = Command::new(program_beside("serve-slide")?);
                command.stdin(Stdio::null()).stdout(Stdio::piped());
                (command, None)
            }
            Some((application, worker)) => {
                let python = std::env::var_os("PYTHON").ok_or("PYTHON is not set")?;
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let port = listener.local_addr()?.port();
                let mut command = Command::new(python);
                command
                    .args(["-m", "gunicorn", "--bind", "fd://0", "--log-level", "error"])
                    .args(["--chdir", concat!(env!("CARGO_MANIFEST_DIR"), "/../slide")])
                    .args(["--backlog", "2048", "--worker-class", worker])
                    .args(["--workers", &workers().to_string(), application])
                    .env("PYTHONDONTWRITEBYTECODE", "1")
                    .stdin(Stdio::from(OwnedFd::from(listener)))
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                (command, Some(port))
            }
        };
        match postgres {
            Some(postgres) => {
                command.envs(postgres.variables());
            }
            None => {
                command.env_remove("PGHOST");
            }
        }
        let mut site = Self {
            port: 0,
            process: command.spawn()?,
        };
        site.port = match listener {
            Some(port) => port,
            None => read_port(&mut site.process)?,
        };
        site.wait()?;
        Ok(site)
    }

    /// Waits until it answers.
    fn wait(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("it ended at once, {status}").into());
            }
            if self.get("/").is_ok_and(|text| text == b"Hello, World!") {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("it does not answer".into())
    }

    fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        use std::io::Write;
        let mut channel = Channel::open(self.port, None)?;
        write!(channel, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
        Ok(read_answer(&mut channel)?.body)
    }

    /// Lets `wrk` ask for a while; returns how many answers came in a second.
    fn ask(&self, path: &str, time: Duration) -> Result<f64, Failure> {
        let answer = self.get(path)?;
        if path == "/fetch" {
            let rows: Vec<serde_json::Value> = serde_json::from_slice(&answer)?;
            if rows.len() != 20 || rows[19]["id"] != 20 {
                return Err("a wrong answer".into());
            }
        }
        let output = Command::new("wrk")
            .args(["-t12", "-c400", &format!("-d{}s", time.as_secs().max(1))])
            .arg(format!("http://127.0.0.1:{}{path}", self.port))
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if let Some(wrong) = said.lines().find(|line| line.contains("Non-2xx")) {
            return Err(wrong.trim().into());
        }
        let speed = said
            .lines()
            .find_map(|line| line.strip_prefix("Requests/sec:"))
            .ok_or_else(|| format!("wrk said: {said}"))?;
        Ok(speed.trim().parse()?)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // gunicorn has to end its workers. It does so at once when it is interrupted.
        let process = Pid::from_raw(self.process.id().cast_signed());
        kill(process, Signal::SIGINT).ok();
        self.process.wait().ok();
    }
}
