//! Bodies, large ones and slow ones, in both directions.

use std::io::{self, BufRead, repeat};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::Error;

const LARGE: usize = 20 << 20;

/// Starts a server that counts the bytes of request bodies, in chunks or of known length, and answers with their number.
fn counter() -> String {
    server(|mut peer| {
        let head = peer.head();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let count = match length.map(|length| length.parse().unwrap()) {
            Some(length) => io::copy(&mut (&peer.0).take(length), &mut io::sink()).unwrap(),
            None => {
                assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
                let mut count = 0;
                loop {
                    let mut size = String::new();
                    while !size.ends_with("\r\n") {
                        size.push_str(&peer.read(1));
                    }
                    let size = u64::from_str_radix(size.trim(), 16).unwrap();
                    let whole = size + 2;
                    let read = io::copy(&mut (&peer.0).take(whole), &mut io::sink()).unwrap();
                    assert_eq!(read, whole);
                    if size == 0 {
                        break count;
                    }
                    count += size;
                }
            }
        };
        let count = count.to_string();
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ";
        let length = count.len();
        let head = format!("{head}{length}\r\n\r\n");
        peer.write(head + &count);
    })
}

#[test]
fn a_large_reader_is_uploaded() {
    let client = client(&counter());
    let large = || repeat(b'x').take(LARGE as u64);
    for length in [None, Some(LARGE as u64)] {
        let request = client.post("").body_reader(large(), length);
        let count = request.send().unwrap().text().unwrap();
        assert_eq!(count, LARGE.to_string());
    }
    // No more than was promised.
    let request = client.post("").body_reader(large(), 5);
    assert_eq!(request.send().unwrap().text().unwrap(), "5");
}

#[test]
fn an_upload_is_not_read_faster_than_it_is_sent() {
    struct Counted(Arc<AtomicUsize>);
    impl Read for Counted {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.fetch_add(into.len(), Ordering::SeqCst);
            Ok(into.len())
        }
    }
    let (_sender, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let url = server(move |mut peer| {
        peer.head();
        // Nothing of the body is read.
        let _ends_with_the_test = held.lock().unwrap().recv();
    });
    let read = Arc::new(AtomicUsize::new(0));
    let limits = Timeouts::new().total(Duration::from_millis(300));
    let request = client(&url).post("").timeouts(limits);
    let request = request.body_reader(Counted(Arc::clone(&read)), None);
    assert_eq!(request.send().unwrap_err().phase(), Some(Phase::Total));
    let read = read.load(Ordering::SeqCst);
    assert!(
        read < LARGE,
        "{read} bytes were read, more than buffers hold"
    );
}

#[test]
fn a_reader_that_fails_fails_the_request() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the hold is empty"))
        }
    }
    struct Panics;
    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("the mast is down")
        }
    }
    let client = client(&silent());
    let broken = client.post("").body_reader(Broken, None).send();
    let broken = broken.unwrap_err();
    assert_eq!(broken.kind(), ErrorKind::RequestBody);
    assert!(
        format!("{broken:#}").ends_with("the hold is empty"),
        "{broken:#}"
    );
    let panics = client.post("").body_reader(Panics, None).send();
    assert_eq!(panics.unwrap_err().kind(), ErrorKind::RequestBody);
    let short = client.post("").body_reader(&b"four"[..], 9).send();
    let short = short.unwrap_err();
    assert_eq!(short.kind(), ErrorKind::RequestBody);
    let why = "the reader has ended 5 bytes before the length it was given";
    assert!(format!("{short:#}").ends_with(why), "{short:#}");
}

/// Starts a server that answers with a large body.
fn large() -> String {
    server(|mut peer| {
        while !peer.head().is_empty() {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n");
            peer.write(head);
            let sent = io::copy(&mut repeat(b'x').take(LARGE as u64), &mut peer.0);
            if sent.is_err() {
                return;
            }
        }
    })
}

#[test]
fn a_large_body_is_read() {
    let client = client(&large());
    let mut response = client.get("").send().unwrap();
    assert_eq!(response.body_len(), Some(LARGE as u64));
    assert_eq!(response.bytes().unwrap().len(), LARGE);
    let mut response = client.get("").send().unwrap();
    let mut count = 0;
    while let Some(piece) = response.chunk().unwrap() {
        count += piece.len();
        assert_eq!(response.body_len(), Some((LARGE - count) as u64));
    }
    assert_eq!(count, LARGE);
    assert_eq!(opened(&client), 1, "read to the end, it is used again");
}

#[test]
fn a_body_is_read_as_the_standard_library_does() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        peer.write("3\r\none\r\n5\r\n\ntwo\n\r\n5\r\nthree\r\n0\r\n\r\n");
    });
    let client = client(&url);
    let reader = || client.get("").send().unwrap().into_reader();
    let mut text = String::new();
    assert_eq!(reader().read_to_string(&mut text).unwrap(), 13);
    assert_eq!(text, "one\ntwo\nthree");
    let lines = reader().lines().collect::<io::Result<Vec<_>>>();
    assert_eq!(lines.unwrap(), ["one", "two", "three"]);
    let mut small = [0; 2];
    let mut reader = reader();
    assert_eq!(reader.read(&mut []).unwrap(), 0);
    reader.read_exact(&mut small).unwrap();
    assert_eq!(&small, b"on");
}

#[test]
fn a_body_is_an_iterator_of_lines() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=latin1\r\n");
        peer.write(b"connection: close\r\n\r\none\r\ntw\xf6\nthree");
    });
    let client = client(&url);
    let lines = || client.get("").send().unwrap().into_lines();
    let all = lines().collect::<Result<Vec<_>, _>>();
    assert_eq!(all.unwrap(), ["one", "twö", "three"]);
    let mut short = lines().max_length(3);
    assert_eq!(short.next().unwrap().unwrap(), "one");
    assert_eq!(short.next().unwrap().unwrap(), "twö");
    let error = short.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(short.next().is_none());
}

#[test]
fn trailers_come_after_the_body() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        peer.write("3\r\none\r\n0\r\nx-sum: 3\r\n\r\n");
    });
    let client = client(&url);
    let mut response = client.get("").send().unwrap();
    assert!(response.trailers().is_none());
    assert_eq!(response.text().unwrap(), "one");
    assert_eq!(response.trailers().unwrap()["x-sum"], "3");
    let mut pieces = client.get("").send().unwrap().into_stream();
    assert_eq!(pieces.by_ref().count(), 1);
    assert_eq!(pieces.trailers().unwrap()["x-sum"], "3");
}

#[test]
fn a_body_is_an_iterator_of_pieces() {
    let client = client(&large());
    let pieces = client.get("").send().unwrap().into_stream();
    let count: usize = pieces.map(|piece| piece.unwrap().len()).sum();
    assert_eq!(count, LARGE);
}

#[test]
fn a_body_that_breaks_off_is_an_error_of_its_reader_and_its_iterator() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nhi");
    });
    let client = client(&url);
    let mut reader = client.get("").send().unwrap().into_reader();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<Error>());
    assert_eq!(cause.unwrap().kind(), ErrorKind::ResponseBody);
    let mut pieces = client.get("").send().unwrap().into_stream();
    assert_eq!(pieces.next().unwrap().unwrap(), "hi");
    let error = pieces.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseBody);
    assert!(pieces.next().is_none());
}

#[test]
fn the_limit_of_a_body_holds() {
    let client = with(&large(), |builder| builder.body_limit(1000));
    let error = client.get("").send().unwrap().bytes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 1000 });
}

#[test]
fn a_response_outlives_its_client() {
    let client = client(&large());
    let mut response = client.get("").send().unwrap();
    drop(client);
    assert_eq!(response.bytes().unwrap().len(), LARGE);
}

#[test]
fn a_response_that_is_dropped_closes_its_connection() {
    let (sender, closed) = mpsc::channel();
    let url = server(move |mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi");
        sender.send(peer.closed()).unwrap();
    });
    let client = client(&url);
    let mut response = client.get("").send().unwrap();
    assert_eq!(response.chunk().unwrap().unwrap(), "hi");
    drop(response);
    assert!(closed.recv().unwrap());
    assert_eq!(client.stats().in_use(), 0);
}

#[test]
fn a_body_that_breaks_off_is_an_error() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi");
    });
    let mut response = client(&url).get("").send().unwrap();
    let error = response.text().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseBody);
    // It stays one.
    assert!(response.chunk().is_err());
}

#[cfg(feature = "json")]
#[test]
fn json_goes_both_ways() {
    let url = server(|mut peer| {
        peer.head();
        assert_eq!(peer.read(7), "[1,2,3]");
        peer.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n");
        peer.write("content-length: 3\r\n\r\n[4]");
    });
    let request = client(&url).post("").json(&[1, 2, 3]);
    assert_eq!(request.send().unwrap().json::<[u8; 1]>().unwrap(), [4]);
}

#[cfg(feature = "fs")]
#[tokio::test]
async fn a_body_becomes_a_file() {
    let folder = std::env::temp_dir().join(format!("wharf-saved-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let client = client(&large());
    let saved = folder.join("saved");
    let count = client.get("").send().unwrap().save_to(&saved).unwrap();
    assert_eq!(count, LARGE as u64);
    let loaded = folder.join("loaded");
    let done = client.get("").download(&loaded).resume(false).send();
    assert_eq!(done.unwrap().bytes(), LARGE as u64);
    for path in [saved, loaded] {
        assert_eq!(std::fs::metadata(path).unwrap().len(), LARGE as u64);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let error = client.get("").send().unwrap().save_to(folder.join("none"));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::File);
}

#[cfg(feature = "fs")]
#[test]
fn a_file_is_uploaded() {
    let path = std::env::temp_dir().join(format!("wharf-blocking-{}", std::process::id()));
    std::fs::write(&path, "on disk").unwrap();
    let client = client(&counter());
    let request = client.post("").file(&path);
    assert_eq!(request.send().unwrap().text().unwrap(), "7");
    std::fs::remove_file(&path).unwrap();
    let error = client.post("").file(&path).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
}
