//! Compares echoing WebSocket servers: `websockets [cpu | instructions] [SERVER ..] [BYTES ..]`.
//!
//! Every server is a process of its own with one current-thread runtime, whose WebSockets begin right after the handshake. 32
//! connections send a message each in lock step. `cpu` prints the medians over several rounds of the CPU time of the server, user and
//! kernel, per message, with the median of the ratios to the first server within a round. `instructions` counts user-space
//! instructions per message under callgrind: the difference of a long and a short run. `many` after the name of a size sends
//! sixteen messages at a time on each connection. `wharf` sends each message as it comes, as the others do; `wharf-feed` sends them
//! when nothing more has come.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use fastwebsockets::{FragmentCollector, OpCode, Role};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol;
use wharf_http::ws::handshake::Negotiated;
use wharf_http::ws::{WebSocket, WebSocketConfig};

const SERVERS: [&str; 4] = ["tungstenite", "fastwebsockets", "wharf", "wharf-feed"];
const SIZES: [&str; 4] = ["64", "1024", "65536", "64many"];
const CONNECTIONS: usize = 32;
const MANY: usize = 16;
const ROUNDS: usize = 9;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, server] = &arguments[..]
        && word == "serve"
    {
        return serve(server);
    }
    let chosen = |all: &[&'static str]| {
        let named = all
            .iter()
            .filter(|name| arguments.iter().any(|argument| argument == *name));
        let named: Vec<_> = named.copied().collect();
        if named.is_empty() {
            all.to_vec()
        } else {
            named
        }
    };
    let servers = chosen(&SERVERS);
    for size in chosen(&SIZES) {
        let (count, bytes) = match size.strip_suffix("many") {
            Some(bytes) => (MANY, bytes.parse()?),
            None => (1, size.parse()?),
        };
        if arguments.iter().any(|argument| argument == "instructions") {
            instructions(&servers, count, bytes)?;
        } else {
            cpu(&servers, count, bytes)?;
        }
    }
    Ok(())
}

fn cpu(servers: &[&str], count: usize, bytes: usize) -> Result<(), Failure> {
    let turns = if bytes > 10_000 { 200 } else { 1500 };
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    for _ in 0..ROUNDS {
        let mut times = Vec::new();
        for server in servers {
            let mut peer = Peer::start(server, &[])?;
            peer.talk(turns / 10, count, bytes)?;
            let before = peer.cpu()?;
            peer.talk(turns, count, bytes)?;
            times.push((peer.cpu()? - before) / (turns * count * CONNECTIONS) as f64 / 1000.0);
        }
        rounds.push(times);
    }
    println!("{count} x {bytes} bytes: CPU time of the server per message");
    for (at, server) in servers.iter().enumerate() {
        let time = median(rounds.iter().map(|times| times[at]));
        let ratio = median(rounds.iter().map(|times| times[at] / times[0]));
        println!("  {server:<16} {time:>8.2} µs   {ratio:>5.2}");
    }
    Ok(())
}

fn instructions(servers: &[&str], count: usize, bytes: usize) -> Result<(), Failure> {
    println!("{count} x {bytes} bytes: instructions of the server per message");
    let mut first = None;
    for server in servers {
        let mut totals = [0.0; 2];
        for (total, turns) in totals.iter_mut().zip([20, 120]) {
            let file = std::env::temp_dir().join(format!("websockets-{}", std::process::id()));
            let output = format!("--callgrind-out-file={}", file.display());
            let mut peer = Peer::start(server, &["valgrind", "--tool=callgrind", "-q", &output])?;
            peer.talk(turns, count, bytes)?;
            peer.end()?;
            let report = std::fs::read_to_string(&file)?;
            std::fs::remove_file(&file)?;
            let line = report.lines().find_map(|line| {
                line.strip_prefix("totals: ")
                    .or(line.strip_prefix("summary: "))
            });
            *total = line.ok_or("no total")?.trim().parse()?;
        }
        let each = (totals[1] - totals[0]) / (100 * count * CONNECTIONS) as f64;
        let ratio = each / *first.get_or_insert(each);
        println!("  {server:<16} {each:>8.0}   {ratio:>5.2}");
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server, and connections to it.
struct Peer {
    process: Child,
    connections: Vec<TcpStream>,
}

impl Peer {
    fn start(server: &str, under: &[&str]) -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let mut words = under.to_vec();
        words.push(program.to_str().ok_or("not a path of text")?);
        let mut process = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", server])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut port)?;
        let address = format!("127.0.0.1:{}", port.trim());
        let connections = (0..CONNECTIONS).map(|_| {
            let connection = TcpStream::connect(&address)?;
            connection.set_nodelay(true)?;
            Ok::<_, std::io::Error>(connection)
        });
        let connections = connections.collect::<Result<_, _>>()?;
        Ok(Self {
            process,
            connections,
        })
    }

    /// Sends messages on all connections and reads what comes back, over and over.
    fn talk(&mut self, turns: usize, count: usize, bytes: usize) -> Result<(), Failure> {
        let sent = frame(true, bytes).repeat(count);
        let expected = frame(false, bytes).repeat(count);
        let mut got = vec![0; expected.len()];
        for _ in 0..turns {
            for connection in &mut self.connections {
                connection.write_all(&sent)?;
            }
            for connection in &mut self.connections {
                connection.read_exact(&mut got)?;
                if got != expected {
                    return Err("something else came back".into());
                }
            }
        }
        Ok(())
    }

    /// Returns for how many nanoseconds the server has run.
    fn cpu(&self) -> Result<f64, Failure> {
        let times = std::fs::read_to_string(format!("/proc/{}/schedstat", self.process.id()))?;
        Ok(times.split(' ').next().ok_or("no time")?.parse()?)
    }

    /// Lets the server end by itself.
    fn end(&mut self) -> Result<(), Failure> {
        self.connections.clear();
        drop(self.process.stdin.take());
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns the bytes of a binary message.
fn frame(masked: bool, length: usize) -> Vec<u8> {
    let mut bytes = vec![0x82];
    let mask = if masked { 0x80 } else { 0 };
    match length {
        0..126 => bytes.push(mask | length as u8),
        126..65_536 => {
            bytes.push(mask | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(mask | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    let key = [0x37, 0xfa, 0x21, 0x3d];
    if masked {
        bytes.extend(key);
    }
    bytes.extend((0..length).map(|at| {
        if masked {
            at as u8 ^ key[at % 4]
        } else {
            at as u8
        }
    }));
    bytes
}

fn serve(server: &str) -> Result<(), Failure> {
    // Until the other side closes its end.
    std::thread::spawn(|| {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            match server {
                "tungstenite" => tokio::spawn(async {
                    let mut socket =
                        WebSocketStream::from_raw_socket(stream, protocol::Role::Server, None)
                            .await;
                    while let Some(Ok(message)) = socket.next().await {
                        if message.is_close() || socket.send(message).await.is_err() {
                            break;
                        }
                    }
                }),
                "fastwebsockets" => tokio::spawn(async {
                    let mut socket = FragmentCollector::new(
                        fastwebsockets::WebSocket::after_handshake(stream, Role::Server),
                    );
                    while let Ok(frame) = socket.read_frame().await {
                        if frame.opcode == OpCode::Close || socket.write_frame(frame).await.is_err()
                        {
                            break;
                        }
                    }
                }),
                "wharf" => tokio::spawn(async {
                    let mut socket =
                        WebSocket::server(stream, &WebSocketConfig::new(), Negotiated::default());
                    while let Ok(Some(message)) = socket.recv().await {
                        if socket.send(message).await.is_err() {
                            break;
                        }
                    }
                }),
                _ => tokio::spawn(async {
                    let mut socket =
                        WebSocket::server(stream, &WebSocketConfig::new(), Negotiated::default());
                    while let Ok(Some(message)) = socket.recv().await {
                        if socket.feed(message).await.is_err() {
                            break;
                        }
                    }
                }),
            };
        }
    })
}
