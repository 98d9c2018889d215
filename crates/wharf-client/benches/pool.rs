//! What a connection from the pool spares: a small GET over a kept one, and over a new one, to a service in the same process. With
//! the cost of both ends, and without that of sockets.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::Builder;
use wharf_client::connect::InProcess;
use wharf_client::{Client, PoolConfig};
use wharf_http::{Body, Context, Request, Response, service::service_fn};

async fn answer(_: Request, _: Context) -> Response {
    Response::new(Body::from("moored"))
}

async fn ask(client: &Client) {
    let mut response = client.get("http://quay.test/").send().await.unwrap();
    assert_eq!(response.bytes().await.unwrap(), "moored");
}

fn pool(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("pool");
    for (name, kept) in [("kept connection", 1), ("new connection", 0)] {
        let connector = InProcess::new(service_fn(answer));
        let settings = PoolConfig::new().max_idle(kept);
        let client = Client::builder().connector(connector).pool(settings);
        let client = client.build().unwrap();
        runtime.block_on(async {
            ask(&client).await;
            ask(&client).await;
        });
        let stats = client.stats();
        let reused = stats.hosts().iter().map(|host| host.reused()).sum::<u64>();
        assert_eq!(reused, kept as u64, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let started = Instant::now();
                    for _ in 0..count {
                        ask(&client).await;
                    }
                    started.elapsed()
                })
            });
        });
    }
}

criterion_group!(benches, pool);
criterion_main!(benches);
