use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{DecodeError, Decoder, Event};

/// All events of a stream that comes in pieces of these lengths, the last of which is repeated.
fn events(
    decoder: &mut Decoder,
    stream: &[u8],
    lengths: &[usize],
) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    let mut rest = Bytes::copy_from_slice(stream);
    let mut lengths = lengths.iter().copied().chain(std::iter::repeat(1));
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(1).clamp(1, rest.len());
        let mut piece = rest.split_to(length);
        while let Some(event) = decoder.decode(&mut piece)? {
            events.push(event);
        }
        assert!(piece.is_empty());
    }
    Ok(events)
}

fn read(stream: &str) -> Vec<Event> {
    events(&mut Decoder::new(), stream.as_bytes(), &[stream.len()]).unwrap()
}

fn data(stream: &str) -> Vec<String> {
    let read = read(stream).into_iter();
    read.map(|event| event.data().unwrap().to_owned()).collect()
}

#[test]
fn the_examples_of_the_standard_are_read_as_it_says() {
    assert_eq!(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
    let stream = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    let read = read(stream);
    let ids: Vec<_> = read.iter().map(Event::id).collect();
    assert_eq!(ids, [Some("1"), None, None]);
    assert_eq!(read[2].data(), Some(" third event"));
    // The last block has no end.
    assert_eq!(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
    assert_eq!(data("data:test\n\ndata: test\n\n"), ["test", "test"]);
}

#[test]
fn all_three_line_ends_and_a_byte_order_mark_are_understood() {
    assert_eq!(
        data("\u{feff}data: a\r\rdata: b\r\n\r\ndata: c\n\n"),
        ["a", "b", "c"]
    );
    assert!(data("\u{feff}\u{feff}data: a\n\n").is_empty());
}

#[test]
fn an_id_with_nul_and_a_retry_with_more_than_digits_are_ignored() {
    let mut decoder = Decoder::new();
    let stream = b"id: 1\nretry: 20\n\nid: 2\0\nretry: 3s\nretry: -1\nretry:\n\n";
    assert_eq!(events(&mut decoder, stream, &[]), Ok(vec![]));
    assert_eq!(decoder.last_event_id(), Some("1"));
    assert_eq!(decoder.retry(), Some(Duration::from_millis(20)));
}

#[test]
fn the_id_of_an_event_without_end_is_not_remembered() {
    let mut decoder = Decoder::new().with_last_event_id("1");
    let read = events(&mut decoder, b"data: a\n\nid: 2\ndata: b\n", &[]).unwrap();
    assert_eq!(read[0].id(), Some("1"));
    assert_eq!((read.len(), decoder.last_event_id()), (1, Some("1")));
}

#[test]
fn what_is_too_long_is_an_error_that_names_the_limit_and_stays() {
    let mut decoder = Decoder::new().max_line(8);
    let error = decoder.decode(&mut Bytes::from("data: 123")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a line of the event stream is longer than 8 bytes"
    );
    assert_eq!(decoder.decode(&mut Bytes::from("\n\n")), Err(error));
    let mut decoder = Decoder::new().max_event(3);
    let error = decoder.decode(&mut Bytes::from("data:ab\ndata:c\n"));
    assert_eq!(error, Err(DecodeError::Event { limit: 3 }));
    assert_eq!(
        error.unwrap_err().to_string(),
        "an event of the stream has more than 3 bytes of data"
    );
}

#[test]
fn no_value_can_smuggle_in_a_field() {
    for bad in ["1\ndata: x", "1\rdata: x", "1\0"] {
        assert!(Event::new("").with_id(bad).is_err());
        assert!(Event::new("").with_name(bad).is_err());
    }
    let event = Event::new("a\n\nid: 1\r\rb").with_comment("c\r\n\ndata: d");
    assert_eq!(
        event.encode(),
        ": c\n: \n: data: d\ndata: a\ndata: \ndata: id: 1\ndata: \ndata: b\n\n"
    );
}

fn single_line() -> impl Strategy<Value = String> {
    "[^\r\n\0]{0,12}"
}

proptest! {
    #[test]
    fn a_stream_gives_the_same_events_however_it_is_split(
        stream in vec(prop::sample::select(vec![
            "data", ":", " ", "id", "event", "retry", "1", "\r", "\n", "\n\n", "\u{feff}", "é", "\0",
        ]), 0..60),
        lengths in vec(1..9_usize, 0..60),
    ) {
        let stream = stream.concat();
        let whole = events(&mut Decoder::new(), stream.as_bytes(), &[stream.len()]);
        prop_assert_eq!(events(&mut Decoder::new(), stream.as_bytes(), &lengths), whole);
    }

    #[test]
    fn what_is_written_is_read_again(
        id in option::of("[^\r\n\0]{1,12}"),
        name in option::of("[^\r\n\0]{1,12}"),
        text in any::<String>(),
        comment in option::of(any::<String>()),
        retry in option::of(any::<u64>()),
        lengths in vec(1..9_usize, 0..60),
    ) {
        let mut event = Event::new(text.replace("\r\n", "\n").replace('\r', "\n"));
        if let Some(id) = id {
            event = event.with_id(id).unwrap();
        }
        if let Some(name) = name {
            event = event.with_name(name).unwrap();
        }
        if let Some(retry) = retry {
            event = event.with_retry(Duration::from_millis(retry));
        }
        let sent = comment.into_iter().fold(event.clone(), Event::with_comment);
        let read = events(&mut Decoder::new(), &sent.encode(), &lengths);
        prop_assert_eq!(read, Ok(vec![event]));
    }

    #[test]
    fn an_event_is_one_event_whatever_is_in_it(id in single_line(), text in any::<String>(), comment in any::<String>()) {
        let event = Event::new(text).with_comment(comment).with_id(id).unwrap();
        prop_assert_eq!(events(&mut Decoder::new(), &event.encode(), &[]).unwrap().len(), 1);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic_and_in_bounded_memory(
        stream in vec(any::<u8>(), 0..400),
        lengths in vec(1..50_usize, 0..20),
    ) {
        let mut decoder = Decoder::new().max_line(32).max_event(64);
        for event in events(&mut decoder, &stream, &lengths).unwrap_or_default() {
            prop_assert!(event.data().unwrap().len() <= 64);
        }
        prop_assert!(decoder.line.len() <= 32 && decoder.data.len() <= 64);
    }
}
