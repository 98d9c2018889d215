mod any_bytes;
mod handling;
mod limits;
mod persistence;
mod receiving;
mod sending;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use http::header::HeaderValue;
use url::Url;

use super::*;

/// When the clock of the tests begins: 2023-11-14 22:13:20.
const START: u64 = 1_700_000_000;

/// A clock that tests set, in milliseconds.
#[derive(Clone)]
struct Watch(Arc<AtomicU64>);

impl Watch {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START * 1000)))
    }

    fn advance(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    fn builder(&self) -> CookieJarBuilder {
        let time = Arc::clone(&self.0);
        let now = move || UNIX_EPOCH + Duration::from_millis(time.load(Ordering::Relaxed));
        CookieJar::builder().clock(now)
    }

    fn jar(&self) -> CookieJar {
        self.builder().build().unwrap()
    }
}

fn jar() -> CookieJar {
    Watch::new().jar()
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// Takes the cookies of one response.
fn set(jar: &CookieJar, from: &str, lines: &[&str]) {
    let mut headers = HeaderMap::new();
    for line in lines {
        let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
        headers.append(header::SET_COOKIE, value);
    }
    jar.store(&url(from), &headers);
}

/// Returns the cookies of a request, nothing if there are none.
fn sent(jar: &CookieJar, to: &str) -> String {
    let value = jar.header(&url(to));
    value.map_or(String::new(), |value| {
        String::from_utf8(value.as_bytes().to_vec()).unwrap()
    })
}
