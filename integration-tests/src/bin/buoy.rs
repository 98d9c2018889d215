//! A program around WebSockets, for suites of foreign peers: `buoy serve [CERTIFICATE KEY]` echoes, `buoy talk URL [AUTHORITY]` has
//! a server echo.
//!
//! `serve` prints its addresses, one of them behind TLS where there is a certificate. It echoes at `/` what comes, and at `/version`
//! says first by which version of HTTP; `/page` is an empty one. It knows the subprotocols `v1` and `v2`, takes 1 MiB at most, and
//! keeps no log. `talk` says one line for each thing that it tries; with an authority it has asked for the page before, so that
//! there is a connection of HTTP/2 where the server speaks that.
#![expect(clippy::print_stdout, reason = "the suites read what it prints")]

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use wharf_client::Client;
use wharf_client::tls::TlsConfig;
use wharf_core::ws::{CloseCode, Error, Message, WebSocket, WebSocketConfig, WebSocketUpgrade};
use wharf_core::{App, Html, IntoResponse, get};
use wharf_http::{BoxError, ErrorChain, Response, Version};
use wharf_server::tls::{Identity, TlsConfig as ServerTls};
use wharf_server::{AccessLog, Server};

async fn echo(ws: WebSocketUpgrade) -> impl IntoResponse {
    accept(ws, None)
}

async fn version(version: Version, ws: WebSocketUpgrade) -> impl IntoResponse {
    accept(ws, Some(format!("{version:?}")))
}

fn accept(ws: WebSocketUpgrade, greeting: Option<String>) -> Response {
    let ws = ws
        .protocols(["v1", "v2"])
        .config(WebSocketConfig::new().max_message(1 << 20));
    ws.on_upgrade(async move |mut socket| {
        if let Some(greeting) = greeting {
            socket.send(greeting).await?;
        }
        while let Some(message) = socket.recv().await? {
            socket.send(message).await?;
        }
        Ok::<_, Error>(())
    })
}

/// Has a server echo what it is sent, in all sizes that have a length of another form, and closes.
async fn talk(url: &str, authority: Option<&str>) -> Result<(), BoxError> {
    let mut client = Client::builder();
    if let Some(authority) = authority {
        client = client.tls(TlsConfig::new().add_root_file(authority));
    }
    let client = client.build()?;
    if authority.is_some() {
        let mut page = client.get(url.replacen("wss:", "https:", 1)).send().await?;
        page.bytes().await?;
    }
    let opening = client
        .ws(url)
        .protocols(["v2", "v1"])
        .heartbeat(Duration::from_millis(500));
    let (mut socket, response) = opening.connect_with_response().await?;
    println!(
        "open over {:?} protocol={:?} compressed={}",
        response.version(),
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
    let quiet = timeout(Duration::from_millis(1200), socket.recv()).await;
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

fn server() -> Server<App> {
    let app = App::new().routes([
        get("/", echo),
        get("/version", version),
        get("/page", async || Html("<!doctype html><title>buoy</title>")),
    ]);
    Server::new(app)
        .bind("127.0.0.1:0")
        .access_log(AccessLog::off())
}

fn serve(server: Server<App>) -> Result<(), BoxError> {
    server.run()?;
    Ok(())
}

fn converse(url: &str, authority: Option<&str>) -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(talk(url, authority))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["serve"] => serve(server()),
        ["serve", certificate, key] => {
            let tls = ServerTls::new(Identity::pem_files(certificate, key));
            serve(server().bind("tls:127.0.0.1:0").tls(tls))
        }
        ["talk", url] => converse(url, None),
        ["talk", url, authority] => converse(url, Some(authority)),
        _ => Err("usage: buoy serve [CERTIFICATE KEY] | buoy talk URL [AUTHORITY]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {}", ErrorChain::new(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
