//! The program, as its units run it: with a socket that somebody else listens on, and somebody who is told how it is.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../service.rs"]
mod service;

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use service::{PATIENCE, Service, ask, folder, kill};

const PROGRAM: &str = env!("CARGO_BIN_EXE_systemd");

/// What systemd would be: it listens, and is told how the program is.
struct Supervisor {
    socket: TcpListener,
    told: UnixDatagram,
}

impl Supervisor {
    fn new(folder: &Path) -> Self {
        let told = UnixDatagram::bind(folder.join("notify")).unwrap();
        told.set_read_timeout(Some(PATIENCE)).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { socket, told }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Starts the program as a service. No code can run between fork and exec here, so that `LISTEN_PID` is not set and the
    /// descriptor is not 3: the program is told which it is.
    fn start(&self, folder: &Path) -> Service {
        let given = fcntl_dupfd_cloexec(&self.socket, 200).unwrap();
        fcntl_setfd(&given, FdFlags::empty()).unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .env("LISTEN_FDS", "1")
            .env("LISTEN_FDS_FIRST_FD", given.as_raw_fd().to_string())
            .env("LISTEN_FDNAMES", "http")
            .env("NOTIFY_SOCKET", folder.join("notify"))
            .env("WATCHDOG_USEC", "400000");
        Service::start(&mut command).0
    }

    /// Returns the next message that is no sign of life, and how many of those came before it.
    fn next(&self) -> (String, usize) {
        for signs in 0.. {
            let mut buffer = [0; 256];
            let read = self.told.recv(&mut buffer).unwrap();
            let message = String::from_utf8(buffer[..read].to_vec()).unwrap();
            if message != "WATCHDOG=1" {
                return (message, signs);
            }
        }
        unreachable!("it is told for ever that all is well")
    }

    fn process(&self) -> u32 {
        process(self.address())
    }
}

/// Asks which process answers.
fn process(address: SocketAddr) -> u32 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (_, body) = ask(&mut stream, "GET /", "").unwrap();
    let process = body.strip_prefix("Hello from process ").unwrap();
    process.strip_suffix("!\n").unwrap().parse().unwrap()
}

#[test]
fn the_supervisor_is_told_of_start_life_successor_and_end() {
    let folder = folder("systemd");
    let supervisor = Supervisor::new(&folder);
    let mut service = supervisor.start(&folder);
    assert_eq!(supervisor.next().0, "READY=1");
    let first = supervisor.process();

    kill("HUP", first);
    let (message, _) = supervisor.next();
    assert!(
        message.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{message}"
    );
    assert_eq!(supervisor.next().0, "READY=1");
    assert_eq!(supervisor.process(), first);

    let second = service.restart(|now| kill("USR2", now), || supervisor.process());
    assert_ne!(second, first);
    // Of the first, which has given way, nothing is heard any more.
    assert_eq!(supervisor.next().0, format!("READY=1\nMAINPID={second}"));
    // Two signs of life: the successor goes on giving them.
    std::thread::sleep(std::time::Duration::from_millis(900));
    service.end();
    let (message, signs) = supervisor.next();
    assert_eq!(message, "STOPPING=1");
    assert!(signs >= 2, "{signs} signs of life in 900 ms");

    // The socket is the supervisor's: whoever comes now waits for the next start.
    let address = supervisor.address();
    let waiting = std::thread::spawn(move || process(address));
    let service = supervisor.start(&folder);
    let third = waiting.join().unwrap();
    assert!(third != first && third != second);
    service.end();
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn without_its_socket_unit_it_says_what_is_missing() {
    let output = Command::new(PROGRAM).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("was given no socket named `http`"),
        "{stderr}"
    );
}

#[test]
fn the_units_say_what_the_program_expects() {
    let socket = include_str!("../app.socket");
    assert!(socket.contains("\nFileDescriptorName=http\n"));
    let service = include_str!("../app.service");
    for line in [
        "Type=notify",
        "NotifyAccess=all",
        "WatchdogSec=30s",
        "KillSignal=SIGTERM",
    ] {
        assert!(service.contains(&format!("\n{line}\n")), "{line}");
    }
    let verify = Path::new("/usr/bin/systemd-analyze");
    if !verify.exists() {
        println!(
            "skipped: systemd-analyze, which reads the units as systemd does, is not installed"
        );
        return;
    }
    // As they are but for the program, which is not installed.
    let folder = folder("units");
    fs::write(folder.join("app.socket"), socket).unwrap();
    let here = service.replace("/usr/local/bin/app", PROGRAM);
    fs::write(folder.join("app.service"), here).unwrap();
    let output = Command::new(verify)
        .args(["verify", "app.socket", "app.service"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let of_ours: Vec<&str> = said.lines().filter(|line| line.contains("app.s")).collect();
    assert!(of_ours.is_empty(), "{said}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn systemd_socket_activate_starts_it_with_the_first_connection() {
    let activate = Path::new("/usr/bin/systemd-socket-activate");
    if !activate.exists() {
        println!("skipped: systemd-socket-activate is not installed (Debian: systemd)");
        return;
    }
    let folder = folder("activate");
    let socket = folder.join("app.sock");
    let mut child = Command::new(activate)
        .arg("-l")
        .arg(&socket)
        .args(["--fdname=http", PROGRAM])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    let mut stream = loop {
        match std::os::unix::net::UnixStream::connect(&socket) {
            Ok(stream) => break stream,
            Err(cause) => assert!(begun.elapsed() < PATIENCE, "{cause}"),
        }
        std::thread::yield_now();
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (_, body) = ask(&mut stream, "GET /", "").unwrap();
    // It becomes the program instead of starting it.
    assert_eq!(body, format!("Hello from process {}!\n", child.id()));
    kill("TERM", child.id());
    assert!(child.wait().unwrap().success());
    fs::remove_dir_all(&folder).unwrap();
}
