//! Runs a thousand tests of a small application, and tells how long they take.
//!
//! Each has what a test has: a runtime and an application of its own, a client, a few requests, an orderly end. They are spread over
//! as many threads as there are cores, as `cargo test` does it.
//!
//! Run: `cargo run -p wharf-test --example thousand [direct|memory|tcp]`
#![expect(
    clippy::print_stdout,
    reason = "a program that measures says what it found"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use tokio::runtime::Builder;
use wharf_core::{App, BoxError, Cleanup, HttpError, Path, Setup, State, get, post};
use wharf_test::{Mode, TestClient};

const TESTS: usize = 1000;

struct Fleet(Vec<&'static str>);

async fn fleet(setup: Setup) -> Result<impl Cleanup, BoxError> {
    setup.provide(Fleet(vec!["Ada", "Grace"]));
    Ok(async move || {})
}

async fn ship(Path(number): Path<usize>, fleet: State<Fleet>) -> Result<&'static str, HttpError> {
    let ship = fleet.0.get(number).copied();
    ship.ok_or_else(|| HttpError::not_found("no such ship"))
}

fn app() -> App {
    App::new().resource(fleet).routes([
        get("/", async || "Hello, wharf!"),
        get("/ships/{number}", ship),
        post("/echo", async |text: String| text),
    ])
}

async fn test(mode: Mode) {
    let client = TestClient::builder().mode(mode).start(app()).await;
    client.get("/").send().await.assert_text("Hello, wharf!");
    client.get("/ships/1").send().await.assert_text("Grace");
    client.get("/ships/7").send().await.assert_status(404);
    client
        .post("/echo")
        .body("hi")
        .send()
        .await
        .assert_text("hi");
    client.close().await;
}

fn main() -> Result<(), BoxError> {
    let wanted = std::env::args().nth(1).unwrap_or_else(|| "memory".into());
    let mode = Mode::ALL.iter().find(|mode| mode.to_string() == wanted);
    let mode = *mode.ok_or("the mode is one of direct, memory, tcp")?;
    let threads = thread::available_parallelism()?.get();
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < TESTS {
                    let runtime = Builder::new_current_thread().enable_all().build();
                    let runtime = runtime.expect("the system has room for a runtime");
                    runtime.block_on(test(mode));
                }
            });
        }
    });
    let took = begun.elapsed();
    println!("{TESTS} tests ({mode}) on {threads} threads took {took:.2?}");
    Ok(())
}
