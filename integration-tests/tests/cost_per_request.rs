//! What a request costs: hardly more than hyper takes by itself.
//!
//! Allocations and instructions are counted, which repeats where times do not. Both servers answer the same requests over the
//! same kind of connection. The bounds catch accidents; what is gained by care is measured with optimisation, elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;
use std::convert::Infallible;
use std::future::Future;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wharf_core::{App, Path, get};
use wharf_http::connection::Local;
use wharf_http::{Connection, Peer};
use wharf_server::{AccessLog, ConnectionConfig, serve_connection};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Held by a test that counts: the allocator counts for the whole process.
static COUNTING: Mutex<()> = Mutex::new(());

/// Requests before the count begins: what a connection takes once is not counted.
const WARM_UP: usize = 50;
const COUNTED: usize = 200;

/// Lets `serve` answer `rounds` requests for `path`, one after the other; calls `begin` before the one after the warm-up.
fn ask<F>(
    path: &str,
    answer: &str,
    rounds: usize,
    serve: impl FnOnce(TcpStream) -> F,
    mut begin: impl FnMut(),
) where
    F: Future<Output = ()> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let serving = tokio::task::LocalSet::new();
        serving.spawn_local(serve(socket));
        let mut buffer = [0; 1024];
        let asking = async {
            for round in 0..rounds {
                if round == WARM_UP {
                    begin();
                }
                client.write_all(request.as_bytes()).await.unwrap();
                let length = client.read(&mut buffer).await.unwrap();
                let got = str::from_utf8(&buffer[..length]).unwrap();
                assert!(got.starts_with("HTTP/1.1 200 OK\r\n"), "{got}");
                assert!(got.ends_with(answer), "{got}");
            }
        };
        serving.run_until(asking).await;
    });
}

/// Returns how many allocations `serve` makes for each request for `path`.
fn allocations<F>(path: &str, answer: &str, serve: impl FnOnce(TcpStream) -> F) -> f64
where
    F: Future<Output = ()> + 'static,
{
    let mut region = Region::new(ALLOCATOR);
    ask(path, answer, WARM_UP + COUNTED, serve, || region.reset());
    let change = region.change();
    // Once a second hyper writes the date anew.
    ((change.allocations + change.reallocations) as f64 / COUNTED as f64).round()
}

async fn hyper_alone(socket: TcpStream) {
    async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path();
        let ids = path
            .strip_prefix("/users/")
            .and_then(|rest| rest.split_once("/posts/"))
            .and_then(|(user, post)| Some((user.parse::<u64>().ok()?, post.parse::<u64>().ok()?)));
        let body = match ids {
            Some((user, post)) => format!("{user} {post}").into(),
            None => Bytes::from_static(b"hello"),
        };
        let mut response = Response::new(Full::new(body));
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text);
        Ok(response)
    }
    let service = hyper::service::service_fn(answer);
    let _until_the_client_leaves = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn wharf(socket: TcpStream) {
    serve(socket, App::new(), AccessLog::off()).await;
}

/// With what is switched on for the network: a limit on time, and a log.
async fn wharf_in_production(socket: TcpStream) {
    let app = App::new().timeout(Duration::from_secs(30));
    let log = AccessLog::new()
        .also(|_, line| assert!(line.contains(r#"GET /plaintext HTTP/1.1" 200"#), "{line}"));
    serve(socket, app, log).await;
}

async fn serve(socket: TcpStream, app: App, log: AccessLog) {
    async fn ids(Path((user, post)): Path<(u64, u64)>) -> String {
        format!("{user} {post}")
    }
    let app = app.routes([
        get("/plaintext", async || "hello"),
        get("/users/{user}/posts/{post}", ids),
    ]);
    let config = ConnectionConfig::new(app.start().await.unwrap()).access_log(log);
    let (peer, local) = (socket.peer_addr().unwrap(), socket.local_addr().unwrap());
    let connection = Connection::new(Peer::Tcp(peer), Local::Tcp(local));
    serve_connection(socket, connection, config).await;
}

#[test]
fn a_request_takes_two_allocations_more_than_with_hyper_alone_at_most() {
    let _alone = COUNTING.lock();
    for (path, answer) in [("/plaintext", "hello"), ("/users/17/posts/4711", "17 4711")] {
        let (alone, ours) = (
            allocations(path, answer, hyper_alone),
            allocations(path, answer, wharf),
        );
        println!("{path}: {alone} with hyper alone, {ours} with wharf");
        assert!(alone >= 1.0, "the count does not count: {alone}");
        assert!(
            ours <= alone + 2.0,
            "{path}: {ours} allocations, {alone} with hyper alone"
        );
    }
}

#[test]
fn a_line_of_the_log_and_a_limit_on_time_allocate_nothing() {
    let _alone = COUNTING.lock();
    let (bare, in_production) = (
        allocations("/plaintext", "hello", wharf),
        allocations("/plaintext", "hello", wharf_in_production),
    );
    println!("{bare} without, {in_production} with");
    assert_eq!(bare, in_production);
}

/// How many times the instructions of hyper alone it may be, without optimisation and with the client counted in.
const BOUND: f64 = 1.4;

/// Says which server, and for how many requests, this test is run under callgrind.
const SERVER: &str = "COST_PER_REQUEST_SERVER";
const ROUNDS: &str = "COST_PER_REQUEST_ROUNDS";

#[test]
#[ignore = "run by the next test, under callgrind"]
fn answers_under_callgrind() {
    let server = std::env::var(SERVER).unwrap();
    let rounds = std::env::var(ROUNDS).unwrap().parse().unwrap();
    match server.as_str() {
        "hyper" => ask("/plaintext", "hello", rounds, hyper_alone, || ()),
        _ => ask("/plaintext", "hello", rounds, wharf, || ()),
    }
}

/// Returns how many instructions client and `server` take for each request.
fn instructions(server: &str) -> Option<f64> {
    let total = |rounds: usize| {
        let counted = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "answers_under_callgrind"])
            .env(SERVER, server)
            .env(ROUNDS, rounds.to_string())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&counted.stderr);
        assert!(counted.status.success(), "{text}");
        let (_, total) = text.split_once("Collected :").unwrap();
        total.split_whitespace().next()?.parse::<f64>().ok()
    };
    let (few, many) = (total(WARM_UP)?, total(WARM_UP + COUNTED)?);
    Some((many - few) / COUNTED as f64)
}

#[test]
fn a_request_takes_few_more_instructions_than_with_hyper_alone() {
    let _alone = COUNTING.lock();
    let (Some(alone), Some(ours)) = (instructions("hyper"), instructions("wharf")) else {
        println!("skipped: valgrind is not installed");
        return;
    };
    println!("{alone} instructions with hyper alone, {ours} with wharf");
    assert!(
        ours <= alone * BOUND,
        "{ours} instructions, {alone} with hyper alone"
    );
}
