//! Requests that are given up at any moment.

use std::pin::pin;

use tokio::task::yield_now;

use super::*;

/// Another sequence for each seed, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Lets others go first before and after each call.
#[derive(Clone)]
struct Polite<S>(S);

impl<S: SessionStore> SessionStore for Polite<S> {
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, BoxError> {
        yield_now().await;
        let result = self.0.load(key).await;
        yield_now().await;
        result
    }

    async fn insert(&self, key: &SessionKey, data: Bytes, keep: Duration) -> Result<(), BoxError> {
        yield_now().await;
        let result = self.0.insert(key, data, keep).await;
        yield_now().await;
        result
    }

    async fn replace(
        &self,
        key: &SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> Result<Replaced, BoxError> {
        yield_now().await;
        let result = self.0.replace(key, version, data, keep).await;
        yield_now().await;
        result
    }

    async fn remove(&self, key: &SessionKey) -> Result<(), BoxError> {
        yield_now().await;
        let result = self.0.remove(key).await;
        yield_now().await;
        result
    }
}

/// Asks again and again and gives up a thousand times; what is there then is never half of anything.
async fn give_up_a_thousand_times(store: impl SessionStore) -> u32 {
    let browser = Browser::new(app(Sessions::new(Polite(store)))).await;
    let mut dice = Dice(7);
    let (mut given_up, mut calls, mut finished) = (0, 0, 0);
    while given_up < 1_000 {
        let path = ["/call", "/call", "/call", "/login", "/rotate", "/logout"]
            [usize::try_from(dice.roll(6)).unwrap()];
        calls += u32::from(path == "/call");
        let patience = dice.roll(14);
        let patient = async || {
            for _ in 0..patience {
                yield_now().await;
            }
        };
        let answered = {
            let mut open = pin!(browser.open(path));
            tokio::select! {
                biased;
                answer = &mut open => Some(answer.status()),
                () = patient() => None,
            }
        };
        match answered {
            Some(status) => {
                assert_eq!(status, StatusCode::OK, "{path}");
                finished += 1;
            }
            None => given_up += 1,
        }
        let seen = browser.read("/peek").await;
        let (user, number) = seen.split_once(' ').unwrap();
        assert!(user == "\"-\"" || user == "\"ann\"", "{seen}");
        assert!(number.parse::<u32>().unwrap() <= calls, "{seen}");
    }
    finished
}

#[tokio::test]
async fn a_thousand_requests_that_are_given_up_leave_memory_consistent() {
    let store = MemoryStore::new(50);
    let finished = give_up_a_thousand_times(store.clone()).await;
    assert!(finished > 100, "{finished}");
    assert!((1..=50).contains(&store.len()));
    store.assert_consistent();
}

#[tokio::test]
async fn a_thousand_requests_that_are_given_up_leave_files_consistent() {
    let folder = TempDir::new().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    give_up_a_thousand_times(store.clone()).await;
    // Whatever was begun is ended.
    let names = || -> Vec<String> {
        let entries = folder.path().read_dir().unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    for _ in 0..10_000 {
        if names().iter().all(|name| name.ends_with(".session")) {
            break;
        }
        tokio::task::spawn_blocking(std::thread::yield_now)
            .await
            .unwrap();
    }
    assert!(
        names()
            .iter()
            .all(|name| name.len() == 64 + ".session".len()),
        "{:?}",
        names()
    );
    assert_eq!(store.sweep().await.unwrap(), 0);
}
