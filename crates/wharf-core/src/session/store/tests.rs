use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;

use super::{FileStore, MemoryStore, Replaced, SessionStore};
use crate::session::SessionKey;
use crate::session::key::SessionId;

const HOUR: Duration = Duration::from_secs(3600);

fn key() -> SessionKey {
    SessionId::random().unwrap().key()
}

async fn data(store: &impl SessionStore, key: &SessionKey) -> Option<Bytes> {
    store
        .load(key)
        .await
        .unwrap()
        .map(|stored| stored.data().clone())
}

/// What every store has to do.
async fn keeps_its_contract(store: impl SessionStore) {
    let (key, other) = (key(), key());
    assert_eq!(store.load(&key).await.unwrap(), None);
    store.remove(&key).await.unwrap();
    let odd = Bytes::from_static(b"\0\r\n\xff{}");
    let replace = async |version, data: &'static str| {
        store
            .replace(&key, version, data.into(), HOUR)
            .await
            .unwrap()
    };
    assert_eq!(replace(1, "x").await, Replaced::Gone);
    assert_eq!(store.load(&key).await.unwrap(), None);

    store.insert(&key, odd.clone(), HOUR).await.unwrap();
    store.insert(&other, Bytes::new(), HOUR).await.unwrap();
    let first = store.load(&key).await.unwrap().unwrap();
    assert_eq!(*first.data(), odd);
    assert_eq!(data(&store, &other).await.unwrap(), Bytes::new());

    assert_eq!(replace(first.version(), "second").await, Replaced::Done);
    assert_eq!(replace(first.version(), "late").await, Replaced::Changed);
    let second = store.load(&key).await.unwrap().unwrap();
    assert_eq!(*second.data(), "second");
    assert_ne!(second.version(), first.version());
    assert_eq!(replace(second.version(), "third").await, Replaced::Done);
    assert_eq!(data(&store, &key).await.unwrap(), "third");

    store.remove(&key).await.unwrap();
    assert_eq!(store.load(&key).await.unwrap(), None);
    assert_eq!(replace(second.version() + 1, "x").await, Replaced::Gone);
    assert_eq!(data(&store, &other).await.unwrap(), Bytes::new());

    // Of many writers of one version, one wins.
    store.insert(&key, Bytes::new(), HOUR).await.unwrap();
    let version = store.load(&key).await.unwrap().unwrap().version();
    let write = || store.replace(&key, version, "x".into(), HOUR);
    let all = tokio::join!(write(), write(), write(), write());
    let all = [all.0, all.1, all.2, all.3].map(Result::unwrap);
    assert_eq!(all.iter().filter(|one| **one == Replaced::Done).count(), 1);
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_its_contract(MemoryStore::new(9)).await;
}

#[tokio::test]
async fn files_keep_the_contract() {
    let folder = TempDir::new().unwrap();
    for (name, durable) in [("a/b", false), ("durable", true)] {
        let store = FileStore::open(folder.path().join(name)).unwrap();
        keeps_its_contract(store.durable(durable)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn memory_forgets_when_the_time_is_over_and_clears_up_without_a_task() {
    let store = MemoryStore::new(1_000);
    let (short, long) = (key(), key());
    store.insert(&short, "short".into(), HOUR).await.unwrap();
    store
        .insert(&long, "long".into(), Duration::MAX)
        .await
        .unwrap();
    tokio::time::advance(HOUR - Duration::from_millis(1)).await;
    assert_eq!(data(&store, &short).await.unwrap(), "short");
    // A write puts it off.
    assert_eq!(
        store
            .replace(&short, 1, "still".into(), HOUR)
            .await
            .unwrap(),
        Replaced::Done
    );
    tokio::time::advance(HOUR - Duration::from_millis(1)).await;
    assert_eq!(data(&store, &short).await.unwrap(), "still");
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(data(&store, &short).await, None);
    assert_eq!(
        store.replace(&short, 2, "x".into(), HOUR).await.unwrap(),
        Replaced::Gone
    );
    assert_eq!(store.len(), 1);
    for _ in 0..100 {
        store
            .insert(&key(), Bytes::new(), Duration::from_secs(1))
            .await
            .unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    store.assert_consistent();
    assert_eq!(data(&store, &long).await.unwrap(), "long");
    assert_eq!(store.len(), 1);
    store.clear();
    assert!(store.is_empty());
}

#[tokio::test(start_paused = true)]
async fn memory_holds_no_more_than_it_may_and_those_go_first_that_would_anyway() {
    let store = MemoryStore::new(3);
    let keys: Vec<SessionKey> = (0..4).map(|_| key()).collect();
    for (key, hours) in keys.iter().zip([2, 1, 3, 1]) {
        store.insert(key, "x".into(), hours * HOUR).await.unwrap();
    }
    let mut there = Vec::new();
    for key in &keys {
        there.push(data(&store, key).await.is_some());
    }
    assert_eq!(there, [true, false, true, true]);
    for _ in 0..100 {
        store.insert(&key(), "x".into(), HOUR).await.unwrap();
    }
    assert_eq!(store.len(), 3);
    store.assert_consistent();
    let one = MemoryStore::new(0);
    one.insert(&keys[0], "x".into(), HOUR).await.unwrap();
    assert_eq!(one.len(), 1);
}

#[tokio::test]
async fn files_whose_time_is_over_are_swept_and_others_are_left() {
    let folder = TempDir::new().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    let (over, kept) = (key(), key());
    store
        .insert(&over, "over".into(), Duration::ZERO)
        .await
        .unwrap();
    store.insert(&kept, "kept".into(), HOUR).await.unwrap();
    assert_eq!(data(&store, &over).await, None);
    let cut = folder.path().join(format!("{}.session", key()));
    let foreign = folder.path().join("notes.txt");
    let unfinished = folder.path().join("0123.unfinished");
    for path in [&cut, &foreign, &unfinished] {
        std::fs::write(path, "cut").unwrap();
    }
    // Somebody may be at it.
    assert_eq!(store.sweep().await.unwrap(), 2);
    let old = std::time::SystemTime::now() - 2 * HOUR;
    let file = std::fs::File::options()
        .write(true)
        .open(&unfinished)
        .unwrap();
    file.set_modified(old).unwrap();
    assert_eq!(store.sweep().await.unwrap(), 1);
    assert!(foreign.exists());
    assert_eq!(data(&store, &kept).await.unwrap(), "kept");
    assert_eq!(folder.path().read_dir().unwrap().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn files_are_swept_now_and_then_by_who_puts_one_in() {
    let folder = TempDir::new().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    store
        .insert(&key(), "over".into(), Duration::ZERO)
        .await
        .unwrap();
    store.insert(&key(), "kept".into(), HOUR).await.unwrap();
    let count = || folder.path().read_dir().unwrap().count();
    assert_eq!(count(), 2);
    tokio::time::advance(Duration::from_secs(601)).await;
    store.insert(&key(), "kept".into(), HOUR).await.unwrap();
    for _ in 0..10_000 {
        if count() == 2 {
            return;
        }
        tokio::task::spawn_blocking(std::thread::yield_now)
            .await
            .unwrap();
    }
    panic!("{} files are left", count());
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new().unwrap();
    let inside = folder.path().join("sessions");
    let store = FileStore::open(&inside).unwrap();
    let key = key();
    store.insert(&key, "x".into(), HOUR).await.unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inside), 0o700);
    assert_eq!(mode(&inside.join(format!("{key}.session"))), 0o600);
    store.replace(&key, 1, "y".into(), HOUR).await.unwrap();
    assert_eq!(mode(&inside.join(format!("{key}.session"))), 0o600);
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_an_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(FileStore::open(file.join("sessions")).is_err());
    let store = FileStore::open(folder.path().join("gone")).unwrap();
    std::fs::remove_dir(folder.path().join("gone")).unwrap();
    assert!(store.insert(&key(), Bytes::new(), HOUR).await.is_err());
    assert!(store.sweep().await.is_err());
    assert_eq!(data(&store, &key()).await, None);
}

#[cfg(all(feature = "redis", unix))]
mod redis {
    use std::process::{Child, Command, Stdio};

    use super::super::RedisStore;
    use super::*;

    /// A server of its own, which nobody reaches by a port.
    struct Server {
        folder: TempDir,
        process: Child,
    }

    impl Server {
        /// `None`, with the reason printed, where there is no `redis-server`.
        fn start() -> Option<Self> {
            let folder = TempDir::new().unwrap();
            match launch(&folder) {
                Ok(process) => Some(Self { folder, process }),
                Err(error) => {
                    eprintln!("skipped: `redis-server` cannot be started: {error}");
                    None
                }
            }
        }

        fn url(&self) -> String {
            format!("redis+unix://{}/socket", self.folder.path().display())
        }

        fn stop(&mut self) {
            self.process.kill().unwrap();
            self.process.wait().unwrap();
        }

        async fn store(&self) -> RedisStore {
            let store = RedisStore::new(&self.url()).unwrap();
            for _ in 0..1_000 {
                if store.load(&key()).await.is_ok() {
                    return store;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("the server does not answer");
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ended = self.process.kill();
            let _status = self.process.wait();
        }
    }

    fn launch(folder: &TempDir) -> std::io::Result<Child> {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket", "socket"])
            .arg("--dir")
            .arg(folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
    }

    #[tokio::test]
    async fn redis_keeps_the_contract() {
        let Some(server) = Server::start() else {
            return;
        };
        keeps_its_contract(server.store().await).await;
    }

    #[tokio::test]
    async fn redis_forgets_and_instances_share_what_they_have() {
        let Some(server) = Server::start() else {
            return;
        };
        let (one, two) = (server.store().await, server.store().await);
        let foreign = server.store().await.prefix("other:");
        let key = key();
        one.insert(&key, "x".into(), HOUR).await.unwrap();
        assert_eq!(data(&two, &key).await.unwrap(), "x");
        assert_eq!(data(&foreign, &key).await, None);
        let done = two
            .replace(&key, 1, "y".into(), Duration::from_millis(20))
            .await
            .unwrap();
        assert_eq!(done, Replaced::Done);
        assert_eq!(
            one.replace(&key, 1, "z".into(), HOUR).await.unwrap(),
            Replaced::Changed
        );
        // The time of the server cannot be paused.
        for _ in 0..1_000 {
            if data(&one, &key).await.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it is kept beyond its time");
    }

    #[tokio::test]
    async fn a_connection_that_is_lost_is_made_anew() {
        let Some(mut server) = Server::start() else {
            return;
        };
        let store = server.store().await;
        let key = key();
        store.insert(&key, "x".into(), HOUR).await.unwrap();
        server.stop();
        assert!(store.load(&key).await.is_err());
        assert!(store.insert(&key, "x".into(), HOUR).await.is_err());
        server.process = launch(&server.folder).unwrap();
        let _other = server.store().await;
        // It has kept nothing, and the store works on.
        assert_eq!(store.load(&key).await.unwrap(), None);
        store.insert(&key, "y".into(), HOUR).await.unwrap();
        assert_eq!(data(&store, &key).await.unwrap(), "y");
    }

    #[test]
    fn a_password_is_not_shown() {
        let store = RedisStore::new("redis://user:hush@127.0.0.1/").unwrap();
        assert!(!format!("{store:?}").contains("hush"));
        assert!(RedisStore::new("http://127.0.0.1/").is_err());
    }
}
