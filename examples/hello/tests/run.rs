//! The program, as its first lines say it is used.
#![cfg(unix)]

#[path = "../../program.rs"]
mod program;

use std::process::Command;

use program::Program;

#[test]
fn it_says_hello() {
    let hello = env!("CARGO_BIN_EXE_hello");
    let program = Program::start(Command::new(hello).args(["--bind", "127.0.0.1:0"]));
    let answer = program.send("GET", "/", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHello, wharf!\n"), "{answer}");
    program.stop("TERM");
}
