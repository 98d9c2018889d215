//! The program, as its first lines say it is used.
#![cfg(unix)]

#[path = "../../program.rs"]
mod program;

use std::process::Command;

use program::Program;

#[test]
fn it_answers_as_the_application_says() {
    let server = env!("CARGO_BIN_EXE_core-in-hyper");
    let program = Program::start(Command::new(server).arg("127.0.0.1:0"));
    let answer = program.send("GET", "/hello/Ada", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHello, Ada!\n"), "{answer}");
    let answer = program.send("GET", "/goodbye", "");
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    program.stop("INT");
}
