//! What a million clients of a rate limit take in memory.
//!
//! Run: `cargo run --release -p wharf-core --features rate-limit --example rate_limit_memory`
//! Then: it prints how much more memory the process has than before its first request, and at most.

#![expect(
    clippy::print_stdout,
    reason = "what it finds out is what it is there for"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use wharf_core::http::connection::{Local, Peer};
use wharf_core::http::{BoxError, Connection, Context, Service};
use wharf_core::middleware::RateLimit;
use wharf_core::{App, Request, get};

const CLIENTS: u32 = 1_000_000;

/// Reads a line of what the kernel tells of this process, in KiB. Linux alone has it.
fn memory(line: &str) -> Result<u64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let number = found.and_then(|text| text.split_whitespace().nth(1));
    Ok(number.ok_or("the kernel does not tell")?.parse()?)
}

async fn clients(limit: RateLimit) -> Result<(), BoxError> {
    let keys = limit.clone();
    let app = App::new().wrap(limit).routes([get("/", async || "index")]);
    let running = app.start().await?;
    let ask = async |client: u32| {
        let peer = SocketAddr::from((Ipv4Addr::from_bits(client), 4711));
        let context = Context::new(Connection::new(Peer::Tcp(peer), Local::Memory));
        running.call(Request::default(), &context).await.status()
    };
    ask(CLIENTS).await;
    let before = memory("VmRSS")?;
    let started = Instant::now();
    let mut refused = 0;
    for client in 0..CLIENTS {
        refused += u32::from(ask(client).await != 200);
    }
    println!("{} keys, {refused} clients refused", keys.keys());
    println!(
        "{:.1} us for each request",
        started.elapsed().as_secs_f64() * 1e6 / f64::from(CLIENTS)
    );
    for (name, line) in [("now", "VmRSS"), ("at most", "VmHWM")] {
        let more = memory(line)?.saturating_sub(before);
        println!("{name} {:.1} MiB more", more as f64 / 1024.0);
    }
    Ok(())
}

fn main() -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    // Nobody's quota is whole again before the last client has come.
    runtime.block_on(clients(RateLimit::new(
        1,
        Duration::from_secs(24 * 60 * 60),
    )))
}
