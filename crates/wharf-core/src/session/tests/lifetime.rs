//! How long sessions last.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// An hour idle, three in all.
fn timed(sessions: Sessions<Visitor>, clock: &Clock) -> Sessions<Visitor> {
    sessions
        .idle(60 * MINUTE)
        .absolute(180 * MINUTE)
        .clock(clock.read())
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_wherever_it_is_kept() {
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let clock = Clock::new();
        let browser = Browser::new(app(timed(sessions, &clock))).await;
        browser.read("/call").await;
        clock.pass(59 * MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 1", "{kind}");
        clock.pass(59 * MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 1", "{kind}");
        clock.pass(60 * MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 0", "{kind}");
    }
}

#[tokio::test]
async fn a_session_ends_at_last_however_much_it_is_used() {
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let clock = Clock::new();
        let browser = Browser::new(app(timed(sessions, &clock))).await;
        browser.read("/call").await;
        for _ in 0..5 {
            clock.pass(30 * MINUTE);
            browser.read("/call").await;
        }
        clock.pass(29 * MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 6", "{kind}");
        let kept = browser.cookie();
        clock.pass(MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 0", "{kind}");
        // One who signs in has all of the time again.
        browser.bring(None);
        browser.read("/call").await;
        clock.pass(50 * MINUTE);
        browser.read("/login").await;
        for _ in 0..3 {
            clock.pass(50 * MINUTE);
            assert_eq!(browser.read("/peek").await, "\"ann\" 1", "{kind}");
        }
        clock.pass(30 * MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 0", "{kind}");
        browser.bring(kept);
        assert_eq!(browser.read("/peek").await, "\"-\" 0", "{kind}");
    }
}

#[tokio::test]
async fn the_browser_is_told_to_forget_when_the_session_ends() {
    let clock = Clock::new();
    let sessions = timed(Sessions::signed(&keys()), &clock);
    let browser = Browser::new(app(sessions)).await;
    for (minutes, seconds) in [(0, 3600), (50, 3600), (50, 3600), (50, 1800)] {
        clock.pass(minutes * MINUTE);
        let answer = browser.open("/call").await;
        let expected = format!("; Max-Age={seconds}");
        assert!(set(&answer).unwrap().ends_with(&expected), "{answer:?}");
    }
}

#[tokio::test]
async fn a_session_in_use_is_written_when_a_quarter_of_its_time_has_passed() {
    let (clock, store) = (Clock::new(), Observed::new());
    let browser = Browser::new(app(timed(Sessions::new(store.clone()), &clock))).await;
    browser.read("/call").await;
    store.calls();
    for (minutes, path, calls, cookie) in [
        (1, "/peek", &["load"][..], false),
        (13, "/peek", &["load"], false),
        (1, "/peek", &["load", "replace"], true),
        (14, "/peek", &["load"], false),
        // A change is written at once, and does not put off the cookie.
        (0, "/call", &["load", "replace"], false),
        (1, "/peek", &["load", "replace"], true),
        (15, "/call", &["load", "replace"], true),
    ] {
        clock.pass(minutes * MINUTE);
        let answer = browser.open(path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(
            (store.calls(), set(&answer).is_some()),
            (calls.to_vec(), cookie)
        );
    }
}

#[tokio::test]
async fn the_same_holds_for_cookies() {
    let clock = Clock::new();
    let browser = Browser::new(app(timed(Sessions::signed(&keys()), &clock))).await;
    browser.read("/call").await;
    for (minutes, cookie) in [(14, false), (1, true), (14, false), (1, true), (59, true)] {
        clock.pass(minutes * MINUTE);
        assert_eq!(set(&browser.open("/peek").await).is_some(), cookie);
    }
}

#[tokio::test]
async fn without_limits_a_session_goes_on() {
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let clock = Clock::new();
        let sessions = sessions.idle(None).absolute(None).clock(clock.read());
        let browser = Browser::new(app(sessions)).await;
        browser.read("/call").await;
        clock.pass(10_000 * 24 * 60 * MINUTE);
        assert_eq!(browser.read("/peek").await, "\"-\" 1", "{kind}");
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_ends_nothing() {
    let clock = Clock::new();
    let browser = Browser::new(app(timed(Sessions::signed(&keys()), &clock))).await;
    browser.read("/call").await;
    clock.0.fetch_sub(1_000, Ordering::Relaxed);
    assert_eq!(browser.read("/call").await, "\"-\" 2");
}
