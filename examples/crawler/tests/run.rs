//! The program, as its first lines say it is used.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../peer.rs"]
mod peer;

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use peer::{field, response};

/// A site, and which of its pages were asked for, and when.
struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Site {
    fn start() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        let answer = move |request: &str| {
            let path = request.split(' ').nth(1).unwrap();
            let note = (path.to_owned(), Instant::now());
            notes.lock().unwrap().push(note);
            assert!(
                field(request, "user-agent")
                    .unwrap()
                    .starts_with("wharf-crawler")
            );
            page(path)
        };
        let address = peer::start(|stream| stream, answer);
        Self { address, asked }
    }

    fn crawl(&self, options: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crawler"));
        let url = format!("http://{}/", self.address);
        command.args(options).arg(url).output().unwrap()
    }

    /// The report, with the address of the site left out.
    fn report(&self, output: &Output) -> String {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.replace(&format!("http://{}", self.address), "")
    }

    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let mut paths: Vec<String> = asked.iter().map(|(path, _)| path.clone()).collect();
        paths.sort();
        paths
    }
}

fn page(path: &str) -> Vec<u8> {
    let html = |body: &str| response("200 OK", "content-type: text/html; charset=utf-8\r\n", body);
    match path {
        "/robots.txt" => response("200 OK", "", "user-agent: *\ndisallow: /private\n"),
        "/" => html(
            "<a href=ships>Ships</a> <a href='/old#top'>old</a> <a href=\"/private/log\">log</a>
             <a href='http://elsewhere.test/'>elsewhere</a> <img src=/logo.png> <a href=lost>lost</a> <a href=away>away</a>",
        ),
        "/ships" => html("<a href=/>back</a> <a href=/lost>lost</a> <a href=/broken>broken</a> <a href=/deep/1>deep</a>"),
        "/deep/1" => html("<a href=2>deeper</a>"),
        "/deep/2" => html("<a href=3>deepest</a>"),
        "/new" => html("<a href=/>here now</a>"),
        "/logo.png" => response("200 OK", "content-type: image/png\r\n", "<a href=/not-a-link>"),
        "/old" => response("301 Moved Permanently", "location: /new\r\n", ""),
        "/away" => response("302 Found", "location: http://elsewhere.test/\r\n", ""),
        // The connection ends before the answer, each time.
        "/broken" => Vec::new(),
        _ => response("404 Not Found", "", "nothing here"),
    }
}

#[test]
fn it_reads_a_site_and_tells_which_links_are_broken() {
    let site = Site::start();
    let output = site.crawl(&["--delay", "0", "--depth", "3"]);
    assert_eq!(output.status.code(), Some(1));
    let report = site.report(&output);
    let (problems, connections) = report.split_once("\n: ").unwrap();
    assert_eq!(
        problems,
        format!(
            "9 pages, 2 broken; 2 links lead elsewhere, 1 were not followed, 1 pages are forbidden
broken: /broken: the connection ended before the response ({address}): connection closed before message completed
  linked from /ships
broken: /lost: the response has status 404 Not Found ({address})
  linked from /
  linked from /ships
moved (301): /old -> /new
  linked from /",
            address = site.address
        )
    );
    assert!(
        connections.contains(" requests over kept ones, "),
        "{connections}"
    );
    let asked = site.asked();
    for path in ["/private/log", "/not-a-link", "/deep/3"] {
        assert!(!asked.contains(&path.to_owned()), "{path}: {asked:?}");
    }
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("9 pages read, 0 to go; connections: "),
        "{said}"
    );
}

#[test]
fn it_keeps_within_the_number_of_pages_and_waits_between_them() {
    let site = Site::start();
    let output = site.crawl(&["--delay", "50", "--pages", "3"]);
    let asked = site.asked.lock().unwrap().clone();
    let paths: Vec<&str> = asked.iter().map(|(path, _)| path.as_str()).collect();
    // A redirect is part of the page that it leads to.
    assert_eq!(
        paths,
        ["/robots.txt", "/", "/ships", "/old", "/new"],
        "{}",
        site.report(&output)
    );
    let between = asked[2].1 - asked[1].1;
    assert!(between >= Duration::from_millis(40), "{between:?}");
}

#[test]
fn it_refuses_private_addresses_where_it_is_told_to() {
    let site = Site::start();
    let output = site.crawl(&["--public-only"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: the address is not allowed ("),
        "{said}"
    );
    assert!(site.asked().is_empty());
}

#[test]
fn it_says_how_it_is_used() {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crawler"));
        let output = command.args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&[]).starts_with("error: no URL\nusage: crawler "));
    assert!(run(&["--depth", "deep", "http://quay.test/"]).contains("`--depth` wants a number"));
    assert!(run(&["quay"]).starts_with("error: `quay`: "));
}
