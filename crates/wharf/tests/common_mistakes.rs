//! The page of common mistakes quotes what the compiler and the check say. This holds the quotes against the originals.
#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../src/guide/common_mistakes.md");

/// The quotes of the page: what stands in the comment before each, and its lines.
fn quotes() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("<!-- ").skip(1).map(|part| {
        let (origin, rest) = part.split_once(" -->\n```text\n").unwrap();
        let (quote, _) = rest.split_once("\n```").unwrap();
        (origin, quote)
    })
}

/// What a line of the compiler says, without the code it points at and without the place.
fn said(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || " |".contains(c));
    let line = line.trim_end();
    if line.is_empty() || line.starts_with("--> ") || line.starts_with("let ") {
        return None;
    }
    // Markers point into code, and code has other columns there.
    Some(line.trim_start_matches(|c: char| "-^ ".contains(c)))
}

#[test]
fn the_page_has_ten_mistakes_and_quotes_a_message_for_each() {
    let numbered = |line: &str| {
        let (number, _title) = line.strip_prefix("# ")?.split_once(". ")?;
        number.parse::<usize>().ok()
    };
    let numbers: Vec<usize> = PAGE.lines().filter_map(numbered).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    assert_eq!(quotes().count(), 10);
}

#[test]
fn what_the_compiler_says_is_what_the_page_quotes() {
    let originals = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wharf-core/tests/compile_fail");
    let mut count = 0;
    for (origin, quote) in quotes().filter(|(origin, _)| origin.ends_with(".stderr")) {
        let original = fs::read_to_string(originals.join(origin)).unwrap();
        let mut lines = original.lines().filter_map(said);
        for line in quote.lines().filter_map(said) {
            assert!(
                lines.any(|other| other == line),
                "{origin} has no line `{line}` here:\n{original}"
            );
        }
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn what_the_check_says_is_what_the_page_quotes() {
    let mut count = 0;
    for (origin, quote) in quotes().filter(|(origin, _)| !origin.ends_with(".stderr")) {
        let app = match origin {
            "missing_state" => missing_state::app(),
            "conflict" => conflict::app(),
            "path_parameters" => path_parameters::app(),
            "missing_extension" => missing_extension::app(),
            "duplicate_name" => duplicate_name::app(),
            other => unreachable!("no app for {other}"),
        };
        let message = app.check().unwrap_err().to_string();
        let message = message.replace(&format!("{}::{origin}::", module_path!()), "harbour::");
        assert_eq!(without_places(&message), without_places(quote));
        count += 1;
    }
    assert_eq!(count, 5);
}

/// Replaces file, line and column.
fn without_places(text: &str) -> String {
    let mut result = String::new();
    for (number, part) in text.split(".rs:").enumerate() {
        if number > 0 {
            result.truncate(result.rfind([' ', '(']).map_or(0, |at| at + 1));
            result.push_str("<place>");
            result.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':'));
        } else {
            result.push_str(part);
        }
    }
    result
}

mod missing_state {
    use wharf::{App, State, get};

    struct Database;

    async fn show(_database: State<Database>) -> &'static str {
        "shown"
    }

    pub(super) fn app() -> App {
        App::new().routes([get("/", show)])
    }
}

mod conflict {
    use wharf::{App, get};

    async fn show() {}

    pub(super) fn app() -> App {
        App::new().routes([get("/ships/{id}", show), get("/ships/{name}", show)])
    }
}

mod path_parameters {
    use wharf::{App, Path, get};

    async fn show(Path((quay, berth)): Path<(String, u32)>) -> String {
        format!("{quay} {berth}")
    }

    pub(super) fn app() -> App {
        App::new().routes([get("/quays/{quay}", show)])
    }
}

mod missing_extension {
    use wharf::extract::Extension;
    use wharf::{App, Next, Request, Response, get};

    #[derive(Clone)]
    struct User;

    async fn authenticate(mut request: Request, next: Next) -> Response {
        request.extensions_mut().insert(User);
        next.run(request).await
    }

    async fn show(_user: Extension<User>) {}

    pub(super) fn app() -> App {
        App::new().routes([get("/", show)]).wrap(authenticate)
    }
}

mod duplicate_name {
    use wharf::{App, get};

    async fn show() {}

    pub(super) fn app() -> App {
        App::new().routes([
            get("/ships/{id}", show).name("one"),
            get("/quays/{id}", show).name("one"),
        ])
    }
}
