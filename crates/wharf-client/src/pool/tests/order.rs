//! Whose turn is next.

use super::*;

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_served_in_the_order_of_their_arrival() {
    let (client, docks) = docks(PoolConfig::new().max_per_host(1));
    let mut tasks = Vec::new();
    for number in 0..50 {
        tasks.push(fetching(&client, &format!("a.test/{number}?wait=10")).await);
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let order: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(docks.paths(), order);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_never_overtakes_one_who_waits() {
    let (client, docks) = docks(PoolConfig::new().max_connections(1));
    let first = get(&client, "a.test/first").await.unwrap();
    let waiting = fetching(&client, "a.test/waiting").await;
    // The place becomes free, and in the same moment somebody comes, for the same host and for another.
    drop(first);
    let newcomers = [
        fetching(&client, "a.test/newcomer").await,
        fetching(&client, "b.test/newcomer").await,
    ];
    waiting.await.unwrap().unwrap();
    for newcomer in newcomers {
        newcomer.await.unwrap().unwrap();
    }
    assert_eq!(docks.paths(), ["first", "waiting", "newcomer", "newcomer"]);
}

#[tokio::test(start_paused = true)]
async fn hosts_that_wait_for_the_same_place_are_served_by_arrival() {
    let (client, docks) = docks(PoolConfig::new().max_connections(1));
    let mut tasks = vec![fetching(&client, "a.test/0?wait=10").await];
    for (number, host) in ["b", "c", "a", "c", "b", "a", "a", "c"].iter().enumerate() {
        let url = format!("{host}.test/{}?wait=10", number + 1);
        tasks.push(fetching(&client, &url).await);
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let order: Vec<_> = (0..9).map(|number| number.to_string()).collect();
    assert_eq!(docks.paths(), order);
}

#[tokio::test(start_paused = true)]
async fn a_host_at_its_own_limit_does_not_hold_up_another() {
    let (client, docks) = docks(PoolConfig::new().max_connections(2).max_per_host(1));
    let slow = fetching(&client, "a.test/slow?wait=5000").await;
    let stuck = fetching(&client, "a.test/stuck").await;
    // Came later than the one who is stuck, and is served at once, even from the queue.
    let first = fetching(&client, "b.test/first?wait=1000").await;
    let second = fetching(&client, "b.test/second").await;
    let third = fetching(&client, "c.test/third").await;
    for task in [first, second, third] {
        task.await.unwrap().unwrap();
    }
    assert!(!slow.is_finished() && !stuck.is_finished());
    slow.await.unwrap().unwrap();
    stuck.await.unwrap().unwrap();
    assert_eq!(docks.paths(), ["slow", "first", "second", "third", "stuck"]);
}

#[tokio::test(start_paused = true)]
async fn many_places_that_become_free_at_once_are_taken_in_order() {
    let (client, docks) = docks(PoolConfig::new().max_connections(10));
    let mut held = Vec::new();
    for number in 0..10 {
        held.push(get(&client, &format!("a.test/{number}")).await.unwrap());
    }
    let mut tasks = Vec::new();
    for number in 10..20 {
        tasks.push(fetching(&client, &format!("a.test/{number}")).await);
    }
    drop(held);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let order: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(docks.paths(), order);
}

#[tokio::test(start_paused = true)]
async fn one_who_stops_waiting_makes_room_for_the_next() {
    let (client, docks) = docks(PoolConfig::new().max_connections(1));
    let first = fetching(&client, "a.test/first?wait=1000").await;
    let given_up = fetching(&client, "a.test/given-up").await;
    let next = fetching(&client, "b.test/next").await;
    given_up.abort();
    settle().await;
    assert_eq!(client.stats().waiting(), 1);
    first.await.unwrap().unwrap();
    next.await.unwrap().unwrap();
    assert_eq!(docks.paths(), ["first", "next"]);
}
