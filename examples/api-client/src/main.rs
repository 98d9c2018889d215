//! A typed client of somebody else's JSON API: a base URL, tokens that are renewed, retries, pages, time limits; and what every
//! phase of every call does, as `tracing` events.
//!
//! The API is that of a harbour: `POST token` gives a bearer token for a key, `GET ships` a page of ships with a `link` to the next
//! one, `GET ships/{name}` one of them, `POST ships` takes a new one.
//!
//! Run:  HARBOUR_KEY=s3cret cargo run -p api-client -- http://localhost:8080/v1/ add tug 30
//! Then: the ship is on standard output, the phases of the calls are on standard error; without a server there, what to do about it
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to whoever started it"
)]

mod advice;
mod harbour;
mod phases;
mod token;

use std::env;
use std::io;
use std::process::ExitCode;

use tokio::task::JoinSet;
use wharf_client::Error;

use harbour::{Harbour, Ship};

const USAGE: &str = "usage: HARBOUR_KEY=KEY api-client BASE list | show NAME... | add NAME TONS";

enum Command {
    List,
    Show(Vec<String>),
    Add(Ship),
}

impl Command {
    fn parse(words: &[String]) -> Option<Self> {
        match words {
            [list] if list == "list" => Some(Self::List),
            [show, names @ ..] if show == "show" && !names.is_empty() => {
                Some(Self::Show(names.to_vec()))
            }
            [add, name, tons] if add == "add" => {
                let (name, tons) = (name.clone(), tons.parse().ok()?);
                Some(Self::Add(Ship { name, tons }))
            }
            _ => None,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let parsed = words
        .split_first()
        .and_then(|(base, words)| Some((base, Command::parse(words)?)));
    let (Some((base, command)), Ok(key)) = (parsed, env::var("HARBOUR_KEY")) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        .init();
    match run(base, key, command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\n{}", advice::of(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run(base: &str, key: String, command: Command) -> Result<(), Error> {
    let harbour = Harbour::new(base, key)?;
    match command {
        Command::List => {
            let mut pages = harbour.ships();
            while let Some(ships) = pages.next().await? {
                ships.iter().for_each(print);
            }
        }
        // All at once, over as many connections as the client allows.
        Command::Show(names) => {
            let mut calls = JoinSet::new();
            for name in names {
                let harbour = harbour.clone();
                calls.spawn(async move { (harbour.ship(&name).await, name) });
            }
            while let Some(Ok((ship, name))) = calls.join_next().await {
                match ship? {
                    Some(ship) => print(&ship),
                    None => println!("{name}: no such ship"),
                }
            }
        }
        Command::Add(ship) => print(&harbour.add(&ship).await?),
    }
    Ok(())
}

fn print(ship: &Ship) {
    println!("{}: {} t", ship.name, ship.tons);
}
