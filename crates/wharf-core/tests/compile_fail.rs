//! What the compiler says to common mistakes: each message names the type that is wrong, and what to write instead.
//!
//! `tests/compile_fail` has a program for each mistake, and beside it the first lines of what the compiler says, up to the
//! version of the compiler. `BLESS=1` writes them anew.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// How many lines are compared. Those after them list all implementors of a trait, and change with each new one.
const LINES: usize = 7;

/// The mistake, and what has to stand in the first lines of the message: the type, and the way out.
struct Mistake {
    program: &'static str,
    says: &'static [&'static str],
    within: usize,
}

const fn mistake(program: &'static str, says: &'static [&'static str]) -> Mistake {
    Mistake {
        program,
        says,
        within: 5,
    }
}

/// One where the words are the compiler's own, which comes to the type two lines later.
const fn told_by_rustc(program: &'static str, says: &'static [&'static str]) -> Mistake {
    Mistake {
        program,
        says,
        within: LINES,
    }
}

const MISTAKES: &[Mistake] = &[
    mistake("not_an_extractor", &["`u64`", "extractors", "`Path<T>`"]),
    mistake("own_type_not_wrapped", &["`Database`", "`State<T>`"]),
    mistake(
        "bad_argument_among_good_ones",
        &["`Database`", "`State<T>`"],
    ),
    mistake(
        "body_not_last",
        &["`String`", "what reads the body goes last"],
    ),
    mistake("two_bodies", &["Bytes`", "what reads the body goes last"]),
    mistake("reference_argument", &["`&Method`", "by value"]),
    mistake(
        "wrapper_around_bad_type",
        &["`Option<Filter>`", "what is inside does not fit"],
    ),
    mistake(
        "json_of_a_type_that_is_not_read",
        &["`Json<Ship>`", "need `T: Deserialize`"],
    ),
    mistake(
        "query_of_a_type_that_is_not_read",
        &["`Filter", "Deserialize"],
    ),
    mistake(
        "generic_function",
        &[
            "type annotations needed",
            "`T` declared on the function `show`",
        ],
    ),
    mistake("not_async", &["{show}`", "write `async fn`"]),
    mistake("too_many_arguments", &["{show}`", "up to 8 arguments"]),
    mistake(
        "verifier_of_another_result",
        &["`bool` does not say who is asking", "`Option<User>`"],
    ),
    mistake("bad_return", &["`Document`", "return text, bytes"]),
    mistake("bad_error", &["`Missing`", "`Result<_, HttpError>`"]),
    told_by_rustc("not_send", &["`show` is not `Send`", "`Rc<String>`"]),
    told_by_rustc(
        "state_not_shareable",
        &[
            "`count` is not `Send`",
            "`Sync` is not implemented for `Cell<u64>`",
        ],
    ),
    mistake(
        "middleware_without_next",
        &[
            "{log}`",
            "write `async fn(Request, Next) -> impl IntoResponse`",
        ],
    ),
    mistake(
        "middleware_in_wrong_order",
        &[
            "fn(Next",
            "write `async fn(Request, Next) -> impl IntoResponse`",
        ],
    ),
    mistake(
        "middleware_with_bad_argument",
        &["`Database`", "`State<T>`"],
    ),
    mistake(
        "middleware_with_bad_return",
        &["`Missing`", "`Result<_, HttpError>`"],
    ),
    told_by_rustc(
        "middleware_not_send",
        &["`log` is not `Send`", "`Rc<String>`"],
    ),
    mistake(
        "resource_without_setup",
        &[
            "expected to take 1 argument",
            "async fn database()",
            "takes 0 arguments",
        ],
    ),
    mistake("resource_without_result", &["`Pool`", "`Result<_, _>`"]),
    mistake(
        "resource_with_bad_cleanup",
        &["`Pool`", "return `async move || ..`"],
    ),
    mistake(
        "resource_with_bad_error",
        &["`HttpError", "`std::error::Error`"],
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail")
}

fn expected(mistake: &Mistake) -> String {
    let path = folder().join(mistake.program).with_extension("stderr");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_message_begins_with_the_type_that_is_wrong_and_what_to_write() {
    for mistake in MISTAKES {
        let message = expected(mistake);
        let first: Vec<&str> = message.lines().take(mistake.within).collect();
        let first = first.join("\n");
        for part in mistake.says {
            assert!(first.contains(part), "no {part:?} in\n{first}");
        }
    }
}

#[test]
fn each_mistake_is_told_as_expected() {
    const TESTED: &str = "rustc 1.95.";
    let version = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("--version")
        .output()
        .unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    if !version.starts_with(TESTED) {
        println!("skipped: messages are those of {TESTED}*, and this is {version}");
        return;
    }
    let messages = compile();
    let bless = env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for mistake in MISTAKES {
        let said = messages
            .get(mistake.program)
            .unwrap_or_else(|| panic!("{} compiles", mistake.program));
        if bless {
            fs::write(
                folder().join(mistake.program).with_extension("stderr"),
                said,
            )
            .unwrap();
        } else if expected(mistake) != *said {
            wrong += &format!(
                "--- {}: expected\n{}--- said\n{said}",
                mistake.program,
                expected(mistake)
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}run with BLESS=1 if this is better"
    );
}

/// Compiles all programs at once, as binaries of a package made for it; returns the beginning of the first error of each.
fn compile() -> HashMap<String, String> {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_fail");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut manifest = format!(
        "[package]\nname = \"compile-fail\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nbytes = \"1\"\nhttp = \"1\"\nwharf-core = {{ path = {root:?}, features = [\"json\"] }}\n"
    );
    for Mistake { program, .. } in MISTAKES {
        let path = folder().join(program).with_extension("rs");
        manifest += &format!("[[bin]]\nname = {program:?}\npath = {path:?}\n");
    }
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The versions of the workspace are there already; without it the newest would have to be fetched.
    let lock = root.join("../../Cargo.lock");
    if lock.exists() {
        fs::copy(lock, package.join("Cargo.lock")).unwrap();
    }
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "check",
            "--offline",
            "--keep-going",
            "--bins",
            "--message-format=json",
        ])
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .current_dir(&package)
        .output()
        .unwrap();
    let mut messages = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else {
            continue;
        };
        if line["message"]["level"] == "error" {
            let program = line["target"]["name"].as_str().unwrap().to_owned();
            let text = line["message"]["rendered"].as_str().unwrap();
            messages.entry(program).or_insert_with(|| beginning(text));
        }
    }
    assert!(
        !messages.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    messages
}

fn beginning(text: &str) -> String {
    let folder = format!("{}/", folder().display());
    let lines = text.lines().take(LINES);
    lines.map(|line| line.replace(&folder, "") + "\n").collect()
}
