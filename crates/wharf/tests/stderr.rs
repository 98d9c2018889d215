//! Without a `tracing` subscriber, what nobody sees goes to standard error.
#![cfg(all(feature = "server", feature = "http1"))]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use wharf::server::Settings;
use wharf::{App, BoxError, Setup};

const CHILD: &str = "WHARF_TEST_CHILD";

/// The program: an app whose background task fails at once. A test only where the other one starts it.
#[test]
fn program() {
    if std::env::var_os(CHILD).is_some() {
        let app = App::new().task("mirror", async |_: Setup| {
            Err::<(), BoxError>("the far end is gone".into())
        });
        let settings = Settings::new().bind("127.0.0.1:0").quiet(true);
        wharf::run_with(app, settings).unwrap();
    }
}

#[test]
fn a_background_task_that_fails_is_told_on_standard_error() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "program", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines
        .map_while(Result::ok)
        .find(|line| line.contains("mirror"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        told.as_deref(),
        Some("error: background task `mirror` failed: the far end is gone")
    );
}
