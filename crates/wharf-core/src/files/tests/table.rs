//! The rows of `table.tsv`, asked of a started app.

use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use wharf_http::{Body, Response};

use super::Folder;
use crate::App;
use crate::app::Running;
use crate::files::Files;

const ROWS: &str = include_str!("table.tsv");

/// Sun, 06 Nov 1994 08:49:37 GMT, the date of the examples in RFC 9110.
const CHANGED: Duration = Duration::from_secs(784_111_777);

/// The folder that the rows are about; what is beside it must never be sent.
fn folder() -> Folder {
    let folder = Folder::new("table");
    let big: Vec<u8> = (0..200_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    folder.write("outside/secret.txt", "secret");
    for (path, content) in [
        ("plain.txt", &b"0123456789"[..]),
        ("page.html", b"<!doctype html><title>page</title>"),
        ("data", b"\x00\x01\x02"),
        ("empty.txt", b""),
        ("big.bin", &big),
        ("sp ace \u{e9}.txt", b"spaces"),
        ("docs/index.html", b"<!doctype html><title>docs</title>"),
        ("bare/inner.txt", b"inner"),
        ("app.js", b"let a = 1;\n"),
        ("app.js.br", b"as br"),
        ("app.js.zst", b"as zstd"),
        ("app.js.gz", b"as gzip"),
        (".hidden", b"hidden"),
        (".git/config", b"hidden"),
    ] {
        let path = folder.write(&format!("served/{path}"), content);
        let file = File::options().append(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + CHANGED).unwrap();
    }
    folder
}

#[cfg(unix)]
fn special(folder: &Folder) -> std::os::unix::net::UnixListener {
    use std::os::unix::fs::symlink;

    let served = folder.path().join("served");
    symlink("plain.txt", served.join("link")).unwrap();
    symlink("../outside/secret.txt", served.join("out")).unwrap();
    symlink("../outside", served.join("outside")).unwrap();
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, served.join("pipe"), FileType::Fifo, mode, 0).unwrap();
    }
    std::os::unix::net::UnixListener::bind(served.join("socket")).unwrap()
}

async fn ask(app: &Running, method: &str, target: &str, fields: &str) -> Response {
    let mut request = http::Request::builder().method(method).uri(target);
    for field in fields.split(" | ").filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    app.handle(request.body(Body::empty()).unwrap()).await
}

fn check_fields(expected: &str, headers: &HeaderMap, row: &str) {
    for field in expected.split(" | ").filter(|field| !field.is_empty()) {
        if let Some(name) = field.strip_prefix('!') {
            assert!(!headers.contains_key(name), "{row}: {headers:?}");
        } else if let Some((name, value)) = field.split_once(": ") {
            let got = headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(got, Some(value), "{row}");
        } else {
            assert!(headers.contains_key(field), "{row}: {headers:?}");
        }
    }
}

/// The bytes `first-last` of a file.
fn part(folder: &Folder, file: &str, range: &str) -> Vec<u8> {
    let content = fs::read(folder.path().join("served").join(file)).unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    content[first..=last].to_vec()
}

async fn check_body(expected: &str, mut response: Response, folder: &Folder, row: &str) {
    if let Some(length) = expected.strip_prefix("head ") {
        assert_eq!(response.body().len(), length.parse().ok(), "{row}");
        return;
    }
    let announced = response.body().len();
    let bytes = response.body_mut().bytes(None).await.unwrap();
    if expected == "-" {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("secret") && !text.contains("hidden"),
            "{row}"
        );
        return;
    }
    assert_eq!(announced, Some(bytes.len() as u64), "{row}");
    let words: Vec<&str> = expected.split(' ').collect();
    let expected = match words.as_slice() {
        [""] => Vec::new(),
        ["parts", file, ranges @ ..] => {
            let media = response.headers()["content-type"].to_str().unwrap();
            let boundary = media
                .strip_prefix("multipart/byteranges; boundary=")
                .unwrap();
            let length = fs::metadata(folder.path().join("served").join(file))
                .unwrap()
                .len();
            let mut parts = Vec::new();
            for range in ranges {
                let line = if parts.is_empty() { "" } else { "\r\n" };
                let head = format!(
                    "{line}--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {range}/{length}\r\n\r\n"
                );
                parts.extend(head.into_bytes());
                parts.extend(part(folder, file, range));
            }
            parts.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
            parts
        }
        [file, range] if range.contains('-') => part(folder, file, range),
        _ => fs::read(folder.path().join("served").join(words.join(" "))).unwrap(),
    };
    assert!(bytes == expected, "{row}: {} bytes", bytes.len());
}

#[cfg(unix)]
#[tokio::test]
async fn every_row_of_the_table_is_answered_as_it_says() {
    let folder = folder();
    let _socket = special(&folder);
    let files = Files::new(folder.path().join("served")).precompressed(true);
    let app = App::new().files("/static", files).start().await.unwrap();
    let mut rows = 0;
    let mut refused = 0;
    for row in ROWS.lines().filter(|row| !row.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [
            _section,
            method,
            target,
            fields,
            status,
            expected,
            body,
            _nginx,
        ] = cells[..]
        else {
            unreachable!("a row of eight cells: {row}");
        };
        let mut fields = fields.to_owned();
        if fields.contains("{etag}") {
            let coding = fields
                .split(" | ")
                .find(|field| field.starts_with("accept-encoding"));
            let before = ask(&app, "GET", target, coding.unwrap_or_default()).await;
            let tag = before.headers()["etag"].to_str().unwrap();
            fields = fields.replace("{etag}", tag);
        }
        let response = ask(&app, method, target, &fields).await;
        assert_eq!(response.status().as_str(), status, "{row}");
        check_fields(expected, response.headers(), row);
        check_body(body, response, &folder, row).await;
        rows += 1;
        refused += usize::from(status.starts_with('4'));
    }
    assert!(
        rows >= 60 && refused * 3 >= rows,
        "{rows} rows, {refused} refusals"
    );
}

/// What a client that reads to the end gets of an answer.
pub(super) async fn text(response: &mut Response) -> String {
    let bytes = response.body_mut().bytes(None).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(super) async fn get(app: &Running, target: &str) -> Response {
    ask(app, "GET", target, "").await
}
