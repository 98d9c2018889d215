//! Event streams: the events do not depend on how the stream is cut, their size is bounded, and each is read as it is written.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wharf_http::sse::{DecodeError, Decoder, Event};

const LINE: usize = 64;
const EVENT: usize = 128;

fn read(pieces: Vec<Bytes>) -> (Vec<Event>, Option<DecodeError>) {
    let mut decoder = Decoder::new().max_line(LINE).max_event(EVENT);
    let mut events = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
        assert!(piece.is_empty());
    }
    (events, None)
}

fuzz_target!(|data: &[u8]| {
    let [seed, input @ ..] = data else { return };
    let whole = read(fuzz::cut(input, 0));
    assert_eq!(read(fuzz::cut(input, *seed)), whole);
    for event in whole.0 {
        assert!(event.data().is_none_or(|data| data.len() <= EVENT));
        let mut wire = event.encode();
        assert_eq!(Decoder::new().decode(&mut wire), Ok(Some(event)));
    }
});
