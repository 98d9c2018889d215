use std::collections::HashMap;
use std::sync::Mutex;

use proptest::prelude::*;
use tokio::time::sleep;

use super::*;

/// What happens at an address: after so many milliseconds it accepts, or refuses; `None` is silence.
type Plan = Option<(u64, bool)>;

/// Notes when attempts begin and when they are dropped unfinished, in milliseconds since the start.
struct Fake {
    start: Instant,
    plans: HashMap<SocketAddr, Plan>,
    log: Mutex<Vec<String>>,
}

impl Fake {
    fn new(plans: &[(&str, Plan)]) -> (Self, Vec<SocketAddr>) {
        let plans = plans
            .iter()
            .map(|(address, plan)| (address.parse().unwrap(), *plan));
        let addresses = plans.clone().map(|(address, _)| address).collect();
        let fake = Self {
            start: Instant::now(),
            plans: plans.collect(),
            log: Mutex::default(),
        };
        (fake, addresses)
    }

    fn note(&self, what: &str, address: SocketAddr) {
        let at = self.start.elapsed().as_millis();
        let line = format!("{at} {what} {}", address.ip());
        self.log.lock().unwrap().push(line);
    }

    fn log(self) -> Vec<String> {
        self.log.into_inner().unwrap()
    }
}

/// An attempt that is under way.
struct Unfinished<'a> {
    fake: &'a Fake,
    address: SocketAddr,
    done: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.fake.note("drop", self.address);
        }
    }
}

impl Dial for Fake {
    type Stream = SocketAddr;

    async fn dial(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        self.note("dial", address);
        let mut unfinished = Unfinished {
            fake: self,
            address,
            done: false,
        };
        let Some((after, accepts)) = self.plans[&address] else {
            std::future::pending::<()>().await;
            unreachable!();
        };
        sleep(Duration::from_millis(after)).await;
        unfinished.done = true;
        if accepts {
            Ok(address)
        } else {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
    }
}

const DELAY: Option<Duration> = Some(Duration::from_millis(250));

#[tokio::test(start_paused = true)]
async fn the_first_address_has_a_head_start() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", Some((200, true))),
        ("10.0.0.1:80", Some((0, true))),
    ]);
    let (stream, peer) = race(&fake, &addresses, DELAY).await.unwrap();
    assert_eq!((stream, peer), (addresses[0], addresses[0]));
    assert_eq!(fake.log(), ["0 dial fd00::1"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_costs_the_delay_and_is_dropped() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", None),
        ("10.0.0.1:80", Some((30, true))),
        ("[fd00::2]:80", Some((0, true))),
    ]);
    let (_, peer) = race(&fake, &addresses, DELAY).await.unwrap();
    assert_eq!(peer, addresses[1]);
    let expected = ["0 dial fd00::1", "250 dial 10.0.0.1", "280 drop fd00::1"];
    assert_eq!(fake.log(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_slow_address_wins_if_it_is_first_after_all() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", Some((300, true))),
        ("10.0.0.1:80", Some((100, true))),
    ]);
    let (_, peer) = race(&fake, &addresses, DELAY).await.unwrap();
    assert_eq!(peer, addresses[0]);
    let expected = ["0 dial fd00::1", "250 dial 10.0.0.1", "300 drop 10.0.0.1"];
    assert_eq!(fake.log(), expected);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_the_next_attempt_begins_at_once() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", Some((0, false))),
        ("10.0.0.1:80", Some((40, false))),
        ("[fd00::2]:80", None),
        ("10.0.0.2:80", Some((5, true))),
    ]);
    let (_, peer) = race(&fake, &addresses, DELAY).await.unwrap();
    assert_eq!(peer, addresses[3]);
    let expected = [
        "0 dial fd00::1",
        "0 dial 10.0.0.1",
        "40 dial fd00::2",
        "290 dial 10.0.0.2",
        "295 drop fd00::2",
    ];
    // The timer counts in milliseconds that begin with the runtime, so it may be one late.
    let log = fake.log();
    for (line, expected) in log.iter().zip(expected) {
        let (at, what) = line.split_once(' ').unwrap();
        let (due, expected) = expected.split_once(' ').unwrap();
        let late = at.parse::<u64>().unwrap() - due.parse::<u64>().unwrap();
        assert!(late <= 5 && what == expected, "{log:?}");
    }
    assert_eq!(log.len(), expected.len());
}

#[tokio::test(start_paused = true)]
async fn without_a_delay_one_is_tried_after_the_other() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", Some((5000, false))),
        ("10.0.0.1:80", Some((7000, true))),
        ("10.0.0.2:80", Some((0, true))),
    ]);
    let (_, peer) = race(&fake, &addresses, None).await.unwrap();
    assert_eq!(peer, addresses[1]);
    let log = fake.log();
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log[1].starts_with("500"), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn with_a_delay_of_zero_all_are_tried_at_once() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", Some((500, true))),
        ("10.0.0.1:80", Some((400, true))),
        ("[fd00::2]:80", Some((300, true))),
    ]);
    let (_, peer) = race(&fake, &addresses, Some(Duration::ZERO)).await.unwrap();
    assert_eq!(peer, addresses[2]);
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_each_is_in_the_error_with_its_time() {
    let (fake, addresses) = Fake::new(&[
        ("[fd00::1]:80", Some((600, false))),
        ("10.0.0.1:80", Some((100, false))),
    ]);
    let attempts = race(&fake, &addresses, DELAY).await.unwrap_err();
    let told: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.address(), attempt.elapsed().as_millis() / 10))
        .collect();
    assert_eq!(told, [(addresses[1], 10), (addresses[0], 60)]);
    assert_eq!(attempts.elapsed().as_millis() / 10, 60);
    for attempt in attempts.iter() {
        assert_eq!(attempt.error().kind(), io::ErrorKind::ConnectionRefused);
    }
}

#[tokio::test(start_paused = true)]
async fn a_race_that_is_given_up_drops_all_attempts() {
    let (fake, addresses) = Fake::new(&[("[fd00::1]:80", None), ("10.0.0.1:80", None)]);
    let limit = Duration::from_millis(600);
    let timed_out = timeout(limit, race(&fake, &addresses, DELAY)).await;
    assert!(timed_out.is_err());
    let log = fake.log();
    assert_eq!(log.len(), 4, "{log:?}");
    assert!(
        log[2].contains("drop") && log[3].contains("drop"),
        "{log:?}"
    );
}

#[test]
fn families_take_turns_and_the_first_one_begins() {
    for (given, expected) in [
        ("6a 6b 6c 4a 4b", "6a 4a 6b 4b 6c"),
        ("6a 4a 4b 4c", "6a 4a 4b 4c"),
        ("4a 4b 6a", "4a 6a 4b"),
        ("6a", "6a"),
        ("", ""),
    ] {
        let address = |word: &str| match word.split_at(1) {
            ("6", last) => format!("[fd00::{last}]:80").parse().unwrap(),
            (_, last) => SocketAddr::from(([10, 0, 0, last.as_bytes()[0]], 80)),
        };
        let addresses = |words: &str| words.split_whitespace().map(address).collect::<Vec<_>>();
        assert_eq!(
            interleave(&addresses(given)),
            addresses(expected),
            "{given}"
        );
    }
}

proptest! {
    #[test]
    fn no_address_is_lost_when_families_take_turns(families: Vec<bool>) {
        let addresses: Vec<SocketAddr> = families
            .iter()
            .zip(1..)
            .map(|(is_v6, port)| match is_v6 {
                true => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)),
                false => SocketAddr::from(([127, 0, 0, 1], port)),
            })
            .collect();
        let mixed = interleave(&addresses);
        prop_assert_eq!(mixed.first(), addresses.first());
        for wanted in [true, false] {
            let of = |list: &[SocketAddr]| -> Vec<SocketAddr> {
                list.iter().copied().filter(|address| address.is_ipv6() == wanted).collect()
            };
            prop_assert_eq!(of(&mixed), of(&addresses));
        }
        let pairs = mixed.windows(2).filter(|pair| pair[0].is_ipv6() != pair[1].is_ipv6()).count();
        let fewer = families.iter().filter(|is_v6| **is_v6).count();
        let fewer = fewer.min(families.len() - fewer);
        prop_assert!(pairs + 1 >= 2 * fewer);
    }
}
