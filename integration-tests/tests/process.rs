//! A server as a process: what it prints, what signals do, how it exits, and a limit of the system that it runs into.
#![cfg(unix)]

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process};

    const QUAY: &str = env!("CARGO_BIN_EXE_quay");

    /// Longer than anything here takes; a test that waits for it has failed.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn quay(args: &[&str]) -> Command {
        let mut command = Command::new(QUAY);
        command.args(args);
        command
            .env_remove("WHARF_BIND")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a program that ends by itself.
    fn output(args: &[&str], wrong: &str) -> (Option<i32>, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = quay(args).env("QUAY", wrong).output().unwrap();
        (
            status.code(),
            String::from_utf8(stdout).unwrap(),
            String::from_utf8(stderr).unwrap(),
        )
    }

    /// A program that serves.
    struct Running {
        child: Child,
        stdout: BufReader<ChildStdout>,
        stderr: BufReader<ChildStderr>,
    }

    impl Running {
        fn of(command: &mut Command) -> Self {
            let mut child = command.spawn().unwrap();
            Self {
                stdout: BufReader::new(child.stdout.take().unwrap()),
                stderr: BufReader::new(child.stderr.take().unwrap()),
                child,
            }
        }

        /// Starts it on a port that the system chooses, and waits for the banner.
        fn start(command: &mut Command) -> (Self, SocketAddr) {
            let mut running = Self::of(command.arg("--bind=127.0.0.1:0"));
            let mut line = String::new();
            running.stdout.read_line(&mut line).unwrap();
            let addr = line
                .strip_prefix("======== Running on http://")
                .and_then(|rest| rest.strip_suffix(" ========\n"))
                .unwrap_or_else(|| panic!("no banner in `{line}`"))
                .parse()
                .unwrap();
            running.stderr_until("starting");
            (running, addr)
        }

        fn signal(&self, signal: Signal) {
            kill_process(Pid::from_child(&self.child), signal).unwrap();
        }

        /// Reads lines up to and with the first that contains `text`, and returns that one.
        fn stderr_until(&mut self, text: &str) -> String {
            let mut all = String::new();
            loop {
                let mut line = String::new();
                self.stderr.read_line(&mut line).unwrap();
                assert!(!line.is_empty(), "no `{text}` in `{all}`");
                if line.contains(text) {
                    return line;
                }
                all += &line;
            }
        }

        /// Waits for its end and returns its status and what was left to read.
        fn end(mut self) -> (Option<i32>, String, String) {
            let (mut stdout, mut stderr) = (String::new(), String::new());
            self.stdout.read_to_string(&mut stdout).unwrap();
            self.stderr.read_to_string(&mut stderr).unwrap();
            let status = self.child.wait().unwrap();
            (status.code(), stdout, stderr)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            // Only a test that failed leaves it running.
            let _ended = self.child.kill();
            let _ended = self.child.wait();
        }
    }

    fn connect(addr: SocketAddr) -> TcpStream {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn send(mut stream: &TcpStream, path: &str) {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: quay.test\r\n\r\n").unwrap();
    }

    /// Reads up to the end of the service's answer.
    fn answer(mut stream: impl Read) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(b"done;") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        String::from_utf8(answer).unwrap()
    }

    fn get(addr: SocketAddr, path: &str) -> String {
        let stream = connect(addr);
        send(&stream, path);
        answer(&stream)
    }

    #[test]
    fn terminated_it_finishes_what_it_has_begun_and_exits_with_success() {
        for signal in [Signal::TERM, Signal::INT] {
            let (mut running, addr) = Running::start(&mut quay(&[]));
            let stream = connect(addr);
            send(&stream, "/");
            answer(&stream);
            send(&stream, "/until-shutdown");
            let line = running.stderr_until("GET / HTTP/1.1");
            assert!(line.starts_with("127.0.0.1 ["), "{line}");
            assert!(line.contains("\"GET / HTTP/1.1\" 200 "), "{line}");
            running.stderr_until("a request waits");
            running.signal(signal);
            assert!(answer(&stream).contains("\r\nconnection: close\r\n"));
            let (status, stdout, stderr) = running.end();
            assert_eq!(status, Some(0), "{stderr}");
            assert_eq!(stdout, "(Press CTRL+C to quit)\n");
            assert!(
                stderr.contains("\"GET /until-shutdown HTTP/1.1\" 200 "),
                "{stderr}"
            );
            assert!(stderr.ends_with("stopping\n"), "{stderr}");
            assert!(TcpStream::connect(addr).is_err());
        }
    }

    #[test]
    fn terminated_under_load_it_loses_no_request() {
        let (running, addr) = Running::start(&mut quay(&["--access-log=off"]));
        let answered = AtomicUsize::new(0);
        let lost: Vec<String> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| requests_until_refused(addr, &answered)))
                .collect();
            while answered.load(Ordering::Relaxed) < 2_000 {
                std::thread::yield_now();
            }
            running.signal(Signal::TERM);
            clients
                .into_iter()
                .filter_map(|client| client.join().unwrap().err())
                .collect()
        });
        assert_eq!(lost, [""; 0]);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
    }

    /// Sends one request after the other, until no connection can be made any more.
    ///
    /// A kept connection that ends is no excuse: the server has to say so in its last answer.
    fn requests_until_refused(addr: SocketAddr, answered: &AtomicUsize) -> Result<(), String> {
        while let Ok(stream) = TcpStream::connect(addr) {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut reader = BufReader::new(&stream);
            for count in 1.. {
                write!(&stream, "GET / HTTP/1.1\r\nHost: quay.test\r\n\r\n")
                    .map_err(|cause| format!("request {count} could not be sent: {cause}"))?;
                let mut answer = Vec::new();
                while !answer.ends_with(b"done;") {
                    match reader.read_until(b';', &mut answer) {
                        Ok(1..) => {}
                        end => return Err(format!("request {count} was not answered: {end:?}")),
                    }
                }
                answered.fetch_add(1, Ordering::Relaxed);
                if String::from_utf8_lossy(&answer).contains("\r\nconnection: close\r\n") {
                    break;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_second_signal_skips_the_wait_for_requests() {
        let (mut running, addr) = Running::start(&mut quay(&["--shutdown-timeout=none"]));
        let stuck = connect(addr);
        send(&stuck, "/stuck");
        running.stderr_until("a request waits");
        running.signal(Signal::TERM);
        let line = running.stderr_until("waiting for");
        assert_eq!(
            line,
            "waiting for 1 connections and 0 tasks; a second signal skips the wait\n"
        );
        running.signal(Signal::TERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
    }

    #[test]
    fn a_third_signal_skips_the_wait_for_the_service() {
        let (mut running, _) = Running::start(quay(&[]).env("QUAY", "stopping"));
        running.signal(Signal::TERM);
        running.stderr_until("stopping");
        running.signal(Signal::TERM);
        running.signal(Signal::INT);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(1));
        assert_eq!(
            stderr,
            "Error: the service was told to stop, and interrupted before it had\n"
        );
    }

    #[test]
    fn two_signals_give_up_a_start_that_does_not_end() {
        let mut running = Running::of(quay(&[]).env("QUAY", "starting"));
        running.stderr_until("starting");
        running.signal(Signal::TERM);
        running.signal(Signal::INT);
        let (status, stdout, stderr) = running.end();
        assert_eq!(status, Some(1));
        assert_eq!(stdout, "");
        assert_eq!(
            stderr,
            "Error: the service was told to stop twice before it had started\n"
        );
    }

    #[test]
    fn a_service_that_fails_is_an_exit_status_and_one_readable_message() {
        assert_eq!(
            output(&[], "start"),
            (
                Some(1),
                String::new(),
                "starting\nError: the service did not start: no database\n".into()
            )
        );
        let (mut running, _) = Running::start(quay(&[]).env("QUAY", "stop"));
        running.signal(Signal::TERM);
        running.stderr_until("stopping");
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(1));
        assert_eq!(
            stderr,
            "Error: the service did not stop properly: the database is gone\n"
        );
    }

    #[test]
    fn an_address_in_use_is_told_in_words_after_the_service_was_stopped() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap();
        let (status, stdout, stderr) = output(&["--bind", &addr.to_string()], "");
        assert_eq!((status, &*stdout), (Some(1), ""));
        assert_eq!(
            stderr,
            format!(
                "starting\nstopping\nError: could not listen on {addr} (another program listens there: stop it, \
                 or choose another address): Address already in use (os error 98)\n"
            )
        );
    }

    #[test]
    fn check_says_ok_or_what_is_wrong_and_starts_nothing() {
        assert_eq!(
            output(&["--check"], ""),
            (Some(0), "OK\n".into(), String::new())
        );
        for args in [&["--check"][..], &[]] {
            assert_eq!(
                output(args, "check"),
                (
                    Some(1),
                    String::new(),
                    "Error: the check failed: two things are wrong:\n  - the first\n  - the second\n"
                        .into()
                )
            );
        }
    }

    #[test]
    fn a_wrong_call_has_an_exit_status_of_its_own() {
        let unknown =
            "Error: unknown option `--bnid`; did you mean `--bind`? `--help` lists all options\n";
        assert_eq!(
            output(&["--bnid", "127.0.0.1:0"], ""),
            (Some(2), String::new(), unknown.into())
        );
        let output = quay(&[]).env("WHARF_BIND", "8080").output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.starts_with("Error: WHARF_BIND: `8080` is not an address to listen on: "),
            "{stderr}"
        );
    }

    #[test]
    fn a_server_made_by_hand_takes_the_same_flags() {
        assert_eq!(
            output(&["--check"], "by-hand"),
            (Some(0), "OK\n".into(), String::new())
        );
        let (status, stdout, _) = output(&["--help"], "by-hand");
        assert_eq!(status, Some(0));
        assert!(stdout.starts_with("Usage: quay [OPTIONS]\n"), "{stdout}");
        let (status, _, stderr) = output(&["--bnid", "127.0.0.1:0"], "by-hand");
        assert_eq!(status, Some(2), "{stderr}");
        // An address of the call replaces that of the program.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap().to_string();
        let (status, _, stderr) = output(&["--bind", &addr], "by-hand");
        assert_eq!(status, Some(1));
        assert!(
            stderr.contains(&format!("could not listen on {addr}")),
            "{stderr}"
        );
    }

    #[test]
    fn a_worker_that_is_held_up_is_named_while_it_lasts_and_others_serve() {
        let (mut running, addr) = Running::start(&mut quay(&["--workers=2", "--access-log=off"]));
        let spinning = connect(addr);
        send(&spinning, "/spin");
        let line = running.stderr_until("by GET /spin");
        let (worker, _) = line
            .strip_prefix("warning: worker ")
            .and_then(|rest| rest.split_once(" has been held up for "))
            .unwrap_or_else(|| panic!("{line}"));
        // The system puts about half of these into the queue of the worker that spins.
        for _ in 0..20 {
            get(addr, "/");
        }
        get(addr, "/stop-spinning");
        answer(&spinning);
        running.stderr_until(&format!(
            "worker {worker} goes on after it was held up for "
        ));
        running.signal(Signal::TERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
    }

    #[test]
    fn a_process_that_is_held_up_for_too_long_exits_when_it_was_told_to() {
        let mut command = quay(&["--workers=2", "--access-log=off"]);
        command.env("QUAY", "by-hand").env("QUAY_EXIT_AFTER", "300");
        let (running, addr) = Running::start(&mut command);
        let spinning = connect(addr);
        send(&spinning, "/spin");
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(70), "{stderr}");
        assert!(
            stderr.ends_with("s by GET /spin: the process exits\n"),
            "{stderr}"
        );
    }

    #[test]
    fn help_is_printed_and_nothing_else_happens() {
        let (status, stdout, stderr) = output(&["--help", "--bind=127.0.0.1:0"], "check");
        assert_eq!((status, &*stderr), (Some(0), ""));
        // The guide has the whole text, for a program of another name.
        let chapter = include_str!("../../crates/wharf/src/guide/running.md");
        let (_, rest) = chapter.split_once("$ harbour --help\n").unwrap();
        let (help, _) = rest.split_once("```\n").unwrap();
        assert_eq!(stdout, help.replacen("harbour", "quay", 1));
    }

    #[test]
    fn a_flag_beats_its_variable() {
        let mut command = quay(&["--quiet=no"]);
        command
            .env("WHARF_QUIET", "yes")
            .env("WHARF_BIND", "192.0.2.1:1");
        let (running, addr) = Running::start(&mut command);
        get(addr, "/");
        drop(running);
    }

    #[test]
    fn errors_are_printed_even_when_it_is_quiet() {
        let socket = std::env::temp_dir().join(format!("quay-{}.sock", std::process::id()));
        let mut running =
            Running::of(quay(&["--quiet"]).env("WHARF_BIND", format!("unix:{}", socket.display())));
        running.stderr_until("starting");
        let stream = until_it_listens(&socket);
        write!(&stream, "GET /error HTTP/1.1\r\nHost: quay.test\r\n\r\n").unwrap();
        answer(&stream);
        drop(stream);
        running.signal(Signal::TERM);
        let (status, stdout, stderr) = running.end();
        assert_eq!((status, &*stdout), (Some(0), ""));
        assert_eq!(stderr, "error: the crane is stuck\nstopping\n");
        assert!(!socket.exists());
    }

    #[test]
    fn it_serves_on_when_nobody_reads_what_it_prints() {
        let socket = std::env::temp_dir().join(format!("quay-deaf-{}.sock", std::process::id()));
        let mut child = quay(&["--bind", &format!("unix:{}", socket.display())])
            .spawn()
            .unwrap();
        // Closes its ends of the pipes: whatever is printed from now on fails.
        drop((child.stdout.take(), child.stderr.take()));
        for _ in 0..2 {
            let stream = until_it_listens(&socket);
            write!(&stream, "GET /error HTTP/1.1\r\nHost: quay.test\r\n\r\n").unwrap();
            answer(&stream);
        }
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }

    /// Tries to connect until it works: where nothing is printed, there is no event to wait for.
    fn until_it_listens(socket: &std::path::Path) -> UnixStream {
        let begun = Instant::now();
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    return stream;
                }
                Err(cause) => assert!(begun.elapsed() < PATIENCE, "{cause}"),
            }
            std::thread::yield_now();
        }
    }

    /// A command that has at most 64 descriptors.
    fn quay_with_few_descriptors() -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\"", QUAY])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// A place for a socket or a file that no other test uses.
    fn socket_path() -> std::path::PathBuf {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        std::env::temp_dir().join(format!("quay-{}-{count}.sock", std::process::id()))
    }

    /// Asks which process answers.
    fn process(addr: SocketAddr) -> i32 {
        let answer = get(addr, "/process");
        let body = answer.rsplit("\r\n").next().unwrap();
        body.strip_suffix(" done;").unwrap().parse().unwrap()
    }

    /// Waits until another process answers than those that were there before, of which some may answer still.
    fn successor(addr: SocketAddr, old: &[i32]) -> i32 {
        let begun = Instant::now();
        loop {
            let process = process(addr);
            if !old.contains(&process) {
                return process;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "process {process} still answers"
            );
        }
    }

    fn kill(process: i32, signal: Signal) {
        kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
    }

    /// Sends requests one after the other until it is told to stop; returns how many were answered, or what went wrong.
    fn steady<S: Read + Write>(
        connect: impl Fn() -> std::io::Result<S>,
        requests_each: usize,
        stop: &std::sync::atomic::AtomicBool,
    ) -> Result<usize, String> {
        let mut answered = 0;
        while !stop.load(Ordering::Relaxed) {
            let mut stream = connect().map_err(|cause| format!("refused: {cause}"))?;
            for _ in 0..requests_each {
                stream
                    .write_all(b"GET / HTTP/1.1\r\nHost: quay.test\r\n\r\n")
                    .map_err(|cause| format!("not taken: {cause}"))?;
                let mut answer = Vec::new();
                while !answer.ends_with(b"done;") {
                    let mut piece = [0; 512];
                    match stream.read(&mut piece) {
                        Ok(read @ 1..) => answer.extend_from_slice(&piece[..read]),
                        end => return Err(format!("not answered: {end:?} after {answer:?}")),
                    }
                }
                answered += 1;
                let answer = String::from_utf8(answer).unwrap();
                if answer.to_lowercase().contains("connection: close") {
                    break;
                }
            }
        }
        Ok(answered)
    }

    #[test]
    fn ten_restarts_under_load_lose_no_connection_and_no_request() {
        let socket = socket_path();
        let unix = format!("--bind=unix:{}", socket.display());
        let mut running = Running::of(
            quay(&["--bind=127.0.0.1:0", "--workers=2", &unix]).arg("--access-log=off"),
        );
        let mut line = String::new();
        running.stdout.read_line(&mut line).unwrap();
        let addr: SocketAddr = line
            .split_once("http://127.0.0.1:")
            .and_then(|(_, rest)| rest.split([',', ' ']).next())
            .map(|port| ([127, 0, 0, 1], port.parse().unwrap()).into())
            .unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let outcomes = std::thread::scope(|scope| {
            let mut clients = Vec::new();
            for requests_each in [1, 7, 1000] {
                let stop = &stop;
                clients
                    .push(scope.spawn(move || steady(|| Ok(connect(addr)), requests_each, stop)));
                let socket = socket.clone();
                clients.push(
                    scope.spawn(move || {
                        steady(|| UnixStream::connect(&socket), requests_each, stop)
                    }),
                );
            }
            let mut processes = vec![process(addr)];
            let mut now = processes[0];
            assert_eq!(now, i32::try_from(running.child.id()).unwrap());
            for _ in 0..10 {
                kill(now, Signal::USR2);
                now = successor(addr, &processes);
                processes.push(now);
            }
            stop.store(true, Ordering::Relaxed);
            let outcomes: Vec<_> = clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .collect();
            assert!(socket.exists());
            kill(now, Signal::TERM);
            outcomes
        });
        for outcome in outcomes {
            assert!(
                outcome.as_ref().is_ok_and(|&answered| answered > 10),
                "{outcome:?}"
            );
        }
        let (status, stdout, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
        assert_eq!(stdout.matches("Running on").count(), 10, "{stdout}");
        assert!(!socket.exists(), "the last one has removed it");
        assert!(!stderr.contains("warning"), "{stderr}");
    }

    #[test]
    fn a_successor_that_fails_leaves_everything_as_it_was() {
        // The check of the program reads its environment, which a successor inherits: a file tells it to fail.
        let flag = socket_path();
        // Its lines would fill a pipe that nobody empties while answers are waited for.
        let mut command = quay(&["--access-log=off"]);
        command.env("QUAY_FAILS_IF", &flag);
        let (mut running, addr) = Running::start(&mut command);
        let first = process(addr);
        std::fs::write(&flag, "").unwrap();
        running.signal(Signal::USR2);
        let line = running.stderr_until("nothing has changed");
        assert!(
            line.contains("ended before it was ready (exit status: 1)"),
            "{line}"
        );
        assert_eq!(process(addr), first);
        std::fs::remove_file(&flag).unwrap();
        running.signal(Signal::USR2);
        let second = successor(addr, &[first]);
        kill(second, Signal::TERM);
        assert_eq!(running.end().0, Some(0));
    }

    #[test]
    fn a_program_that_is_built_again_takes_over_from_itself() {
        let watched = socket_path();
        std::fs::write(&watched, "one").unwrap();
        let watch = format!("--reload-watch={}", watched.display());
        // The build fails as long as the file says so.
        let build = format!("--reload-command=! grep -q bad {}", watched.display());
        let (mut running, addr) =
            Running::start(&mut quay(&["--reload", "--access-log=off", &watch, &build]));
        let first = process(addr);
        assert_ne!(first, i32::try_from(running.child.id()).unwrap());

        std::fs::write(&watched, "two, and bad").unwrap();
        running.stderr_until("the build failed");
        assert_eq!(process(addr), first);

        std::fs::write(&watched, "three").unwrap();
        let second = successor(addr, &[first]);
        running.signal(Signal::TERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
        assert!(kill_process(Pid::from_raw(second).unwrap(), Signal::TERM).is_err());
        assert!(TcpStream::connect(addr).is_err());
        std::fs::remove_file(&watched).unwrap();
    }

    #[test]
    fn sockets_that_a_supervisor_opened_are_served_by_name_and_not_handed_to_children() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = tcp.local_addr().unwrap();
        let socket = socket_path();
        let unix = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let mut command = quay(&["--bind=systemd:web", "--bind=systemd:local"]);
        let mut row = vec![rustix::io::fcntl_dupfd_cloexec(&tcp, 200).unwrap()];
        row.push(
            rustix::io::fcntl_dupfd_cloexec(&unix, std::os::fd::AsRawFd::as_raw_fd(&row[0]) + 1)
                .unwrap(),
        );
        for descriptor in &row {
            rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::empty()).unwrap();
        }
        command
            .env("LISTEN_FDS", "2")
            .env(
                "LISTEN_FDS_FIRST_FD",
                std::os::fd::AsRawFd::as_raw_fd(&row[0]).to_string(),
            )
            .env("LISTEN_FDNAMES", "web:local");
        let mut running = Running::of(&mut command);
        drop((row, tcp, unix));
        running.stderr_until("starting");
        assert!(get(addr, "/").ends_with("done;"));
        let stream = until_it_listens(&socket);
        (&stream)
            .write_all(b"GET /environment HTTP/1.1\r\nHost: quay.test\r\n\r\n")
            .unwrap();
        let environment = answer(&stream);
        assert!(!environment.contains("LISTEN_FDS="), "{environment}");
        assert!(!environment.contains("LISTEN_PID="), "{environment}");
        drop(stream);
        // So it is with whoever takes over.
        let first = process(addr);
        running.signal(Signal::USR2);
        let second = successor(addr, &[first]);
        kill(second, Signal::USR2);
        let third = successor(addr, &[first, second]);
        let stream = until_it_listens(&socket);
        (&stream)
            .write_all(b"GET / HTTP/1.1\r\nHost: quay.test\r\n\r\n")
            .unwrap();
        answer(&stream);
        kill(third, Signal::TERM);
        assert_eq!(running.end().0, Some(0));
        assert!(socket.exists(), "it is the supervisor's to remove");
        std::fs::remove_file(&socket).unwrap();
    }

    #[test]
    fn more_peers_than_descriptors_do_not_make_it_deaf() {
        let (mut running, addr) = Running::start(quay_with_few_descriptors().arg("--workers=1"));
        let line = running.stderr_until("warning");
        assert_eq!(
            line,
            "warning: at most 48 connections at a time instead of 25000: \
             the limit of open descriptors allows no more\n"
        );
        let peers: Vec<TcpStream> = (0..200).map(|_| connect(addr)).collect();
        let line = running.stderr_until("warning");
        assert_eq!(
            line,
            "warning: 48 connections are open, which is the limit: others wait for their turn\n"
        );
        // Those who were let in are served, the others wait.
        send(&peers[0], "/");
        answer(&peers[0]);
        drop(peers);
        get(addr, "/");
        running.signal(Signal::TERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
    }

    #[test]
    fn without_a_descriptor_left_peers_wait_until_there_is_one() {
        let (mut running, addr) = Running::start(quay_with_few_descriptors().arg("--workers=1"));
        let greedy = connect(addr);
        send(&greedy, "/greedy");
        answer(&greedy);
        let waiting: Vec<TcpStream> = (0..10).map(|_| connect(addr)).collect();
        for stream in &waiting {
            send(stream, "/");
        }
        let line = running.stderr_until("could not accept");
        assert_eq!(
            line,
            "warning: could not accept a connection with 1 open, and will keep trying: \
             Too many open files (os error 24)\n"
        );
        send(&greedy, "/release");
        answer(&greedy);
        for stream in &waiting {
            answer(stream);
        }
        get(addr, "/");
        running.signal(Signal::TERM);
        let (status, _, stderr) = running.end();
        assert_eq!(status, Some(0), "{stderr}");
        assert!(!stderr.contains("could not accept"), "{stderr}");
    }
}
