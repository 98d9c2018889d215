//! What finding a route costs, in tables of 10, 1,000 and 10,000 routes.
//!
//! Asked for are ten routes from all over the table, as most requests are for few routes, and all routes in turn, which shows what
//! caches add. At the end stands how much more a look-up in each table costs than one in the smallest.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints what it measures, and fails by panicking"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::Method;
use wharf_core::routing::{Lookup, Pattern, RouteOptions, Router, RouterBuilder};

const SIZES: [usize; 3] = [10, 1_000, 10_000];

/// Makes the path that is asked for of the number of a ship.
type Asked = fn(usize) -> String;

/// What is asked for, and whether there are such routes.
const KINDS: [(&str, Asked, bool); 3] = [
    ("literal", literal, true),
    ("parameters", parameters, true),
    ("missing", missing, false),
];

fn literal(ship: usize) -> String {
    format!("/harbours/{}/ship{ship}", ship / 50)
}

fn parameters(ship: usize) -> String {
    format!("{}/log/2031-05-17", literal(ship))
}

fn missing(ship: usize) -> String {
    format!("{}/log", literal(ship))
}

/// Makes a table in which half of the routes have two parameters.
fn table(routes: usize) -> Router<usize> {
    let mut builder = RouterBuilder::new();
    for ship in 0..routes / 2 {
        let literal = literal(ship);
        for template in [format!("{literal}/{{book}}/{{day}}"), literal] {
            let pattern = Pattern::parse(&template).unwrap();
            builder.insert(&pattern, Method::GET, RouteOptions::new(), ship);
        }
    }
    builder.build().unwrap()
}

/// Chooses `count` of the ships, none of them near the one before.
fn chosen(ships: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |step| step * 7_919 % ships)
}

/// Asks for all of `paths` `rounds` times.
fn ask(router: &Router<usize>, paths: &[String], rounds: u64) -> Duration {
    let started = Instant::now();
    for _ in 0..rounds {
        for path in paths {
            black_box(router.find(&Method::GET, black_box(path)));
        }
    }
    started.elapsed()
}

fn routing(criterion: &mut Criterion) {
    let tables = SIZES.map(|routes| (routes, table(routes)));
    let mut ratios = Vec::new();
    for (kind, path, exists) in KINDS {
        for asked in ["ten", "all"] {
            let mut group = criterion.benchmark_group(format!("routing/{kind}/{asked}"));
            let mut smallest = None;
            for (routes, router) in &tables {
                let ships = routes / 2;
                let count = if asked == "ten" { 10 } else { ships };
                let paths: Vec<_> = chosen(ships, count).map(path).collect();
                for path in &paths {
                    let found = router.find(&Method::GET, path);
                    assert_eq!(matches!(found, Lookup::Found(_)), exists, "{path}");
                }
                let mut best = f64::INFINITY;
                group.throughput(Throughput::Elements(paths.len() as u64));
                group.bench_function(BenchmarkId::from_parameter(routes), |bencher| {
                    bencher.iter_custom(|rounds| {
                        let took = ask(router, &paths, rounds);
                        let each = took.as_secs_f64() / (rounds * paths.len() as u64) as f64;
                        best = best.min(each);
                        took
                    });
                });
                let smallest = *smallest.get_or_insert(best);
                ratios.push((kind, asked, *routes, best * 1e9, best / smallest));
            }
        }
    }
    println!("best time of one look-up, and its ratio to that in the smallest table");
    for (kind, asked, routes, nanoseconds, ratio) in ratios {
        // Nothing was measured where the command line names other benches.
        if nanoseconds.is_finite() {
            println!("{kind:12}{asked:6}{routes:>8}{nanoseconds:>8.1} ns{ratio:>8.2}");
        }
    }
}

criterion_group!(benches, routing);
criterion_main!(benches);
