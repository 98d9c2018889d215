//! The programs, as their first lines say they are used: a client asks all the time and gets an answer each time.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../service.rs"]
mod service;

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use service::{PATIENCE, Service, ask, folder, kill};

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// What one GET on a connection of its own brings.
fn get(address: &str, path: &str) -> String {
    ask(&mut connect(address), &format!("GET {path}"), "")
        .unwrap()
        .1
}

/// Returns host and port of the first TCP address in a banner.
fn address(banner: &str) -> String {
    let (_, rest) = banner.split_once("http://127").unwrap();
    format!("127{}", rest.split([',', ' ']).next().unwrap())
}

fn process(version: &str) -> u32 {
    let (_, process) = version.rsplit_once(' ').unwrap();
    process.trim_end().parse().unwrap()
}

/// Tells the clients to stop, also when the test fails: the scope waits for them before it says why.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks without a pause until it is told to stop, with so many requests on each connection; returns how many were answered.
fn steady(address: &str, each: usize, stop: &AtomicBool) -> Result<usize, String> {
    let mut answered = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut stream =
            TcpStream::connect(address).map_err(|cause| format!("refused: {cause}"))?;
        for _ in 0..each {
            let (head, _) = ask(&mut stream, "GET /version", "")?;
            answered += 1;
            if head.contains("connection: close") || stop.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    Ok(answered)
}

#[test]
fn two_releases_are_brought_out_by_a_signal_and_nothing_is_lost() {
    let folder = folder("restart");
    // The same program three times stands for three releases.
    for release in ["1", "2", "3"] {
        let release = folder.join("releases").join(release);
        fs::create_dir_all(&release).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_restart"), release.join("restart")).unwrap();
    }
    let current = folder.join("current");
    symlink("releases/1", &current).unwrap();
    let (mut service, banner) = Service::start(
        Command::new(current.join("restart"))
            .args(["--bind=127.0.0.1:0", "--access-log=off"])
            .current_dir(&folder),
    );
    let address = address(&banner);
    let version = || get(&address, "/version");
    assert!(version().contains("releases/1/restart"), "{}", version());

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _clients_end_with_a_test_that_fails = StopAtEnd(&stop);
        let clients: Vec<_> = [1, 1, 7, usize::MAX]
            .map(|each| {
                let (address, stop) = (&address, &stop);
                scope.spawn(move || steady(address, each, stop))
            })
            .into();
        for release in ["2", "3"] {
            let before = version();
            let slow = {
                let mut stream = connect(&address);
                let (begun, begins) = std::sync::mpsc::channel();
                let slow = scope.spawn(move || {
                    begun.send(()).unwrap();
                    ask(&mut stream, "GET /slow", "").unwrap()
                });
                begins.recv().unwrap();
                // The new connection is accepted, and its request read, before the process hands over.
                std::thread::sleep(std::time::Duration::from_millis(300));
                slow
            };
            symlink(format!("releases/{release}"), folder.join("current.new")).unwrap();
            fs::rename(folder.join("current.new"), &current).unwrap();
            service.restart(|now| kill("USR2", now), || process(&version()));
            // For a moment both accept: the old one has to empty its queue.
            let begun = std::time::Instant::now();
            let now = loop {
                let now = version();
                if now.contains(&format!("releases/{release}/restart")) {
                    break now;
                }
                assert_eq!(process(&now), process(&before));
                assert!(begun.elapsed() < PATIENCE, "{now}");
            };
            let (head, body) = slow.join().unwrap();
            assert!(head.contains("connection: close"), "{head}");
            assert_eq!(body, format!("answered by process {}\n", process(&before)));
            until_pid_file_says(&folder, process(&now));
        }
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            let answered = client.join().unwrap();
            assert!(
                answered.as_ref().is_ok_and(|&count| count > 100),
                "{answered:?}"
            );
        }
    });
    service.end();
    assert!(!folder.join("restart.pid").exists());
    fs::remove_dir_all(&folder).unwrap();
}

/// The successor writes its number when it serves, which may be a moment after its first answer.
fn until_pid_file_says(folder: &Path, process: u32) {
    let begun = std::time::Instant::now();
    while fs::read_to_string(folder.join("restart.pid"))
        .unwrap()
        .trim()
        != process.to_string()
    {
        assert!(begun.elapsed() < PATIENCE, "the file names another process");
        std::thread::yield_now();
    }
}

#[test]
fn a_route_on_a_unix_socket_hands_over_and_says_to_whom() {
    let folder = folder("by-route");
    let socket = folder.join("by-route.sock");
    let (mut service, banner) = Service::start(
        Command::new(env!("CARGO_BIN_EXE_by-route"))
            .arg("--bind=127.0.0.1:0")
            .arg(format!("--bind=unix:{}", socket.display()))
            .current_dir(&folder),
    );
    let address = address(&banner);
    let (head, _) = ask(&mut connect(&address), "POST /restart", "").unwrap();
    assert!(head.starts_with("http/1.1 404 "), "{head}");

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| steady(&address, 7, &stop));
        for _ in 0..2 {
            let ask_for_it = |_| {
                let mut stream = UnixStream::connect(&socket).unwrap();
                let (head, body) = ask(&mut stream, "POST /restart", "").unwrap();
                assert!(head.starts_with("http/1.1 200 "), "{head} {body}");
                assert!(body.ends_with(" serves now\n"), "{body}");
            };
            service.restart(ask_for_it, || process(&get(&address, "/version")));
        }
        stop.store(true, Ordering::Relaxed);
        let answered = client.join().unwrap();
        assert!(
            answered.as_ref().is_ok_and(|&count| count > 10),
            "{answered:?}"
        );
    });
    service.end();
    assert!(!socket.exists());
    fs::remove_dir_all(&folder).unwrap();
}
