//! What the cookie jar costs with 10 and 1,000 cookies, ten of each host: taking one that replaces another, making the line of a
//! request with ten, and finding none.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, header};
use url::Url;
use wharf_client::jar::CookieJar;

const PER_HOST: usize = 10;

fn filled(cookies: usize) -> CookieJar {
    let jar = CookieJar::new();
    for host in 0..cookies / PER_HOST {
        let url = Url::parse(&format!("https://host{host}.test/")).unwrap();
        for number in 0..PER_HOST {
            jar.add(&url, &format!("name{number}"), "value").unwrap();
        }
    }
    assert_eq!(jar.len(), cookies);
    jar
}

fn cookie_jar(criterion: &mut Criterion) {
    let known = Url::parse("https://host0.test/ships/17").unwrap();
    let unknown = Url::parse("https://elsewhere.test/").unwrap();
    let mut headers = HeaderMap::new();
    let line = "name3=another; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600";
    headers.insert(header::SET_COOKIE, line.parse().unwrap());
    for cookies in [10, 1_000] {
        let jar = filled(cookies);
        let mut group = criterion.benchmark_group("cookie jar");
        group.bench_function(BenchmarkId::new("store", cookies), |bencher| {
            bencher.iter(|| jar.store(black_box(&known), black_box(&headers)));
        });
        assert_eq!(jar.len(), cookies);
        assert_eq!(
            jar.header(&known).unwrap().len(),
            10 * "name0=value; ".len()
        );
        group.bench_function(BenchmarkId::new("ten found", cookies), |bencher| {
            bencher.iter(|| jar.header(black_box(&known)));
        });
        assert_eq!(jar.header(&unknown), None);
        group.bench_function(BenchmarkId::new("none found", cookies), |bencher| {
            bencher.iter(|| jar.header(black_box(&unknown)));
        });
    }
}

criterion_group!(benches, cookie_jar);
criterion_main!(benches);
