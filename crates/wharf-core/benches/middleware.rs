//! What a chain of middleware costs: functions that do nothing but go on, and some of those that come with wharf.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod ask;

use criterion::{Criterion, criterion_group, criterion_main};
use wharf_core::middleware::{AllowedHosts, BodyLimit, Cors, Csrf, RequestId, SecurityHeaders};
use wharf_core::{App, Body, Next, Request, Response, get};

async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

fn app() -> App {
    App::new().routes([get("/", async || "index")])
}

fn request() -> Request {
    let request = http::Request::get("http://quay.test/").header("host", "quay.test");
    request.body(Body::empty()).unwrap()
}

fn functions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("middleware/functions");
    for count in [0, 1, 5, 10] {
        let app = (0..count).fold(app(), |app, _| app.wrap(pass));
        ask::bench(&mut group, &count.to_string(), app, request);
    }
}

fn ready_made(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("middleware/ready-made");
    for (name, app) in [
        ("none", app()),
        ("AllowedHosts", app().wrap(AllowedHosts::new(["quay.test"]))),
        ("BodyLimit", app().wrap(BodyLimit::new(1 << 20))),
        ("Cors", app().wrap(Cors::new())),
        ("Csrf", app().wrap(Csrf::new())),
        ("RequestId", app().wrap(RequestId::new())),
        ("SecurityHeaders", app().wrap(SecurityHeaders::new())),
    ] {
        ask::bench(&mut group, name, app, request);
    }
}

criterion_group!(benches, functions, ready_made);
criterion_main!(benches);
