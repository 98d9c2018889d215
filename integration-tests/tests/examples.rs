//! Every example says how it is run and what to see then, and has a test that runs it.

use std::fs;
use std::path::Path;

#[test]
fn every_example_tells_how_it_is_run_and_is_tested() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut names = Vec::new();
    for entry in fs::read_dir(&examples).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("Cargo.toml").exists() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let main = fs::read_to_string(folder.join("src/main.rs")).unwrap();
        let docs: Vec<&str> = main
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        // One with a workspace of its own is run in its folder.
        let own = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let command = match own.contains("\n[workspace]\n") {
            true => "cargo run".to_owned(),
            false => format!("cargo run -p {name}"),
        };
        let run = docs.iter().find(|line| line.starts_with("//! Run:  "));
        assert!(
            run.is_some_and(|line| line.contains(&command)),
            "{name}: no `Run:` line with `{command}`"
        );
        let then = docs.iter().find(|line| line.starts_with("//! Then: "));
        assert!(then.is_some(), "{name}: no `Then:` line");
        let tests = fs::read_dir(folder.join("tests")).into_iter().flatten();
        assert!(tests.count() > 0, "{name}: no tests");
        names.push(name);
    }
    assert!(names.contains(&"harbour".to_owned()), "{names:?}");
}
