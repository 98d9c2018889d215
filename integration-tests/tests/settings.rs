//! What a program is told from outside: by a file, by its environment and by its arguments.
#![cfg(unix)]

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process};

    const PATIENCE: Duration = Duration::from_secs(20);

    fn quay(args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quay"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WHARF_")) {
            command.env_remove(name);
        }
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a program that ends by itself.
    fn output(command: &mut Command) -> (Option<i32>, String, String) {
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// A folder of its own for each test, that goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("quay-settings-{}-{count}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn path(&self, name: &str) -> String {
            self.0.join(name).display().to_string()
        }

        fn file(&self, name: &str, text: &str) -> String {
            let path = self.path(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    fn line<'a>(text: &'a str, key: &str) -> &'a str {
        text.lines()
            .find(|line| line.starts_with(&format!("{key} = ")))
            .unwrap_or_else(|| panic!("no {key} in {text}"))
    }

    #[test]
    fn a_flag_beats_a_variable_a_variable_the_file_and_the_file_the_program() {
        let folder = Folder::new();
        let file = folder.file(
            "wharf.toml",
            "bind = \"127.0.0.1:1\"\nbacklog = 1\nidle_timeout = \"1s\"\n",
        );
        let mut command = quay(&["--print-config", "--idle-timeout=3s"]);
        command
            .env("QUAY", "by-hand")
            .env("WHARF_CONFIG", &file)
            .env("WHARF_BACKLOG", "2")
            .env("WHARF_IDLE_TIMEOUT", "2s");
        let (status, stdout, stderr) = output(&mut command);
        assert_eq!((status, &*stderr), (Some(0), ""));
        assert_eq!(
            line(&stdout, "bind"),
            format!("bind = [\"127.0.0.1:1\"]  # file {file}")
        );
        assert_eq!(
            line(&stdout, "backlog"),
            "backlog = 2  # variable WHARF_BACKLOG"
        );
        assert_eq!(
            line(&stdout, "idle_timeout"),
            "idle_timeout = \"3s\"  # flag --idle-timeout"
        );
        assert_eq!(line(&stdout, "nodelay"), "nodelay = true  # default");

        let mut command = quay(&["--print-config"]);
        let (_, stdout, _) = output(command.env("QUAY", "by-hand"));
        assert_eq!(line(&stdout, "bind"), "bind = [\"127.0.0.1:0\"]  # program");
    }

    #[test]
    fn what_is_printed_is_a_file_that_gives_the_same() {
        let folder = Folder::new();
        let told = [
            "--print-config",
            "--bind=unix:/run/a.sock",
            "--trusted-proxies=unix",
            "--access-log=%a \"%r\"",
            "--request-head-size=32KiB",
            "--workers=3",
        ];
        let (status, first, _) = output(&mut quay(&told));
        assert_eq!(status, Some(0));
        let file = folder.file("wharf.toml", &first);
        let (status, second, stderr) = output(&mut quay(&["--print-config", "--config", &file]));
        assert_eq!(status, Some(0), "{stderr}");
        let values = |text: &str| -> Vec<String> {
            let value = |line: &str| line.split("  # ").next().unwrap().to_owned();
            text.lines().map(value).collect()
        };
        assert_eq!(values(&first), values(&second));
    }

    #[test]
    fn a_bad_file_has_status_2_every_mistake_in_it_is_named_and_nothing_is_bound() {
        let folder = Folder::new();
        let socket = folder.path("quay.sock");
        let file = folder.file(
            "wharf.toml",
            &format!("bind = \"unix:{socket}\"\nidle_timeot = \"1s\"\nworkers = \"4\"\n"),
        );
        for arg in ["--quiet", "--check", "--print-config"] {
            let mut command = quay(&["--config", &file, "--max-requests=0", arg]);
            let (status, stdout, stderr) = output(command.env("WHARF_BACKLOG", "many"));
            assert_eq!((status, &*stdout), (Some(2), ""));
            assert_eq!(
                stderr,
                format!(
                    "Error: 4 settings are wrong:\n  \
                     --max-requests: 0 is too few, at least 1 is needed, or none\n  \
                     WHARF_BACKLOG: `many` is not a whole number up to 4294967295\n  \
                     {file}:2: unknown key `idle_timeot`; did you mean `idle_timeout`?\n  \
                     {file}:3: workers: \"4\" was given, expected a whole number, or \"auto\"\n"
                )
            );
            assert!(!fs::exists(&socket).unwrap());
        }
        let (status, _, stderr) = output(&mut quay(&["--config=/nowhere/wharf.toml"]));
        assert_eq!(status, Some(2));
        assert!(
            stderr.starts_with("Error: /nowhere/wharf.toml: the file cannot be read: "),
            "{stderr}"
        );
    }

    #[test]
    fn the_check_reads_the_file_too() {
        let folder = Folder::new();
        let file = folder.file("wharf.toml", "workers = 2\n");
        let (status, stdout, stderr) = output(&mut quay(&["--check", "--config", &file]));
        assert_eq!((status, &*stdout, &*stderr), (Some(0), "OK\n", ""));
        // With both, what is printed is still a file.
        let (status, stdout, _) = output(&mut quay(&["--check", "--print-config"]));
        assert_eq!(status, Some(0));
        assert!(!stdout.contains("OK"), "{stdout}");
        let mut wrong = quay(&["--check", "--print-config"]);
        assert_eq!(output(wrong.env("QUAY", "check")).0, Some(1));
    }

    #[test]
    fn a_server_does_what_its_file_says() {
        let folder = Folder::new();
        let socket = folder.path("quay.sock");
        let pid_file = folder.path("quay.pid");
        let file = folder.file(
            "wharf.toml",
            &format!(
                "bind = \"unix:{socket}\"\nunix_mode = 0o600\nserver_header = \"quay\"\nkeep_alive = false\n\
                 pid_file = \"{pid_file}\"\naccess_log = \"%s %r\"\n"
            ),
        );
        let mut child = quay(&["--config", &file]).spawn().unwrap();
        let mut banner = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut banner).unwrap();
        assert_eq!(
            banner,
            format!("======== Running on http://unix:{socket}: ========\n")
        );
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&socket).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: quay.test\r\n\r\n")
            .unwrap();
        // It ends by itself, since nothing is kept alive.
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("\r\nserver: quay\r\n"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        // It is written after the banner, and there is no event to wait for.
        let begun = Instant::now();
        while fs::read_to_string(&pid_file).ok() != Some(format!("{}\n", child.id())) {
            assert!(begun.elapsed() < PATIENCE, "no {pid_file}");
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
        assert!(stderr.contains("\n200 GET / HTTP/1.1\n"), "{stderr}");
        assert!(!fs::exists(&pid_file).unwrap());
    }
}
