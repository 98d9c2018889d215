//! Whole requests, answered by an app without a server.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup};
use wharf_core::app::Running;
use wharf_core::{App, Request, Response};

/// Measures how long `app` takes to answer a request, in which nothing waits. Making the request and dropping the answer do not
/// count.
pub(crate) fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    app: App,
    request: impl Fn() -> Request,
) {
    let running = now(app.start()).unwrap();
    let status = answer(&running, request()).status();
    assert!(status.is_success(), "{name}: {status}");
    group.bench_function(name, |bencher| {
        let answer = |request| answer(&running, request);
        bencher.iter_batched(&request, answer, BatchSize::SmallInput);
    });
}

/// Kept apart, so that callgrind counts its instructions and its calls.
#[inline(never)]
fn answer(running: &Running, request: Request) -> Response {
    now(running.handle(request))
}

/// Runs a future that waits for nothing, and so without what a runtime does around it.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("something waits"),
    }
}
