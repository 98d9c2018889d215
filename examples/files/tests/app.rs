//! The application, in this process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use wharf::Body;
use wharf::http::multipart::{Form, Part};
use wharf_test::TestClient;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("wharf-example-files-{}-{name}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.0.join("films")).unwrap();
        folder
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Returns the names of everything in a folder, hidden or not.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn form(files: &[(&str, &'static str)]) -> Form {
    files.iter().fold(Form::new(), |form, (name, content)| {
        form.add("file", Part::new(*content).file_name(*name))
    })
}

/// Sends a form as a page of an origin does, and returns the status and the text or where it leads.
async fn send(client: &TestClient, path: &str, form: Form, origin: &str) -> (u16, String) {
    let form = form.build().unwrap();
    let kind = form.content_type().to_str().unwrap().to_owned();
    let request = client
        .post(path)
        .header("content-type", kind)
        .header("host", "quay.test")
        .header("origin", origin);
    let request = request.body(form.into_body());
    let reply = request.send().await;
    let location = reply.headers().get("location");
    let said = location.map_or(reply.text(), |location| location.to_str().unwrap());
    (reply.status().as_u16(), said.to_owned())
}

const OWN: &str = "http://quay.test";

#[tokio::test]
async fn what_is_uploaded_into_a_folder_is_listed_and_sent() {
    let folder = Folder::new("stored");
    let client = TestClient::new(files::app(&folder.0)).await;
    let page = client.get("/films/").send().await;
    assert!(page.text().contains("<input type=\"file\""));
    for (path, media) in [
        ("/.page/upload.js", "text/javascript; charset=utf-8"),
        ("/.page/upload.css", "text/css; charset=utf-8"),
    ] {
        let part = client.get(path).send().await;
        assert!(page.text().contains(path));
        assert_eq!(part.headers()["content-type"], media);
    }

    let two = form(&[("../a b#?.txt", "one"), ("größe.txt", "two")]);
    let (status, place) = send(&client, "/films/", two, OWN).await;
    assert_eq!((status, place.as_str()), (303, "."));
    assert_eq!(folder.names("films"), ["a b#_.txt", "größe.txt"]);
    let page = client.get("/films/").send().await;
    assert!(page.text().contains("href=\"./a%20b%23_.txt\""));
    client
        .get("/films/a%20b%23_.txt")
        .send()
        .await
        .assert_text("one");
    client.close().await;
}

#[tokio::test]
async fn nothing_is_replaced_and_what_came_before_stays() {
    let folder = Folder::new("taken");
    fs::write(folder.0.join("b.txt"), "first").unwrap();
    let client = TestClient::new(files::app(&folder.0)).await;
    let three = form(&[("a.txt", "a"), ("b.txt", "second"), ("c.txt", "c")]);
    let (status, said) = send(&client, "/", three, OWN).await;
    assert_eq!(status, 409);
    let told = "409 Conflict: there is a `b.txt` already, which stays as it is\n";
    assert_eq!(said, told);
    assert_eq!(folder.names(""), ["a.txt", "b.txt", "films"]);
    assert_eq!(folder.read("b.txt"), "first");
    // A folder's name is taken as well.
    let (status, _) = send(&client, "/", form(&[("films", "x")]), OWN).await;
    assert_eq!(status, 409);
    client.close().await;
}

#[tokio::test]
async fn pages_of_others_upload_nothing() {
    let folder = Folder::new("others");
    let client = TestClient::new(files::app(&folder.0)).await;
    for origin in ["http://evil.test", "null"] {
        let (status, _) = send(&client, "/", form(&[("a.txt", "a")]), origin).await;
        assert_eq!(status, 403, "{origin}");
    }
    assert_eq!(folder.names(""), ["films"]);
    client.close().await;
}

#[tokio::test]
async fn uploads_go_to_folders_that_are_shown_and_leave_nothing_half_done() {
    let folder = Folder::new("outside");
    fs::create_dir(folder.0.join(".git")).unwrap();
    fs::write(folder.0.join("plain.txt"), "").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(std::env::temp_dir(), folder.0.join("out")).unwrap();
    let client = TestClient::new(files::app(&folder.0)).await;
    for path in [
        "/.git/",
        "/films/..%2f/",
        "/..%2f/",
        "/out/",
        "/missing/",
        "/plain.txt",
        "/%2ftmp/",
    ] {
        let (status, said) = send(&client, path, form(&[("a.txt", "a")]), OWN).await;
        assert!(matches!(status, 400 | 404), "{path}: {status} {said}");
    }
    let (status, _) = send(&client, "/films/", Form::new().add("file", "no file"), OWN).await;
    assert_eq!(status, 422);
    let cut = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut off";
    let request = client
        .post("/films/")
        .header("content-type", "multipart/form-data; boundary=b");
    assert_eq!(
        request.body(Body::from(cut)).send().await.status().as_u16(),
        400
    );
    assert!(folder.names("films").is_empty() && folder.names(".git").is_empty());
    client.close().await;
}

#[tokio::test]
async fn what_a_browser_takes_for_a_page_runs_in_a_sandbox() {
    let folder = Folder::new("sandbox");
    let client = TestClient::new(files::app(&folder.0)).await;
    for (name, sandboxed) in [
        ("page.html", true),
        ("drawing.svg", true),
        ("feed.xml", true),
        ("unknown", true),
        ("paper.pdf", false),
        ("film.webm", false),
    ] {
        fs::write(folder.0.join(name), "x").unwrap();
        let reply = client.get(name).send().await;
        let policy = reply.header("content-security-policy").unwrap();
        assert_eq!(policy == "sandbox", sandboxed, "{name}: {policy}");
    }
    client.close().await;
}

#[tokio::test]
async fn a_folder_is_an_archive_of_all_that_is_shown_below() {
    let folder = Folder::new("zip");
    fs::create_dir(folder.0.join("films/old")).unwrap();
    for name in ["films/new.txt", "films/old/é.txt", "films/.hidden"] {
        fs::write(folder.0.join(name), "123456789").unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", folder.0.join("films/out")).unwrap();
    let client = TestClient::new(files::app(&folder.0)).await;
    let zip = client.get("/.zip/films/").send().await;
    assert_eq!(zip.headers()["content-type"], "application/zip");
    let named = "attachment; filename=\"films.zip\"";
    assert_eq!(zip.headers()["content-disposition"], named);
    let bytes = zip.bytes();
    let end = &bytes[bytes.len() - 22..];
    assert_eq!((&end[..4], end[10]), (&b"PK\x05\x06"[..], 2));
    let has = |name: &str| {
        bytes
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    assert!(has("new.txt") && has("old/é.txt"));
    assert!(!has("hidden") && !has("out"));
    let all = client.get("/.zip/").send().await;
    assert_eq!(all.status().as_u16(), 200);
    assert_eq!(
        client
            .get("/.zip/films/.git/")
            .send()
            .await
            .status()
            .as_u16(),
        404
    );
    client.close().await;
}
