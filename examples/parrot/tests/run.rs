//! Runs the program on both ends, as its first lines say.

use std::process::Command;

#[path = "../../program.rs"]
#[expect(dead_code, reason = "not every example uses all of it")]
mod program;

use program::Program;

#[test]
fn what_is_said_to_the_parrot_comes_back() {
    let parrot = env!("CARGO_BIN_EXE_parrot");
    let server = Program::start(Command::new(parrot).args(["serve", "127.0.0.1:0"]));
    let url = format!("ws://{}/", server.address);
    let long = "polly wants a cracker ".repeat(5000);
    for last in [&[][..], &["keep"]] {
        let output = Command::new(parrot)
            .args(["say", &url, "ahoy", &long, "κόσμε"])
            .args(last)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let heard = String::from_utf8(output.stdout).unwrap();
        assert_eq!(heard, format!("ahoy\n{long}\nκόσμε\n"));
    }
    let refused = server.send("GET", "/", "");
    assert!(
        refused.starts_with("HTTP/1.1 426 Upgrade Required\r\n"),
        "{refused}"
    );
}
