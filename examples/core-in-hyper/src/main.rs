//! A wharf application inside a server that is not wharf's: here a plain loop on hyper.
//!
//! An application opens no socket. Started, it answers requests, whoever brings them; the limits, the access log and the
//! graceful end that `wharf-server` has are then the other server's business.
//!
//! Run:  cargo run -p core-in-hyper
//!       cargo run -p core-in-hyper -- 127.0.0.1:9000
//! Then: curl localhost:8080/hello/Ada
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use wharf_core::app::Running;
use wharf_core::http::connection::{Connection, Local, Peer};
use wharf_core::http::{BoxError, Service};
use wharf_core::{App, Body, Context, Path, get};

async fn greet(Path(name): Path<String>) -> String {
    format!("Hello, {name}!\n")
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:8080");

    // Checks the app and enters its resources.
    let app = App::new()
        .routes([get("/hello/{name}", greet)])
        .start()
        .await?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // One future for all turns of the loop: a signal that came while none waits would be lost.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            // In this order, so that the first turn already waits for the signal.
            biased;
            _ = &mut interrupted => break,
            accepted = listener.accept() => {
                let (stream, peer) = accepted?;
                tokio::spawn(serve(app.clone(), stream, peer));
            }
        }
    }
    // Runs the shutdown hooks, then leaves the resources.
    app.shutdown().await;
    app.stop().await?;
    Ok(())
}

/// Serves one connection. An error of it concerns nobody but the client.
async fn serve(app: Running, stream: TcpStream, peer: SocketAddr) -> Result<(), BoxError> {
    let connection = Connection::new(Peer::Tcp(peer), Local::Tcp(stream.local_addr()?));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        // Each request has a context; the connection it came by is known by it.
        let answer = app.call(request.map(Body::new), &Context::new(connection.clone()));
        async { Ok::<_, Infallible>(answer.await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await?;
    Ok(())
}
