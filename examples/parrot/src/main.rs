//! WebSockets over bare TCP streams, with the codec alone: whatever is said to the parrot it says again.
//!
//! A server of wharf's makes the handshake itself. This shows what is below: the handshake as header fields, and the open
//! WebSocket on any stream. The suite of Autobahn runs against it in both directions.
//!
//! Run:  cargo run -p parrot
//!       cargo run -p parrot -- serve 127.0.0.1:9000
//!       cargo run -p parrot -- say ws://127.0.0.1:8080/ ahoy
//!       cargo run -p parrot -- repeat ws://127.0.0.1:8080/
//! Then: the second says "ahoy" and prints what it is answered; the third says again what a server says to it.
//!       With `keep` as the last word, compression keeps its context from message to message.
#![expect(
    clippy::print_stdout,
    reason = "it tells where it listens, and what it hears"
)]

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wharf_http::ws::handshake::{Challenge, Offer};
use wharf_http::ws::{CloseCode, DeflateConfig, Message, WebSocket, WebSocketConfig};
use wharf_http::{BoxError, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let keep = words.pop_if(|word| word == "keep").is_some();
    let deflate = DeflateConfig::new()
        .min_size(0)
        .server_no_context_takeover(!keep)
        .client_no_context_takeover(!keep);
    let config = WebSocketConfig::new()
        .max_message(64 << 20)
        .heartbeat(Duration::from_secs(20))
        .deflate(deflate);
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    match &words[..] {
        [] => serve("127.0.0.1:8080", config).await,
        ["serve", address] => serve(address, config).await,
        ["say", url, texts @ ..] => say(url, texts, &config).await,
        ["repeat", urls @ ..] => {
            for url in urls {
                let mut socket = open(url, &config).await?;
                if let Err(error) = echo(&mut socket).await {
                    println!("{url}: {error:#}");
                }
            }
            Ok(())
        }
        _ => Err("say `serve ADDRESS`, `say URL TEXT..` or `repeat URL..`".into()),
    }
}

async fn serve(address: &str, config: WebSocketConfig) -> Result<(), BoxError> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let config = config.clone();
        tokio::spawn(async move {
            let served = async {
                let mut socket = accept(stream, &config).await?;
                echo(&mut socket).await
            };
            if let Err(error) = served.await {
                println!("{peer}: {error:#}");
            }
        });
    }
}

/// Says everything again. What comes close together goes back together: `feed` waits for `recv` to have nothing more.
async fn echo(socket: &mut WebSocket) -> Result<(), BoxError> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

/// Says some texts, and prints what comes until there was an answer to each; without texts, all that comes.
async fn say(url: &str, texts: &[&str], config: &WebSocketConfig) -> Result<(), BoxError> {
    let mut socket = open(url, config).await?;
    for text in texts {
        socket.send_text(*text).await?;
    }
    let mut answers = 0;
    while texts.is_empty() || answers < texts.len() {
        match socket.recv().await? {
            Some(Message::Text(text)) => println!("{text}"),
            Some(other) => println!("{} bytes", other.as_bytes().len()),
            None => break,
        }
        answers += 1;
    }
    socket.close(CloseCode::NORMAL, "").await?;
    Ok(())
}

/// Makes the server's side of the handshake (RFC 6455 §4.2).
async fn accept(mut stream: TcpStream, config: &WebSocketConfig) -> Result<WebSocket, BoxError> {
    stream.set_nodelay(true)?;
    let (line, headers, rest) = read_head(&mut stream).await?;
    let method = line
        .split(' ')
        .next()
        .unwrap_or_default()
        .parse::<Method>()?;
    let offer = match Offer::upgrade(&method, Version::HTTP_11, &headers) {
        Ok(offer) => offer,
        Err(refusal) => {
            let head = head(
                &format!("HTTP/1.1 {}", refusal.status()),
                &refusal.headers(),
            );
            stream.write_all(&head).await?;
            return Err(refusal.into());
        }
    };
    let (status, headers, negotiated) = offer.accept(config, None).into_parts();
    let head = head(&format!("HTTP/1.1 {status}"), &headers);
    stream.write_all(&head).await?;
    Ok(WebSocket::server_with(stream, config, negotiated, &rest))
}

/// Makes the client's side of the handshake (RFC 6455 §4.1).
async fn open(url: &str, config: &WebSocketConfig) -> Result<WebSocket, BoxError> {
    let rest = url.strip_prefix("ws://").ok_or("expected a URL of ws://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;

    let challenge = Challenge::upgrade(config, &[] as &[&str])?;
    let mut headers = challenge.headers();
    headers.insert("host", authority.parse()?);
    let line = format!("GET {} HTTP/1.1", if path.is_empty() { "/" } else { path });
    stream.write_all(&head(&line, &headers)).await?;

    let (line, headers, rest) = read_head(&mut stream).await?;
    let status = line.split(' ').nth(1).unwrap_or_default();
    let negotiated = challenge.check(status.parse::<StatusCode>()?, &headers)?;
    Ok(WebSocket::client_with(stream, config, negotiated, &rest))
}

/// Reads the head of a request or an answer, and perhaps some bytes behind it.
async fn read_head(stream: &mut TcpStream) -> Result<(String, HeaderMap, Vec<u8>), BoxError> {
    let mut bytes = Vec::new();
    let end = loop {
        let found = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(at) = found {
            break at;
        }
        if bytes.len() > 16 << 10 || stream.read_buf(&mut bytes).await? == 0 {
            return Err("expected a head of HTTP/1.1".into());
        }
    };
    let rest = bytes.split_off(end + 4);
    let text = std::str::from_utf8(&bytes[..end])?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("expected a header field")?;
        let value = HeaderValue::from_str(value.trim())?;
        headers.append(HeaderName::from_bytes(name.as_bytes())?, value);
    }
    Ok((first, headers, rest))
}

fn head(first: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut bytes = format!("{first}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}
