//! A program around WebSockets, for suites of foreign peers: `buoy serve` echoes, `buoy talk URL` has a server echo.
//!
//! `serve` prints its address, and echoes at `/` what comes; it knows the subprotocols `v1` and `v2`, takes 1 MiB at most, and
//! keeps no log. `talk` says one line for each thing that it tries.
#![expect(clippy::print_stdout, reason = "the suites read what it prints")]

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use wharf_client::Client;
use wharf_core::ws::{CloseCode, Error, Message, WebSocket, WebSocketConfig, WebSocketUpgrade};
use wharf_core::{App, IntoResponse, get};
use wharf_http::{BoxError, ErrorChain};
use wharf_server::{AccessLog, Server};

async fn echo(ws: WebSocketUpgrade) -> impl IntoResponse {
    let ws = ws
        .protocols(["v1", "v2"])
        .config(WebSocketConfig::new().max_message(1 << 20));
    ws.on_upgrade(async |mut socket| {
        while let Some(message) = socket.recv().await? {
            socket.send(message).await?;
        }
        Ok::<_, Error>(())
    })
}

/// Has a server echo what it is sent, in all sizes that have a length of another form, and closes.
async fn talk(url: &str) -> Result<(), BoxError> {
    let client = Client::new();
    let opening = client
        .ws(url)
        .protocols(["v2", "v1"])
        .heartbeat(Duration::from_millis(100));
    let mut socket = opening.connect().await?;
    println!(
        "open protocol={:?} compressed={}",
        socket.protocol(),
        socket.is_compressed()
    );
    for size in [0, 1, 125, 126, 65_535, 65_536, 700_000] {
        let text: String = "wharf κόσμε ".chars().cycle().take(size).collect();
        exchange(&mut socket, text.into()).await?;
        exchange(&mut socket, vec![7; size].into()).await?;
    }
    println!("echoed");
    // Longer than a heartbeat, which the server has to answer.
    let quiet = timeout(Duration::from_millis(400), socket.recv()).await;
    if quiet.is_ok() {
        return Err(format!("something came, or it ended: {quiet:?}").into());
    }
    exchange(&mut socket, "still here".into()).await?;
    println!("alive");
    let since = Instant::now();
    socket.close(4001, "enough").await?;
    let frame = socket.close_frame().ok_or("it has not ended")?;
    println!(
        "closed with {} after {} ms",
        frame.code(),
        since.elapsed().as_millis()
    );
    match frame.code() == CloseCode::ABNORMAL {
        true => Err("the server has not answered the close frame".into()),
        false => Ok(()),
    }
}

async fn exchange(socket: &mut WebSocket, message: Message) -> Result<(), BoxError> {
    socket.send(message.clone()).await?;
    let answer = socket.recv().await?;
    match answer == Some(message) {
        true => Ok(()),
        false => Err("the echo differs".into()),
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match (arguments.next().as_deref(), arguments.next()) {
        (Some("serve"), None) => {
            let app = App::new().routes([get("/", echo)]);
            let server = Server::new(app)
                .bind("127.0.0.1:0")
                .access_log(AccessLog::off());
            server.run().map(drop).map_err(BoxError::from)
        }
        (Some("talk"), Some(url)) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(BoxError::from)
            .and_then(|runtime| runtime.block_on(talk(&url))),
        _ => Err("usage: buoy serve | buoy talk URL".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {}", ErrorChain::new(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
