//! The program, as its first lines say it is used.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../program.rs"]
mod program;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use program::Program;

/// Sends a request of HTTP/1.0, whose answer ends with the connection instead of being cut into chunks.
fn fetch(program: &Program) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(&program.address).unwrap();
    stream
        .write_all(b"GET /zip HTTP/1.0\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = answer.split_off(end.unwrap() + 4);
    (String::from_utf8(answer).unwrap(), body)
}

/// Returns the number in four bytes.
fn number(bytes: &[u8]) -> usize {
    u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize
}

#[test]
fn a_folder_is_fetched_as_an_archive() {
    let folder = std::env::temp_dir().join(format!("wharf-zip-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("check.txt"), "123456789").unwrap();
    fs::write(folder.join("grün.bin"), vec![7; 300_000]).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_zip-stream"));
    let program = Program::start(command.arg(&folder).env("WHARF_BIND", "127.0.0.1:0"));

    let head = program.send("HEAD", "/zip", "");
    assert!(head.contains("content-type: application/zip\r\n"), "{head}");
    let (head, zip) = fetch(&program);
    assert!(
        head.contains("content-disposition: attachment; filename=\"harbour.zip\"\r\n"),
        "{head}"
    );
    // The end of the directory says where it begins, and its first line where the first file is.
    let end = &zip[zip.len() - 22..];
    assert_eq!(&end[..4], b"PK\x05\x06");
    assert_eq!(u16::from_le_bytes([end[10], end[11]]), 2);
    let line = &zip[number(&end[16..])..];
    assert_eq!(&line[..4], b"PK\x01\x02");
    // The sum of `123456789` by which every CRC-32 is checked.
    assert_eq!(number(&line[16..]), 0xcbf4_3926);
    assert_eq!((number(&line[20..]), number(&line[42..])), (9, 0));
    assert_eq!(&line[46..55], b"check.txt");
    assert_eq!(&zip[30 + 9..30 + 9 + 9], b"123456789");

    program.stop("TERM");
    fs::remove_dir_all(&folder).unwrap();
}
