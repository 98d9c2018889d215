//! Downloads files: several at once, resumed where they broke off, checked against a SHA-256, with a bar that shows how it goes.
//!
//! Run:  cargo run -p downloader -- http://localhost:8080/ships.tar
//! Then: a bar with per cent, rate and the time that is left, and the file in this folder; break it off with Ctrl-C and start it
//!       again, and it goes on where it was
//!
//! It ends with 0 when all files are there, 1 when one could not be fetched, 2 when it was not started properly, 3 when a file is not
//! what it should be, 4 when a server has refused one.
#![expect(clippy::print_stderr, reason = "it talks to whoever started it")]

mod args;
mod checksum;
mod job;
mod screen;

use std::env;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wharf_client::tls::TlsConfig;
use wharf_client::{Client, Error, PoolConfig, Timeouts};

use args::Args;
use screen::Screen;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = match Args::parse(env::args().skip(1)) {
        Ok(args) => args,
        Err(why) => {
            eprintln!("error: {why}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    let client = match client(&args) {
        Ok(client) => client,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let columns = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let columns = io::stderr().is_terminal().then(|| columns.unwrap_or(80));
    ExitCode::from(run(args, client, Screen::new(io::stderr(), columns)).await)
}

/// Downloads all files and returns what the program ends with: the first failure, in the order of the URLs.
async fn run(args: Args, client: Client, screen: Screen<io::Stderr>) -> u8 {
    let screen = Arc::new(screen);
    let turns = Arc::new(Semaphore::new(args.at_once));
    let mut downloads = JoinSet::new();
    let names = args.jobs.iter().map(|job| job.file.display().to_string());
    let names: Vec<String> = names.collect();
    for (row, job) in args.jobs.into_iter().enumerate() {
        let (client, screen, turns) = (client.clone(), Arc::clone(&screen), Arc::clone(&turns));
        downloads.spawn(async move {
            // It is never closed, so there is always a turn.
            let _turn = turns.acquire().await;
            screen.begin(row, &job.file);
            let outcome = job.run(&client, &screen, row).await;
            screen.end(row, &outcome);
            (row, outcome)
        });
    }
    let mut failures = Vec::new();
    while let Some(Ok((row, outcome))) = downloads.join_next().await {
        if let Err(failure) = outcome {
            failures.push((row, failure));
        }
    }
    failures.sort_by_key(|(row, _)| *row);
    for (row, failure) in &failures {
        eprintln!("error: {}: {failure}", names[*row]);
    }
    failures.first().map_or(0, |(_, failure)| failure.code())
}

fn client(args: &Args) -> Result<Client, Error> {
    let mut tls = TlsConfig::new();
    if let Some(authority) = &args.authority {
        tls = tls.add_root_file(authority);
    }
    Client::builder()
        .tls(tls)
        // Two from one host are polite; how many there are in all is for whoever starts it.
        .pool(PoolConfig::new().max_per_host(2))
        // A file may take as long as it likes, as long as it comes.
        .timeouts(
            Timeouts::new()
                .pool_wait(None)
                .body_read(Duration::from_secs(20)),
        )
        .build()
}
