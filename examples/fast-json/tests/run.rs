//! The program, as its first lines say it is used.
#![cfg(unix)]

#[path = "../../program.rs"]
mod program;

use std::process::Command;

use program::Program;

#[test]
fn it_reads_and_writes_json_by_its_own_codec() {
    let server = env!("CARGO_BIN_EXE_fast-json");
    let program = Program::start(Command::new(server).args(["--bind", "127.0.0.1:0"]));
    let cargo = r#"[{"name": "coal", "tons": 7}, {"name": "tea", "tons": 2}]"#;
    let answer = program.send("POST", "/total", cargo);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("\r\ncontent-type: application/json\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with(r#"{"pieces":2,"tons":9}"#), "{answer}");

    let answer = program.send("POST", "/total", r#"[{"tons": 7}"#);
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    let answer = program.send("POST", "/total", r#"[{"tons": "seven"}]"#);
    assert!(answer.starts_with("HTTP/1.1 422 Unprocessable"), "{answer}");
    program.stop("TERM");
}
