//! harbour as a program: what it was told to keep is there after a restart.
#![cfg(unix)]

#[path = "../../program.rs"]
mod program;

use std::path::Path;
use std::process::Command;

use program::Program;

fn harbour(database: &Path) -> Program {
    let url = format!("sqlite:{}", database.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_harbour"));
    Program::start(
        command
            .args(["--bind", "127.0.0.1:0"])
            .env("DATABASE_URL", url),
    )
}

#[test]
fn resources_outlive_the_process() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("resources_outlive_the_process");
    let _is_new = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let database = folder.join("harbour.db");

    let first = harbour(&database);
    let created = first.send(
        "POST",
        "/resources",
        r#"{"name": "crane", "note": "lifts 40 t"}"#,
    );
    assert!(created.starts_with("HTTP/1.1 201 Created\r\n"), "{created}");
    let replaced = first.send(
        "PUT",
        "/resources/1",
        r#"{"name": "crane", "note": "lifts 60 t"}"#,
    );
    assert!(replaced.starts_with("HTTP/1.1 200 OK\r\n"), "{replaced}");
    first.stop("TERM");
    // Closed in order: the log that SQLite writes ahead has gone into the file.
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 1);

    let second = harbour(&database);
    let read = second.send("GET", "/resources/1", "");
    assert!(
        read.ends_with(r#"{"id":1,"name":"crane","note":"lifts 60 t"}"#),
        "{read}"
    );
    // Without UPSTREAM, harbour fetches its own list.
    let fetched = second.send("GET", "/fetch", "");
    assert!(
        fetched.contains("content-type: application/json"),
        "{fetched}"
    );
    assert!(
        fetched.contains(r#"[{"id":1,"name":"crane","note":"lifts 60 t"}]"#),
        "{fetched}"
    );
    second.stop("INT");
}
