//! Compares clients: `clients [cpu | instructions] [CLIENT ..] [WORK ..]`.
//!
//! Every client runs as a process of its own against one server, each in turn, for several rounds. `cpu` prints the medians of
//! the CPU time of the client, user and kernel, per request, and of the megabytes per second by the clock, with the median of the
//! ratios to `legacy` within a round. `instructions` counts user-space instructions per request under callgrind, one request in flight
//! over a kept connection: the difference of a long and a short run. `aiohttp` takes part when `PYTHON` names a Python that has it.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

const CLIENTS: [&str; 5] = ["hyper", "legacy", "limited", "reqwest", "wharf"];
const WORK: [&str; 4] = ["one", "many", "down", "up"];
const BASELINE: &str = "legacy";
const ROUNDS: usize = 9;
const MEGABYTES: f64 = 200.0;
const SHORT: usize = 400;
const LONG: usize = 2400;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |all: &[&'static str]| {
        let named = all.iter().filter(|name| arguments.iter().any(|argument| argument == *name));
        let named: Vec<_> = named.copied().collect();
        if named.is_empty() { all.to_vec() } else { named }
    };
    let mut known = CLIENTS.to_vec();
    if std::env::var_os("PYTHON").is_some() {
        known.push("aiohttp");
    }
    let clients = chosen(&known);
    let peer = Peer::start()?;
    if arguments.iter().any(|argument| argument == "instructions") {
        return instructions(&clients, &peer);
    }
    for work in chosen(&WORK) {
        measure(&clients, work, &peer)?;
    }
    Ok(())
}

/// The server, on the first core; clients have the second.
struct Peer {
    process: Child,
    port: String,
}

impl Peer {
    fn start() -> Result<Self, Failure> {
        let program = std::env::current_exe()?.with_file_name("peer");
        let mut process = Command::new("taskset").args(["-c", "0"]).arg(program).stdout(Stdio::piped()).spawn()?;
        let mut port = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut port)?;
        Ok(Self { process, port: port.trim().to_owned() })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What one run has taken: microseconds of CPU time and by the clock.
#[derive(Clone, Copy)]
struct Taken {
    cpu: f64,
    clock: f64,
}

fn measure(clients: &[&str], work: &str, peer: &Peer) -> Result<(), Failure> {
    let count = match work {
        "one" | "many" => 12_800,
        _ => 2,
    };
    let mut all: HashMap<&str, Vec<Taken>> = HashMap::new();
    for _ in 0..ROUNDS {
        for client in clients {
            let slower = if *client == "aiohttp" && count > 100 { 5 } else { 1 };
            let taken = run(client, work, peer, count / slower)?;
            all.entry(client).or_default().push(taken);
        }
    }
    println!("{work:10}{:>14}{:>14}{:>14}{:>14}", "cpu us each", "to legacy", "us each", "MB/s");
    for client in clients {
        let taken = &all[client];
        let ratios = all.get(BASELINE).map(|base| median(taken.iter().zip(base).map(|(own, base)| own.cpu / base.cpu)));
        let ratio = ratios.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let (cpu, clock) = (median(taken.iter().map(|taken| taken.cpu)), median(taken.iter().map(|taken| taken.clock)));
        let speed = if count > 100 { String::new() } else { format!("{:.0}", MEGABYTES * 1e6 / clock) };
        println!("{client:10}{cpu:>14.2}{ratio:>14}{clock:>14.2}{speed:>14}");
    }
    Ok(())
}

/// Runs a client and returns what each request has taken.
fn run(client: &str, work: &str, peer: &Peer, count: usize) -> Result<Taken, Failure> {
    let mut command = Command::new("taskset");
    command.args(["-c", "1"]);
    match client {
        "aiohttp" => {
            command.arg(std::env::var_os("PYTHON").ok_or("PYTHON is not set")?);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/fetch.py"));
        }
        _ => drop(command.arg(std::env::current_exe()?.with_file_name("fetch")).arg(client)),
    }
    let output = command.arg(work).arg(&peer.port).arg(count.to_string()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (cpu, clock) = text.trim().split_once(' ').ok_or_else(|| format!("{client} printed `{text}`"))?;
    let each = |nanos: &str| nanos.parse::<f64>().map(|nanos| nanos / 1000.0 / count as f64);
    Ok(Taken { cpu: each(cpu)?, clock: each(clock)? })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn instructions(clients: &[&str], peer: &Peer) -> Result<(), Failure> {
    println!("instructions per request (one in flight; ratio to {BASELINE})");
    let mut counted = Vec::new();
    for client in clients.iter().filter(|client| **client != "aiohttp") {
        let (short, long) = (total(client, peer, SHORT)?, total(client, peer, LONG)?);
        // The requests before the measured ones are counted too: one for twenty.
        let requests = (LONG - SHORT) + (LONG - SHORT) / 20;
        counted.push((*client, (long - short) as f64 / requests as f64));
        std::io::stdout().flush()?;
    }
    let base = counted.iter().find(|(client, _)| *client == BASELINE).map(|(_, each)| *each);
    for (client, each) in counted {
        let ratio = base.map_or_else(String::new, |base| format!("{:.2}", each / base));
        println!("{client:10}{each:>14.0}{ratio:>14}");
    }
    Ok(())
}

/// Runs a client under callgrind and returns all instructions that it took.
fn total(client: &str, peer: &Peer, count: usize) -> Result<u64, Failure> {
    let fetch = std::env::current_exe()?.with_file_name("fetch");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(fetch)
        .args([client, "one", &peer.port, &count.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{client} failed: {text}").into());
    }
    let collected = text.lines().find_map(|line| line.split_once("Collected :")).ok_or("callgrind printed no total")?;
    Ok(collected.1.trim().parse()?)
}
