//! Counts user-space instructions per request under callgrind: `instructions [FRAMEWORK ..] [PATH ..]`.
//!
//! Each server runs twice for each path, with a short and a long run; the difference of the two, divided by the
//! difference in requests, leaves out start and stop. 32 connections ask in lock step, so that the counts repeat.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

const CONNECTIONS: usize = 32;
const SHORT: usize = 20;
const LONG: usize = 120;
const PATHS: [&str; 4] = ["/plaintext", "/json", "/users/17/posts/4711", "/middlewares"];

fn main() -> Result<(), Box<dyn Error>> {
    let (paths, mut frameworks): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('/'));
    let paths = if paths.is_empty() { PATHS.map(String::from).to_vec() } else { paths };
    if frameworks.is_empty() {
        frameworks = ["hyper", "wharf", "wharf-production", "axum"].map(String::from).to_vec();
    }
    println!("instructions per request ({CONNECTIONS} connections; ratio to the first)");
    print!("{:24}", "");
    for framework in &frameworks {
        print!("{framework:>24}");
    }
    println!();
    for path in &paths {
        print!("{path:24}");
        let mut first = None;
        for framework in &frameworks {
            let (short, long) = (total(framework, path, SHORT)?, total(framework, path, LONG)?);
            let each = (long - short) as f64 / ((LONG - SHORT) * CONNECTIONS) as f64;
            let ratio = each / *first.get_or_insert(each);
            print!("{:>24}", format!("{each:.0} ({ratio:.2})"));
            std::io::stdout().flush()?;
        }
        println!();
    }
    Ok(())
}

/// Runs one server under callgrind and returns all instructions that it took.
fn total(framework: &str, path: &str, rounds: usize) -> Result<u64, Box<dyn Error>> {
    let serve = std::env::current_exe()?.with_file_name("serve");
    let mut server = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(serve)
        .arg(framework)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut port)?;
    let address = format!("127.0.0.1:{}", port.trim());
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(&address)?;
        stream.set_nodelay(true)?;
        connections.push(stream);
    }
    let mut buffer = vec![0; 4096];
    for round in 0..rounds {
        for stream in &mut connections {
            stream.write_all(request(path).as_bytes())?;
        }
        for stream in &mut connections {
            let length = stream.read(&mut buffer)?;
            if round == 0 && !buffer[..length].starts_with(b"HTTP/1.1 200") {
                let answer = String::from_utf8_lossy(&buffer[..length]);
                return Err(format!("{framework} answered {path} with {answer}").into());
            }
        }
    }
    connections[0].write_all(request("/quit").as_bytes())?;
    let output = server.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :")).ok_or("callgrind printed no total")?;
    Ok(collected.1.trim().parse()?)
}
