use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use wharf_http::header::CacheControl;

use super::Folder;
use super::table::{get, text};
use crate::extract::Conditional;
use crate::files::{Embedded, Files, embed};
use crate::response::{Attachment, FileResponse};
use crate::{App, HttpError, State};

#[tokio::test]
async fn a_single_page_answers_what_leads_nowhere_but_no_api_and_no_asset() {
    let folder = Folder::new("single-page");
    folder.write("index.html", "the page");
    folder.write("app.js", "script");
    let files = Files::new(folder.path())
        .single_page("index.html")
        .except("/internal/");
    let api = App::new().routes([crate::get("/known", async || "known")]);
    let app = App::new().mount("/api", api).files("/", files);
    let app = app.start().await.unwrap();
    for (path, status, content) in [
        ("/", 200, "the page"),
        ("/harbour/7", 200, "the page"),
        ("/apiary", 200, "the page"),
        ("/app.js", 200, "script"),
        ("/api/known", 200, "known"),
        ("/api/unknown", 404, ""),
        ("/api", 404, ""),
        ("/%61pi/unknown", 404, ""),
        ("/internal/x", 404, ""),
        ("/missing.css", 404, ""),
        ("/harbour/../x", 404, ""),
        ("/.env", 404, ""),
    ] {
        let mut response = get(&app, path).await;
        assert_eq!(response.status(), status, "{path}");
        if status == 200 {
            assert_eq!(text(&mut response).await, content, "{path}");
        }
    }
}

#[tokio::test]
async fn rules_for_caches_and_own_media_types_hold() {
    let folder = Folder::new("rules");
    folder.write("assets/app.1f3c.js", "1");
    folder.write("index.html", "2");
    folder.write("data.QUAY", "3");
    let year = CacheControl::new()
        .public()
        .max_age(Duration::from_secs(31_536_000))
        .immutable();
    let files = Files::new(folder.path())
        .cache("assets/**", &year)
        .cache("*.html", &CacheControl::new().no_cache())
        .media_type("quay", "text/x-quay");
    let versioned = files.versioned("data.QUAY").await.unwrap();
    let app = App::new().files("/s", files).start().await.unwrap();
    let cache = async |path: &str| {
        let response = get(&app, path).await;
        assert_eq!(response.status(), 200, "{path}");
        let value = response.headers().get("cache-control");
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let year = Some("public, immutable, max-age=31536000");
    assert_eq!(cache("/s/assets/app.1f3c.js").await.as_deref(), year);
    assert_eq!(cache("/s/").await.as_deref(), Some("no-cache"));
    assert_eq!(cache("/s/data.QUAY").await, None);
    let kept = cache(&format!("/s/{versioned}")).await.unwrap();
    assert!(kept.contains("immutable"));
    folder.write("data.QUAY", "another");
    assert_eq!(cache(&format!("/s/{versioned}")).await, None);
    let response = get(&app, "/s/data.QUAY").await;
    assert_eq!(response.headers()["content-type"], "text/x-quay");
}

#[tokio::test]
async fn a_folder_is_listed_when_that_is_switched_on() {
    let folder = Folder::new("listed");
    folder.write("a b.txt", "x");
    folder.write("sub/inner", "x");
    folder.write(".hidden", "x");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", folder.path().join("out")).unwrap();
    let files = Files::new(folder.path()).listing(true);
    let app = App::new().files("/pub", files).start().await.unwrap();
    let mut response = get(&app, "/pub/").await;
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let page = text(&mut response).await;
    assert!(page.contains("href=\"./a%20b.txt\"") && page.contains("href=\"./sub/\""));
    assert!(
        !page.contains(".hidden") && !page.contains("./out"),
        "{page}"
    );
    assert!(!page.contains("\"../\""), "it is the top");
    let below = text(&mut get(&app, "/pub/sub/").await).await;
    assert!(below.contains("\"../\"") && below.contains("inner"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_listing_links_to_nothing_that_is_not_sent() {
    let folder = Folder::new("unsendable");
    folder.write("a.txt", "x");
    folder.write("a\\b.txt", "x");
    let files = Files::new(folder.path()).listing(true);
    let app = App::new().files("/", files).start().await.unwrap();
    assert_eq!(get(&app, "/a%5cb.txt").await.status(), 404);
    let page = text(&mut get(&app, "/").await).await;
    assert!(page.contains("a.txt") && !page.contains("b.txt"), "{page}");
}

#[tokio::test]
async fn what_stands_below_a_listing_may_load_and_send_and_what_does_not_may_nothing() {
    let folder = Folder::new("below-listing");
    folder.write("sub/a.txt", "x");
    let bare = Files::new(folder.path()).listing(true);
    let more = bare.clone().below_listing("<form method=\"post\"></form>");
    let app = App::new().files("/bare", bare).files("/more", more);
    let app = app.start().await.unwrap();
    for (path, form, sources) in [
        (
            "/bare/sub/",
            false,
            ["form-action 'none'", "default-src 'none'"],
        ),
        (
            "/more/sub/",
            true,
            ["form-action 'self'", "script-src 'self'"],
        ),
    ] {
        let mut response = get(&app, path).await;
        let policy = response.headers()["content-security-policy"].clone();
        let policy = policy.to_str().unwrap();
        for source in sources {
            assert!(policy.split("; ").any(|one| one == source), "{policy}");
        }
        let page = text(&mut response).await;
        let (_, below) = page.split_once("</table>").unwrap();
        assert_eq!(below.contains("<form method=\"post\"></form>"), form);
    }
}

#[tokio::test]
async fn a_sibling_that_is_older_than_its_file_is_not_sent() {
    let folder = Folder::new("older");
    let sibling = folder.write("a.txt.gz", "old");
    let file = OpenOptions::new().append(true).open(sibling).unwrap();
    let early = std::time::UNIX_EPOCH + Duration::from_secs(1);
    file.set_modified(early).unwrap();
    folder.write("a.txt", "new");
    let files = Files::new(folder.path()).precompressed(true);
    let app = App::new().files("/", files).start().await.unwrap();
    let request = http::Request::get("/a.txt").header("accept-encoding", "gzip");
    let request = request.body(wharf_http::Body::empty()).unwrap();
    let mut response = app.handle(request).await;
    assert_eq!(text(&mut response).await, "new");
}

#[tokio::test]
async fn a_file_that_shrinks_is_cut_off_and_one_that_grows_is_cut_at_its_length() {
    let folder = Folder::new("changing");
    let path = folder.write("log", vec![b'a'; 100_000]);
    let app = App::new().files("/", folder.path()).start().await.unwrap();
    let mut growing = get(&app, "/log").await;
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"more").unwrap();
    assert_eq!(text(&mut growing).await.len(), 100_000);
    let mut shrinking = get(&app, "/log").await;
    file.set_len(70_000).unwrap();
    let error = shrinking.body_mut().bytes(None).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("30004 bytes shorter"),
        "{error:#}"
    );
}

#[tokio::test]
async fn files_in_the_program_are_served_like_those_on_disk() {
    static FILES: &[(&str, &[u8])] = &[
        ("index.html", b"top"),
        ("css/site.css", b"body{}"),
        ("css/site.css.gz", b"gzipped"),
    ];
    let files = Files::embedded(Embedded::new(FILES))
        .precompressed(true)
        .listing(true);
    let version = files.versioned("css/site.css").await.unwrap();
    let app = App::new().files("/s", files).start().await.unwrap();
    assert_eq!(text(&mut get(&app, "/s/").await).await, "top");
    let response = get(&app, &format!("/s/{version}")).await;
    assert!(
        response.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let page = text(&mut get(&app, "/s/css/").await).await;
    assert!(page.contains("./site.css\""));
    assert_eq!(get(&app, "/s/css").await.status(), 301);
    assert_eq!(get(&app, "/s/cs").await.status(), 404);
    let request = http::Request::get("/s/css/site.css")
        .header("range", "bytes=1-2")
        .header("accept-encoding", "gzip");
    let request = request.body(wharf_http::Body::empty()).unwrap();
    assert_eq!(text(&mut app.handle(request).await).await, "zi");
    let own = App::new().files("/", Files::embedded(embed!("src/files": "glob.rs")));
    let own = own.start().await.unwrap();
    assert!(
        text(&mut get(&own, "/glob.rs").await)
            .await
            .contains("struct Glob")
    );
}

#[tokio::test]
async fn a_folder_that_is_missing_keeps_the_app_from_starting() {
    let folder = Folder::new("missing");
    let file = folder.write("file", "x");
    let inner = App::new().files("/deep", folder.path().join("nowhere"));
    let app = App::new().files("/s", file).mount("/inner", inner);
    let error = app.check().unwrap_err().to_string();
    assert!(error.contains("file`: it is no folder"), "{error}");
    assert!(
        error.contains("nowhere`: ") && error.contains("tests/serve.rs"),
        "{error}"
    );
}

#[tokio::test]
async fn another_release_can_take_the_place_of_the_folder() {
    let folder = Folder::new("release");
    folder.write("one/a", "first");
    folder.write("two/a", "second");
    let current = folder.path().join("one");
    let app = App::new().files("/", &current).start().await.unwrap();
    assert_eq!(text(&mut get(&app, "/a").await).await, "first");
    fs::rename(&current, folder.path().join("old")).unwrap();
    fs::rename(folder.path().join("two"), &current).unwrap();
    assert_eq!(text(&mut get(&app, "/a").await).await, "second");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_can_lead_to_the_folder_and_then_to_another_release() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("linked-release");
    folder.write("one/a/b", "first");
    folder.write("two/a/b", "second");
    folder.write("secret", "secret");
    let (current, next) = (folder.path().join("current"), folder.path().join("next"));
    symlink("one", &current).unwrap();
    let app = App::new().files("/", &current).start().await.unwrap();
    assert_eq!(text(&mut get(&app, "/a/b").await).await, "first");
    symlink("two", &next).unwrap();
    fs::rename(&next, &current).unwrap();
    assert_eq!(text(&mut get(&app, "/a/b").await).await, "second");
    symlink("../../secret", current.join("a/out")).unwrap();
    assert_eq!(get(&app, "/a/out").await.status(), 404);
    // A folder in the place of the link.
    fs::remove_file(&current).unwrap();
    fs::rename(folder.path().join("one"), &current).unwrap();
    assert_eq!(text(&mut get(&app, "/a/b").await).await, "first");
    fs::rename(current.join("a/b"), current.join("a/c")).unwrap();
    symlink("c", current.join("a/b")).unwrap();
    assert_eq!(text(&mut get(&app, "/a/b").await).await, "first");
    fs::remove_file(current.join("a/b")).unwrap();
    symlink("../../secret", current.join("a/b")).unwrap();
    assert_eq!(get(&app, "/a/b").await.status(), 404);
}

#[tokio::test]
async fn a_handler_answers_with_a_file() {
    let folder = Folder::new("handler");
    let path = folder.write("b\u{e4}r.txt", "0123456789");
    let file = async |path: State<PathBuf>, conditional: Conditional| {
        let file = FileResponse::open(&*path).await?.media_type("text/x-own");
        let answer = Attachment::new(file.respond(&conditional)?);
        Ok::<_, HttpError>(answer.named("b\u{e4}r.txt"))
    };
    let app = App::new().provide(path).routes([
        crate::get("/file", file),
        crate::get("/whole", async |path: State<PathBuf>| {
            FileResponse::open(&*path).await
        }),
        crate::get("/missing", async |path: State<PathBuf>| {
            FileResponse::open(path.with_file_name("missing")).await
        }),
    ]);
    let app = app.start().await.unwrap();
    let request = http::Request::get("/file").header("range", "bytes=2-3");
    let request = request.body(wharf_http::Body::empty()).unwrap();
    let mut response = app.handle(request).await;
    assert_eq!(response.status(), 206);
    assert_eq!(response.headers()["content-type"], "text/x-own");
    assert_eq!(
        response.headers()["content-disposition"],
        "attachment; filename=\"b_r.txt\"; filename*=UTF-8''b%C3%A4r.txt"
    );
    assert_eq!(text(&mut response).await, "23");
    assert_eq!(text(&mut get(&app, "/whole").await).await, "0123456789");
    assert_eq!(get(&app, "/missing").await.status(), 404);
}
