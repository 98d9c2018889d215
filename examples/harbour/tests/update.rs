//! A resource is replaced in store and cache at once. Both are made for these tests, and time is paused: nothing is waited for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harbour::cache::{Cache, SharedCache};
use harbour::resource::{Draft, Resource};
use harbour::store::{Answer, SharedStore, StorageError, Store};
use tokio::time::{Instant, sleep, timeout};
use wharf_test::{TestClient, TestRequest, json};

/// A storage that takes its time, and may fail after it.
struct Slow {
    resources: Mutex<HashMap<i64, Resource>>,
    takes: Duration,
    fails: bool,
}

impl Slow {
    fn new(seconds: u64, fails: bool) -> Arc<Self> {
        let name = "crane".to_owned().try_into().unwrap();
        let crane = Resource {
            id: 1,
            name,
            note: "old".into(),
        };
        Arc::new(Self {
            resources: Mutex::new(HashMap::from([(1, crane)])),
            takes: Duration::from_secs(seconds),
            fails,
        })
    }

    /// Does something with what is kept: now, or after a while as all writes do.
    fn now<T>(&self, act: impl FnOnce(&mut HashMap<i64, Resource>) -> T) -> T {
        act(&mut self.resources.lock().unwrap())
    }

    async fn write<T>(
        &self,
        act: impl FnOnce(&mut HashMap<i64, Resource>) -> T,
    ) -> Result<T, StorageError> {
        sleep(self.takes).await;
        match self.fails {
            true => Err(StorageError::new("write", "out of space")),
            false => Ok(self.now(act)),
        }
    }

    fn note(&self) -> Option<String> {
        self.now(|all| all.get(&1).map(|crane| crane.note.clone()))
    }
}

impl Store for Slow {
    fn list(&self, _after: i64, _limit: u32) -> Answer<'_, Vec<Resource>> {
        Box::pin(async { Ok(self.now(|all| all.values().cloned().collect())) })
    }

    fn find(&self, id: i64) -> Answer<'_, Option<Resource>> {
        Box::pin(async move { Ok(self.now(|all| all.get(&id).cloned())) })
    }

    fn create(&self, draft: Draft) -> Answer<'_, Resource> {
        Box::pin(self.write(|all| {
            let resource = draft.with_id(all.len() as i64 + 1);
            all.insert(resource.id, resource.clone());
            resource
        }))
    }

    fn replace(&self, resource: Resource) -> Answer<'_, bool> {
        Box::pin(self.write(|all| all.insert(resource.id, resource).is_some()))
    }

    fn remove(&self, id: i64) -> Answer<'_, bool> {
        Box::pin(self.write(move |all| all.remove(&id).is_some()))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl Cache for Slow {
    fn find(&self, id: i64) -> Answer<'_, Option<Resource>> {
        Store::find(self, id)
    }

    fn keep(&self, resource: Resource) -> Answer<'_, ()> {
        Box::pin(self.write(|all| {
            all.insert(resource.id, resource);
        }))
    }

    fn forget(&self, id: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            self.now(|all| all.remove(&id));
            Ok(())
        })
    }
}

async fn harbour(store: &Arc<Slow>, cache: &Arc<Slow>) -> TestClient {
    let app = harbour::bare()
        .provide(harbour::Config::default())
        .provide(wharf::Client::new())
        .provide::<SharedStore>(store.clone())
        .provide::<SharedCache>(cache.clone());
    TestClient::new(app).await
}

fn put(client: &TestClient) -> TestRequest {
    client
        .put("/resources/1")
        .json(&json!({ "name": "crane", "note": "new" }))
}

#[tokio::test(start_paused = true)]
async fn it_takes_as_long_as_the_slower_of_the_two() {
    for (store, cache) in [(2, 3), (3, 2)] {
        let (store, cache) = (Slow::new(store, false), Slow::new(cache, false));
        let client = harbour(&store, &cache).await;

        let started = Instant::now();
        put(&client).send().await.assert_status(200);
        assert_eq!(started.elapsed().as_secs(), 3);
        assert_eq!(store.note().as_deref(), Some("new"));
        assert_eq!(cache.note().as_deref(), Some("new"));
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_failure_is_one_500_at_once() {
    for (store_fails, cache_fails) in [(true, false), (false, true), (true, true)] {
        let store = Slow::new(if store_fails { 2 } else { 4 }, store_fails);
        let cache = Slow::new(if cache_fails { 2 } else { 4 }, cache_fails);
        let client = harbour(&store, &cache).await;

        let started = Instant::now();
        let failed = put(&client).send().await;
        assert_eq!(started.elapsed().as_secs(), 2);
        // The cause is for the log.
        failed
            .assert_status(500)
            .assert_json(&json!({ "status": 500, "error": "Internal Server Error" }));
        assert_eq!(
            cache.note(),
            None,
            "the cache must not know more than the store"
        );
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_brought_to_its_end_when_the_client_leaves() {
    let (store, cache) = (Slow::new(2, false), Slow::new(3, false));
    let client = harbour(&store, &cache).await;

    let given_up = timeout(Duration::from_secs(1), put(&client).send()).await;
    assert!(given_up.is_err());
    client.close().await; // waits for what has to be finished
    assert_eq!(store.note().as_deref(), Some("new"));
    assert_eq!(cache.note().as_deref(), Some("new"));
}
