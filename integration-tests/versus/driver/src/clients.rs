//! What clients take of the CPU for each request.
//!
//! Every client runs as a process of its own against one server, hyper alone, each in turn, for several rounds.

use std::process::{Command, Stdio};

use crate::contestant::{Contestant, program_beside, script};
use crate::machine::{Watch, settle};
use crate::rounds::Rounds;
use crate::table::{Column, Table, Unit};
use crate::{Failure, Options};

/// All clients that are written in Rust.
pub const CLIENTS: [&str; 7] = [
    "hyper",
    "legacy",
    "limited",
    "reqwest",
    "awc",
    "wharf",
    "wharf-unlimited",
];

/// What they do, with a title and how often.
const WORK: [(&str, &str, usize); 5] = [
    ("one", "1 in flight", 12_800),
    ("many", "64 in flight, JSON parsed", 12_800),
    ("fresh", "new client, first request", 600),
    ("down", "200 MB down", 2),
    ("up", "200 MB up", 2),
];

/// The names of all work.
pub const WORKS: [&str; 5] = ["one", "many", "fresh", "down", "up"];

/// The rows that others are compared with.
const BASES: [&str; 2] = ["hyper", "legacy"];

/// The length of a short and of a long run under callgrind.
const LENGTHS: (usize, usize) = (400, 2400);

/// The tables of clients.
pub struct Outcome {
    pub cpu: Table,
    pub ratios: Vec<Table>,
    pub speed: Table,
}

/// Returns the names of all clients; `aiohttp` is one of them when `PYTHON` names a Python that has it.
pub fn rows() -> Vec<&'static str> {
    let python = std::env::var_os("PYTHON").map(|_| "aiohttp");
    CLIENTS.into_iter().chain(python).collect()
}

/// Lets all chosen clients do all chosen work.
pub fn run(options: &Options) -> Result<Outcome, Failure> {
    let known = rows();
    let clients = options.chosen(&known);
    let names = options.chosen(&WORKS);
    let work: Vec<_> = WORK
        .into_iter()
        .filter(|(name, ..)| names.contains(name))
        .collect();
    let peer = Contestant::peer()?;
    let (mut cpu, mut clock) = (Rounds::default(), Rounds::default());
    for round in 1..=options.rounds {
        settle(options.others)?;
        for (name, _, count) in &work {
            eprint!("clients, round {round} of {}: {name:6}", options.rounds);
            for client in &clients {
                let count = if *client == "aiohttp" && *count > 100 {
                    count / 5
                } else {
                    *count
                };
                let watch = Watch::begin(peer.cpu()?)?;
                let taken = fetch(client, name, peer.port, count)?;
                let others = watch.others(peer.cpu()?)?;
                let quiet = others <= options.others;
                if !quiet {
                    eprint!("  [dropped: others took {others:.2} cores]");
                }
                cpu.disturbed(others, !quiet);
                cpu.add(client, name, quiet.then_some(taken.cpu));
                clock.add(client, name, quiet.then_some(taken.clock));
                eprint!(
                    "  {client} {}",
                    Unit::Measure.write(quiet.then_some(taken.cpu))
                );
            }
            eprintln!();
        }
    }
    Ok(outcome(&clients, &work, &cpu, &clock))
}

fn outcome(
    clients: &[&str],
    work: &[(&'static str, &str, usize)],
    cpu: &Rounds,
    clock: &Rounds,
) -> Outcome {
    let table = |title: String,
                 note: String,
                 unit,
                 work: &[&(&'static str, &str, usize)],
                 value: &dyn Fn(&str, &str) -> Option<f64>| Table {
        title,
        note,
        columns: work
            .iter()
            .map(|(name, title, _)| Column {
                name,
                title: (*title).to_owned(),
            })
            .collect(),
        rows: clients
            .iter()
            .map(|row| {
                (
                    (*row).to_owned(),
                    work.iter().map(|(column, ..)| value(row, column)).collect(),
                )
            })
            .collect(),
        unit,
    };
    let all: Vec<_> = work.iter().collect();
    let large: Vec<_> = work
        .iter()
        .filter(|(name, ..)| matches!(*name, "down" | "up"))
        .collect();
    let ratios = BASES
        .iter()
        .filter(|base| clients.contains(base))
        .map(|base| {
            let note =
                format!("Medians of the ratios within a round: below 1 is less than {base}.");
            table(
                format!("Clients: ratios to {base}"),
                note,
                Unit::Ratio,
                &all,
                &|row, column| cpu.ratio(row, column, base),
            )
        });
    Outcome {
        ratios: ratios.collect(),
        cpu: table(
            "Clients: CPU microseconds per request".to_owned(),
            format!("User and kernel, medians. {}", cpu.disturbance()),
            Unit::Measure,
            &all,
            &|row, column| cpu.median(row, column),
        ),
        speed: table(
            "Clients: megabytes per second".to_owned(),
            "By the clock, medians: what the other end and the kernel take is in it.".to_owned(),
            Unit::Count,
            &large,
            &|row, column| clock.median(row, column).map(|micros| 200.0 * 1e6 / micros),
        ),
    }
}

/// What a request has taken: microseconds of CPU time and by the clock.
struct Taken {
    cpu: f64,
    clock: f64,
}

/// Runs a client and returns what each request has taken.
fn fetch(client: &str, work: &str, port: u16, count: usize) -> Result<Taken, Failure> {
    let mut command = command(client)?;
    let output = command
        .args([client, work, &port.to_string(), &count.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let (cpu, clock) = text
        .trim()
        .split_once(' ')
        .ok_or_else(|| format!("{client} printed `{text}`"))?;
    let each = |nanos: &str| {
        nanos
            .parse::<f64>()
            .map(|nanos| nanos / 1000.0 / count as f64)
    };
    Ok(Taken {
        cpu: each(cpu)?,
        clock: each(clock)?,
    })
}

fn command(client: &str) -> Result<Command, Failure> {
    match client {
        "aiohttp" => {
            let mut command = Command::new(std::env::var_os("PYTHON").ok_or("PYTHON is not set")?);
            command.arg(script("fetch.py"));
            Ok(command)
        }
        "awc" => Ok(Command::new(program_beside("fetch-awc")?)),
        _ => Ok(Command::new(program_beside("fetch")?)),
    }
}

/// Counts user-space instructions per request under callgrind, one request in flight over a kept connection: the difference of a
/// long and a short run.
pub fn instructions(options: &Options) -> Result<Table, Failure> {
    let peer = Contestant::peer()?;
    let mut counted = Rounds::default();
    let clients = options.chosen(&CLIENTS);
    for client in &clients {
        eprintln!("instructions of {client}");
        let (short, long) = (
            total(client, &peer, LENGTHS.0)?,
            total(client, &peer, LENGTHS.1)?,
        );
        // The requests before the measured ones are counted too: one for twenty.
        let more = LENGTHS.1 - LENGTHS.0;
        counted.add(
            client,
            "one",
            Some((long - short) / (more + more / 20) as f64),
        );
    }
    Ok(Table {
        title: "Clients: user-space instructions per request".to_owned(),
        note: "Under callgrind, one request in flight.".to_owned(),
        columns: vec![Column {
            name: "one",
            title: "1 in flight".to_owned(),
        }],
        rows: clients
            .iter()
            .map(|client| ((*client).to_owned(), vec![counted.median(client, "one")]))
            .collect(),
        unit: Unit::Count,
    })
}

/// Runs a client under callgrind and returns all instructions that it took.
fn total(client: &str, peer: &Contestant, count: usize) -> Result<f64, Failure> {
    let program = command(client)?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program.get_program())
        .args([client, "one", &peer.port.to_string(), &count.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{client} failed: {text}").into());
    }
    crate::instructions::collected(&text)
}
