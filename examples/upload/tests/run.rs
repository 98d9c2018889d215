//! The application, in this process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wharf::Body;
use wharf::http::multipart::{Form, Part};
use wharf_test::TestClient;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("wharf-example-upload-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

async fn send(client: &TestClient, form: Form) -> (u16, String) {
    let form = form.build().unwrap();
    let kind = form.content_type().clone();
    let request = client
        .post("/files")
        .header("content-type", kind.to_str().unwrap());
    let reply = request.body(form.into_body()).send().await;
    (reply.status().as_u16(), reply.text().to_owned())
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[tokio::test]
async fn files_are_stored_under_safe_names_and_listed() {
    let folder = Folder::new("stored");
    let client = TestClient::new(upload::app(&folder.0)).await;
    client.get("/files").send().await.assert_text("[]");

    // More than fits in memory by any limit of forms.
    let large = vec![b'x'; 5 << 20];
    let form = Form::new()
        .add("comment", "passed over")
        .add(
            "file",
            Part::new(Body::from(large.clone())).file_name("../large.bin"),
        )
        .add("file", Part::new("one").file_name("a.txt"))
        .add("file", Part::new("two").file_name("a.txt"));
    let (status, text) = send(&client, form).await;
    assert_eq!(status, 201, "{text}");
    let stored = json!([
        {"name": "large.bin", "bytes": 5 << 20},
        {"name": "a.txt", "bytes": 3},
        {"name": "2-a.txt", "bytes": 3},
    ]);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), stored);
    assert_eq!(read(&folder.0, "large.bin"), large);
    assert_eq!(read(&folder.0, "2-a.txt"), b"two");
    let listed = client.get("/files").send().await;
    let listed: Value = serde_json::from_str(listed.text()).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    client.close().await;
}

#[tokio::test]
async fn what_breaks_off_leaves_no_file() {
    let folder = Folder::new("broken");
    let client = TestClient::new(upload::app(&folder.0)).await;
    let text =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut off";
    let request = client
        .post("/files")
        .header("content-type", "multipart/form-data; boundary=b");
    let reply = request.body(text).send().await;
    assert_eq!(reply.status().as_u16(), 400);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);

    let (status, _) = send(&client, Form::new().add("file", "no file")).await;
    assert_eq!(status, 422);
    client.close().await;
}

#[tokio::test]
async fn the_page_is_there_and_loads_nothing() {
    let folder = Folder::new("page");
    let client = TestClient::new(upload::app(&folder.0)).await;
    let page = client.get("/").send().await;
    assert!(page.text().contains("<input type=\"file\""));
    assert!(!page.text().contains("http://") && !page.text().contains("https://"));
    client.close().await;
}
