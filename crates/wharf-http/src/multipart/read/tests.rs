use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::multipart::{Form, Part};
use crate::{BoxError, body};

const FORM: &str = "multipart/form-data; boundary=b";

fn reader(text: impl Into<Body>) -> MultipartReader {
    MultipartReader::new(FORM, text).unwrap()
}

/// A form of these heads and contents.
fn form(parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (head, content) in parts {
        text += &format!("--b\r\n{head}\r\n\r\n{content}\r\n");
    }
    text + "--b--\r\n"
}

fn field(name: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"")
}

/// Reads the texts of all fields.
async fn texts(parts: &mut MultipartReader) -> Result<Vec<(String, String)>, Error> {
    let mut texts = Vec::new();
    while let Some(mut part) = parts.next_part().await? {
        let name = part.name().unwrap_or_default().to_owned();
        texts.push((name, part.text(100).await?));
    }
    Ok(texts)
}

fn pair(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

/// The bytes in pieces of one size.
fn pieces(bytes: impl Into<Bytes>, size: usize) -> Body {
    struct Pieces(Bytes, usize);
    impl futures_core::Stream for Pieces {
        type Item = Result<Bytes, body::Error>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            let size = self.1.min(self.0.len());
            let piece = (size > 0).then(|| Ok(self.0.split_to(size)));
            std::task::Poll::Ready(piece)
        }
    }
    Body::from_stream(Pieces(bytes.into(), size))
}

#[tokio::test]
async fn a_form_of_a_browser_is_read() {
    let text = "------WebKitFormBoundaryx\r\n\
         Content-Disposition: form-data; name=\"title\"\r\n\r\nGröße\r\n\
         ------WebKitFormBoundaryx\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"C:\\a%22b.txt\"\r\n\
         Content-Type: text/plain; charset=ISO-8859-1\r\n\r\nGr\r\n\
         ------WebKitFormBoundaryx\r\n\
         Content-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n\r\n\
         ------WebKitFormBoundaryx--\r\n";
    let kind = "multipart/form-data; boundary=----WebKitFormBoundaryx";
    let mut parts = MultipartReader::new(kind, text).unwrap();
    assert_eq!(parts.content_type().essence(), "multipart/form-data");

    let mut title = parts.next_part().await.unwrap().unwrap();
    assert_eq!((title.number(), title.name()), (1, Some("title")));
    assert_eq!((title.file_name(), title.charset()), (None, None));
    assert!(title.content_type().is_none());
    assert_eq!(title.text(100).await.unwrap(), "Größe");

    let mut file = parts.next_part().await.unwrap().unwrap();
    assert_eq!(file.file_name(), Some("C:\\a\"b.txt"));
    assert_eq!(file.safe_file_name().as_deref(), Some("a_b.txt"));
    assert_eq!(file.content_type().unwrap().essence(), "text/plain");
    assert_eq!(file.charset(), Some("ISO-8859-1"));
    assert_eq!(file.headers().len(), 2);
    assert_eq!(file.chunk().await.unwrap().unwrap(), "Gr");
    assert_eq!(file.chunk().await.unwrap(), None);

    let none = parts.next_part().await.unwrap().unwrap();
    assert_eq!((none.file_name(), none.safe_file_name()), (Some(""), None));
    assert!(parts.next_part().await.unwrap().is_none());
    assert!(parts.next_part().await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_left_of_a_part_is_passed_over_and_cannot_be_read_any_more() {
    let text = form(&[(&field("a"), "long enough"), (&field("b"), "c")]);
    let mut parts = reader(pieces(text, 7));
    let mut first = parts.next_part().await.unwrap().unwrap();
    assert!(first.chunk().await.unwrap().is_some());
    let mut second = parts.next_part().await.unwrap().unwrap();
    let error = first.chunk().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PassedOver);
    assert_eq!(error.to_string(), "the part `a` was passed over");
    assert_eq!(second.text(9).await.unwrap(), "c");
    assert!(parts.next_part().await.unwrap().is_none());
    assert_eq!(second.text(9).await.unwrap(), "c", "it was kept");
}

#[tokio::test]
async fn a_part_that_was_left_half_way_never_passes_for_a_whole_one() {
    let (mut sender, body) = Body::channel(4);
    let mut parts = reader(body);
    let head = format!("--b\r\n{}\r\n\r\n", field("a"));
    sender.send(head + "some").await.unwrap();
    let mut first = parts.next_part().await.unwrap().unwrap();
    {
        let mut next = Box::pin(parts.next_part());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(next.as_mut().poll(&mut cx).is_pending());
    }
    sender.send(", more\r\n--b--").await.unwrap();
    drop(sender);
    let error = first.bytes(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PassedOver);
    assert!(parts.next_part().await.unwrap().is_none());
}

#[tokio::test]
async fn a_part_can_be_read_by_another_task() {
    let text = form(&[(&field("a"), "one\ntwo"), (&field("b"), "three")]);
    let mut parts = reader(pieces(text, 3));
    let part = parts.next_part().await.unwrap().unwrap();
    let lines = tokio::spawn(async move {
        let mut reader = part.into_reader();
        let mut lines = Vec::new();
        while let Some(line) = reader.line().await.unwrap() {
            lines.push(line);
        }
        lines
    });
    assert_eq!(lines.await.unwrap(), ["one", "two"]);
    assert_eq!(texts(&mut parts).await.unwrap(), [pair("b", "three")]);
}

#[tokio::test]
async fn a_field_names_the_charset_of_those_after_it() {
    let latin = |text: &str| text.chars().map(|char| char as u8).collect::<Vec<_>>();
    let own = format!("{}\r\nContent-Type: text/plain; charset=utf-8", field("d"));
    let text = form(&[
        (&field("a"), "plain"),
        (&field("_charset_"), "iso-8859-1"),
        (&field("b"), "ä"),
        (&own, "plain too"),
    ]);
    let mut parts = reader(latin(&text));
    let expected = [pair("a", "plain"), pair("b", "ä"), pair("d", "plain too")];
    assert_eq!(texts(&mut parts).await.unwrap(), expected);
    assert_eq!(parts.default_charset(), Some("iso-8859-1"));

    let text = form(&[(&field("_charset_"), "koi8-r"), (&field("b"), "c")]);
    let error = texts(&mut reader(text)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ErrorKind::Charset, 415)
    );
    assert_eq!(
        format!("{error:#}"),
        "the part `b` cannot be read: the charset \"koi8-r\" is not supported"
    );
    let error = texts(&mut reader(latin(&form(&[(&field("b"), "ä")])))).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ErrorKind::Content, 400)
    );
}

#[tokio::test]
async fn transfer_encodings_are_undone() {
    let encoded = |name: &str| format!("{}\r\nContent-Transfer-Encoding: {name}", field("a"));
    let (base64, printable) = (encoded("BASE64"), encoded("quoted-printable"));
    let text = form(&[
        (&base64, "R3LDtg==\r\n"),
        (&printable, "Gr=C3=\r\n=B6"),
        (&encoded("8bit"), "Grö"),
    ]);
    let mut parts = reader(pieces(text, 2));
    assert_eq!(
        texts(&mut parts).await.unwrap(),
        [pair("a", "Grö"), pair("a", "Grö"), pair("a", "Grö")]
    );

    let error = texts(&mut reader(form(&[(&base64, "*")])))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ErrorKind::Encoding, 400)
    );
    let error = texts(&mut reader(form(&[(&encoded("x"), "")]))).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ErrorKind::Encoding, 415)
    );
    assert_eq!(
        format!("{error:#}"),
        "the part `a` cannot be decoded: the transfer encoding \"x\" is not supported"
    );
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn content_codings_are_undone_when_asked_for_and_bounded() {
    use crate::coding::{Coding, Encoder, Limits};
    let part = || {
        let body = Encoder::new(Coding::GZIP).encode(Body::from(vec![b'a'; 5000]));
        Part::new(body).header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
    };
    let form = Form::of("mixed").add_unnamed(part()).add_unnamed(part());
    let built = form.build().unwrap();
    let kind = built.content_type().to_str().unwrap().to_owned();
    let mut parts = MultipartReader::new(&kind, built.into_body()).unwrap();
    let mut part = parts.next_part().await.unwrap().unwrap();
    assert!(part.decode(Limits::new()).unwrap());
    assert_eq!(part.bytes(5000).await.unwrap(), vec![b'a'; 5000]);
    let mut part = parts.next_part().await.unwrap().unwrap();
    part.decode(Limits::new().decoded(4999)).unwrap();
    let error = part.bytes(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PartTooLarge { limit: 4999 });
    assert_eq!(
        error.to_string(),
        "part 2 is larger than the limit of 4999 bytes"
    );
}

#[tokio::test]
async fn every_limit_is_named_with_the_part() {
    async fn run(limits: Limits, text: String) -> String {
        let mut parts = MultipartReader::with_limits(FORM, pieces(text, 5), limits).unwrap();
        let error = texts(&mut parts).await.unwrap_err();
        assert_eq!(error.status(), 413);
        let again = parts.next_part().await.unwrap_err();
        assert_eq!(again.kind(), error.kind(), "it stays an error");
        format!("{error:#}")
    }
    let two = form(&[(&field("a"), "12345"), (&field("b"), "67890")]);
    let rows = [
        (
            Limits::new().parts(1),
            "the body has more than the limit of 1 parts",
        ),
        (
            Limits::new().part_bytes(4),
            "the part `a` is larger than the limit of 4 bytes",
        ),
        (
            Limits::new().total_bytes(100),
            "the multipart body is larger than the limit of 100 bytes",
        ),
        (
            Limits::new().headers(0),
            "a part has more than the limit of 0 header fields",
        ),
        (
            Limits::new().head_bytes(20),
            "the head of a part is larger than the limit of 20 bytes",
        ),
    ];
    for (limits, expected) in rows {
        assert_eq!(run(limits, two.clone()).await, expected);
    }
    let many: Vec<_> = (0..1001).map(|_| ("A: b", "")).collect();
    let error = run(Limits::new(), form(&many)).await;
    assert_eq!(error, "the body has more than the limit of 1000 parts");

    let long = form(&[(&field("a"), "b"), (&field("names"), "")]);
    let mut parts = MultipartReader::with_limits(FORM, long, Limits::new().name_bytes(4)).unwrap();
    let mut first = parts.next_part().await.unwrap().unwrap();
    let error = first.text(0).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the part `a` is larger than the limit of 0 bytes"
    );
    assert_eq!(error.field(), Some("a"));
    let error = parts.next_part().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a name of part 2 is longer than the limit of 4 bytes"
    );
}

#[tokio::test]
async fn what_is_no_multipart_body_is_refused_at_once() {
    for (kind, status, expected) in [
        (
            "text/plain",
            415,
            "the body is not a multipart one: the content type is `text/plain`",
        ),
        (
            "multipart/form-data",
            400,
            "the content type names no valid boundary",
        ),
        (
            "multipart/form-data; boundary=\"a\u{7f}\"",
            400,
            "the content type names no valid boundary",
        ),
    ] {
        let error = MultipartReader::new(kind, "").unwrap_err();
        assert_eq!(error.status(), status);
        assert!(format!("{error:#}").starts_with(expected), "{error:#}");
    }
    let error = reader("").next_part().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ErrorKind::Truncated, 400)
    );
}

#[tokio::test]
async fn an_error_of_the_body_is_the_cause_and_one_of_the_part_that_of_a_body() {
    let (mut sender, body) = Body::channel(2);
    let mut parts = reader(body);
    let head = format!("--b\r\n{}\r\n\r\nsome", field("a"));
    sender.send(head).await.unwrap();
    let mut part = parts.next_part().await.unwrap().unwrap().into_body();
    assert_eq!(part.chunk().await.unwrap().unwrap(), "some");
    let gone = body::Error::new(body::ErrorKind::Disconnected);
    sender.abort(gone).await.unwrap();
    let error = part.chunk().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), body::ErrorKind::Disconnected);
    let error = parts.next_part().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ErrorKind::Body, 400)
    );

    let limits = Limits::new().part_bytes(1);
    let mut parts = MultipartReader::with_limits(FORM, form(&[("A: b", "cd")]), limits).unwrap();
    let mut part = parts.next_part().await.unwrap().unwrap().into_body();
    let error = part.chunk().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), body::ErrorKind::TooLarge { limit: 1 });
    assert_eq!(
        format!("{error:#}"),
        "the body is larger than the limit of 1 bytes: part 1 is larger than the limit of 1 bytes"
    );
}

/// A body of which each part is the next one, this many levels deep.
fn nested(levels: usize) -> Result<crate::multipart::Multipart, BoxError> {
    let mut form = Form::of("mixed").add_unnamed("innermost").build()?;
    for _ in 1..levels {
        form = Form::of("mixed")
            .add_unnamed("before")
            .add_unnamed(form)
            .build()?;
    }
    Ok(form)
}

#[tokio::test]
async fn parts_are_nested_to_a_depth() {
    let built = nested(5).unwrap();
    let kind = built.content_type().to_str().unwrap().to_owned();
    let mut parts = MultipartReader::new(
        &kind,
        pieces(built.into_body().bytes(None).await.unwrap(), 11),
    )
    .unwrap();
    for _ in 1..4 {
        let mut before = parts.next_part().await.unwrap().unwrap();
        assert_eq!(before.text(9).await.unwrap(), "before");
        let inner = parts.next_part().await.unwrap().unwrap();
        assert_eq!(inner.content_type().unwrap().essence(), "multipart/mixed");
        parts = inner.multipart().unwrap();
    }
    let _before = parts.next_part().await.unwrap();
    let error = parts.next_part().await.unwrap().unwrap().multipart();
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "part 2 is nested deeper than the limit of 4 levels"
    );
    assert_eq!(error.status(), 413);

    let mut parts = reader(form(&[(&field("a"), "b")]));
    let part = parts.next_part().await.unwrap().unwrap();
    let error = part.multipart().unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::NotMultipart, Some("a"))
    );
}

#[tokio::test]
async fn other_types_are_read_as_well() {
    // As Python's email package folds, and as a server answers several ranges.
    let text = "This is a preamble.\r\n--b\r\nContent-Type: text/html;\r\n\tcharset=\"utf-8\"\r\n\r\n<p>\r\n--b\r\n\
         content-range: bytes 0-1/9\r\n\r\nab\r\n--b--\r\nepilogue";
    for subtype in [
        "alternative",
        "related; type=\"text/html\"",
        "byteranges",
        "digest",
    ] {
        let kind = format!("multipart/{subtype}; boundary=\"b\"");
        let mut parts = MultipartReader::new(&kind, text).unwrap();
        let html = parts.next_part().await.unwrap().unwrap();
        assert_eq!(html.charset(), Some("utf-8"));
        let mut range = parts.next_part().await.unwrap().unwrap();
        assert_eq!(range.headers()["content-range"], "bytes 0-1/9");
        assert_eq!(range.bytes(2).await.unwrap(), "ab");
        assert!(parts.next_part().await.unwrap().is_none());
    }
    let frames = "--b\r\n\r\none\r\n--b\r\n\r\ntwo";
    let mut parts = MultipartReader::new("multipart/x-mixed-replace; boundary=b", frames).unwrap();
    let read = texts(&mut parts).await.unwrap();
    assert_eq!(read, [pair("", "one"), pair("", "two")]);
}

#[cfg(feature = "json")]
#[tokio::test]
async fn json_is_decoded_and_what_is_wrong_with_it_is_told() {
    let mut parts = reader(form(&[
        (&field("a"), "[1, 2]"),
        (&field("b"), "[1, \"x\"]"),
    ]));
    let mut part = parts.next_part().await.unwrap().unwrap();
    assert_eq!(part.json::<Vec<u8>>(9).await.unwrap(), [1, 2]);
    let mut part = parts.next_part().await.unwrap().unwrap();
    let error = part.json::<Vec<u8>>(9).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::Content, Some("b"))
    );
    assert!(
        format!("{error:#}").contains("unexpected JSON at `[1]`"),
        "{error:#}"
    );
}

#[cfg(feature = "fs")]
#[tokio::test]
async fn a_part_is_saved_as_a_whole_or_not_at_all() {
    let folder = std::env::temp_dir();
    let path = |name: &str| folder.join(format!("wharf-save-{}-{name}", std::process::id()));
    let long = "x".repeat(700_000);
    let mut parts = reader(pieces(form(&[("A: b", &long)]), 10_000));
    let part = parts.next_part().await.unwrap().unwrap();
    assert_eq!(part.save_to(path("whole")).await.unwrap(), 700_000);
    assert_eq!(std::fs::read_to_string(path("whole")).unwrap(), long);

    let mut parts = reader(form(&[("A: b", "other")]));
    let part = parts.next_part().await.unwrap().unwrap();
    let error = part.save_to(path("whole")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    std::fs::remove_file(path("whole")).unwrap();

    let mut parts = reader(format!("--b\r\nA: b\r\n\r\n{long}"));
    let part = parts.next_part().await.unwrap().unwrap();
    let error = part.save_to(path("half")).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(!path("half").exists());
}

proptest! {
    #[test]
    fn what_was_written_is_read_in_any_pieces(
        fields in prop::collection::vec(
            ("[^\0\u{fffd}]{0,9}", prop::option::of("[^\0\u{fffd}\\\\%]{0,9}"), prop::collection::vec(any::<u8>(), 0..60)),
            0..6,
        ),
        size in 1..50_usize,
    ) {
        let named = |name: &str| !name.contains(['\\', '%']) && name != "_charset_";
        prop_assume!(fields.iter().all(|(name, ..)| named(name)));
        let mut form = Form::new();
        for (name, file_name, content) in &fields {
            let part = Part::new(content.clone());
            let part = match file_name {
                Some(file_name) => part.file_name(file_name.clone()),
                None => part,
            };
            form = form.add(name.clone(), part.header(HeaderName::from_static("x-a"), HeaderValue::from_static("b")));
        }
        // A control character has no place in a head, whoever wrote it.
        let built = form.build().unwrap();
        let printable = fields.iter().all(|(name, file, _)| {
            let bad = |char: char| char.is_ascii_control() && !"\r\n\t".contains(char);
            !name.contains(bad) && !file.as_deref().unwrap_or_default().contains(bad)
        });
        prop_assume!(printable);
        let kind = built.content_type().to_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = runtime.block_on(async {
            let body = built.into_body().bytes(None).await.unwrap();
            let mut parts = MultipartReader::new(&kind, pieces(body, size)).unwrap();
            let mut read = Vec::new();
            while let Some(mut part) = parts.next_part().await.unwrap() {
                let name = part.name().unwrap().to_owned();
                let file_name = part.file_name().map(str::to_owned);
                read.push((name, file_name, part.bytes(None).await.unwrap().to_vec()));
            }
            read
        });
        prop_assert_eq!(read, fields);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        text in "(--b|\r\n|Content-Disposition: form-data; name=|Content-Transfer-Encoding: |base64|_charset_|;|=|\"|a| ){0,30}",
        size in 1..50_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for bytes in [bytes, text.into_bytes()] {
                let mut parts = reader(pieces(bytes, size));
                while let Ok(Some(mut part)) = parts.next_part().await {
                    let _ = part.text(50).await;
                    if let Ok(mut inner) = part.multipart() {
                        let _ = inner.next_part().await;
                    }
                }
            }
        });
    }
}
