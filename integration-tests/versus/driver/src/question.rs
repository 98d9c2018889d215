//! [`Question`], what is asked of servers: the columns of the tables.

use serde_json::Value;
use versus::{BLOCK, HELLO, Manifest};

use crate::contestant::Folder;
use crate::table::Column;

/// One column.
pub struct Question {
    pub name: &'static str,
    pub title: &'static str,
    pub connections: usize,
    /// How many requests are sent at a time on a connection.
    pub pipelined: usize,
    /// The bytes of one request.
    pub request: Vec<u8>,
    right: Right,
}

/// Which answer is right.
enum Right {
    Bytes(Vec<u8>),
    Json(Value),
}

/// The names of all columns.
pub const COLUMNS: [&str; 10] = [
    "plaintext",
    "json",
    "parameters",
    "echo",
    "middlewares",
    "headers",
    "connections",
    "pipelined",
    "file",
    "upload",
];

/// What a browser sends besides `Host`: fifteen fields in all.
const FIELDS: &str = "connection: keep-alive\r\ncache-control: max-age=0\r\n\
    user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    accept-language: en-GB,en;q=0.9,de;q=0.8\r\naccept-encoding: gzip, deflate, br, zstd\r\nreferer: http://localhost/index.html\r\n\
    cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark\r\ndnt: 1\r\nupgrade-insecure-requests: 1\r\n\
    sec-fetch-dest: document\r\nsec-fetch-mode: navigate\r\nsec-fetch-site: same-origin\r\nsec-fetch-user: ?1\r\n";

const UPLOAD: usize = 1 << 20;

impl Question {
    /// Returns the column of that name: one of [`COLUMNS`], or `block`, which is not asked of all servers.
    pub fn named(name: &str) -> Option<Self> {
        let hello = || Right::Bytes(HELLO.into());
        let question = match name {
            "plaintext" => Self::get("plaintext", "plaintext", "/plaintext", hello()),
            "json" => Self::get(
                "json",
                "JSON",
                "/json",
                Right::Json(serde_json::json!({ "message": HELLO })),
            ),
            "parameters" => Self::get(
                "parameters",
                "2 path parameters in 58 routes",
                "/users/17/posts/4711",
                Right::Bytes(b"17 4711".into()),
            ),
            "echo" => {
                let body = serde_json::to_vec(&Manifest::sample()).unwrap_or_default();
                let right = Right::Json(serde_json::from_slice(&body).unwrap_or_default());
                Self::post(
                    "echo",
                    "1 KiB JSON echo",
                    "/echo",
                    "application/json",
                    &body,
                    right,
                )
            }
            "middlewares" => Self::get("middlewares", "5 middlewares", "/middlewares", hello()),
            "headers" => {
                let mut question = Self::get("headers", "15 headers", "/plaintext", hello());
                question.request =
                    format!("GET /plaintext HTTP/1.1\r\nhost: localhost\r\n{FIELDS}\r\n").into();
                question
            }
            "connections" => Self {
                connections: 256,
                ..Self::get("connections", "256 connections", "/plaintext", hello())
            },
            "pipelined" => Self {
                pipelined: 16,
                ..Self::get("pipelined", "pipelined x16", "/plaintext", hello())
            },
            "file" => Self::get(
                "file",
                "64 KiB file",
                "/files/64k.bin",
                Right::Bytes(Folder::content()),
            ),
            "block" => Self::get(
                "block",
                "64 KiB from memory",
                "/block",
                Right::Bytes(BLOCK.into()),
            ),
            "upload" => {
                let right = Right::Bytes(UPLOAD.to_string().into());
                Self::post(
                    "upload",
                    "1 MiB upload",
                    "/upload",
                    "application/octet-stream",
                    &vec![b'w'; UPLOAD],
                    right,
                )
            }
            _ => return None,
        };
        Some(question)
    }

    fn get(name: &'static str, title: &'static str, path: &str, right: Right) -> Self {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n\r\n").into();
        Self {
            name,
            title,
            connections: 64,
            pipelined: 1,
            request,
            right,
        }
    }

    fn post(
        name: &'static str,
        title: &'static str,
        path: &str,
        kind: &str,
        body: &[u8],
        right: Right,
    ) -> Self {
        let length = body.len();
        let mut question = Self::get(name, title, path, right);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        question.request = head.into();
        question.request.extend_from_slice(body);
        question
    }

    /// Returns how its column is called.
    pub fn column(&self) -> Column {
        Column {
            name: self.name,
            title: self.title.to_owned(),
        }
    }

    /// Tells whether a server is asked this at all: raw tokio knows no files, and the row of another JSON codec is about JSON.
    pub fn concerns(&self, row: &str) -> bool {
        match row {
            "tokio" => !matches!(self.name, "file" | "upload"),
            "wharf-sonic" => matches!(self.name, "json" | "echo"),
            _ => true,
        }
    }

    /// Tells whether a body is the right answer.
    pub fn is_right(&self, body: &[u8]) -> bool {
        match &self.right {
            Right::Bytes(bytes) => body == bytes,
            Right::Json(json) => {
                serde_json::from_slice::<Value>(body).is_ok_and(|answer| answer == *json)
            }
        }
    }
}
