//! The program, as its first lines say it is used.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::thread;

/// Runs the program against a peer that sends `answer` to one request.
fn fetch(answer: &'static str) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ships", listener.local_addr().unwrap());
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(head).unwrap()
    });
    let output = run(&[&url]);
    let head = peer.join().unwrap();
    assert!(head.starts_with("GET /ships HTTP/1.1\r\n"), "{head}");
    output
}

fn run(args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_client-only");
    Command::new(program).args(args).output().unwrap()
}

#[test]
fn it_prints_the_body_and_tells_how_it_goes() {
    let output = fetch("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntug\n");
    assert!(output.status.success());
    assert_eq!(output.stdout, b"tug\n");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "HTTP/1.1 200 OK\n4 of 4 bytes\n");
}

#[test]
fn it_fails_where_the_answer_is_an_error() {
    let output = fetch("HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\nlost\n");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"lost\n");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("error: the response has status 404 Not Found"),
        "{said}"
    );
}

#[test]
fn it_says_what_went_wrong_on_the_way() {
    // Nobody listens on the port any more.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = run(&[&format!("http://{free}/")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with(&format!("error: could not connect ({free}): ")),
        "{said}"
    );

    assert_eq!(run(&[]).status.code(), Some(2));
}
