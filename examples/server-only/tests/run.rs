//! The program, as its first lines say it is used.
#![cfg(unix)]

#[path = "../../program.rs"]
mod program;

use std::process::Command;

use program::Program;

#[test]
fn it_echoes_the_body() {
    let server = env!("CARGO_BIN_EXE_server-only");
    let program = Program::start(Command::new(server).args(["--bind", "127.0.0.1:0"]));
    let answer = program.send("POST", "/", "Is anybody there?");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nIs anybody there?"), "{answer}");
    program.stop("TERM");
}
