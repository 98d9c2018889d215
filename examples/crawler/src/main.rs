//! Reads a site page by page, politely, and tells which of its links are broken and where they stand.
//!
//! Run:  cargo run -p crawler -- --delay 100 http://localhost:8080/
//! Then: standard error has a line per page with what the connections do; standard output has the report at the end. Broken links
//!       make the program fail.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to whoever started it"
)]

mod args;
mod crawl;
mod links;
mod report;
mod robots;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use wharf_client::retry::RetryPolicy;
use wharf_client::{AddressPolicy, Client, Error, PoolConfig, Timeouts};

use args::Args;
use crawl::Crawl;
use robots::Robots;

/// What a server finds in its log, and in `robots.txt`.
const AGENT: &str = "wharf-crawler";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = match Args::parse(env::args().skip(1)) {
        Ok(args) => args,
        Err(why) => {
            eprintln!("error: {why}\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(args).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_broken) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the site, prints the report and returns the number of broken links.
async fn run(args: Args) -> Result<usize, Error> {
    let client = client(&args)?;
    let robots = Robots::fetch(&client, &args.url, AGENT).await?;
    let report = Crawl::new(client.clone(), args, robots).run().await;
    print!("{report}");
    for host in client.stats().hosts() {
        println!(
            "{}: {} connections opened, {} requests over kept ones, {} had to wait for {:.1?} in all",
            host.origin(),
            host.created(),
            host.reused(),
            host.waited(),
            host.wait_time(),
        );
    }
    client.close().await;
    Ok(report.broken())
}

fn client(args: &Args) -> Result<Client, Error> {
    // One that is given URLs by strangers must not become their way into the network that it runs in.
    let addresses = match args.public_only {
        true => AddressPolicy::public_only(),
        false => AddressPolicy::new(),
    };
    Client::builder()
        .user_agent(AGENT)
        .addresses(addresses)
        // However many pages are asked for at once, the site sees this many connections; the others wait for theirs.
        .pool(PoolConfig::new().max_per_host(args.connections))
        .timeouts(
            Timeouts::new()
                .pool_wait(None)
                .response_head(Duration::from_secs(10))
                .total(Duration::from_secs(120)),
        )
        // A server that says when it wants to be asked again is obeyed.
        .retry(RetryPolicy::new().attempts(2))
        .body_limit(crawl::PAGE_SIZE)
        .build()
}
