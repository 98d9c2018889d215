//! What clients are to do: `PROGRAM CLIENT WORK PORT COUNT` prints how many nanoseconds of CPU time, user and kernel, the work took,
//! and how many passed by the clock.
//!
//! `one` gets a short text `COUNT` times, one after the other; `many` gets JSON and parses it, with 64 requests in flight; `fresh` makes
//! a client for each request; `down` and `up` move a large body `COUNT` times. Every client is given the address as text for each
//! request, has one current-thread runtime, and sends the same fields.

use std::time::Instant;

use nix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::server::Failure;
use crate::{HELLO, LARGE};

const IN_FLIGHT: usize = 64;

/// What can make requests, one at a time.
#[expect(async_fn_in_trait, reason = "each client has one thread")]
pub trait Fetch: Sized + 'static {
    /// Makes one that has asked for nothing yet.
    async fn open(base: &str) -> Result<Self, Failure>;
    /// Makes another that works beside this one, with connections of the same pool where there is one.
    async fn beside(&self, base: &str) -> Result<Self, Failure>;
    /// Gets `url` and returns how many bytes came, which are to be read as they come.
    async fn get(&mut self, url: &str) -> Result<u64, Failure>;
    /// Gets `url` and parses what came.
    async fn json(&mut self, url: &str) -> Result<Greeting, Failure>;
    /// Sends a large body.
    async fn post(&mut self, url: &str) -> Result<(), Failure>;
}

/// What `/json` answers.
#[derive(Deserialize)]
pub struct Greeting {
    pub message: String,
}

/// One line of the arguments.
pub struct Work {
    kind: String,
    base: String,
    count: usize,
}

impl Work {
    /// Reads the name of the client and its work from the arguments.
    pub fn take() -> Result<(String, Self), Failure> {
        let arguments: Vec<_> = std::env::args().skip(1).collect();
        let [client, kind, port, count] = arguments.as_slice() else {
            return Err("expected: CLIENT WORK PORT COUNT".into());
        };
        let work = Self {
            kind: kind.clone(),
            base: format!("http://127.0.0.1:{port}"),
            count: count.parse()?,
        };
        Ok((client.clone(), work))
    }

    /// Does the work and prints what it took.
    pub async fn run<C: Fetch>(self) -> Result<(), Failure> {
        let Self { kind, base, count } = self;
        let (small, json, large) = (
            format!("{base}/"),
            format!("{base}/json"),
            format!("{base}/large"),
        );
        match kind.as_str() {
            "one" => {
                let mut client = C::open(&base).await?;
                fetch(&mut client, &small, 13, count / 20).await?;
                let begun = Begun::now()?;
                fetch(&mut client, &small, 13, count).await?;
                begun.print()
            }
            "many" => {
                let mut clients = vec![C::open(&base).await?];
                while clients.len() < IN_FLIGHT {
                    clients.push(clients[0].beside(&base).await?);
                }
                let clients = at_once(clients, &json, count / 20).await?;
                let begun = Begun::now()?;
                at_once(clients, &json, count).await?;
                begun.print()
            }
            "fresh" => {
                let begun = Begun::now()?;
                for _ in 0..count {
                    fetch(&mut C::open(&base).await?, &small, 13, 1).await?;
                }
                begun.print()
            }
            "down" => {
                let mut client = C::open(&base).await?;
                let begun = Begun::now()?;
                fetch(&mut client, &large, LARGE, count).await?;
                begun.print()
            }
            "up" => {
                let mut client = C::open(&base).await?;
                let begun = Begun::now()?;
                for _ in 0..count {
                    client.post(&large).await?;
                }
                begun.print()
            }
            other => {
                Err(format!("unknown work `{other}`: expected one, many, fresh, down or up").into())
            }
        }
    }
}

async fn fetch(
    client: &mut impl Fetch,
    url: &str,
    expected: u64,
    count: usize,
) -> Result<(), Failure> {
    for _ in 0..count {
        let bytes = client.get(url).await?;
        if bytes != expected {
            return Err(format!("{bytes} bytes came, not {expected}").into());
        }
    }
    Ok(())
}

async fn parse(client: &mut impl Fetch, url: &str, count: usize) -> Result<(), Failure> {
    for _ in 0..count {
        let message = client.json(url).await?.message;
        if message != HELLO {
            return Err(format!("`{message}` came").into());
        }
    }
    Ok(())
}

/// Makes `count` requests with all clients together.
async fn at_once<C: Fetch>(clients: Vec<C>, url: &str, count: usize) -> Result<Vec<C>, Failure> {
    let mut tasks = JoinSet::new();
    for mut client in clients {
        let url = url.to_owned();
        tasks.spawn_local(async move {
            let done = parse(&mut client, &url, count / IN_FLIGHT).await;
            done.map(|()| client).map_err(|error| error.to_string())
        });
    }
    Ok(tasks
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?)
}

/// The beginning of what is measured.
struct Begun {
    clock: Instant,
    cpu: u64,
}

impl Begun {
    fn now() -> Result<Self, Failure> {
        Ok(Self {
            clock: Instant::now(),
            cpu: cpu()?,
        })
    }

    fn print(&self) -> Result<(), Failure> {
        println!("{} {}", cpu()? - self.cpu, self.clock.elapsed().as_nanos());
        Ok(())
    }
}

/// Returns how many nanoseconds of CPU time the process has taken.
fn cpu() -> Result<u64, Failure> {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    Ok(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}
