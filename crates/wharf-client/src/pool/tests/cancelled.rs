//! Requests that are given up, at any moment.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use super::*;

/// A small generator of pseudo-random numbers, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Polls `future` so often, and then drops it.
async fn polled<T>(mut times: u64, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if times == 0 {
            return Poll::Ready(None);
        }
        times -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_requests_given_up_at_any_moment_leave_nothing_behind() {
    let pool = PoolConfig::new().max_connections(4).max_per_host(2);
    let (client, docks) = docks(pool.idle(seconds(5)));
    let mut random = Random(0x5eed);
    let mut tasks = Vec::new();
    let mut ended = 0;
    for number in 0..10_000 {
        let host = ["a", "b", "c"][usize::try_from(random.below(3)).unwrap()];
        let query = ["", "?wait=2", "?pause=2", "?close", "?wait=1&pause=1"];
        let query = query[usize::try_from(random.below(5)).unwrap()];
        let url = format!("{host}.test/{query}");
        let (polls, patience) = (random.below(12), random.below(6));
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            let request = polled(polls, fetch(&client, &url));
            let limited = timeout(Duration::from_millis(patience), request).await;
            limited.ok().flatten().is_some()
        }));
        if number % 8 == 0 {
            sleep(Duration::from_millis(random.below(3))).await;
        }
        if tasks.len() > 64 {
            for task in tasks.drain(..) {
                ended += usize::from(task.await.unwrap());
            }
        }
    }
    for task in tasks {
        ended += usize::from(task.await.unwrap());
    }
    assert!((1000..9000).contains(&ended), "{ended} were not given up");
    settle().await;
    let stats = client.stats();
    assert_eq!((stats.in_use(), stats.waiting()), (0, 0), "{stats:?}");
    for host in ["a.test", "b.test", "c.test"] {
        assert!(docks.most(host) >= 2);
    }
    sleep(seconds(6)).await;
    assert_eq!((client.stats().idle(), docks.open()), (0, 0));
    let urls = (0..100).map(|number| ["a.test/", "b.test/?wait=1", "c.test/"][number % 3]);
    let mut tasks = Vec::new();
    for url in urls {
        tasks.push(fetching(&client, url).await);
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "hi");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_granted_to_one_who_has_just_left_goes_to_the_next() {
    let (client, docks) = docks(PoolConfig::new().max_connections(1));
    let mut first = get(&client, "a.test/first").await.unwrap();
    let mut leaving = Box::pin(fetch(&client, "a.test/leaving"));
    let begun = poll_fn(|cx| Poll::Ready(leaving.as_mut().poll(cx))).await;
    assert!(begun.is_pending());
    let next = fetching(&client, "a.test/next").await;
    first.text().await.unwrap();
    // It has the connection by now, and does not know.
    assert_eq!(client.stats().in_use(), 1);
    drop(leaving);
    assert_eq!(next.await.unwrap().unwrap(), "hi");
    assert_eq!(docks.paths(), ["first", "next"]);
    assert_eq!(docks.opened(), 1, "the connection is as good as before");
}

#[tokio::test(start_paused = true)]
async fn a_request_given_up_while_it_connects_frees_its_place() {
    let (client, _docks) = docks(PoolConfig::new().max_connections(1));
    for _ in 0..3 {
        let connecting = fetching(&client, "a.test/").await;
        assert_eq!(client.stats().in_use(), 1);
        connecting.abort();
        settle().await;
        assert_eq!(client.stats().in_use(), 0);
    }
}
