//! How many crates each way of using wharf brings, and which of the workspace's own crates may be among them.
//!
//! A number counts the different packages in `cargo tree -e normal,build` for x86-64 Linux, the root left out, procedural macros
//! and build dependencies counted. `cargo test -p integration-tests --test weight -- --nocapture` prints them all.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A package, the features a user asks it for, and the most crates that these may bring.
const BUDGETS: [(&str, &str, usize); 21] = [
    ("wharf", "http1,server", 32),
    ("wharf", "files,http1,server", 32),
    ("wharf", "http1,http2,server", 42),
    ("wharf", "form,http1,json,server", 37),
    ("wharf", "cookies,form,http1,json,server", 45),
    ("wharf", "form,http1,json,server,sessions", 56),
    ("wharf", "encrypted-sessions,form,http1,json,server", 63),
    ("wharf", "http1,multipart,server", 36),
    ("wharf", "http1,server,templates", 34),
    ("wharf", "default", 114),
    ("wharf-server", "http1", 28),
    ("wharf-server", "http1,tls", 46),
    ("wharf-server", "http1,tls-ring", 41),
    ("wharf-server", "http1,tls-core", 36),
    ("wharf-core", "", 17),
    ("wharf-core", "files", 21),
    ("wharf-core", "redis,sessions", 87),
    ("wharf-client", "http1", 56),
    ("wharf-client", "http1,tls", 76),
    (
        "wharf-client",
        "cookies,form,gzip,http2,json,multipart,tls",
        93,
    ),
    ("wharf-test", "", 70),
];

/// Which crates of the workspace each one may bring with all its features on; siblings do not know each other. The examples show
/// what a user of one crate gets.
const ARROWS: [(&str, &[&str]); 12] = [
    ("wharf-http", &[]),
    ("wharf-core", &["wharf-http"]),
    ("wharf-server", &["wharf-http"]),
    ("wharf-client", &["wharf-http"]),
    (
        "wharf-test",
        &["wharf-client", "wharf-core", "wharf-http", "wharf-server"],
    ),
    ("api-client", &["wharf-client", "wharf-http"]),
    ("client-only", &["wharf-client", "wharf-http"]),
    ("core-in-hyper", &["wharf-core", "wharf-http"]),
    ("crawler", &["wharf-client", "wharf-http"]),
    ("downloader", &["wharf-client", "wharf-http"]),
    ("parrot", &["wharf-http"]),
    ("server-only", &["wharf-http", "wharf-server"]),
];

#[test]
fn a_small_build_stays_small() {
    let mut over = Vec::new();
    for (package, features, crates) in BUDGETS {
        let tree = tree(&[
            "--package",
            package,
            "--no-default-features",
            "--features",
            features,
        ]);
        println!(
            "{package} with {features}: {} crates of {crates}",
            tree.len()
        );
        if tree.len() > crates {
            let names = tree.into_iter().collect::<Vec<_>>().join(", ");
            over.push(format!(
                "{package} with {features} may bring {crates} crates and brings {names}"
            ));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

#[test]
fn dependencies_between_the_crates_point_down() {
    for (package, below) in ARROWS {
        for line in tree(&["--package", package, "--all-features"]) {
            let name = line.split(' ').next().unwrap_or_default();
            let ours = name == "wharf" || name.starts_with("wharf-");
            assert!(
                !ours || below.contains(&name),
                "{package} may not bring {name}"
            );
        }
    }
}

/// The packages below the root of a dependency tree, as `name version`.
fn tree(selection: &[&str]) -> BTreeSet<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the workspace");
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "depth",
        ])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .args(selection)
        .output()
        .expect("the cargo that built this test can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.starts_with('0'),
        "the root of the tree comes first: {text}"
    );
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .split(' ');
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}
