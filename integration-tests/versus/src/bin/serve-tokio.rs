//! Canned bytes on raw tokio: the floor of what a server on tokio can cost. It looks for the end of the head and at the path, and
//! knows little else of HTTP: the body that is sent to `/echo` comes back as it is.

use memchr::memmem::{self, Finder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use versus::HELLO;
use versus::server::{Failure, block_on};

const JSON: &str = r#"{"message":"Hello, World!"}"#;
const DATE: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

fn main() -> Result<(), Failure> {
    block_on(async |assignment| {
        let listener = TcpListener::from_std(assignment.listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(serve(stream));
        }
    })
}

async fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let end_of_head = Finder::new("\r\n\r\n");
    let canned = [
        answer("text/plain; charset=utf-8", HELLO.as_bytes()),
        answer("application/json", JSON.as_bytes()),
    ];
    let (mut input, mut output) = (Vec::with_capacity(8192), Vec::with_capacity(8192));
    while stream.read_buf(&mut input).await? > 0 {
        let mut used = 0;
        while let Some(head) = end_of_head.find(&input[used..]) {
            let (head, rest) = (&input[used..used + head + 4], &input[used + head + 4..]);
            let path = head
                .iter()
                .position(|&byte| byte == b' ')
                .map_or(head, |space| &head[space + 1..]);
            if path.starts_with(b"/json") {
                output.extend_from_slice(&canned[1]);
            } else if path.starts_with(b"/users/") {
                output.extend_from_slice(&ids(path).map_or_else(Vec::new, |ids| {
                    answer("text/plain; charset=utf-8", ids.as_bytes())
                }));
            } else if path.starts_with(b"/echo") {
                let length = content_length(head).unwrap_or(0);
                if rest.len() < length {
                    break;
                }
                output.extend_from_slice(&answer("application/json", &rest[..length]));
                used += length;
            } else {
                output.extend_from_slice(&canned[0]);
            }
            used += head.len();
        }
        input.drain(..used);
        if !output.is_empty() {
            stream.write_all(&output).await?;
            output.clear();
        }
    }
    Ok(())
}

fn answer(kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\ndate: {DATE}\r\n\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// Returns the numbers of `/users/{user}/posts/{post}`.
fn ids(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path.split(|&byte| byte == b' ').next()?).ok()?;
    let (user, post) = path.strip_prefix("/users/")?.split_once("/posts/")?;
    Some(format!(
        "{} {}",
        user.parse::<u64>().ok()?,
        post.parse::<u64>().ok()?
    ))
}

fn content_length(head: &[u8]) -> Option<usize> {
    let name = b"content-length: ";
    let value = &head[memmem::find(head, name)? + name.len()..];
    let end = value.iter().position(|&byte| byte == b'\r')?;
    std::str::from_utf8(&value[..end]).ok()?.parse().ok()
}
