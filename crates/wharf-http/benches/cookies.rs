//! What cookie lines cost: those that a request brings, and one that an answer sets.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, header};
use wharf_http::cookie::{Cookies, SetCookie};

const SET: &str = "theme=dark%20blue; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600";

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cookies/read");
    for count in [1, 10] {
        let pairs: Vec<_> = (0..count)
            .map(|number| format!("name{number}=value%20{number}"))
            .collect();
        let line = pairs.join("; ");
        group.throughput(Throughput::Bytes(line.len() as u64));
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, line.parse().unwrap());
        assert_eq!(Cookies::of(&headers).iter().count(), count);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| Cookies::of(black_box(&headers)));
        });
    }
}

fn set(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cookies/set");
    let write = || {
        let cookie = SetCookie::new("theme", black_box("dark blue")).secure(true);
        cookie.max_age(Duration::from_secs(3600)).into_value()
    };
    assert_eq!(write().unwrap(), SET);
    group.bench_function("write", |bencher| bencher.iter(write));
    assert!(SetCookie::parse(SET).is_some());
    group.bench_function("parse", |bencher| {
        bencher.iter(|| SetCookie::parse(black_box(SET)));
    });
}

criterion_group!(benches, read, set);
criterion_main!(benches);
