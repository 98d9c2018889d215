use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_core::Stream;
use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncReadExt};

use super::*;
use crate::scripted::{self, Then};
use crate::{Client, Phase};

async fn got(answer: impl Into<Vec<u8>>) -> Response {
    scripted::client(answer).get("/").send().await.unwrap()
}

/// A response with these fields and this body.
fn with(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{fields}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A response whose body comes in these chunks.
fn chunked(pieces: &[&str], trailers: &str) -> Vec<u8> {
    let chunks = pieces.iter();
    let chunks: String = chunks
        .map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()))
        .collect();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    format!("{head}{chunks}0\r\n{trailers}\r\n").into_bytes()
}

async fn next<S: Stream>(stream: S) -> Option<S::Item> {
    let mut stream = pin!(stream);
    std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

#[tokio::test]
async fn the_head_can_be_asked_for_what_is_asked_most() {
    let response = got(with(
        "content-type: text/html; charset=\"Latin1\"\r\nretry-after: 7\r\nx-a: 1\r\nx-a: 2\r\nx-b: \u{e4}\r\n",
        b"hello",
    ))
    .await;
    assert!(response.is_success());
    assert_eq!(
        response.content_type(),
        Some("text/html; charset=\"Latin1\"")
    );
    assert_eq!(response.charset(), Some("Latin1"));
    assert_eq!(response.content_length(), Some(5));
    assert_eq!(response.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(response.header("X-A"), Some("1"));
    assert_eq!(
        (response.header("x-b"), response.header("x-c")),
        (None, None)
    );
    let client = scripted::client("HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\n\r\n");
    let response = client.head("/").send().await.unwrap();
    assert_eq!(
        (response.content_length(), response.body_len()),
        (Some(12), Some(0))
    );
    assert_eq!((response.charset(), response.retry_after()), (None, None));
    assert!(!response.is_success());
}

#[tokio::test]
async fn a_status_can_be_looked_at_without_losing_the_body() {
    let mut response = got("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno").await;
    let error = response.ok_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status(StatusCode::NOT_FOUND));
    assert_eq!(error.body_excerpt().unwrap(), "no");
    assert_eq!(response.text().await.unwrap(), "no");
    assert!(got(with("", b"")).await.ok_ref().is_ok());
}

#[tokio::test]
async fn text_is_decoded_by_header_mark_or_guess() {
    let mut response = got(with(
        "content-type: text/plain; charset=latin1\r\n",
        b"\xe4",
    ))
    .await;
    assert_eq!(response.text().await.unwrap(), "ä");
    let mut response = got(with("content-type: text/plain; charset=x\r\n", b"a")).await;
    let error = response.text().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not decode the response body (quay.test:80): the charset `x` is not supported"
    );
    assert_eq!(response.bytes().await.unwrap(), "a");
    let mut response = got(with("content-type: text/plain\r\n", b"\xe4")).await;
    assert_eq!(response.text().await.unwrap_err().kind(), ErrorKind::Decode);
    let guess = |kind: Option<&str>, bytes: &[u8]| {
        assert_eq!((kind, bytes), (Some("text/plain"), b"\xe4".as_slice()));
        Some("latin1".to_owned())
    };
    assert_eq!(response.text_with(guess).await.unwrap(), "ä");
    let answer = with("content-type: text/plain\r\n", b"\xe4");
    let client = scripted::builder(move |_| (answer.clone(), Then::Close)).charset_guess(guess);
    let client = client.build().unwrap();
    let mut response = client.get("/").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ä");
}

#[cfg(feature = "json")]
#[tokio::test]
async fn a_byte_order_mark_before_json_is_passed_over() {
    let mut response = got(with(
        "content-type: application/json\r\n",
        b"\xef\xbb\xbf[1]",
    ))
    .await;
    assert_eq!(response.json::<Vec<u8>>().await.unwrap(), [1]);
}

#[tokio::test]
async fn trailers_are_there_when_the_body_was_read() {
    let answer = chunked(&["ab", "c"], "x-sum: 7\r\n");
    let sum =
        |trailers: Option<&HeaderMap>| Some(trailers?.get("x-sum")?.to_str().unwrap().to_owned());
    let seven = Some("7".to_owned());
    let mut response = got(answer.clone()).await;
    assert_eq!(response.trailers(), None);
    assert_eq!(response.text().await.unwrap(), "abc");
    assert_eq!(sum(response.trailers()), seven);
    assert_eq!(response.text().await.unwrap(), "abc");
    assert_eq!(sum(response.trailers()), seven);
    let mut response = got(answer.clone()).await;
    while response.chunk().await.unwrap().is_some() {}
    assert_eq!(sum(response.trailers()), seven);
    let mut reader = got(answer.clone()).await.into_reader();
    reader.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(sum(reader.trailers()), seven);
    // An error's body is read ahead, and given back.
    let answer = String::from_utf8(answer)
        .unwrap()
        .replace("200 OK", "500 No");
    let mut response = got(answer).await;
    assert_eq!(response.text().await.unwrap(), "abc");
    assert_eq!(sum(response.trailers()), seven);
}

#[tokio::test]
async fn a_stream_ends_with_the_body_or_its_error() {
    let mut stream = got(chunked(&["ab", "c"], "x-sum: 7\r\n"))
        .await
        .into_stream();
    assert_eq!(next(&mut stream).await.unwrap().unwrap(), "ab");
    assert_eq!(stream.trailers(), None);
    assert_eq!(next(&mut stream).await.unwrap().unwrap(), "c");
    assert!(next(&mut stream).await.is_none());
    assert!(stream.trailers().is_some());
    let broken = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab";
    let mut stream = got(broken).await.into_stream();
    assert_eq!(next(&mut stream).await.unwrap().unwrap(), "ab");
    let error = next(&mut stream).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseBody);
    assert!(next(&mut stream).await.is_none());
}

#[tokio::test]
async fn a_reader_reads_exactly_and_by_ends_across_pieces() {
    let mut reader = got(chunked(&["abc", "de|f", "|g"], "")).await.into_reader();
    let mut four = [0; 4];
    reader.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"abcd");
    let mut part = Vec::new();
    reader.read_until(b'|', &mut part).await.unwrap();
    assert_eq!(part, b"e|");
    let mut rest = String::new();
    reader.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "f|g");
    assert_eq!(reader.read(&mut four).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_reader_is_that_of_the_body() {
    let mut reader = got("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab")
        .await
        .into_reader();
    let error = reader.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(inner.kind(), ErrorKind::ResponseBody);
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno\r\n";
    let error = got(answer).await.into_reader().read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
    let client = scripted::builder(move |_| (answer.into(), Then::Stall))
        .build()
        .unwrap();
    let mut reader = client.get("/").send().await.unwrap().into_reader();
    let error = reader.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let inner = error.into_inner().unwrap().downcast::<Error>().unwrap();
    assert_eq!(inner.phase(), Some(Phase::BodyRead));
}

async fn lines(answer: Vec<u8>, max: usize) -> (Vec<String>, Option<String>) {
    let mut lines = got(answer).await.into_lines().max_length(max);
    let mut all = Vec::new();
    let error = loop {
        match lines.next_line().await {
            Ok(Some(line)) => all.push(line),
            Ok(None) => break None,
            Err(error) => break Some(error.cause().unwrap().to_string()),
        }
    };
    assert_eq!(lines.next_line().await.unwrap(), None);
    assert!(next(&mut lines).await.is_none());
    (all, error)
}

#[tokio::test]
async fn lines_end_in_lf_or_crlf_and_have_a_longest() {
    let too_long = Some("a line is longer than 4 bytes");
    let rows: &[(&[&str], &[&str], Option<&str>)] = &[
        (&[], &[], None),
        (&["a"], &["a"], None),
        (&["a\n"], &["a"], None),
        (&["a\r\n\r\n\nb"], &["a", "", "", "b"], None),
        (&["a", "b\r", "\nc", "\n"], &["ab", "c"], None),
        (&["a\rb\n\r"], &["a\rb", "\r"], None),
        (&["\u{feff}a\n\u{feff}\n"], &["a", "\u{feff}"], None),
        (
            &["1234\n", "123", "4\r", "\n", "1234"],
            &["1234", "1234", "1234"],
            None,
        ),
        (&["1\n12345\n6\n"], &["1"], too_long),
        (&["1\n123", "45"], &["1"], too_long),
        (&["1\n12345"], &["1"], too_long),
        (&["1234", "567890"], &[], too_long),
    ];
    for (pieces, expected, error) in rows {
        let (got, failed) = lines(chunked(pieces, ""), 4).await;
        assert_eq!(got, *expected, "{pieces:?}");
        assert_eq!(failed.as_deref(), *error, "{pieces:?}");
    }
}

#[tokio::test]
async fn lines_are_decoded_by_the_header() {
    let latin = with(
        "content-type: text/plain; charset=latin1\r\n",
        b"\xe4\n\xf6",
    );
    assert_eq!(
        lines(latin, 9).await,
        (vec!["ä".to_owned(), "ö".to_owned()], None)
    );
    let marked = with(
        "content-type: text/plain; charset=latin1\r\n",
        "\u{feff}ä".as_bytes(),
    );
    assert_eq!(lines(marked, 9).await, (vec!["ä".to_owned()], None));
    let unknown = with("content-type: text/plain; charset=x\r\n", b"a\n");
    let why = Some("the charset `x` is not supported".to_owned());
    assert_eq!(lines(unknown, 9).await, (Vec::new(), why));
    let (got, why) = lines(with("", b"a\n\xe4\nb\n"), 9).await;
    assert_eq!((got.len(), why.is_some()), (1, true));
}

#[tokio::test]
async fn a_line_survives_a_reader_that_gives_up() {
    let (mut sender, body) = Body::channel(4);
    let body = Mutex::new(Some(body));
    let client = answering(move || body.lock().unwrap().take().unwrap_or_default());
    let mut lines = client
        .get("http://quay.test/")
        .send()
        .await
        .unwrap()
        .into_lines();
    sender.send("ab").await.unwrap();
    for _ in 0..3 {
        let mut line = pin!(lines.next_line());
        let polled =
            std::future::poll_fn(|cx| std::task::Poll::Ready(line.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
    }
    sender.send("c\n").await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "abc");
}

#[tokio::test]
async fn a_byte_order_mark_may_come_in_pieces() {
    let text = "\u{feff}a\nb\n";
    for first in 1..text.len() {
        for second in first..text.len() {
            let (mut sender, body) = Body::channel(4);
            let body = Mutex::new(Some(body));
            let client = answering(move || body.lock().unwrap().take().unwrap_or_default());
            let response = client.get("http://quay.test/").send().await.unwrap();
            let mut lines = response.into_lines();
            let bytes = Bytes::from_static(text.as_bytes());
            for piece in [0..first, first..second, second..text.len()].map(|it| bytes.slice(it)) {
                sender.send(piece).await.unwrap();
            }
            drop(sender);
            assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("a"));
            assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("b"));
            assert_eq!(lines.next_line().await.unwrap(), None);
        }
    }
}

/// A client whose middleware answers.
fn answering(body: impl Fn() -> Body + Send + Sync + 'static) -> Client {
    use crate::middleware::{Next, from_fn};
    let answer = move |_: wharf_http::Request, _: Next| {
        let response = wharf_http::Response::new(body());
        async move { Ok::<_, Error>(response) }
    };
    Client::builder().wrap(from_fn(answer)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_of_the_final_response_alone() {
    let answer = |head: &str| {
        let bytes: &[u8] = match head.starts_with("GET /old") {
            true => b"HTTP/1.1 302 Found\r\nlocation: /new\r\ncontent-length: 3\r\n\r\nold",
            false => b"HTTP/1.1 404 No\r\ncontent-length: 5\r\n\r\nhello",
        };
        (bytes.to_vec(), Then::Close)
    };
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let told = Arc::clone(&told);
        move |progress: &crate::progress::Progress| {
            assert_eq!(progress.resumed(), 0);
            told.lock()
                .unwrap()
                .push((progress.bytes(), progress.total()));
        }
    };
    let client = scripted::builder(answer).build().unwrap();
    let request = client.get("/old").download_progress(listener);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    assert_eq!(*told.lock().unwrap(), [(5, Some(5))]);
}

#[cfg(feature = "fs")]
mod saving {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A folder that is gone after the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("wharf-save-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[tokio::test]
    async fn a_body_takes_the_name_of_a_file_when_it_is_whole() {
        let folder = Folder::new("whole");
        let path = folder.0.join("a");
        fs::write(&path, "an older and longer one").unwrap();
        let body = vec![7; 700_000];
        let mut response = got(with("", &body)).await;
        assert_eq!(response.save_to(&path).await.unwrap(), 700_000);
        assert_eq!(fs::read(&path).unwrap(), body);
        assert_eq!(folder.names(), ["a"]);
        assert!(got(with("", b"")).await.save_to(&path).await.is_ok());
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_leaves_all_as_it_was() {
        let folder = Folder::new("broken");
        let path = folder.0.join("a");
        let broken = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab";
        let error = got(broken).await.save_to(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody);
        assert!(folder.names().is_empty());
        fs::write(&path, "old").unwrap();
        let error = got(broken).await.save_to(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.names(), ["a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_save_that_is_dropped_leaves_nothing() {
        let folder = Folder::new("dropped");
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab";
        let client = scripted::builder(move |_| (answer.into(), Then::Stall))
            .build()
            .unwrap();
        let mut response = client.get("/").send().await.unwrap();
        let saving = response.save_to(folder.0.join("a"));
        let in_time = tokio::time::timeout(Duration::from_secs(1), saving).await;
        assert!(in_time.is_err());
        assert!(folder.names().is_empty());
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_an_error_of_the_file() {
        let folder = Folder::new("missing");
        for path in ["none/a", "."] {
            let path = folder.0.join(path);
            let path = if path.ends_with(".") {
                PathBuf::from("/")
            } else {
                path
            };
            let error = got(with("", b"ab")).await.save_to(path).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::File);
            assert!(error.to_string().starts_with("could not write the file: "));
        }
    }
}

proptest! {
    #[test]
    fn lines_are_those_of_the_text_however_it_is_cut(pieces in proptest::collection::vec("[ab\r\nä]{0,4}", 0..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stream = Pieces(pieces.iter().cloned().collect());
            let body = Body::from_stream(stream);
            let stream = BodyStream::new(body, Url::parse("http://quay.test/").unwrap());
            let mut lines = Lines::new(Ok(None), stream);
            let mut got = Vec::new();
            while let Some(line) = lines.next_line().await.unwrap() {
                got.push(line);
            }
            let text = pieces.concat();
            let mut expected: Vec<_> = text.split('\n').collect();
            // What follows the last end is a line only if there is something.
            let last = expected.pop().filter(|last| !last.is_empty());
            let ended = expected.iter().map(|line| line.strip_suffix('\r').unwrap_or(line));
            assert_eq!(got, ended.chain(last).collect::<Vec<_>>());
        });
    }
}

/// The pieces of a text, as a stream.
struct Pieces(std::collections::VecDeque<String>);

impl Stream for Pieces {
    type Item = Result<String, io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop_front().map(Ok))
    }
}

#[cfg(feature = "multipart")]
#[tokio::test]
async fn a_body_of_parts_is_read_part_by_part() {
    use wharf_http::multipart::{ErrorKind, Limits};
    let body = b"--b\r\ncontent-range: bytes 0-1/9\r\n\r\nab\r\n--b\r\ncontent-range: bytes 7-8/9\r\n\r\nhi\r\n--b--";
    let fields = "content-type: multipart/byteranges; boundary=b\r\n";
    let response = got(with(fields, body)).await;
    let mut parts = response.into_multipart(Limits::new()).unwrap();
    for (range, content) in [("bytes 0-1/9", "ab"), ("bytes 7-8/9", "hi")] {
        let mut part = parts.next_part().await.unwrap().unwrap();
        assert_eq!(part.headers()["content-range"], range);
        assert_eq!(part.text(9).await.unwrap(), content);
    }
    assert!(parts.next_part().await.unwrap().is_none());

    let cut = got(with(fields, &body[..37])).await;
    let mut parts = cut.into_multipart(Limits::new()).unwrap();
    let error = parts.next_part().await.unwrap().unwrap().text(9).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Truncated);
    let other = got(with("content-type: text/plain\r\n", b"")).await;
    let error = other.into_multipart(Limits::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotMultipart);
}
