use http::{HeaderValue, header};
use http_body_util::BodyExt as _;

use super::*;

fn pieces(pieces: &'static [&'static str]) -> Body {
    let (mut sender, body) = Body::channel(pieces.len() + 1);
    for piece in pieces {
        sender.frames_for_test(piece);
    }
    body
}

impl Sender {
    fn frames_for_test(&mut self, piece: &'static str) {
        let mut send = Box::pin(self.send(piece));
        let mut cx = task::Context::from_waker(task::Waker::noop());
        assert!(send.as_mut().poll(&mut cx).is_ready());
    }
}

const _: fn() = || {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Body>();
};

#[tokio::test]
async fn a_whole_read_is_kept_for_the_next_reader() {
    let mut body = pieces(&["ab", "c", "def"]);
    assert_eq!(body.bytes(6).await.unwrap(), "abcdef");
    assert_eq!(body.bytes(None).await.unwrap(), "abcdef");
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abcdef");
    assert!(body.chunk().await.is_none());
}

#[tokio::test]
async fn a_body_over_the_limit_is_an_error_that_names_the_limit() {
    let mut body = pieces(&["abc", "def"]);
    let error = body.bytes(5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 5 });
    assert_eq!(
        error.to_string(),
        "the body is larger than the limit of 5 bytes"
    );
    assert_eq!(
        body.bytes(None).await.unwrap_err().kind(),
        ErrorKind::TooLarge { limit: 5 }
    );
}

#[tokio::test]
async fn a_body_of_known_length_over_the_limit_is_left_unread() {
    let mut body = Body::from("abcdef");
    assert_eq!(
        body.bytes(5).await.unwrap_err().kind(),
        ErrorKind::TooLarge { limit: 5 }
    );
    assert_eq!(body.bytes(6).await.unwrap(), "abcdef");
}

#[test]
fn a_body_that_is_wrapped_again_is_the_same() {
    let body = Body::new(Body::from("bytes"));
    assert_eq!(body.as_bytes().unwrap(), "bytes");
}

#[tokio::test]
async fn an_error_of_a_wrapped_body_keeps_its_kind() {
    let (sender, body) = Body::channel(1);
    sender.abort(Error::new(ErrorKind::TimedOut)).await.unwrap();
    let mut body = Body::new(http_body_util::combinators::UnsyncBoxBody::new(body));
    assert_eq!(
        body.bytes(None).await.unwrap_err().kind(),
        ErrorKind::TimedOut
    );
    assert_eq!(
        body.chunk().await.unwrap().unwrap_err().kind(),
        ErrorKind::TimedOut
    );
}

#[tokio::test]
async fn a_body_whose_writer_panics_is_not_taken_for_whole() {
    let (mut sender, mut body) = Body::channel(2);
    let writing = tokio::spawn(async move {
        sender.send("half").await.unwrap();
        panic!("on the way");
    });
    assert!(writing.await.is_err());
    assert_eq!(body.chunk().await.unwrap().unwrap(), "half");
    let error = body.chunk().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(format!("{error:#}").ends_with("whoever wrote it panicked"));
}

#[tokio::test]
async fn a_read_that_was_cancelled_does_not_pass_for_a_whole_body() {
    let (mut sender, mut body) = Body::channel(2);
    sender.send("first").await.unwrap();
    {
        let mut reading = Box::pin(body.bytes(None));
        let mut cx = task::Context::from_waker(task::Waker::noop());
        assert!(reading.as_mut().poll(&mut cx).is_pending());
    }
    sender.send("second").await.unwrap_err();
    let error = body.bytes(None).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "the body could not be read: an earlier read of this body was cancelled"
    );
}

#[tokio::test]
async fn trailers_come_after_the_data() {
    let mut trailers = HeaderMap::new();
    trailers.insert(header::ETAG, HeaderValue::from_static("\"a\""));
    let mut body = Body::from("data").with_trailers(trailers.clone());
    assert_eq!(body.len(), Some(4));
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "data"
    );
    assert!(!body.is_empty());
    assert_eq!(
        body.frame()
            .await
            .unwrap()
            .unwrap()
            .into_trailers()
            .unwrap(),
        trailers
    );
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn readers_of_data_keep_the_trailers() {
    let mut trailers = HeaderMap::new();
    trailers.insert(header::ETAG, HeaderValue::from_static("\"a\""));
    let trailed = || Body::from("data").with_trailers(trailers.clone());
    let mut body = trailed();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "data");
    assert_eq!(body.trailers(), None);
    assert!(body.chunk().await.is_none());
    assert_eq!(body.trailers(), Some(&trailers));
    let mut body = trailed();
    assert_eq!(body.bytes(4).await.unwrap(), "data");
    assert_eq!(body.trailers(), Some(&trailers));
    assert_eq!(body.bytes(4).await.unwrap(), "data");
    assert_eq!(body.trailers(), Some(&trailers));
    // One that was read half way by pieces and then in one go.
    let mut body = Body::new(trailed());
    body.chunk().await.unwrap().unwrap();
    assert_eq!(body.bytes(4).await.unwrap(), "");
    assert_eq!(body.trailers(), Some(&trailers));
}

#[tokio::test]
async fn no_trailers_are_not_an_empty_section_of_them() {
    let (mut sender, channel) = Body::channel(1);
    sender.send("data").await.unwrap();
    sender.finish_with(HeaderMap::new()).await.unwrap();
    for mut body in [channel, Body::from("data").with_trailers(HeaderMap::new())] {
        assert!(body.frame().await.unwrap().unwrap().is_data());
        assert!(body.frame().await.is_none());
    }
}

#[tokio::test]
async fn a_sender_learns_that_the_reader_is_gone() {
    let (mut sender, body) = Body::channel(1);
    drop(body);
    assert_eq!(
        sender.send("x").await.unwrap_err().kind(),
        ErrorKind::Disconnected
    );
    sender.closed().await;
}

/// Bodies of one byte, each with the number of how many were made before.
fn numbered() -> Body {
    let made = std::sync::atomic::AtomicU8::new(0);
    Body::replayable(move || {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Body::new(http_body_util::Full::new(Bytes::from(vec![number])).boxed_unsync())
    })
}

#[tokio::test]
async fn a_replayable_body_is_made_anew_until_it_is_read() {
    let mut body = numbered();
    assert_eq!((body.len(), body.as_bytes()), (Some(1), None));
    let mut second = body.try_clone().unwrap();
    let mut third = second.try_clone().unwrap();
    for (number, body) in [&mut body, &mut second, &mut third].into_iter().enumerate() {
        assert_eq!(
            body.chunk().await.unwrap().unwrap().as_ref(),
            [number as u8]
        );
        assert!(body.chunk().await.is_none());
    }
}

#[tokio::test]
async fn a_replayable_body_that_was_read_whole_is_kept_as_bytes() {
    let mut body = numbered();
    assert_eq!(body.bytes(1).await.unwrap().as_ref(), [0]);
    assert_eq!(body.bytes(1).await.unwrap().as_ref(), [0]);
    assert_eq!(body.try_clone().unwrap().as_bytes(), body.as_bytes());
}

#[tokio::test]
async fn a_replayable_body_over_the_limit_is_left_unread() {
    let mut body = numbered();
    assert_eq!(
        body.bytes(0).await.unwrap_err().kind(),
        ErrorKind::TooLarge { limit: 0 }
    );
    assert!(body.try_clone().is_some());
}

#[test]
fn bytes_stay_bytes_in_a_replayable_body() {
    let body = Body::replayable(|| Body::from("bytes"));
    assert_eq!(body.as_bytes().unwrap(), "bytes");
    assert_eq!(body.try_clone().unwrap().as_bytes().unwrap(), "bytes");
}

#[tokio::test]
async fn a_body_that_failed_or_is_half_read_cannot_be_cloned() {
    let mut body = pieces(&["a", "b"]);
    assert!(body.try_clone().is_none());
    body.bytes(1).await.unwrap_err();
    assert!(body.try_clone().is_none());
}

#[tokio::test]
async fn the_memory_of_a_whole_read_ends_at_the_limit() {
    let mut body = pieces(&["aaaa"; 9]);
    let whole = body.bytes(37).await.unwrap();
    drop(body);
    // The vector below the bytes grew by doubling: from 8 to 24, then to 37 and not 56.
    assert_eq!(Vec::from(whole).capacity(), 37);
}

#[test]
fn a_body_is_as_small_as_bytes_and_a_request_fits_into_256_bytes() {
    assert_eq!(size_of::<Body>(), size_of::<Bytes>());
    assert!(size_of::<crate::Request>() <= 256);
}

#[tokio::test]
async fn a_limited_body_gives_all_up_to_the_limit_and_then_the_error() {
    let mut body = pieces(&["ab", "cd", "e"]).limited(5);
    assert_eq!(body.bytes(None).await.unwrap(), "abcde");

    let mut body = pieces(&["ab", "cd", "e"]).limited(4);
    assert_eq!(body.chunk().await.unwrap().unwrap(), "ab");
    assert_eq!(body.chunk().await.unwrap().unwrap(), "cd");
    for _ in 0..2 {
        let error = body.chunk().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 4 });
    }
}

#[tokio::test]
async fn a_limited_body_of_known_length_is_let_through_or_fails_at_once() {
    let body = Body::from("abcd").limited(4);
    assert_eq!(body.as_bytes().unwrap(), "abcd");
    let mut body = Body::from("abcde").limited(4);
    let error = body.bytes(None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 4 });
    let mut nothing = Body::empty().limited(0);
    assert_eq!(nothing.bytes(None).await.unwrap(), "");
}

#[tokio::test]
async fn a_limited_body_keeps_its_trailers() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("7"));
    let mut body = pieces(&["ab"]).with_trailers(trailers).limited(2);
    assert_eq!(body.bytes(None).await.unwrap(), "ab");
    assert_eq!(body.trailers().unwrap()["x-sum"], "7");
}

#[tokio::test]
async fn what_a_body_holds_is_let_go_at_its_end_at_an_error_and_with_it() {
    let held = Arc::new(());
    let of = |body: Body| body.holding(Arc::clone(&held));

    let mut body = of(pieces(&["ab", "cd"]));
    assert_eq!(body.chunk().await.unwrap().unwrap(), "ab");
    assert_eq!(Arc::strong_count(&held), 2);
    assert_eq!(body.chunk().await.unwrap().unwrap(), "cd");
    assert!(body.chunk().await.is_none());
    assert_eq!(Arc::strong_count(&held), 1);

    // The last piece is known to be the last.
    let mut body = of(Body::from("ab"));
    assert!(body.frame().await.is_some());
    assert_eq!(Arc::strong_count(&held), 1);

    let mut body = of(pieces(&["ab", "cd"]).limited(2));
    assert!(body.bytes(None).await.is_err());
    assert_eq!(Arc::strong_count(&held), 1);

    let body = of(pieces(&["ab"]));
    assert_eq!(Arc::strong_count(&held), 2);
    drop(body);
    assert_eq!(Arc::strong_count(&held), 1);

    drop(of(Body::empty()));
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test]
async fn joined_bodies_come_one_after_the_other_and_have_the_length_of_all() {
    let mut body = Body::concat(["ab".into(), Body::empty(), "c".into()]);
    assert_eq!(body.len(), Some(3));
    let mut again = body.try_clone().unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "ab");
    assert_eq!(body.len(), Some(1));
    assert_eq!(again.bytes(None).await.unwrap(), "abc");

    let mut fields = HeaderMap::new();
    fields.insert(header::ETAG, HeaderValue::from_static("x"));
    let mut body = Body::concat([pieces(&["a", "b"]).with_trailers(fields), "c".into()]);
    assert_eq!((body.len(), body.try_clone().is_some()), (None, false));
    assert_eq!(body.bytes(None).await.unwrap(), "abc");
    assert_eq!(body.trailers(), None);
    assert!(Body::concat([]).is_empty());
}

#[tokio::test]
async fn joined_bodies_end_where_one_breaks_off() {
    let (sender, broken) = Body::channel(1);
    sender.abort("cut").await.unwrap();
    let mut body = Body::concat(["a".into(), broken, "b".into()]);
    assert_eq!(body.chunk().await.unwrap().unwrap(), "a");
    assert!(body.chunk().await.unwrap().is_err());
    assert!(!matches!(body.chunk().await, Some(Ok(_))));
}
