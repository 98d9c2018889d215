use super::*;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn one(last: u8) -> Result<Vec<IpAddr>, BoxError> {
    Ok(vec![[10, 0, 0, last].into()])
}

/// Tells in one word what the cache knows.
fn told(found: Found) -> String {
    match found {
        Found::Fresh(Ok(answer)) => format!("fresh {}", answer.next()[0]),
        Found::Fresh(Err(failure)) => format!("failed: {failure}"),
        Found::Stale(answer) => format!("stale {}", answer.next()[0]),
        Found::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn an_answer_is_fresh_then_stale_then_gone() {
    let mut cache = Cache::new(&DnsConfig::new());
    let start = Instant::now();
    cache.store(&"quay.test".into(), one(1), start).unwrap();
    for (after, expected) in [
        (0, "fresh 10.0.0.1"),
        (9, "fresh 10.0.0.1"),
        (10, "stale 10.0.0.1"),
        (309, "stale 10.0.0.1"),
        (310, "nothing"),
    ] {
        let found = cache.get("quay.test", start + seconds(after));
        assert_eq!(told(found), expected, "after {after} s");
    }
}

#[test]
fn a_failure_uses_the_stale_answer_and_is_not_repeated_at_once() {
    let mut cache = Cache::new(&DnsConfig::new().negative_ttl(seconds(2)));
    let start = Instant::now();
    let name = "quay.test".into();
    cache.store(&name, one(1), start).unwrap();
    let outcome = cache.store(&name, Err("no luck".into()), start + seconds(20));
    assert!(outcome.is_ok());
    let found = cache.get("quay.test", start + seconds(21));
    assert_eq!(told(found), "fresh 10.0.0.1");
    let found = cache.get("quay.test", start + seconds(22));
    assert_eq!(told(found), "stale 10.0.0.1");
    let outcome = cache.store(&name, Err("no luck".into()), start + seconds(310));
    assert_eq!(outcome.unwrap_err().to_string(), "no luck");
    let found = cache.get("quay.test", start + seconds(311));
    assert_eq!(told(found), "failed: no luck");
    let found = cache.get("quay.test", start + seconds(312));
    assert_eq!(told(found), "nothing");
}

#[test]
fn that_there_is_no_address_is_an_answer_too() {
    let mut cache = Cache::new(&DnsConfig::new());
    let start = Instant::now();
    let name = "quay.test".into();
    cache.store(&name, one(1), start).unwrap();
    let outcome = cache.store(&name, Ok(Vec::new()), start + seconds(20));
    assert_eq!(outcome.unwrap_err().to_string(), "it has no address");
    let found = cache.get("quay.test", start + seconds(22));
    assert_eq!(told(found), "nothing");
}

#[test]
fn an_answer_without_end_stays() {
    let mut cache = Cache::new(&DnsConfig::new().ttl(None));
    let start = Instant::now();
    cache.store(&"quay.test".into(), one(1), start).unwrap();
    let found = cache.get("quay.test", start + seconds(1_000_000));
    assert_eq!(told(found), "fresh 10.0.0.1");
}

#[test]
fn without_time_or_room_nothing_is_kept() {
    for config in [
        DnsConfig::new().ttl(Duration::ZERO),
        DnsConfig::new().size(0),
    ] {
        let mut cache = Cache::new(&config);
        let now = Instant::now();
        let name = "quay.test".into();
        cache.store(&name, one(1), now).unwrap();
        assert_eq!(told(cache.get("quay.test", now)), "nothing");
        cache.store(&name, Err("no luck".into()), now).unwrap_err();
        assert_eq!(told(cache.get("quay.test", now)), "nothing");
    }
}

#[test]
fn the_name_used_least_recently_is_dropped() {
    let mut cache = Cache::new(&DnsConfig::new().size(2));
    let now = Instant::now();
    cache.store(&"one.test".into(), one(1), now).unwrap();
    cache.store(&"two.test".into(), one(2), now).unwrap();
    cache.get("one.test", now);
    cache.store(&"three.test".into(), one(3), now).unwrap();
    assert_eq!(told(cache.get("one.test", now)), "fresh 10.0.0.1");
    assert_eq!(told(cache.get("two.test", now)), "nothing");
    assert_eq!(told(cache.get("three.test", now)), "fresh 10.0.0.3");
    assert_eq!(cache.order.len(), 2);
    cache.remove("one.test");
    assert_eq!(told(cache.get("one.test", now)), "nothing");
    assert_eq!(cache.order.len(), 1);
}
