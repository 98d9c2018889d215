use std::collections::VecDeque;

use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};

use super::*;

/// A body of these pieces.
struct Pieces(VecDeque<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

fn reader<P: Into<Bytes>>(pieces: impl IntoIterator<Item = P>) -> Reader {
    Body::from_stream(Pieces(pieces.into_iter().map(Into::into).collect())).into_reader()
}

#[tokio::test]
async fn a_count_is_exact_over_pieces_and_what_is_short_can_still_be_read() {
    let mut reader = reader(["ab", "cd", "ef"]);
    assert_eq!(reader.exactly(3).await.unwrap(), "abc");
    assert_eq!(reader.exactly(0).await.unwrap(), "");
    let error = reader.exactly(5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooShort { missing: 2 });
    assert_eq!(error.to_string(), "the body ends 2 bytes early");
    assert_eq!(reader.chunk().await.unwrap().unwrap(), "def");
    assert_eq!(reader.chunk().await.unwrap(), None);
    assert_eq!(reader.received(), 6);
}

#[tokio::test]
async fn a_separator_is_found_across_pieces_and_belongs_to_what_it_ends() {
    let mut reader = reader(["one--", "-two", "---three"]);
    assert_eq!(reader.until("---").await.unwrap().unwrap(), "one---");
    assert_eq!(reader.until("---").await.unwrap().unwrap(), "two---");
    assert_eq!(reader.until("---").await.unwrap().unwrap(), "three");
    assert_eq!(reader.until("---").await.unwrap(), None);
}

#[tokio::test]
async fn a_line_that_is_longer_than_the_high_water_mark_is_an_error() {
    let mut reader = reader(["12345678\n", "123456", "789\n"]).high_water(9);
    assert_eq!(reader.line().await.unwrap().unwrap(), "12345678");
    let error = reader.line().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 9 });
    assert_eq!(reader.rest(10).await.unwrap(), "123456789\n");
}

#[tokio::test]
async fn lines_end_in_either_way_and_are_text() {
    let mut reader = reader([&b"a\r"[..], b"\n\nb\rc\n\xff\n", b"d"]);
    for line in ["a", "", "b\rc"] {
        assert_eq!(reader.line().await.unwrap().as_deref(), Some(line));
    }
    let error = reader.line().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_eq!(reader.line().await.unwrap().as_deref(), Some("d"));
    assert_eq!(reader.line().await.unwrap(), None);
}

#[tokio::test]
async fn pieces_come_as_they_are_or_cut_and_can_be_put_back() {
    let mut reader = reader(["abcd", "ef"]);
    assert_eq!(reader.buffered(), b"");
    assert_eq!(reader.up_to(3).await.unwrap().unwrap(), "abc");
    assert_eq!(reader.buffered(), b"d");
    assert_eq!(reader.up_to(3).await.unwrap().unwrap(), "d");
    reader.put_back("d");
    reader.put_back("c");
    assert!(!reader.is_at_end().await.unwrap());
    assert_eq!(reader.exactly(3).await.unwrap(), "cde");
    assert_eq!(reader.rest(1).await.unwrap(), "f");
    assert!(reader.is_at_end().await.unwrap());
}

#[tokio::test]
async fn the_rest_has_a_limit() {
    let error = reader(["abc", "de"]).rest(4).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 4 });
    assert_eq!(reader(["abc", "de"]).rest(None).await.unwrap(), "abcde");
}

#[tokio::test]
async fn it_reads_as_tokio_does_and_keeps_the_error() {
    let mut buffered = reader(["one\ntw", "o\n", "three"]);
    let mut line = String::new();
    buffered.read_line(&mut line).await.unwrap();
    buffered.read_line(&mut line).await.unwrap();
    assert_eq!(line, "one\ntwo\n");
    buffered.read_to_string(&mut line).await.unwrap();
    assert_eq!(line, "one\ntwo\nthree");

    let (sender, body) = Body::channel(1);
    let sending = sender.abort(Error::new(ErrorKind::Disconnected));
    sending.await.unwrap();
    let error = body.into_reader().read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(inner.kind(), ErrorKind::Disconnected);
}

#[tokio::test]
async fn the_body_is_asked_for_no_more_than_is_wanted() {
    let (mut sender, body) = Body::channel(1);
    let mut reader = body.into_reader();
    sender.send("first").await.unwrap();
    assert_eq!(reader.exactly(2).await.unwrap(), "fi");
    sender.send("second").await.unwrap();
    let mut third = Box::pin(sender.send("third"));
    assert_eq!(reader.exactly(3).await.unwrap(), "rst");
    let mut cx = task::Context::from_waker(task::Waker::noop());
    assert!(third.as_mut().poll(&mut cx).is_pending(), "held up");
    assert_eq!(reader.exactly(1).await.unwrap(), "s");
    third.await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_dropped_loses_nothing() {
    let (mut sender, body) = Body::channel(4);
    let mut reader = body.into_reader();
    sender.send("ab").await.unwrap();
    sender.send("cd").await.unwrap();
    {
        let mut call = Box::pin(reader.exactly(6));
        let mut cx = task::Context::from_waker(task::Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
    }
    sender.send("ef").await.unwrap();
    assert_eq!(reader.exactly(6).await.unwrap(), "abcdef");
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        pieces in prop::collection::vec("[ab\r\n]{0,4}", 0..12),
        counts in prop::collection::vec((0..4_u8, 0..6_usize), 0..12),
    ) {
        let whole = pieces.concat();
        let run = |mut reader: Reader| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let mut seen = Vec::new();
                for (call, count) in &counts {
                    seen.push(match call {
                        0 => format!("{:?}", reader.exactly(*count).await.ok()),
                        1 => format!("{:?}", reader.until("\r\n").await.unwrap()),
                        2 => format!("{:?}", reader.line().await.unwrap()),
                        _ => format!("{:?}", reader.is_at_end().await.unwrap()),
                    });
                }
                seen.push(format!("{:?}", reader.rest(None).await.unwrap()));
                seen
            })
        };
        prop_assert_eq!(run(reader(pieces)), run(reader([whole])));
    }
}
