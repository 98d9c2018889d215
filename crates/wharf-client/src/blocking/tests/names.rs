//! The blocking types have the methods of the asynchronous ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Methods that one side has alone, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "Client",
        "websockets",
        "the counters of what the blocking side cannot open",
    ),
    (
        "Client",
        "ws",
        "both ends of a WebSocket talk at any time, which one thread cannot wait for",
    ),
    (
        "RequestBuilder",
        "body_reader",
        "a `std::io::Read` blocks, and asynchronous code has streams",
    ),
    (
        "RequestBuilder",
        "events",
        "an event stream would hold its thread for good",
    ),
    (
        "Response",
        "into_events",
        "an event stream would hold its thread for good",
    ),
    (
        "Response",
        "into_multipart",
        "its parts are bodies, which come piece by piece",
    ),
    ("Lines", "next_line", "the blocking ones are an iterator"),
];

/// Collects the names of public methods of `of` in all source files below `folder`, that named `without` left out.
fn methods(of: &str, folder: &Path, without: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == without) {
            continue;
        }
        if path.is_dir() {
            methods(of, &path, without, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(methods_in(of, &fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Reads the names of public methods of `of` from source text, laid out as rustfmt does.
fn methods_in(of: &str, source: &str) -> Vec<String> {
    let opening = format!("impl {of} {{");
    let mut inside = false;
    let mut names = Vec::new();
    for line in source.lines() {
        match line {
            "}" => inside = false,
            _ if line == opening => inside = true,
            _ => {}
        }
        let Some(rest) = line.strip_prefix("    pub ").filter(|_| inside) else {
            continue;
        };
        let rest = rest
            .trim_start_matches("const ")
            .trim_start_matches("async ");
        if let Some(rest) = rest.strip_prefix("fn ") {
            let end = rest.find(['(', '<']).unwrap();
            names.push(rest[..end].to_owned());
        }
    }
    names
}

#[test]
fn method_names_are_read_from_source() {
    let source = "\
impl Other {
    pub fn not_this(&self) {}
}

impl Ship {
    pub fn sail(&self) {}
    pub async fn load<T>(&mut self) {}
    pub(crate) fn sink(&self) {}
    fn leak(&self) {}
}

impl Clone for Ship {
    pub fn not_that(&self) {}
}
";
    assert_eq!(methods_in("Ship", source), ["sail", "load"]);
}

#[test]
fn both_sides_have_the_same_methods() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (of, one) in [
        ("Client", "warm_up"),
        ("RequestBuilder", "header"),
        ("Response", "text"),
        ("BodyReader", "trailers"),
        ("BodyStream", "trailers"),
        ("Download", "resume"),
        ("Lines", "max_length"),
    ] {
        let (mut other, mut blocking) = (BTreeSet::new(), BTreeSet::new());
        methods(of, &source, "blocking", &mut other);
        methods(of, &source.join("blocking"), "tests", &mut blocking);
        assert!(other.contains(one), "{of}: {other:?}");
        let alone = other.symmetric_difference(&blocking);
        let alone = alone.map(String::as_str).collect::<Vec<_>>();
        let expected = EXCEPTIONS.iter().filter(|(owner, ..)| *owner == of);
        let expected = expected.map(|(_, name, _)| *name).collect::<Vec<_>>();
        assert_eq!(alone, expected, "{of}: methods of one side only");
    }
}
