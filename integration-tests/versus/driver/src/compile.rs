//! How long programs take to compile: an application that is worked on, and the smallest one from nothing.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::rounds::Rounds;
use crate::table::{Column, Table, Unit};
use crate::{Failure, machine};

const ROWS: [&str; 2] = ["wharf", "axum"];

/// How many routes the larger application has for each of its resources, and how many resources.
const RESOURCES: usize = 100;

/// How often the larger application is changed and checked.
const CHANGES: usize = 5;

/// The table of compile times, or why there is none.
pub fn run() -> Result<Result<Table, String>, Failure> {
    if Command::new(cargo()).arg("--version").output().is_err() {
        return Ok(Err("nothing was compiled: there is no `cargo`".to_owned()));
    }
    machine::release()?;
    let folder = Folder::create()?;
    let mut rounds = Rounds::default();
    for row in ROWS {
        eprint!("compile: {row}");
        let hello = Project::create(&folder.path, row, "hello")?;
        let seconds = hello.cargo(&["build", "--release"])?;
        eprint!("  build {seconds:.1} s");
        rounds.add(row, "build", Some(seconds));
        let large = Project::create(&folder.path, row, "large")?;
        large.cargo(&["check"])?;
        for change in 1..=CHANGES {
            large.write(&application(row, change))?;
            rounds.add(row, "check", Some(large.cargo(&["check"])?));
        }
        let seconds = Unit::Measure.write(rounds.median(row, "check"));
        eprintln!("  check {seconds} s");
    }
    let columns = [
        ("build", "clean release build of hello"),
        ("check", "check of 200 routes after a change"),
    ]
    .map(|(name, title)| Column {
        name,
        title: title.to_owned(),
    });
    let table = Table::fill(columns.into(), &ROWS, Unit::Measure, |row, column| {
        rounds.median(row, column)
    });
    let note = format!(
        "By the clock, on {} cores, in folders of their own; the smallest server with the features that it needs, built once with all its \
         dependencies, and an application with all that is on by default, of which a handler was changed, median of {CHANGES}.",
        machine::cores()
    );
    Ok(Ok(table.titled("Compile times: seconds", note)))
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A package that is compiled.
struct Project {
    path: PathBuf,
}

impl Project {
    fn create(folder: &Path, row: &str, kind: &str) -> Result<Self, Failure> {
        let project = Self {
            path: folder.join(format!("{row}-{kind}")),
        };
        std::fs::create_dir_all(project.path.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"{kind}\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{}",
            dependencies(row, kind)
        );
        std::fs::write(project.path.join("Cargo.toml"), manifest)?;
        // The versions that are tested, of which most are here already.
        let lock = match row {
            "axum" => include_str!("../../Cargo.lock"),
            _ => include_str!("../../../../Cargo.lock"),
        };
        std::fs::write(project.path.join("Cargo.lock"), lock)?;
        let program = match (row, kind) {
            (_, "large") => application(row, 0),
            ("axum", _) => AXUM.to_owned(),
            _ => include_str!("../../../../examples/hello/src/main.rs").to_owned(),
        };
        project.write(&program)?;
        project.cargo(&["fetch"])?;
        Ok(project)
    }

    fn write(&self, program: &str) -> Result<(), Failure> {
        Ok(std::fs::write(self.path.join("src/main.rs"), program)?)
    }

    /// Runs cargo and returns how many seconds that took.
    fn cargo(&self, words: &[&str]) -> Result<f64, Failure> {
        let begun = Instant::now();
        let output = Command::new(cargo())
            .args(words)
            .arg("--manifest-path")
            .arg(self.path.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", self.path.join("target"))
            // As it is for those who work on an application.
            .env_remove("CARGO_INCREMENTAL")
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} did not compile: {said}", self.path.display()).into());
        }
        Ok(begun.elapsed().as_secs_f64())
    }
}

fn dependencies(row: &str, kind: &str) -> String {
    let wharf = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../crates/wharf");
    let serde = "serde = { version = \"1\", features = [\"derive\"] }\n";
    match (row, kind) {
        ("axum", "hello") => {
            "axum = { version = \"0.8\", default-features = false, features = [\"http1\", \"tokio\"] }\n\
             tokio = { version = \"1\", features = [\"macros\", \"net\", \"rt-multi-thread\"] }\n"
                .to_owned()
        }
        ("axum", _) => format!(
            "axum = \"0.8\"\n{serde}tokio = {{ version = \"1\", features = [\"macros\", \"net\", \"rt-multi-thread\"] }}\n"
        ),
        (_, "hello") => {
            format!("wharf = {{ path = {wharf:?}, default-features = false, features = [\"http1\", \"server\"] }}\n")
        }
        _ => format!("wharf = {{ path = {wharf:?} }}\n{serde}"),
    }
}

const AXUM: &str = r#"use axum::{Router, routing::get};

async fn index() -> &'static str {
    "Hello, axum!\n"
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, Router::new().route("/", get(index))).await
}
"#;

/// Writes an application with 200 routes, of which one handler has been changed so many times.
fn application(row: &str, change: usize) -> String {
    let mut program = String::from(
        "use serde::{Deserialize, Serialize};\n\n#[derive(Clone)]\nstruct Store;\n\n\
         #[derive(Deserialize, Serialize)]\nstruct Item {\n    id: u64,\n    name: String,\n}\n\n",
    );
    let (head, before, after, tail) = match row {
        "axum" => (
            "use axum::extract::{Path, State};\nuse axum::routing::{get, post};\nuse axum::{Json, Router};\n",
            "fn app() -> Router {\n    Router::new()\n",
            "        .with_state(Store)\n}\n",
            "#[tokio::main]\nasync fn main() -> std::io::Result<()> {\n    let listener = tokio::net::TcpListener::bind(\"127.0.0.1:8080\").await?;\n    axum::serve(listener, app()).await\n}\n",
        ),
        _ => (
            "use wharf::{App, Json, Path, State, get, post};\n",
            "fn app() -> App {\n    App::new()\n        .provide(Store)\n        .routes([\n",
            "        ])\n}\n",
            "fn main() -> wharf::Result<()> {\n    wharf::run(app())\n}\n",
        ),
    };
    program.insert_str(0, head);
    for at in 0..RESOURCES {
        let changed = if at == 0 { change } else { 0 };
        let _ = write!(
            program,
            "async fn show_{at}(_store: State<Store>, Path(id): Path<u64>) -> Json<Item> {{\n    Json(Item {{ id: id + {changed}, name: \"crane {at}\".to_owned() }})\n}}\n\n\
             async fn create_{at}(_store: State<Store>, Json(item): Json<Item>) -> Json<Item> {{\n    Json(item)\n}}\n\n"
        );
    }
    program.push_str(before);
    for at in 0..RESOURCES {
        let _ = match row {
            "axum" => writeln!(
                program,
                "        .route(\"/items{at}/{{id}}\", get(show_{at}))\n        .route(\"/items{at}\", post(create_{at}))"
            ),
            _ => writeln!(
                program,
                "            get(\"/items{at}/{{id}}\", show_{at}),\n            post(\"/items{at}\", create_{at}),"
            ),
        };
    }
    program + after + "\n" + tail
}

/// Where all of that is compiled. It goes when it is dropped.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn create() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("versus-compile-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.path).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_have_200_routes_and_a_change_is_in_one_handler() {
        for row in ROWS {
            let (before, after) = (application(row, 0), application(row, 1));
            let routes =
                before.matches("get(\"/items").count() + before.matches("post(\"/items").count();
            let in_axum = before.matches(".route(\"/items").count();
            assert_eq!(routes + in_axum, 200, "{row}");
            let changed = before.lines().zip(after.lines());
            assert_eq!(
                changed.filter(|(before, after)| before != after).count(),
                1,
                "{row}"
            );
        }
    }
}
