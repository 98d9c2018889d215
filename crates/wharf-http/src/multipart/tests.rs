use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::Body;
use crate::header::{ContentDisposition, ContentType};

async fn text(form: Form) -> String {
    let form = form.boundary("x").build().unwrap();
    let length = form.len();
    let mut body = form.into_body();
    let bytes = body.bytes(None).await.unwrap();
    assert!(length.is_none_or(|length| length == bytes.len() as u64));
    String::from_utf8(bytes.into()).unwrap()
}

fn problem(form: Form) -> String {
    form.build().unwrap_err().to_string()
}

/// A stream of unknown length.
fn stream(piece: &'static str) -> Body {
    let (mut sender, body) = Body::channel(1);
    let mut sending = Box::pin(async move { sender.send(piece).await });
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(sending.as_mut().poll(&mut cx).is_ready());
    body
}

#[tokio::test]
async fn every_kind_of_part_is_written() {
    let form = Form::new()
        .add("text", "a")
        .add("text", String::from("b"))
        .add("empty", "")
        .add("bytes", vec![b'c'])
        .add("file", Part::new(Bytes::from("d")).file_name("d.bin"))
        .add("html", Part::new("e").content_type("text/html"))
        .add("stream", Part::new(stream("f")).file_name("f"))
        .add(
            "header",
            Part::new("g").header(CONTENT_ENCODING, HeaderValue::from_static("br")),
        );
    assert_eq!(
        text(form).await,
        "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\n\
         --x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nb\r\n\
         --x\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n\
         --x\r\nContent-Disposition: form-data; name=\"bytes\"\r\n\r\nc\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nd\r\n\
         --x\r\nContent-Disposition: form-data; name=\"html\"\r\nContent-Type: text/html\r\n\r\ne\r\n\
         --x\r\nContent-Disposition: form-data; name=\"stream\"; filename=\"f\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nf\r\n\
         --x\r\nContent-Disposition: form-data; name=\"header\"\r\ncontent-encoding: br\r\n\r\ng\r\n\
         --x--\r\n"
    );
    assert_eq!(text(Form::new()).await, "--x--\r\n");
}

#[tokio::test]
async fn other_types_have_parts_without_names() {
    let own = HeaderValue::from_static("inline; filename=own");
    let form = Form::of("related")
        .add_unnamed(Part::new("{}").content_type("application/json"))
        .add_unnamed(Part::new("a").file_name("a.txt").content_type("text/plain"))
        .add_unnamed(Part::new("b").header(CONTENT_DISPOSITION, own));
    let built = Form::of("related").boundary("x").build().unwrap();
    assert_eq!(built.content_type(), "multipart/related; boundary=x");
    assert_eq!(
        text(form).await,
        "--x\r\nContent-Type: application/json\r\n\r\n{}\r\n\
         --x\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\na\r\n\
         --x\r\nContent-Disposition: inline; filename=own\r\n\r\nb\r\n\
         --x--\r\n"
    );
}

#[tokio::test]
async fn names_are_escaped_as_browsers_do() {
    let name = "\"Größe\"\r\n%22;\\\t";
    let form = Form::new().add(name, Part::new("").file_name(name));
    let escaped = "%22Größe%22%0D%0A%22;\\\t";
    let line =
        format!("Content-Disposition: form-data; name=\"{escaped}\"; filename=\"{escaped}\"\r\n");
    assert!(text(form).await.contains(&line));
}

#[tokio::test]
async fn a_form_in_memory_is_one_piece_and_a_long_part_is_not_copied() {
    let form = Form::new().add("a", "b").build().unwrap();
    assert!(form.into_body().as_bytes().is_some());

    let long = Bytes::from(vec![b'a'; 5000]);
    let form = Form::new().add("a", "b").add("long", long.clone());
    let form = form.add("c", "d").build().unwrap();
    let length = form.len().unwrap();
    let mut body = form.into_body();
    let mut pieces = Vec::new();
    while let Some(piece) = body.chunk().await {
        pieces.push(piece.unwrap());
    }
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[1].as_ptr(), long.as_ptr());
    assert_eq!(
        pieces.iter().map(|piece| piece.len() as u64).sum::<u64>(),
        length
    );
}

#[tokio::test]
async fn the_length_is_known_and_the_form_can_be_sent_again_when_that_holds_for_each_part() {
    let long = || Bytes::from(vec![b'a'; 5000]);
    let replayable = Body::replayable(|| stream("again"));
    let form = Form::new().add("a", replayable).add("long", long());
    let form = form.build().unwrap();
    assert_eq!(form.len(), None);
    let mut body = form.into_body();
    let mut again = body.try_clone().unwrap();
    let first = body.bytes(None).await.unwrap();
    assert!(first.len() > 5000);
    assert_eq!(again.bytes(None).await.unwrap(), first);

    let form = Form::new().add("long", long()).add("once", stream("once"));
    let body = form.build().unwrap().into_body();
    assert_eq!((body.len(), body.try_clone().is_none()), (None, true));
}

#[tokio::test]
async fn an_error_of_a_part_is_one_of_the_form_and_trailers_are_dropped() {
    use crate::body::{Error, ErrorKind};
    let trailers = [(CONTENT_ENCODING, HeaderValue::from_static("a"))];
    let trailed = Body::from("a").with_trailers(trailers.into_iter().collect());
    let (sender, broken) = Body::channel(1);
    let sending = sender.abort(Error::new(ErrorKind::TimedOut));
    sending.await.unwrap();
    let form = Form::new().add("trailed", trailed).add("broken", broken);
    let mut body = form.build().unwrap().into_body();
    for _ in ["lines", "a", "lines"] {
        let frame = body.frame().await.unwrap().unwrap();
        assert!(frame.is_data());
    }
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_boundary_is_random_or_of_few_characters() {
    let random = || Form::new().build().unwrap().content_type().clone();
    let (one, other) = (random(), random());
    assert_ne!(one, other);
    let kind = ContentType::parse(one.to_str().unwrap()).unwrap();
    assert_eq!(kind.essence(), "multipart/form-data");
    assert_eq!(kind.parameter("boundary").unwrap().len(), 32);

    for good in ["a", "a b", "'()+_,-./:=?", &"a".repeat(70)] {
        let form = Form::new().boundary(good).build().unwrap();
        let kind = ContentType::parse(form.content_type().to_str().unwrap()).unwrap();
        assert_eq!(kind.parameter("boundary"), Some(good));
    }
    for bad in ["", "a ", "ä", "a\r\nb", "a\"", "a;", &"a".repeat(71)] {
        assert_eq!(
            problem(Form::new().boundary(bad)),
            format!(
                "the form cannot be built: the boundary {bad:?} is not 1 to 70 letters, digits and `'()+_,-./:=?`"
            )
        );
    }
}

#[test]
fn what_would_break_the_form_is_refused() {
    let part = Part::new("a");
    let rows = [
        (
            Form::of("mixed\r\na: b"),
            "\"mixed\\r\\na: b\" is no type of content",
        ),
        (Form::of("a; b=c"), "\"a; b=c\" is no type of content"),
        (Form::of(""), "\"\" is no type of content"),
        (
            Form::new().add("a", part.content_type("text/plain\r\na: b")),
            "\"text/plain\\r\\na: b\" is no content type",
        ),
        (
            Form::new().add("a", Part::new("a").content_type("text")),
            "\"text\" is no content type",
        ),
        (Form::new().add("a\0", "a"), "the name \"a\\0\" holds a NUL"),
        (
            Form::new().boundary("x").add("a", "--x--"),
            "a part holds the boundary \"x\"",
        ),
        (
            Form::new().boundary("x").add("a", "a\r\n--x\r\n"),
            "a part holds the boundary \"x\"",
        ),
    ];
    for (form, expected) in rows {
        let expected = format!("the form cannot be built: {expected}");
        assert_eq!(problem(form), expected);
    }
    let harmless = Form::new().boundary("x").add("a", "a --x\n--x");
    assert!(harmless.build().is_ok());
}

#[cfg(feature = "fs")]
#[tokio::test]
async fn a_file_is_a_part_with_its_name() {
    let path = std::env::temp_dir().join(format!("wharf-part-{}-ä.txt", std::process::id()));
    std::fs::write(&path, "on disk").unwrap();
    let file = Part::file(&path).await.unwrap();
    let form = Form::new().add("file", file).build().unwrap();
    let mut body = form.into_body();
    let again = body.try_clone().unwrap();
    assert_eq!(body.len(), again.len());
    let sent = body.bytes(again.len().unwrap() as usize).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let sent = str::from_utf8(&sent).unwrap();
    assert!(sent.contains("-ä.txt\"\r\nContent-Type: application/octet-stream\r\n\r\non disk\r\n"));
}

proptest! {
    #[test]
    fn no_name_and_no_content_breaks_out_of_its_part(
        name in ".{0,9}",
        file_name in "[\r\n\"\\\\;a%]{0,9}|.{0,9}",
        content in prop::collection::vec(any::<u8>(), 0..99),
        other: String,
    ) {
        let part = Part::new(content.clone()).file_name(file_name.clone());
        let other = Part::new("a").header(
            HeaderName::from_static("x-other"),
            HeaderValue::try_from(other).unwrap_or(HeaderValue::from_static("a")),
        );
        let form = Form::new().add(name.clone(), part).add("other", other).build();
        prop_assume!(!name.contains('\0') && !file_name.contains('\0'));
        let form = form.unwrap();
        let kind = ContentType::parse(form.content_type().to_str().unwrap()).unwrap();
        let body = form.into_body();
        let body = body.as_bytes().unwrap();
        let boundary = format!("--{}\r\n", kind.parameter("boundary").unwrap());
        let head = body.strip_prefix(boundary.as_bytes()).unwrap();
        let end = head.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let (head, rest) = head.split_at(end);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let lines: Vec<_> = head.split("\r\n").collect();
        prop_assert_eq!(lines.len(), 2, "{}", head);
        prop_assert!(!lines[0].contains(['\r', '\n']));
        prop_assert!(rest[4..].starts_with(&content));
        if !(name + &file_name).contains(['"', '\r', '\n', '\\']) {
            let field = lines[0].strip_prefix("Content-Disposition: ").unwrap();
            let read = ContentDisposition::parse(field).unwrap();
            prop_assert_eq!(read.file_name(), Some(file_name.as_str()));
        }
    }
}
