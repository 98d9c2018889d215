use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use tokio::time::{Instant, timeout};

use super::*;
use crate::scripted::{self, Then};
use crate::{Client, ErrorKind};

const CONTENT: &[u8] = b"All the ships of the harbour, one line each.";

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("wharf-download-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> PathBuf {
        self.0.join("a")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Checks that the file is there, and nothing beside it.
    fn assert_whole(&self, content: &[u8]) {
        assert_eq!(fs::read(self.path()).unwrap(), content);
        assert_eq!(self.names(), ["a"]);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A server of one file, by the rules of ranges and conditions.
#[derive(Clone)]
struct Origin {
    content: Vec<u8>,
    /// Field lines with the validators.
    validators: &'static str,
    /// After how many bytes of a body the connection ends.
    breaks: usize,
    then: Then,
    /// The ranges that were asked for.
    asked: Arc<Mutex<Vec<Option<String>>>>,
}

const TAG: &str = "etag: \"v1\"\r\n";

impl Origin {
    fn new(validators: &'static str) -> Self {
        Self {
            content: CONTENT.to_vec(),
            validators,
            breaks: usize::MAX,
            then: Then::Close,
            asked: Arc::default(),
        }
    }

    fn answer(&self, head: &str) -> (Vec<u8>, Then) {
        assert_eq!(field(head, "accept-encoding"), Some("identity"));
        let range = field(head, "range").map(str::to_owned);
        self.asked.lock().unwrap().push(range.clone());
        let first = range.and_then(|range| {
            let validator = field(head, "if-range").expect("a range has a condition");
            let same = self.validators.contains(&format!(": {validator}\r\n"));
            let first = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            same.then(|| first.parse::<usize>().unwrap())
        });
        let total = self.content.len();
        let (status, fields, body) = match first {
            None => ("200 OK", String::new(), self.content.as_slice()),
            Some(first) if first >= total => (
                "416 No",
                format!("content-range: bytes */{total}\r\n"),
                b"".as_slice(),
            ),
            Some(first) => {
                let fields = format!("content-range: bytes {first}-{}/{total}\r\n", total - 1);
                ("206 Partial Content", fields, &self.content[first..])
            }
        };
        let length = body.len();
        let validators = self.validators;
        let head =
            format!("HTTP/1.1 {status}\r\n{validators}{fields}content-length: {length}\r\n\r\n");
        let body = &body[..length.min(self.breaks)];
        ([head.as_bytes(), body].concat(), self.then)
    }

    fn client(&self) -> Client {
        let origin = self.clone();
        scripted::builder(move |head| origin.answer(head))
            .build()
            .unwrap()
    }

    /// Returns the ranges that were asked for since the last time.
    fn take_asked(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Reads a field of a request head.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (field, value) = line.split_once(": ")?;
        field.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn range(first: usize) -> Option<String> {
    Some(format!("bytes={first}-"))
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_at_every_byte_is_resumed() {
    let folder = Folder::new("every");
    for breaks in 1..=CONTENT.len() {
        let mut origin = Origin::new(TAG);
        origin.breaks = breaks;
        let download = origin.client().get("/ships").download(folder.path());
        let done = download.attempts(99).send().await.unwrap();
        folder.assert_whole(CONTENT);
        let starts = (0..CONTENT.len()).step_by(breaks);
        let expected: Vec<_> = starts.map(|at| range(at).filter(|_| at > 0)).collect();
        assert_eq!(origin.take_asked(), expected);
        assert_eq!(done.attempts() as usize, expected.len());
        assert_eq!((done.bytes(), done.resumed()), (CONTENT.len() as u64, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_download_goes_on_where_an_earlier_one_ended() {
    let date =
        "date: Sun, 06 Nov 1994 08:49:38 GMT\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    for validators in [TAG, date] {
        let folder = Folder::new("later");
        let mut origin = Origin::new(validators);
        origin.breaks = 10;
        fs::write(folder.path(), "old").unwrap();
        let download = || {
            origin
                .client()
                .get("/ships#top")
                .download(folder.path())
                .attempts(2)
        };
        let error = download().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody);
        assert_eq!(fs::read(folder.path()).unwrap(), b"old");
        assert_eq!(folder.names(), ["a", "a.part", "a.part.note"]);
        origin.breaks = usize::MAX;
        origin.take_asked();
        let download = origin.client().get("/ships").download(folder.path());
        let done = download.send().await.unwrap();
        assert_eq!((done.resumed(), done.attempts()), (20, 1));
        assert_eq!(done.response().status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(origin.take_asked(), [range(20)]);
        folder.assert_whole(CONTENT);
    }
}

/// Leaves the first ten bytes of the content behind.
async fn leave_ten(folder: &Folder, validators: &'static str) {
    let mut origin = Origin::new(validators);
    origin.breaks = 10;
    let download = origin.client().get("/ships").download(folder.path());
    download.attempts(1).send().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_part_without_a_strong_validator_is_not_kept() {
    for validators in [
        "",
        "etag: W/\"v1\"\r\n",
        "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        // It may have changed twice within this second.
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nlast-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
    ] {
        let folder = Folder::new("weak");
        leave_ten(&folder, validators).await;
        assert!(folder.names().is_empty(), "{validators}");
        let mut origin = Origin::new(validators);
        origin.breaks = 10;
        let download = origin.client().get("/ships").download(folder.path());
        download.attempts(3).send().await.unwrap_err();
        assert_eq!(origin.take_asked(), [None, None, None]);
    }
}

#[tokio::test(start_paused = true)]
async fn other_content_is_not_joined_to_what_is_there() {
    let folder = Folder::new("other");
    leave_ten(&folder, TAG).await;
    let mut origin = Origin::new("etag: \"v2\"\r\n");
    origin.content.reverse();
    let done = origin
        .client()
        .get("/ships")
        .download(folder.path())
        .send()
        .await
        .unwrap();
    folder.assert_whole(&origin.content);
    assert_eq!(origin.take_asked(), [range(10)]);
    assert_eq!((done.resumed(), done.attempts()), (0, 1));
    // Nor that of another URL, whose tag may be the same by chance.
    leave_ten(&folder, TAG).await;
    let origin = Origin::new(TAG);
    origin
        .client()
        .get("/ships?page=2")
        .download(folder.path())
        .send()
        .await
        .unwrap();
    assert_eq!(origin.take_asked(), [None]);
    folder.assert_whole(CONTENT);
    // Nor when nobody wants it.
    leave_ten(&folder, TAG).await;
    let download = origin.client().get("/ships").download(folder.path());
    download.resume(false).send().await.unwrap();
    assert_eq!(origin.take_asked(), [None]);
    folder.assert_whole(CONTENT);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_begins_the_download_anew() {
    let rest = String::from_utf8(CONTENT[10..].to_vec()).unwrap();
    let part =
        |fields: &str| format!("HTTP/1.1 206 Partial\r\n{fields}content-length: 34\r\n\r\n{rest}");
    let fits = "etag: \"v1\"\r\ncontent-range: bytes 10-43/44\r\n";
    let refused = |fields: &str| format!("HTTP/1.1 416 No\r\n{fields}content-length: 0\r\n\r\n");
    // What answers the request for a range, and how many requests it takes.
    for (answer, requests) in [
        (part(fits), 1),
        (part("etag: \"v1\"\r\ncontent-range: bytes 10-43/*\r\n"), 1),
        (part("content-range: bytes 10-43/44\r\n"), 2),
        (part("etag: \"v2\"\r\ncontent-range: bytes 10-43/44\r\n"), 2),
        (
            part("etag: W/\"v1\"\r\ncontent-range: bytes 10-43/44\r\n"),
            2,
        ),
        (part("etag: \"v1\"\r\ncontent-range: bytes 9-42/44\r\n"), 2),
        (part("etag: \"v1\"\r\ncontent-range: bytes 10-43/45\r\n"), 2),
        (part("etag: \"v1\"\r\ncontent-range: bytes 10-42/44\r\n"), 2),
        (part("etag: \"v1\"\r\ncontent-range: bytes 10-43/9\r\n"), 2),
        (part("etag: \"v1\"\r\ncontent-range: lines 10-43/44\r\n"), 2),
        (
            part("etag: \"v1\"\r\ncontent-type: multipart/byteranges; boundary=a\r\n"),
            2,
        ),
        (refused("content-range: bytes */44\r\n"), 2),
        (refused("content-range: bytes */10\r\n"), 2),
        (refused(""), 2),
    ] {
        let folder = Folder::new("strange");
        leave_ten(&folder, TAG).await;
        let origin = Origin::new(TAG);
        let (strange, whole) = (answer.clone(), origin.clone());
        let client = scripted::builder(move |head| match field(head, "range") {
            Some(_) => {
                whole.answer(head);
                (strange.clone().into_bytes(), Then::Close)
            }
            None => whole.answer(head),
        });
        let download = client
            .build()
            .unwrap()
            .get("/ships")
            .download(folder.path());
        let done = download.attempts(1).send().await.unwrap();
        folder.assert_whole(CONTENT);
        assert_eq!(origin.take_asked().len(), requests, "{answer}");
        assert_eq!(
            done.resumed(),
            if requests == 1 { 10 } else { 0 },
            "{answer}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_all_there_is_not_sent_again() {
    let folder = Folder::new("complete");
    leave_ten(&folder, TAG).await;
    fs::write(folder.0.join("a.part"), CONTENT).unwrap();
    let origin = Origin::new(TAG);
    let done = origin
        .client()
        .get("/ships")
        .download(folder.path())
        .send()
        .await
        .unwrap();
    assert_eq!(done.response().status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!((done.bytes(), done.resumed()), (44, 44));
    folder.assert_whole(CONTENT);
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_note_is_not_its_own_is_not_used() {
    let origin = Origin::new(TAG);
    for (note, part) in [
        (Some(""), CONTENT),
        (
            Some("wharf download 1\n0000000000000000\n\"v1\"\n44\n"),
            CONTENT,
        ),
        (Some("wharf download 2"), CONTENT),
        (None, CONTENT),
        // It is longer than the whole can be.
        (Some("keep"), &[0; 45]),
        (Some("keep"), &[]),
    ] {
        let folder = Folder::new("note");
        leave_ten(&folder, TAG).await;
        fs::write(folder.0.join("a.part"), part).unwrap();
        match note {
            Some("keep") => {}
            Some(note) => fs::write(folder.0.join("a.part.note"), note).unwrap(),
            None => fs::remove_file(folder.0.join("a.part.note")).unwrap(),
        }
        origin
            .client()
            .get("/ships")
            .download(folder.path())
            .send()
            .await
            .unwrap();
        assert_eq!(origin.take_asked(), [None], "{note:?}");
        folder.assert_whole(CONTENT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_that_is_dropped_leaves_what_was_written() {
    let folder = Folder::new("dropped");
    let mut origin = Origin::new(TAG);
    origin.content = (0..1_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    origin.breaks = 900_000;
    origin.then = Then::Stall;
    let download = origin.client().get("/ships").download(folder.path());
    assert!(
        timeout(Duration::from_secs(5), download.send())
            .await
            .is_err()
    );
    assert_eq!(folder.names(), ["a.part", "a.part.note"]);
    origin.breaks = usize::MAX;
    let done = origin
        .client()
        .get("/ships")
        .download(folder.path())
        .send()
        .await
        .unwrap();
    assert!(
        (900_000 - 512 * 1024..=900_000).contains(&done.resumed()),
        "{}",
        done.resumed()
    );
    folder.assert_whole(&origin.content);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_resumed_too() {
    let folder = Folder::new("stalled");
    let mut origin = Origin::new(TAG);
    origin.breaks = 30;
    origin.then = Then::Stall;
    let client = origin.client();
    let started = Instant::now();
    client
        .get("/ships")
        .download(folder.path())
        .send()
        .await
        .unwrap();
    assert!(started.elapsed() >= Duration::from_secs(30));
    assert_eq!(origin.take_asked(), [None, range(30)]);
    folder.assert_whole(CONTENT);
}

#[tokio::test(start_paused = true)]
async fn a_status_of_failure_leaves_the_file_alone() {
    let folder = Folder::new("status");
    fs::write(folder.path(), "old").unwrap();
    for (answer, status, body) in [
        (
            "HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\nno",
            404,
            Some("no"),
        ),
        ("HTTP/1.1 304 No\r\n\r\n", 304, None),
    ] {
        let client = scripted::client(answer);
        let error = client
            .get("/")
            .download(folder.path())
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(
            error.body_excerpt().map(|bytes| &bytes[..]),
            body.map(str::as_bytes)
        );
        folder.assert_whole(b"old");
    }
    // A part that nobody has asked for is no whole.
    let client = scripted::client(
        "HTTP/1.1 206 P\r\ncontent-range: bytes 1-2/9\r\ncontent-length: 2\r\n\r\nab",
    );
    let error = client
        .get("/")
        .download(folder.path())
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    folder.assert_whole(b"old");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_pause_gets_it() {
    let folder = Folder::new("pause");
    let origin = Origin::new(TAG);
    let (busy, answering) = (Arc::new(Mutex::new(true)), origin.clone());
    let client = scripted::builder(
        move |head| match std::mem::take(&mut *busy.lock().unwrap()) {
            true => (
                b"HTTP/1.1 503 Busy\r\nretry-after: 20\r\ncontent-length: 0\r\n\r\n".to_vec(),
                Then::Close,
            ),
            false => answering.answer(head),
        },
    );
    let started = Instant::now();
    let download = client.build().unwrap().get("/").download(folder.path());
    assert_eq!(download.send().await.unwrap().attempts(), 2);
    assert!(started.elapsed() >= Duration::from_secs(20));
    folder.assert_whole(CONTENT);
}

#[tokio::test(start_paused = true)]
async fn progress_tells_what_was_there_before() {
    let folder = Folder::new("progress");
    leave_ten(&folder, TAG).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let mut origin = Origin::new(TAG);
    origin.breaks = 20;
    let download = origin.client().get("/ships").download(folder.path());
    let download = download.progress(move |progress| {
        let row = (progress.bytes(), progress.total(), progress.resumed());
        seen.lock().unwrap().push(row);
    });
    download.send().await.unwrap();
    let total = Some(44);
    assert_eq!(*told.lock().unwrap(), [(30, total, 10), (44, total, 10)]);
}

#[tokio::test(start_paused = true)]
async fn a_body_longer_or_shorter_than_its_range_is_no_file() {
    let rows = [
        (
            "content-range: bytes 10-43/44\r\n",
            b"too much of it, and far more than was announced".as_slice(),
        ),
        ("content-range: bytes 10-43/44\r\n", b"too little"),
    ];
    for (fields, body) in rows {
        let folder = Folder::new("length");
        leave_ten(&folder, TAG).await;
        let mut answer =
            format!("HTTP/1.1 206 P\r\n{TAG}{fields}connection: close\r\n\r\n").into_bytes();
        answer.extend_from_slice(body);
        let download = scripted::client(answer)
            .get("/ships")
            .download(folder.path());
        let error = download.attempts(1).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody);
        assert!(!folder.names().contains(&"a".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_answer_to_a_get_is_resumed() {
    let folder = Folder::new("post");
    let mut origin = Origin::new(TAG);
    origin.breaks = 10;
    let download = origin
        .client()
        .post("/ships")
        .body("x")
        .download(folder.path());
    let error = download.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseBody);
    assert_eq!(origin.take_asked(), [None]);
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn a_mistake_is_told_before_anything_is_sent() {
    let client = scripted::client("");
    let once = wharf_http::Body::channel(1).1;
    for (download, kind) in [
        (client.get("/").download("/"), ErrorKind::File),
        (client.get("/").download("a").attempts(0), ErrorKind::Config),
        (client.get("http://[").download("a"), ErrorKind::Url),
        (client.put("/").body(once).download("a"), ErrorKind::Request),
    ] {
        assert_eq!(download.send().await.unwrap_err().kind(), kind);
    }
}
