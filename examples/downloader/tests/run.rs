//! The program, as its first lines say it is used.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../peer.rs"]
mod peer;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use peer::{field, response};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest as _, Sha256};

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("wharf-downloader-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn download(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_downloader"));
        command.current_dir(&self.0).args(words).output().unwrap()
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    /// The files that are there.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// The file that all servers here have.
fn content() -> String {
    (0..20_000).map(|number| format!("{number:05}\n")).collect()
}

fn checksum(content: &str) -> String {
    let sum = Sha256::digest(content);
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers with the whole file, or with the rest of it.
fn whole_or_rest(request: &str) -> Vec<u8> {
    let content = content();
    let range = field(request, "range").map(|range| {
        assert_eq!(field(request, "if-range"), Some("\"v1\""));
        let start = range.strip_prefix("bytes=").unwrap();
        start.strip_suffix('-').unwrap().parse::<usize>().unwrap()
    });
    match range {
        None => response("200 OK", "etag: \"v1\"\r\n", &content),
        Some(start) => {
            let total = content.len();
            let fields = format!(
                "etag: \"v1\"\r\ncontent-range: bytes {start}-{}/{total}\r\n",
                total - 1
            );
            response("206 Partial Content", &fields, &content[start..])
        }
    }
}

/// Cuts a response off after half of its bytes.
fn half(response: &[u8]) -> Vec<u8> {
    let response = String::from_utf8_lossy(&response[..response.len() / 2]);
    let response = response.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    response.into_bytes()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Starts a server that breaks off the first `broken` responses, and tells which ranges were asked for.
fn shaky(broken: usize) -> (String, Arc<Mutex<Vec<String>>>) {
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let (notes, count) = (Arc::clone(&ranges), AtomicUsize::new(0));
    let answer = move |request: &str| {
        let range = field(request, "range").unwrap_or("none").to_owned();
        notes.lock().unwrap().push(range);
        let whole = whole_or_rest(request);
        match count.fetch_add(1, Ordering::Relaxed) < broken {
            true => half(&whole),
            false => whole,
        }
    };
    let address = peer::start(|stream| stream, answer);
    (format!("http://{address}/ships.txt"), ranges)
}

#[test]
fn a_file_is_resumed_where_it_broke_off_within_a_run_and_by_the_next() {
    let folder = Folder::new("resumed");
    let (url, ranges) = shaky(3);
    let checksum = checksum(&content());
    let output = folder.download(&["--attempts", "1", &url]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(" %, ") && said.contains(" left\n"), "{said}");
    assert!(
        said.contains("error: ships.txt: could not read the response body"),
        "{said}"
    );
    assert_eq!(folder.read("ships.txt"), None);

    let output = folder.download(&["--sha256", &checksum, &url]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.ends_with("ships.txt: 117.2 KiB, done\n"), "{said}");
    assert_eq!(folder.read("ships.txt").unwrap(), content());
    assert_eq!(folder.names(), ["ships.txt"]);
    let ranges = ranges.lock().unwrap();
    assert_eq!(ranges.len(), 4, "{ranges:?}");
    assert_eq!(ranges[0], "none");
    let starts = ranges[1..].iter().map(|range| {
        let start = range.strip_prefix("bytes=").unwrap().strip_suffix('-');
        start.unwrap().parse::<usize>().unwrap()
    });
    let starts: Vec<usize> = starts.collect();
    assert!(
        starts[0] > 50_000 && starts.is_sorted_by(|one, next| one < next),
        "{starts:?}"
    );
}

#[test]
fn several_files_are_downloaded_at_once_but_not_too_many() {
    let folder = Folder::new("several");
    let (active, most) = (Mutex::new(0), Arc::new(AtomicUsize::new(0)));
    let (noted, changed) = (Arc::clone(&most), Condvar::new());
    // Nobody is answered before a second one is there.
    let answer = move |request: &str| {
        let mut count = active.lock().unwrap();
        *count += 1;
        noted.fetch_max(*count, Ordering::Relaxed);
        changed.notify_all();
        let (mut count, _) = changed
            .wait_timeout_while(count, Duration::from_secs(30), |_| {
                noted.load(Ordering::Relaxed) < 2
            })
            .unwrap();
        *count -= 1;
        whole_or_rest(request)
    };
    let address = peer::start(|stream| stream, answer);
    let urls = ["a", "b", "c", "d"].map(|name| format!("http://{address}/{name}"));
    let mut words = vec!["--at-once", "2"];
    words.extend(urls.iter().map(String::as_str));
    let output = folder.download(&words);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(folder.names(), ["a", "b", "c", "d"]);
    assert_eq!(most.load(Ordering::Relaxed), 2);
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_removed() {
    let folder = Folder::new("wrong");
    let (url, _ranges) = shaky(0);
    let wrong = checksum("something else");
    let output = folder.download(&["--sha256", &wrong, &url, "copy.txt"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    let right = checksum(&content());
    let expected =
        format!("error: copy.txt: it was removed: its SHA-256 is {right}, not {wrong}\n");
    assert!(said.ends_with(&expected), "{said}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn it_believes_a_server_behind_tls_whose_authority_it_knows() {
    let folder = Folder::new("tls");
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    fs::write(folder.0.join("authority.pem"), &certificate).unwrap();
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let open = move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        StreamOwned::new(connection, stream)
    };
    let address = peer::start(open, whole_or_rest);
    let url = format!("https://localhost:{}/ships.txt", address.port());

    let output = folder.download(&["--ca", "authority.pem", &url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(folder.read("ships.txt").unwrap(), content());

    let output = folder.download(&[&url, "other.txt"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("error: other.txt: the certificate is not valid"),
        "{said}"
    );
}

#[test]
fn it_tells_by_its_status_what_went_wrong() {
    let folder = Folder::new("status");
    let address = peer::start(|stream| stream, |_| response("404 Not Found", "", "gone"));
    let output = folder.download(&[&format!("http://{address}/ships.txt")]);
    assert_eq!(output.status.code(), Some(4));
    let said = text(&output.stderr);
    assert!(
        said.starts_with("ships.txt: 0 B, failed\nerror: ships.txt: the response has status 404"),
        "{said}"
    );

    for (words, why) in [
        (vec![], "no URL"),
        (
            vec!["http://quay.test/a", "http://quay.test/b/a"],
            "two URLs for `a`",
        ),
        (
            vec!["--sha256", "abc", "http://quay.test/"],
            "`--sha256` wants a value",
        ),
        (
            vec!["--at-once", "0", "http://quay.test/"],
            "zero downloads nothing",
        ),
        (
            vec!["http://quay.test/a", "http://quay.test/b", "c"],
            "are for one URL",
        ),
    ] {
        let output = folder.download(&words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let said = text(&output.stderr);
        assert!(said.contains(why) && said.contains("usage: "), "{said}");
    }
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}
