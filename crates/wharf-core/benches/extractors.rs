//! What the arguments of a handler cost: the same request without any is the base.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod ask;

use criterion::{Criterion, criterion_group, criterion_main};
use serde::Deserialize;
use wharf_core::{App, Body, Json, Path, Query, State, get, post};

const SHIP: &str = r#"{"name":"Erika","berth":17,"flags":["pilot","tug"]}"#;

#[derive(Deserialize)]
struct Page {
    from: u32,
    order: String,
}

#[derive(Deserialize)]
struct Ship {
    name: String,
    berth: u32,
    flags: Vec<String>,
}

struct Harbour {
    berths: u32,
}

async fn nothing() -> &'static str {
    "moored"
}

async fn path_of_one(Path(berth): Path<u64>) -> &'static str {
    said(berth == 17)
}

async fn path_of_two(Path((quay, berth)): Path<(String, u64)>) -> &'static str {
    said(quay == "north" && berth == 17)
}

async fn query(Query(page): Query<Page>) -> &'static str {
    said(page.from == 40 && page.order == "name")
}

async fn state(harbour: State<Harbour>) -> &'static str {
    said(harbour.berths == 40)
}

async fn text(body: String) -> &'static str {
    said(body == SHIP)
}

async fn json(Json(ship): Json<Ship>) -> &'static str {
    said(ship.name == "Erika" && ship.berth == 17 && ship.flags.len() == 2)
}

/// Uses what was extracted, so that it cannot be left out.
fn said(expected: bool) -> &'static str {
    assert!(expected, "something else was extracted");
    "moored"
}

fn extractors(criterion: &mut Criterion) {
    let app = || {
        App::new().provide(Harbour { berths: 40 }).routes([
            get("/nothing", nothing),
            get("/one/{berth}", path_of_one),
            get("/two/{quay}/{berth}", path_of_two),
            get("/query", query),
            get("/state", state),
            post("/text", text),
            post("/json", json),
        ])
    };
    let mut group = criterion.benchmark_group("extractors");
    for (name, target) in [
        ("none", "/nothing"),
        ("path of one", "/one/17"),
        ("path of two", "/two/north/17"),
        ("query", "/query?from=40&order=name"),
        ("state", "/state"),
    ] {
        ask::bench(&mut group, name, app(), || {
            http::Request::get(target).body(Body::empty()).unwrap()
        });
    }
    for (name, target, kind) in [
        ("text body", "/text", "text/plain"),
        ("json body", "/json", "application/json"),
    ] {
        ask::bench(&mut group, name, app(), || {
            let request = http::Request::post(target).header("content-type", kind);
            request.body(Body::from(SHIP)).unwrap()
        });
    }
}

criterion_group!(benches, extractors);
criterion_main!(benches);
