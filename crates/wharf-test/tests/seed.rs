//! The seed of a test that fails is on its standard error; seen from another process, since only the test itself can fail.

use std::process::Command;

use wharf_test::fault::Faults;

#[test]
fn the_seed_is_printed_when_a_test_fails_and_not_otherwise() {
    for (test, printed) in [("a_test_that_fails", true), ("a_test_that_passes", false)] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", test])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        let line = "faults: seed 1234567, 2 connections\n";
        assert_eq!(text.contains(line), printed, "{test}: {text}");
        assert_eq!(output.status.success(), !printed, "{test}");
    }
}

#[test]
#[ignore = "it fails on purpose, in another process"]
fn a_test_that_fails() {
    let faults = Faults::seeded(1_234_567);
    faults.wrap(tokio::io::empty());
    faults.wrap(tokio::io::empty());
    panic!("on purpose");
}

#[test]
#[ignore = "it is run in another process"]
fn a_test_that_passes() {
    Faults::seeded(1_234_567).wrap(tokio::io::empty());
}
