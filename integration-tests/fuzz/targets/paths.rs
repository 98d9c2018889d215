//! Static files: no path leads out of the folder, to a hidden file, or to an answer that is a failure.
#![no_main]

use std::os::unix::fs::symlink;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use wharf_core::app::Running;
use wharf_core::files::Files;
use wharf_core::{App, Body};

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("secret", "SECRET");
    write("root/a", "open");
    write("root/b/index.html", "open");
    write("root/b/c", "open");
    write("root/.d", "SECRET");
    write("root/.e/f", "SECRET");
    symlink("../secret", folder.path().join("root/g")).unwrap();
    symlink("..", folder.path().join("root/h")).unwrap();
    folder
});

static APP: LazyLock<Running> = LazyLock::new(|| {
    let root = FOLDER.path().join("root");
    let app = App::new()
        .files("/one", Files::new(&root))
        .files("/two", Files::new(&root).listing(true).precompressed(true));
    fuzz::run(app.start()).unwrap()
});

fuzz_target!(|data: &[u8]| {
    LazyLock::force(&APP);
    let end = data.iter().position(|&byte| byte == b'\n');
    let (path, fields) = data.split_at(end.unwrap_or(data.len()));
    let headers = fuzz::fields(fields);
    fuzz::run(async {
        for prefix in ["/one/", "/two/"] {
            let target = [prefix.as_bytes(), path].concat();
            let mut request = http::Request::new(Body::empty());
            let Ok(uri) = target.as_slice().try_into() else {
                return;
            };
            *request.uri_mut() = uri;
            *request.headers_mut() = headers.clone();
            let mut answer = APP.handle(request).await;
            assert!(!answer.status().is_server_error(), "{}", answer.status());
            let content = answer.body_mut().bytes(1 << 20).await.unwrap();
            let content = String::from_utf8_lossy(&content);
            assert!(!content.contains("SECRET"));
            assert!(answer.status() != 200 || !content.contains("secret"));
        }
    });
});
