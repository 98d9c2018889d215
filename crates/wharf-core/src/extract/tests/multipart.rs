use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Deserialize;
use wharf_http::multipart::{Form, Part};

use super::*;
use crate::extract::{FormConfig, Multipart, MultipartForm, Upload};
use crate::{HttpError, State, post};

const FORM: Fields<'_> = &[("content-type", "multipart/form-data; boundary=outside")];

/// A request with a form.
fn upload(path: &str, form: Form) -> Request {
    let form = form.boundary("outside").build().unwrap();
    request(Method::POST, path, FORM, form.into_body())
}

fn file(content: impl Into<Body>) -> Part {
    Part::new(content).file_name("a/b.txt")
}

/// A body whose length is not known, of pieces of 10,000 bytes.
fn stream(bytes: usize) -> Body {
    struct Pieces(usize);
    impl futures_core::Stream for Pieces {
        type Item = Result<Vec<u8>, wharf_http::body::Error>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            let size = self.0.min(10_000);
            self.0 -= size;
            std::task::Poll::Ready((size > 0).then(|| Ok(vec![b'x'; size])))
        }
    }
    Body::from_stream(Pieces(bytes))
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("wharf-upload-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn config(&self) -> FormConfig {
        FormConfig::new().folder(&self.0)
    }

    fn files(&self) -> usize {
        fs::read_dir(&self.0).unwrap().count()
    }

    /// Files are removed by another thread.
    async fn is_empty_soon(&self) -> bool {
        let end = Instant::now() + Duration::from_secs(30);
        while self.files() > 0 && Instant::now() < end {
            tokio::task::yield_now().await;
        }
        self.files() == 0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ship {
    name: String,
    length: Option<u32>,
    #[serde(default)]
    tag: Vec<String>,
    photo: Upload,
    #[serde(default)]
    papers: Vec<Upload>,
    flag: Option<Upload>,
}

async fn show(MultipartForm(ship): MultipartForm<Ship>) -> Result<String, HttpError> {
    let papers = ship.papers.iter().map(Upload::len).collect::<Vec<_>>();
    Ok(format!(
        "{} {:?} {:?} {}={:?} {papers:?} {}",
        ship.name,
        ship.length,
        ship.tag,
        ship.photo.safe_file_name().unwrap_or_default(),
        ship.photo.bytes(9).await?,
        ship.flag.is_some(),
    ))
}

#[tokio::test]
async fn a_form_with_files_is_read_and_what_is_wrong_with_it_is_told() {
    let running = start([post("/", show)]).await;
    let whole = || Form::new().add("name", "Größe").add("photo", file("pixel"));
    let rows = [
        (
            whole().add("length", "12").add("tag", "a").add("tag", "b"),
            200,
            "Größe Some(12) [\"a\", \"b\"] b.txt=b\"pixel\" [] false",
        ),
        (
            whole()
                .add("papers", file("1"))
                .add("papers", file("22"))
                .add("flag", file(""))
                .add("length", ""),
            200,
            "Größe None [] b.txt=b\"pixel\" [1, 2] true",
        ),
        (
            whole().add("flag", Part::new("").file_name("")),
            200,
            "Größe None [] b.txt=b\"pixel\" [] false",
        ),
        (
            Form::new().add("name", "a"),
            422,
            "422 Unprocessable Entity: the form field `photo` is missing",
        ),
        (
            Form::new().add("name", "a").add("photo", "b"),
            422,
            "422 Unprocessable Entity: the form field `photo` is text, expected a file",
        ),
        (
            whole().add("photo", file("again")),
            422,
            "422 Unprocessable Entity: the form field `photo` is given 2 times, expected once",
        ),
        (
            whole().add("length", file("12")),
            422,
            "422 Unprocessable Entity: the form field `length` is a file, expected text",
        ),
        (
            whole().add("length", "long"),
            422,
            "422 Unprocessable Entity: the form field `length` is `long`, expected u32",
        ),
        (
            whole().add("other", "a"),
            422,
            "422 Unprocessable Entity: unknown form field `other`, expected one of `name`, `length`, `tag`, `photo`, `papers`, `flag`",
        ),
        (
            Form::new().add_unnamed("a"),
            400,
            "400 Bad Request: part 1 of the form has no name",
        ),
        (
            whole().add(
                "tag",
                Part::new("\u{e4}").content_type("text/plain; charset=koi8-r"),
            ),
            415,
            "415 Unsupported Media Type: the part `tag` cannot be read: the charset \"koi8-r\" is not supported",
        ),
        (
            whole().add("tag", Part::new(vec![0xff])),
            400,
            "400 Bad Request: the part `tag` cannot be read: not valid utf-8, from byte 0 on",
        ),
        (
            whole().add("tag", Form::of("mixed").add_unnamed("a").build().unwrap()),
            415,
            "415 Unsupported Media Type: the form field `tag` is `multipart/mixed`, which a form may not hold",
        ),
    ];
    for (form, status, text) in rows {
        let answer = send(&running, upload("/", form)).await;
        assert_eq!((answer.status, answer.text.trim_end()), (status, text));
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let running = start([post("/", show), post("/parts", async |_: Multipart| "read")]).await;
    let cut = "--outside\r\nContent-Disposition: form-data; name=a\r\n\r\nb";
    let gzip = [FORM[0], ("content-encoding", "gzip")];
    let rows: [(&str, Fields<'_>, &str, u16, &str); 6] = [
        (
            "/",
            &[],
            "",
            415,
            "the content type is missing, expected `multipart/form-data`",
        ),
        (
            "/",
            &[("content-type", "multipart/mixed; boundary=outside")],
            "",
            415,
            "the content type is `multipart/mixed; boundary=outside`, expected `multipart/form-data`",
        ),
        (
            "/",
            &[("content-type", "multipart/form-data")],
            "",
            400,
            "the content type names no valid boundary",
        ),
        (
            "/",
            FORM,
            cut,
            400,
            "the multipart body ends before its last boundary",
        ),
        (
            "/",
            &gzip,
            cut,
            415,
            "the content coding `gzip` is not supported",
        ),
        (
            "/parts",
            &[("content-type", "text/plain")],
            "",
            415,
            "the body is not a multipart one: the content type is `text/plain`",
        ),
    ];
    for (path, fields, body, status, text) in rows {
        let body = body.to_owned();
        let answer = send(&running, request(Method::POST, path, fields, body)).await;
        assert_eq!(answer.status, status, "{text}");
        assert!(answer.text.trim_end().ends_with(text), "{}", answer.text);
    }
}

async fn count(form: MultipartForm<BTreeMap<String, Upload>>) -> String {
    form.len().to_string()
}

#[tokio::test]
async fn what_is_too_much_is_413_with_the_limit_and_the_field() {
    let config = FormConfig::new()
        .parts(2)
        .text_bytes(10)
        .file_bytes(20)
        .field_bytes("small", 5);
    let running = App::new()
        .provide(config)
        .routes([post("/", count), post("/short", count).body_limit(100)])
        .start()
        .await
        .unwrap();
    let stream = || file(stream(30));
    let rows = [
        (
            "/",
            Form::new().add("a", stream()),
            "the form field `a` is larger than the limit of 20 bytes",
        ),
        (
            "/",
            Form::new().add("small", file("123456")),
            "the form field `small` is larger than the limit of 5 bytes",
        ),
        (
            "/",
            Form::new().add("small", "123456"),
            "the part `small` is larger than the limit of 5 bytes",
        ),
        (
            "/",
            Form::new().add("a", "12345678901"),
            "the part `a` is larger than the limit of 10 bytes",
        ),
        (
            "/",
            Form::new().add("a", "123456").add("b", "12345"),
            "the texts of the form are larger than the limit of 10 bytes, from the field `b` on",
        ),
        (
            "/",
            Form::new()
                .add("a", file("1"))
                .add("b", file("2"))
                .add("c", file("3")),
            "the body has more than the limit of 2 parts",
        ),
        (
            "/short",
            Form::new().add("a", file("1")),
            "the form is larger than the limit of 100 bytes",
        ),
        (
            "/short",
            Form::new().add("a", stream()),
            "the multipart body is larger than the limit of 100 bytes",
        ),
    ];
    for (path, form, text) in rows {
        let answer = send(&running, upload(path, form)).await;
        let expected = format!("413 Payload Too Large: {text}");
        assert_eq!((answer.status, answer.text.trim_end()), (413, &*expected));
    }
    let fits = Form::new().add("a", file("1")).add("b", file("2"));
    assert_eq!(send(&running, upload("/", fits)).await.text, "2");
}

#[tokio::test]
async fn a_file_over_a_mebibyte_is_a_temporary_file_until_the_request_ends() {
    let folder = Folder::new("spool");
    let seen = Arc::new(Mutex::new(None::<PathBuf>));
    let running = App::new()
        .provide(folder.config())
        .provide(Arc::clone(&seen))
        .body_limit(None)
        .routes([post(
            "/",
            async |seen: State<Arc<Mutex<Option<PathBuf>>>>,
                   MultipartForm(mut files): MultipartForm<BTreeMap<String, Upload>>| {
                let small = files.remove("small").unwrap();
                let large = files.remove("large").unwrap();
                assert!(small.path().is_none());
                let path = large.path().unwrap().to_owned();
                assert_eq!(fs::metadata(&path).unwrap().len(), 3_000_000);
                assert!(large.bytes(2_999_999).await.is_err());
                let read = large.bytes(None).await.unwrap();
                assert!(read.iter().all(|&byte| byte == b'x'));
                *seen.lock().unwrap() = Some(path);
                let body = large.body().await.unwrap();
                format!("{} {} {:?}", small.len(), large.len(), body.len())
            },
        )])
        .start()
        .await
        .unwrap();
    let form = Form::new()
        .add("small", file(stream(1 << 20)))
        .add("large", file(stream(3_000_000)));
    let answer = send(&running, upload("/", form)).await;
    assert_eq!(answer.text, "1048576 3000000 Some(3000000)");
    let path = seen.lock().unwrap().take().unwrap();
    assert!(path.starts_with(&folder.0));
    assert!(folder.is_empty_soon().await);
}

#[tokio::test]
async fn small_files_are_in_memory_to_a_mebibyte_together() {
    let folder = Folder::new("together");
    let running = App::new()
        .provide(folder.config())
        .body_limit(None)
        .routes([post(
            "/",
            async |MultipartForm(files): MultipartForm<Vec<(String, Upload)>>| {
                let in_memory = files.iter().filter(|(_, file)| file.path().is_none());
                in_memory.count().to_string()
            },
        )])
        .start()
        .await
        .unwrap();
    let mut form = Form::new();
    for _ in 0..5 {
        form = form.add("a", file(stream(400_000)));
    }
    assert_eq!(send(&running, upload("/", form)).await.text, "2");
}

#[tokio::test]
async fn temporary_files_are_removed_after_a_panic_a_failure_and_a_cancelled_request() {
    let folder = Folder::new("removed");
    let running = App::new()
        .provide(folder.config())
        .body_limit(None)
        .routes([
            post(
                "/panic",
                async |form: MultipartForm<BTreeMap<String, Upload>>| -> String {
                    panic!("with {} files", form.len())
                },
            ),
            post("/count", count),
        ])
        .start()
        .await
        .unwrap();
    let form = || Form::new().add("a", file(stream(3_000_000)));
    let answer = send(&running, upload("/panic", form())).await;
    assert_eq!(answer.status, 500);
    assert!(folder.is_empty_soon().await);

    // The second part breaks off.
    let (mut sender, body) = Body::channel(1);
    let form = form().add("b", file(body));
    let mut call = Box::pin(send(&running, upload("/count", form)));
    sender.send("some").await.unwrap();
    while folder.files() == 0 {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
        tokio::task::yield_now().await;
    }
    drop(call);
    assert!(folder.is_empty_soon().await);

    let form = Form::new()
        .add("a", file(stream(3_000_000)))
        .add_unnamed("b");
    assert_eq!(send(&running, upload("/count", form)).await.status, 400);
    assert!(folder.is_empty_soon().await);
}

#[test]
fn temporary_files_are_removed_when_the_runtime_ends() {
    let folder = Folder::new("runtime");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let config = folder.config();
    let (ready, is_ready) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        let running = App::new()
            .provide(config)
            .body_limit(None)
            .routes([post(
                "/",
                move |form: MultipartForm<BTreeMap<String, Upload>>| {
                    let ready = ready.clone();
                    async move {
                        let _held = form;
                        ready.send(()).unwrap();
                        std::future::pending::<&str>().await
                    }
                },
            )])
            .start()
            .await
            .unwrap();
        let form = Form::new().add("a", file(stream(3_000_000)));
        send(&running, upload("/", form)).await.status
    });
    is_ready.recv().unwrap();
    assert_eq!(folder.files(), 1);
    drop(runtime);
    assert_eq!(folder.files(), 0);
}

#[tokio::test]
async fn an_upload_is_kept_under_a_new_name() {
    let folder = Folder::new("kept");
    let kept = folder.0.clone();
    let running = App::new()
        .provide(folder.config())
        .body_limit(None)
        .routes([post(
            "/",
            move |MultipartForm(mut files): MultipartForm<BTreeMap<String, Upload>>| {
                let kept = kept.clone();
                async move {
                    for (name, path) in [("small", "one"), ("large", "two"), ("again", "two")] {
                        let result = files.remove(name).unwrap().persist(kept.join(path)).await;
                        assert_eq!(result.is_ok(), name != "again");
                    }
                    "kept"
                }
            },
        )])
        .start()
        .await
        .unwrap();
    let form = Form::new()
        .add("small", file("12345"))
        .add("large", file(stream(2_000_000)))
        .add("again", file(stream(3_000_000)));
    assert_eq!(send(&running, upload("/", form)).await.text, "kept");
    let length = |name: &str| fs::metadata(folder.0.join(name)).unwrap().len();
    assert_eq!((length("one"), length("two")), (5, 2_000_000));
    assert_eq!(folder.files(), 2);
    assert!(Path::new(&folder.0).exists());
}

#[derive(Deserialize)]
struct Outer {
    id: u32,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Deserialize)]
struct Inner {
    file: Upload,
    number: u32,
}

#[tokio::test]
async fn files_are_found_in_flattened_values_and_texts_are_none() {
    let running = start([post(
        "/",
        async |MultipartForm(outer): MultipartForm<Outer>| {
            format!(
                "{} {} {}",
                outer.id,
                outer.inner.number,
                outer.inner.file.len()
            )
        },
    )])
    .await;
    let form = |part: Part| {
        Form::new()
            .add("id", "1")
            .add("number", "2")
            .add("file", part)
    };
    let answer = send(&running, upload("/", form(file("abc")))).await;
    assert_eq!(answer.text, "1 2 3");
    for text in ["abc", "0", ""] {
        let answer = send(&running, upload("/", form(Part::new(text)))).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
}

#[tokio::test]
async fn parts_stream_past_the_body_limit_and_errors_keep_their_status() {
    let running = start([
        post("/", async |mut parts: Multipart| {
            let mut total = 0;
            while let Some(mut part) = parts.next_part().await? {
                while let Some(piece) = part.chunk().await? {
                    total += piece.len();
                }
            }
            Ok::<_, HttpError>(total.to_string())
        }),
        post("/short", async |mut parts: Multipart| {
            let mut part = parts.next_part().await?.unwrap();
            Ok::<_, HttpError>(part.text(3).await?)
        }),
        post("/body", async |mut parts: Multipart| {
            let part = parts.next_part().await?.unwrap();
            let bytes = part.into_body().bytes(None).await?;
            Ok::<_, HttpError>(bytes.len().to_string())
        }),
        post("/form", async |parts: Multipart| {
            let config = FormConfig::new().field_bytes("a", 5_000_000);
            let form: BTreeMap<String, Upload> = parts.into_form(&config).await?;
            Ok::<_, HttpError>(form["a"].len().to_string())
        }),
    ])
    .await;
    let form = || Form::new().add("a", file(stream(3_000_000)));
    assert_eq!(send(&running, upload("/", form())).await.text, "3000000");
    assert_eq!(
        send(&running, upload("/form", form())).await.text,
        "3000000"
    );
    let answer = send(&running, upload("/short", form())).await;
    assert_eq!(
        answer.text.trim_end(),
        "413 Payload Too Large: the part `a` is larger than the limit of 3 bytes"
    );
    let cut = "--outside\r\nContent-Disposition: form-data; name=a\r\n\r\nb";
    for path in ["/", "/body"] {
        let answer = send(&running, request(Method::POST, path, FORM, cut)).await;
        assert_eq!(
            answer.text.trim_end(),
            "400 Bad Request: the multipart body ends before its last boundary"
        );
    }
}
