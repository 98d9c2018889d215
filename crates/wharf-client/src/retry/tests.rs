use std::time::UNIX_EPOCH;

use http::header::{HeaderValue, RETRY_AFTER};
use proptest::prelude::*;

use super::*;
use crate::timeout::Phase;

/// Half of the longest wait.
const HALF: fn() -> u64 = || 1 << 63;

/// A policy whose waits are 100, 200, 400 ms by half.
fn policy() -> RetryPolicy {
    RetryPolicy::new()
        .attempts(5)
        .backoff(Duration::from_millis(200), Duration::from_secs(1))
}

fn attempt(outcome: Outcome<'_>) -> Attempt<'_> {
    Attempt {
        number: 1,
        outcome,
        repeatable: true,
        left: None,
        now: UNIX_EPOCH,
    }
}

fn after(millis: u64) -> Verdict {
    Verdict::After(Duration::from_millis(millis))
}

fn response(status: u16, retry_after: Option<&str>) -> (StatusCode, HeaderMap) {
    let value = |text| HeaderValue::from_str(text).unwrap();
    let fields = retry_after.map(|text| (RETRY_AFTER, value(text)));
    (
        StatusCode::from_u16(status).unwrap(),
        fields.into_iter().collect(),
    )
}

#[test]
fn statuses_that_may_pass_are_tried_again() {
    for (status, expected) in [
        (200, Verdict::Done),
        (304, Verdict::Done),
        (400, Verdict::Done),
        (408, Verdict::Done),
        (425, Verdict::Done),
        (429, after(100)),
        (500, Verdict::Done),
        (501, Verdict::Done),
        (502, after(100)),
        (503, after(100)),
        (504, after(100)),
    ] {
        let (status, headers) = response(status, None);
        let ended = attempt(Outcome::Response(status, &headers));
        assert_eq!(policy().decide(&ended, HALF), expected, "{status}");
        let teapots = policy().statuses([StatusCode::IM_A_TEAPOT]);
        assert_eq!(teapots.decide(&ended, HALF), Verdict::Done, "{status}");
    }
    let (status, headers) = response(418, None);
    let teapots = policy().statuses([StatusCode::IM_A_TEAPOT]);
    let ended = attempt(Outcome::Response(status, &headers));
    assert_eq!(teapots.decide(&ended, HALF), after(100));
}

#[test]
fn errors_that_may_pass_are_tried_again() {
    let connect = |kind| Error::new(ErrorKind::Connect).because(std::io::Error::from(kind));
    let hidden = |kind| {
        let inner = std::io::Error::other(std::io::Error::from(kind));
        Error::new(ErrorKind::Connect).because(Error::new(ErrorKind::Connect).because(inner))
    };
    for (error, expected) in [
        (connect(std::io::ErrorKind::ConnectionRefused), after(100)),
        (connect(std::io::ErrorKind::HostUnreachable), after(100)),
        (
            Error::new(ErrorKind::Connect).because("no such host"),
            after(100),
        ),
        (Error::timeout(Phase::Connect, None), after(100)),
        (Error::new(ErrorKind::Disconnected), after(100)),
        (Error::new(ErrorKind::Dns), after(100)),
        (Error::new(ErrorKind::Proxy), after(100)),
        (
            Error::new(ErrorKind::Proxy).answered(StatusCode::BAD_GATEWAY),
            after(100),
        ),
        (
            Error::new(ErrorKind::Proxy).answered(StatusCode::PROXY_AUTHENTICATION_REQUIRED),
            Verdict::Done,
        ),
        (Error::new(ErrorKind::AddressRefused), Verdict::Done),
        (Error::new(ErrorKind::Certificate), Verdict::Done),
        (Error::new(ErrorKind::Tls), Verdict::Done),
        (Error::new(ErrorKind::Disconnected).reused(true), after(100)),
        // A certificate that is not trusted, an address that is forbidden.
        (connect(std::io::ErrorKind::InvalidData), Verdict::Done),
        (hidden(std::io::ErrorKind::InvalidData), Verdict::Done),
        (connect(std::io::ErrorKind::PermissionDenied), Verdict::Done),
        (Error::timeout(Phase::ResponseHead, None), Verdict::Done),
        (Error::timeout(Phase::BodyRead, None), Verdict::Done),
        (Error::new(ErrorKind::Config), Verdict::Done),
        (Error::new(ErrorKind::Url), Verdict::Done),
        (Error::new(ErrorKind::Request), Verdict::Done),
        (Error::new(ErrorKind::RequestBody), Verdict::Done),
        (Error::new(ErrorKind::Malformed), Verdict::Done),
        (Error::new(ErrorKind::ResponseBody), Verdict::Done),
        (Error::new(ErrorKind::TooLarge { limit: 1 }), Verdict::Done),
    ] {
        let ended = attempt(Outcome::Failed(&error));
        assert_eq!(policy().decide(&ended, HALF), expected, "{error:?}");
    }
}

#[test]
fn the_last_attempt_and_what_may_not_arrive_twice_are_done() {
    let (status, headers) = response(503, None);
    let outcome = Outcome::Response(status, &headers);
    for (number, repeatable, expected) in [
        (1, true, after(100)),
        (2, true, after(200)),
        (3, true, after(400)),
        (4, true, after(500)),
        (5, true, Verdict::Done),
        (6, true, Verdict::Done),
        (1, false, Verdict::Done),
    ] {
        let ended = Attempt {
            number,
            repeatable,
            ..attempt(outcome)
        };
        assert_eq!(
            policy().decide(&ended, HALF),
            expected,
            "{number} {repeatable}"
        );
    }
    let once = policy().attempts(1);
    assert_eq!(once.decide(&attempt(outcome), HALF), Verdict::Done);
}

#[test]
fn a_server_may_ask_for_a_longer_wait() {
    let date = "Thu, 01 Jan 1970 00:00:07 GMT";
    for (status, text, expected) in [
        (429, "2", after(2100)),
        (503, "2", after(2100)),
        (503, "30", after(30_100)),
        (503, "31", Verdict::Done),
        (503, "99999999999999999999999", Verdict::Done),
        (503, date, after(7100)),
        (503, "Fri, 31 Dec 1999 23:59:59 GMT", Verdict::Done),
        (503, "0", after(100)),
        (503, "later", after(100)),
        // Elsewhere the field means something else.
        (502, "2", after(100)),
        (504, "31", after(100)),
    ] {
        let (status, headers) = response(status, Some(text));
        let ended = attempt(Outcome::Response(status, &headers));
        assert_eq!(policy().decide(&ended, HALF), expected, "{status} {text}");
        let deaf = policy().retry_after(None);
        assert_eq!(deaf.decide(&ended, HALF), after(100), "{status} {text}");
    }
    let (status, headers) = response(503, Some("31"));
    let patient = policy().retry_after(Duration::from_secs(31));
    let ended = attempt(Outcome::Response(status, &headers));
    assert_eq!(patient.decide(&ended, HALF), after(31_100));
}

#[test]
fn no_wait_goes_beyond_the_deadline() {
    let (status, headers) = response(503, Some("1"));
    for (left, expected) in [
        (None, after(1100)),
        (Some(1101), after(1100)),
        (Some(1100), Verdict::Done),
        (Some(0), Verdict::Done),
    ] {
        let left = left.map(Duration::from_millis);
        let ended = Attempt {
            left,
            ..attempt(Outcome::Response(status, &headers))
        };
        assert_eq!(policy().decide(&ended, HALF), expected, "{left:?}");
    }
}

#[test]
fn an_outage_is_not_answered_with_a_flood() {
    let policy = policy().budget(RetryBudget::new().burst(2).successes_per_retry(3));
    let budget = policy.shared_budget();
    let (bad, headers) = response(503, None);
    let (good, _) = response(200, None);
    let error = Error::new(ErrorKind::Malformed);
    let tried = |outcome| policy.verdict(&attempt(outcome), &budget) != Verdict::Done;
    let bad = Outcome::Response(bad, &headers);
    let good = Outcome::Response(good, &headers);
    assert_eq!([tried(bad), tried(bad), tried(bad)], [true, true, false]);
    // Neither an error nor a refused retry is a success.
    assert_eq!(
        [
            tried(good),
            tried(good),
            tried(Outcome::Failed(&error)),
            tried(bad)
        ],
        [false; 4]
    );
    assert_eq!([tried(good), tried(bad), tried(bad)], [false, true, false]);
}

#[test]
fn waits_differ_from_request_to_request() {
    let policy = policy().budget(None);
    let budget = policy.shared_budget();
    let (status, headers) = response(503, None);
    let ended = attempt(Outcome::Response(status, &headers));
    let waits: std::collections::HashSet<_> = (0..20)
        .map(|_| match policy.verdict(&ended, &budget) {
            Verdict::After(wait) => wait,
            Verdict::Done => panic!("nothing limits it"),
        })
        .collect();
    assert!(waits.len() > 1);
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(200)));
}

#[test]
fn requests_may_arrive_twice_by_method_mark_or_key() {
    let none = HeaderMap::new();
    for (method, expected) in [
        (Method::GET, true),
        (Method::HEAD, true),
        (Method::OPTIONS, true),
        (Method::TRACE, true),
        (Method::PUT, true),
        (Method::DELETE, true),
        (Method::QUERY, true),
        (Method::POST, false),
        (Method::PATCH, false),
        (Method::from_bytes(b"BREW").unwrap(), false),
    ] {
        assert_eq!(
            RetryPolicy::is_repeatable(&method, &none, false),
            expected,
            "{method}"
        );
        assert!(RetryPolicy::is_repeatable(&method, &none, true));
        let mut keyed = HeaderMap::new();
        keyed.insert("idempotency-key", HeaderValue::from_static("mine"));
        assert!(RetryPolicy::is_repeatable(&method, &keyed, false));

        policy().idempotency_key(true).prepare(&method, &mut keyed);
        assert_eq!(keyed["idempotency-key"], "mine");
        let mut given = HeaderMap::new();
        policy().prepare(&method, &mut given);
        assert!(given.is_empty());
        policy().idempotency_key(true).prepare(&method, &mut given);
        assert_eq!(given.contains_key("idempotency-key"), !expected, "{method}");
        assert!(RetryPolicy::is_repeatable(&method, &given, false));
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    policy().check().unwrap();
    policy()
        .backoff(Duration::ZERO, Duration::ZERO)
        .check()
        .unwrap();
    policy().budget(None).check().unwrap();
    for (policy, text) in [
        (
            policy().attempts(0),
            "a retry policy of zero attempts sends nothing",
        ),
        (
            policy().backoff(Duration::from_secs(2), Duration::from_secs(1)),
            "the first back-off of the retry policy is longer than its longest",
        ),
        (
            policy().budget(RetryBudget::new().successes_per_retry(0)),
            "a retry budget of zero successes per retry limits nothing; `None` switches it off",
        ),
    ] {
        let error = policy.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(
            format!("{error:#}"),
            format!("invalid client setting: {text}")
        );
    }
}

proptest! {
    #[test]
    fn no_wait_is_longer_than_what_was_set(number in 1..10_u32, random: u64, asked in 0..60_u64, left in 0..60_000_u64) {
        let asked = asked.to_string();
        let (status, headers) = response(503, Some(&asked));
        let left = Duration::from_millis(left);
        let ended = Attempt { number, left: Some(left), ..attempt(Outcome::Response(status, &headers)) };
        if let Verdict::After(wait) = policy().decide(&ended, || random) {
            prop_assert!(number < 5);
            prop_assert!(wait < left);
            prop_assert!(wait <= Duration::from_secs(31));
        }
    }
}
