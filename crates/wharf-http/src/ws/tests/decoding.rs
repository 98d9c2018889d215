//! Any bytes in any pieces: the same events, never a panic, never more memory than allowed.

use proptest::prelude::*;

use super::super::decoder::{Decoder, Event};
use super::super::error::Violation;
use super::super::frame::Role;
use super::super::{CloseFrame, Text};
use super::*;

type Told = (Vec<Event>, Option<Violation>);

fn decoder(config: &WebSocketConfig) -> Decoder {
    Decoder::new(Role::Server, config, None)
}

/// Decodes bytes that come in pieces.
fn decode(decoder: &mut Decoder, pieces: &[&[u8]]) -> Told {
    let mut events = Vec::new();
    for piece in pieces {
        decoder.input().extend_from_slice(piece);
        loop {
            match decoder.next() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(violation) => return (events, Some(violation)),
            }
        }
    }
    (events, None)
}

/// Decodes bytes that come in pieces and are read elsewhere.
fn decode_read(decoder: &mut Decoder, pieces: &[&[u8]]) -> Told {
    let mut events = Vec::new();
    for piece in pieces {
        match decoder.read(&mut piece.to_vec()) {
            Ok(Some(message)) => events.push(Event::Message(message)),
            Ok(None) => {}
            Err(violation) => return (events, Some(violation)),
        }
        let (more, violation) = decode(decoder, &[&[]]);
        events.extend(more);
        if violation.is_some() {
            return (events, violation);
        }
    }
    (events, None)
}

fn all(bytes: &[u8]) -> Told {
    decode(&mut decoder(&WebSocketConfig::new()), &[bytes])
}

fn refused(bytes: &[u8]) -> u16 {
    let (events, violation) = all(bytes);
    assert_eq!(events, []);
    violation.unwrap().code().number()
}

#[test]
fn the_examples_of_the_standard_are_read() {
    // RFC 6455 §5.7, of which the unmasked ones are a server's.
    let hello = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(all(&hello).0, [Event::Message(text("Hello"))]);
    let mut client = Decoder::new(Role::Client, &WebSocketConfig::new(), None);
    let pieces = [
        &[0x01, 0x03, 0x48, 0x65, 0x6c][..],
        &[0x80, 0x02, 0x6c, 0x6f],
        &[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
    ];
    let (events, violation) = decode(&mut client, &pieces);
    let ping = Event::Ping(Bytes::from_static(b"Hello"));
    assert_eq!(
        (events, violation),
        (vec![Event::Message(text("Hello")), ping], None)
    );
}

#[test]
fn control_frames_come_between_the_frames_of_a_message() {
    let bytes = [
        frame(0x01, true, b"a"),
        frame(0x89, true, b"?"),
        frame(0x00, true, b""),
        frame(0x8a, true, b"!"),
        frame(0x80, true, b"b"),
        close_frame(true, 1000, "done"),
    ]
    .concat();
    let (events, violation) = all(&bytes);
    assert_eq!(violation, None);
    assert_eq!(
        events,
        [
            Event::Ping(Bytes::from_static(b"?")),
            Event::Pong(Bytes::from_static(b"!")),
            Event::Message(text("ab")),
            Event::Close(CloseFrame::new(1000, "done")),
        ]
    );
}

#[test]
fn what_breaks_the_rules_is_told_by_its_code() {
    for (bytes, code, what) in [
        (frame(0x81, false, b"a"), 1002, "no mask"),
        (
            frame(0xc1, true, b"a"),
            1002,
            "compressed without being asked",
        ),
        (frame(0xc9, true, b"a"), 1002, "a compressed ping"),
        (frame(0x80, true, b"a"), 1002, "a continuation of nothing"),
        (
            [frame(0x01, true, b"a"), frame(0x81, true, b"b")].concat(),
            1002,
            "a message within another",
        ),
        (frame(0x88, true, &[3]), 1002, "half a close code"),
        (
            close_frame(true, 1005, ""),
            1002,
            "a close code that is never sent",
        ),
        (frame(0x81, true, &[0xce, 0xba, 0xff]), 1007, "no UTF-8"),
        (frame(0x81, true, &[0xce]), 1007, "half a character"),
        (
            [frame(0x01, true, &[0xce]), frame(0x80, true, b"a")].concat(),
            1007,
            "a character that does not go on",
        ),
        (
            frame(0x88, true, &[3, 0xe8, 0xff]),
            1007,
            "a reason that is no UTF-8",
        ),
        // Seen by its head, before any of it has come.
        (
            frame(0x82, true, &vec![0; 5 << 20])[..14].to_vec(),
            1009,
            "too large",
        ),
    ] {
        assert_eq!(refused(&bytes), code, "{what}");
    }
}

#[test]
fn text_is_refused_as_soon_as_it_cannot_become_whole() {
    // 0xf4 0x90 is above the last character of all.
    let bytes = frame(0x81, true, b"caf\xf4\x90\x80\x80 and more");
    assert_eq!(refused(&bytes[..bytes.len() - 11]), 1007);
    let (events, violation) = all(&bytes[..bytes.len() - 12]);
    assert_eq!((events, violation), (vec![], None));
    assert_eq!(refused(&frame(0x01, true, b"\xf4\x90")), 1007);
}

#[test]
fn a_character_may_be_spread_over_frames_and_reads() {
    let bytes = [
        frame(0x01, true, b"\xf0\x9f"),
        frame(0x00, true, b"\xa6"),
        frame(0x80, true, b"\x9c!"),
    ]
    .concat();
    let (events, _) = decode(
        &mut decoder(&WebSocketConfig::new()),
        &bytes.chunks(1).collect::<Vec<_>>(),
    );
    assert_eq!(events, [Event::Message(text("🦜!"))]);
}

#[test]
fn the_limit_holds_for_all_frames_of_a_message_together() {
    let config = WebSocketConfig::new().max_message(10);
    let fits = [frame(0x02, true, &[1; 6]), frame(0x80, true, &[2; 4])].concat();
    let (events, violation) = decode(&mut decoder(&config), &[&*fits]);
    assert_eq!((events.len(), violation), (1, None));
    let too_much = [frame(0x02, true, &[1; 6]), frame(0x80, true, &[2; 5])].concat();
    let (_, violation) = decode(&mut decoder(&config), &[&*too_much]);
    assert_eq!(violation.unwrap().code(), CloseCode::TOO_BIG);
    // Frames without a byte come at a cost, too.
    let empty = [frame(0x02, true, b""), frame(0x00, true, b"").repeat(10)].concat();
    let (_, violation) = decode(&mut decoder(&config), &[&*empty]);
    assert_eq!(violation.unwrap().code(), CloseCode::TOO_BIG);
}

#[test]
fn a_frame_may_be_limited_more_than_a_message() {
    let config = WebSocketConfig::new().max_frame(5);
    let fits = [frame(0x02, true, &[1; 5]), frame(0x80, true, &[2; 5])].concat();
    assert_eq!(decode(&mut decoder(&config), &[&*fits]).1, None);
    let (_, violation) = decode(&mut decoder(&config), &[&*frame(0x82, true, &[1; 6])]);
    assert_eq!(violation.unwrap().code(), CloseCode::TOO_BIG);
}

#[test]
fn a_small_message_does_not_keep_the_buffer_it_came_in() {
    let mut decoder = decoder(&WebSocketConfig::new());
    decoder.input().reserve(64 << 10);
    let (events, _) = decode(&mut decoder, &[&*frame(0x82, true, &[7; 100])]);
    let [Event::Message(message)] = &events[..] else {
        panic!("{events:?}");
    };
    // Its memory is its own: all that is not is given back.
    decoder.rest();
    assert_eq!(decoder.input().capacity(), 0);
    assert_eq!(message.as_bytes().len(), 100);
}

fn messages() -> impl Strategy<Value = Vec<Event>> {
    let payloads = prop_oneof![
        7 => proptest::collection::vec(any::<u8>(), 0..300),
        1 => (0..70_000_usize).prop_map(|length| vec![b'x'; length]),
    ];
    let events = (payloads, 0..5_u8, ".{0,40}").prop_map(|(payload, kind, text)| {
        let small = Bytes::from(payload[..payload.len().min(125)].to_vec());
        match kind {
            0 => Event::Message(Message::Text(Text::from(text))),
            1 => Event::Ping(small),
            2 => Event::Pong(small),
            _ => Event::Message(Message::Binary(payload.into())),
        }
    });
    proptest::collection::vec(events, 0..6)
}

/// Encodes events as a client, each data message in frames of some size.
fn encode(events: &[Event], size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        let (first, payload) = match event {
            Event::Message(Message::Text(text)) => (1, text.as_bytes()),
            Event::Message(message) => (2, &message.as_bytes()[..]),
            Event::Ping(payload) => (9, &payload[..]),
            Event::Pong(payload) => (10, &payload[..]),
            Event::Close(_) => continue,
        };
        let size = if first < 8 { size } else { 125 };
        let mut pieces = payload.chunks(size).peekable();
        let mut opcode = first;
        loop {
            let piece = pieces.next().unwrap_or_default();
            let last = pieces.peek().is_none();
            bytes.extend(frame(opcode | u8::from(last) << 7, true, piece));
            opcode = 0;
            if last {
                break;
            }
        }
    }
    bytes
}

/// Cuts bytes into pieces of these sizes, over and over.
fn cut<'b>(mut bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, after) = bytes.split_at(bytes.len().min(*size));
        pieces.push(piece);
        bytes = after;
    }
    pieces
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded_however_it_is_cut(
        events in messages(),
        size in prop_oneof![1..200_usize, Just(100_000)],
        sizes in proptest::collection::vec(1..3000_usize, 1..8),
    ) {
        let bytes = encode(&events, size);
        let pieces = cut(&bytes, &sizes);
        let told = (events, None);
        prop_assert_eq!(&decode(&mut decoder(&WebSocketConfig::new()), &pieces), &told);
        prop_assert_eq!(decode_read(&mut decoder(&WebSocketConfig::new()), &pieces), told);
    }

    #[test]
    fn any_bytes_tell_the_same_however_they_are_cut(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        sizes in proptest::collection::vec(1..20_usize, 1..8),
    ) {
        let whole = all(&bytes);
        let pieces = cut(&bytes, &sizes);
        let told = decode_read(&mut decoder(&WebSocketConfig::new()), &pieces);
        prop_assert_eq!(&told, &whole);
        let told = decode(&mut decoder(&WebSocketConfig::new()), &pieces);
        prop_assert_eq!(told, whole);
    }

    #[test]
    fn frames_of_any_kind_tell_the_same_however_they_are_cut(
        frames in proptest::collection::vec(
            (prop_oneof![
                Just(0x81), Just(0x01), Just(0x82), Just(0x02), Just(0x00), Just(0x80), Just(0x89), Just(0x8a), any::<u8>(),
            ], any::<bool>(), proptest::collection::vec(any::<u8>(), 0..30)),
            0..12,
        ),
        sizes in proptest::collection::vec(1..20_usize, 1..8),
        limit in 1..100_usize,
    ) {
        let bytes: Vec<u8> = frames
            .iter()
            .flat_map(|(first, unmasked, payload)| frame(*first, !unmasked || payload.len() > 3, payload))
            .collect();
        let config = WebSocketConfig::new().max_message(limit);
        let whole = decode(&mut decoder(&config), &[&*bytes]);
        let pieces = cut(&bytes, &sizes);
        prop_assert_eq!(&decode_read(&mut decoder(&config), &[&*bytes]), &whole);
        prop_assert_eq!(&decode_read(&mut decoder(&config), &pieces), &whole);
        let told = decode(&mut decoder(&config), &pieces);
        prop_assert_eq!(&told, &whole);
        for event in told.0 {
            if let Event::Message(message) = event {
                prop_assert!(message.as_bytes().len() <= limit);
            }
        }
    }
}
