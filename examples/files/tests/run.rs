//! The program, as its first lines say it is used.
#![cfg(unix)]

#[path = "../../program.rs"]
mod program;

use std::fs;
use std::process::Command;

use program::Program;

#[test]
fn a_folder_is_listed_and_a_file_of_it_is_fetched() {
    let folder = std::env::temp_dir().join(format!("wharf-files-{}", std::process::id()));
    fs::create_dir_all(folder.join("films")).unwrap();
    fs::write(folder.join("films/harbour.mp4"), "a film").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_files"));
    let program = Program::start(command.arg(&folder).env("WHARF_BIND", "127.0.0.1:0"));

    let top = program.send("GET", "/", "");
    assert!(top.starts_with("HTTP/1.1 200"), "{top}");
    assert!(top.contains("href=\"./films/\""), "{top}");
    let below = program.send("GET", "/films/", "");
    assert!(below.contains("href=\"./harbour.mp4\""), "{below}");
    let film = program.send("GET", "/films/harbour.mp4", "");
    assert!(film.contains("content-type: video/mp4\r\n"), "{film}");
    assert!(film.ends_with("\r\n\r\na film"), "{film}");
    let outside = program.send("GET", "/..%2fsecret", "");
    assert!(outside.starts_with("HTTP/1.1 404"), "{outside}");

    program.stop("TERM");
    fs::remove_dir_all(&folder).unwrap();
}
