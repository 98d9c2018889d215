//! Certificates that are replaced while the server runs.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use wharf_server::ErrorKind;
use wharf_server::tls::{Reload, TlsConfig};

use super::*;

#[tokio::test]
async fn a_new_pair_is_used_and_sessions_survive_it() {
    let authority = Authority::new("quay");
    let (first, second) = (authority.issue(&["a.test"]), authority.issue(&["a.test"]));
    let folder = Folder::new();
    folder.write(&first);
    let server = start(folder.config()).await;
    let client = connector(authority.client(None));
    let open = connect(&server, &client, "a.test").await.unwrap();
    assert_eq!(shown(&open), first.serial);
    let resumable = connector(authority.client(None));
    ask(connect(&server, &resumable, "a.test").await.unwrap()).await;

    folder.write(&second);
    server.reload().await.unwrap();
    let certificates = server.certificates();
    assert_eq!(certificates[0].serial(), second.serial);
    assert_eq!(
        certificates[0].source(),
        Some(folder.path("cert.pem").as_path())
    );
    let fresh = connector(authority.client(None));
    let stream = connect(&server, &fresh, "a.test").await.unwrap();
    assert_eq!(shown(&stream), second.serial);
    // What was open goes on, and a session from before is still good.
    assert!(ask(open).await.starts_with("https "));
    let answer = ask(connect(&server, &resumable, "a.test").await.unwrap()).await;
    assert!(answer.contains("resumed"), "{answer}");
}

#[tokio::test]
async fn a_bad_pair_leaves_the_last_good_one_in_use() {
    let authority = Authority::new("quay");
    let (first, second) = (authority.issue(&["a.test"]), authority.issue(&["a.test"]));
    let folder = Folder::new();
    folder.write(&first);
    let server = start(folder.config()).await;
    let client = connector(authority.client(None));
    let half = &second.certificate[..second.certificate.len() / 2];
    for (certificate, key, expected) in [
        (
            &*first.certificate,
            &*second.key,
            "does not belong to the certificate",
        ),
        (half, &*second.key, "breaks off before an END line"),
        ("", &*second.key, "there is no certificate in PEM"),
        (&*second.certificate, "", "there is no private key in PEM"),
    ] {
        put(&folder.path("cert.pem"), certificate);
        put(&folder.path("key.pem"), key);
        let error = server.reload().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(server.certificates()[0].serial(), first.serial);
        let stream = connect(&server, &client, "a.test").await.unwrap();
        assert_eq!(shown(&stream), first.serial);
    }
    fs::remove_file(folder.path("key.pem")).unwrap();
    let error = server.reload().await.unwrap_err();
    assert!(
        error.to_string().starts_with("could not read the key "),
        "{error}"
    );
    folder.write(&second);
    server.reload().await.unwrap();
    assert_eq!(server.certificates()[0].serial(), second.serial);
}

/// Files are watched by the clock of the system: the test waits for what it sees, however long that takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_replaced_under_load_without_a_failed_handshake() {
    let authority = Authority::new("quay");
    let folder = Folder::new();
    folder.write(&authority.issue(&["a.test"]));
    let reload = Reload::every(Duration::from_millis(10));
    let server = start(TlsConfig::new(folder.identity()).reload(reload)).await;
    let server = Arc::new(server);
    let done = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (server, done) = (Arc::clone(&server), Arc::clone(&done));
            let config = authority.client(None);
            tokio::spawn(async move {
                let mut handshakes = 0;
                while !done.load(Ordering::Relaxed) {
                    // A new one each time, or sessions would be resumed.
                    let client = connector(config.clone());
                    let stream = connect(&server, &client, "a.test")
                        .await
                        .expect("a handshake");
                    ask(stream).await;
                    handshakes += 1;
                }
                handshakes
            })
        })
        .collect();
    for round in 0..6 {
        let pair = authority.issue(&["a.test"]);
        if round % 2 == 0 {
            folder.write(&pair);
        } else {
            // The other order, and not at one stroke.
            fs::write(folder.path("key.pem"), &pair.key).unwrap();
            fs::write(folder.path("cert.pem"), &pair.certificate).unwrap();
        }
        let replaced = async {
            loop {
                let client = connector(authority.client(None));
                let stream = connect(&server, &client, "a.test").await.unwrap();
                if shown(&stream) == pair.serial {
                    break;
                }
            }
        };
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, replaced)
            .await
            .expect("the new pair is shown");
    }
    done.store(true, Ordering::Relaxed);
    for task in load {
        assert!(task.await.unwrap() > 0);
    }
    assert_eq!(server.stats().tls_handshake_failures(), 0);
}
