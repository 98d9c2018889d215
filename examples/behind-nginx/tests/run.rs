//! The program, as its first lines say it is used: by a plain client, and by nginx where it is installed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../service.rs"]
mod service;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use service::{PATIENCE, Service, ask, folder, kill};

/// What nginx gets, with a socket and a port of this test.
const CONFIG: &str = include_str!("../nginx.conf");

fn start(folder: &Path) -> Service {
    let socket = folder.join("app.sock");
    let (service, _) = Service::start(
        Command::new(env!("CARGO_BIN_EXE_behind-nginx"))
            .env("WHARF_BIND", format!("unix:{}", socket.display())),
    );
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    service
}

#[test]
fn a_client_on_the_socket_is_believed() {
    let folder = folder("on-the-socket");
    let mut service = start(&folder);
    let connect = || UnixStream::connect(folder.join("app.sock")).unwrap();
    let fields = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    let (_, body) = ask(&mut connect(), "GET /", fields).unwrap();
    assert!(
        body.starts_with("192.0.2.7 asked for https://quay.test/ "),
        "{body}"
    );
    // Without them it is known by its process alone, and so is who answers.
    let (_, body) = ask(&mut connect(), "GET /", "").unwrap();
    assert!(body.starts_with("unix:"), "{body}");
    let process = || {
        let (_, body) = ask(&mut connect(), "GET /", "").unwrap();
        let (_, process) = body.trim_end().rsplit_once(' ').unwrap();
        process.parse().unwrap()
    };
    service.restart(|now| kill("USR2", now), process);
    let (_, body) = ask(&mut connect(), "GET /", fields).unwrap();
    assert!(
        body.starts_with("192.0.2.7 asked for https://quay.test/ "),
        "{body}"
    );
    service.end();
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn nginx_tells_who_its_client_is() {
    let Some(program) = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    else {
        println!("skipped: nginx is not installed");
        return;
    };
    let folder = folder("behind-nginx");
    let service = start(&folder);
    let nginx = Nginx::start(program, &folder);
    let mut stream = TcpStream::connect(&nginx.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let forged = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n";
    for fields in ["", forged] {
        let (_, body) = ask(&mut stream, "GET /", fields).unwrap();
        assert!(
            body.starts_with("127.0.0.1 asked for http://quay.test/ "),
            "{body}"
        );
    }
    let upload = format!("Content-Length: 1048576\r\n\r\n{}", "x".repeat(1 << 20));
    let (_, body) = ask(&mut stream, "POST /upload", &upload).unwrap();
    assert_eq!(body, "1048576 bytes, thank you\n");
    drop(nginx);
    service.end();
    fs::remove_dir_all(&folder).unwrap();
}

/// A running nginx with the configuration of the example.
struct Nginx {
    child: Child,
    address: String,
}

impl Nginx {
    fn start(program: &str, folder: &Path) -> Self {
        // It gets a socket that listens already, so that the system chooses the port, and who connects early waits.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let socket = folder.join("app.sock");
        let site = CONFIG
            .replace("listen 80;", &format!("listen {address};"))
            .replace("/run/behind-nginx/app.sock", &socket.display().to_string());
        fs::write(folder.join("site.conf"), site).unwrap();
        let root = rustix::process::geteuid().is_root();
        let user = if root { "user root;" } else { "" };
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {name};"));
        let main = format!(
            "{user} daemon off; worker_processes 1; pid nginx.pid; events {{ }}\n\
             http {{ access_log off; {} include site.conf; }}\n",
            temporary.concat()
        );
        fs::write(folder.join("nginx.conf"), main).unwrap();
        fcntl_setfd(&listener, FdFlags::empty()).unwrap();
        let child = Command::new(program)
            .args(["-c", "nginx.conf", "-e", "stderr", "-p"])
            .arg(folder)
            .env("NGINX", format!("{};", listener.as_raw_fd()))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        kill("TERM", self.child.id());
        let _ended = self.child.wait();
    }
}
