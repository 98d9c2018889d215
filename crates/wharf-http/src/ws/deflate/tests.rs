use proptest::prelude::*;

use super::super::config::WebSocketConfig;
use super::super::error::ErrorKind;
use super::super::extension;
use super::*;
use crate::ws::Error;

fn config(deflate: &DeflateConfig) -> WebSocketConfig {
    WebSocketConfig::new().deflate(deflate.clone())
}

/// Answers an offer as a server with these settings.
fn answer(config: &DeflateConfig, offer: &str) -> Option<String> {
    let list = extension::read(offer).unwrap();
    config.accept(&list[0]).map(|(_, answer)| answer)
}

/// Checks an answer as a client with these settings.
fn check(config: &DeflateConfig, answer: &str) -> Option<Agreed> {
    let list = extension::read(answer).unwrap();
    config.check(&list[0])
}

fn keeping() -> DeflateConfig {
    DeflateConfig::new()
        .min_size(0)
        .server_no_context_takeover(false)
        .client_no_context_takeover(false)
}

fn pair(config: &DeflateConfig) -> (Deflater, Inflater) {
    let list = config.offer();
    let list = extension::read(&list).unwrap();
    let (agreed, _) = config.accept(&list[0]).unwrap();
    let settings = WebSocketConfig::new().deflate(config.clone());
    (
        Deflater::new(agreed, Role::Server, &settings),
        Inflater::new(agreed, Role::Client, &settings),
    )
}

fn inflate(inflater: &mut Inflater, message: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let mut output = Vec::new();
    inflater.inflate(message, &mut output, limit)?;
    inflater.finish(&mut output, limit)?;
    Ok(output)
}

#[test]
fn offers_are_answered_within_the_rules() {
    let plain = keeping();
    let alone = DeflateConfig::new();
    let small = keeping()
        .server_max_window_bits(10)
        .client_max_window_bits(11);
    for (config, offer, expected) in [
        (&plain, "permessage-deflate", Some("permessage-deflate")),
        (
            &alone,
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ),
        (
            &plain,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=9",
            Some(
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=9",
            ),
        ),
        // The client does not say that it can be asked for a smaller window.
        (
            &small,
            "permessage-deflate",
            Some("permessage-deflate; server_max_window_bits=10"),
        ),
        (
            &small,
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate; server_max_window_bits=10; client_max_window_bits=11"),
        ),
        // We need not compress with a window of 256 bytes, but can read what was.
        (
            &plain,
            "permessage-deflate; client_max_window_bits=8",
            Some("permessage-deflate; client_max_window_bits=8"),
        ),
        (&plain, "permessage-deflate; server_max_window_bits=8", None),
        (
            &plain,
            "permessage-deflate; server_max_window_bits=16",
            None,
        ),
        (
            &plain,
            "permessage-deflate; server_max_window_bits=09",
            None,
        ),
        (&plain, "permessage-deflate; server_max_window_bits", None),
        (
            &plain,
            "permessage-deflate; server_no_context_takeover=1",
            None,
        ),
        (&plain, "permessage-deflate; client_max_window_bits=7", None),
        (
            &plain,
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            None,
        ),
        (&plain, "permessage-deflate; unknown", None),
    ] {
        assert_eq!(answer(config, offer).as_deref(), expected, "{offer}");
    }
}

#[test]
fn answers_are_held_to_the_offer() {
    let plain = keeping();
    let small = keeping().server_max_window_bits(10);
    assert_eq!(plain.offer(), "permessage-deflate; client_max_window_bits");
    assert_eq!(
        small.offer(),
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits"
    );
    assert!(check(&plain, "permessage-deflate").is_some());
    let agreed = check(&plain, "permessage-deflate; server_max_window_bits=8").unwrap();
    assert_eq!(agreed.server.bits, 8);
    for bad in [
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; unknown=1",
    ] {
        assert_eq!(check(&plain, bad), None, "{bad}");
    }
    assert_eq!(check(&small, "permessage-deflate"), None);
    assert_eq!(
        check(&small, "permessage-deflate; server_max_window_bits=11"),
        None
    );
    assert!(check(&small, "permessage-deflate; server_max_window_bits=9").is_some());
}

#[test]
fn a_window_of_256_bytes_is_read_and_never_made() {
    let settings = config(&keeping());
    let agreed = check(
        &keeping(),
        "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
    )
    .unwrap();
    let mut deflater = Deflater::new(agreed, Role::Client, &settings);
    assert_eq!(deflater.deflate(&[b'a'; 1000]), None);
    // RFC 7692 §7.2.3.1: "Hello", compressed.
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let mut inflater = Inflater::new(agreed, Role::Client, &settings);
    assert_eq!(inflate(&mut inflater, &hello, 5).unwrap(), b"Hello");
}

#[test]
fn the_examples_of_the_standard_are_read() {
    // RFC 7692 §7.2.3: a context that is kept, a stored block, a last block, two blocks, an empty message.
    let (_, mut inflater) = pair(&keeping());
    for (message, text) in [
        (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], "Hello"),
        (&[0xf2, 0x00, 0x11, 0x00, 0x00], "Hello"),
        (
            &[
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ],
            "Hello",
        ),
        (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], "Hello"),
        (
            &[
                0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
            ],
            "Hello",
        ),
        (&[0x00], ""),
        // A last block and nothing after it, as some peers leave it.
        (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], "Hello"),
        (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], "Hello"),
    ] {
        assert_eq!(
            inflate(&mut inflater, message, 100).unwrap(),
            text.as_bytes()
        );
    }
}

#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    let (mut deflater, mut inflater) = pair(&keeping());
    let bomb = deflater.deflate(&vec![0; 4 << 20]).unwrap();
    assert!(bomb.len() < 6_000);
    let mut output = Vec::new();
    let limit = 1 << 18;
    let error = inflater.inflate(&bomb, &mut output, limit).unwrap_err();
    assert_eq!(Error::from(error).kind(), ErrorKind::TooLarge { limit });
    assert!(output.capacity() <= limit + 1);
}

#[test]
fn a_message_of_just_the_limit_is_read() {
    let (mut deflater, mut inflater) = pair(&keeping());
    for length in [1, 1023, 1024, 1025, 70_000] {
        let message = vec![7; length];
        let deflated = deflater.deflate(&message).unwrap();
        assert_eq!(inflate(&mut inflater, &deflated, length).unwrap(), message);
        let deflated = deflater.deflate(&message).unwrap();
        assert!(inflate(&mut inflater, &deflated, length - 1).is_err());
        (deflater, inflater) = pair(&keeping());
    }
}

#[test]
fn what_does_not_shrink_is_sent_as_it_is() {
    let (mut deflater, _) = pair(&DeflateConfig::new().min_size(10));
    assert_eq!(deflater.deflate(b"short"), None);
    assert_eq!(deflater.deflate(b"0123456789"), None);
    assert!(deflater.deflate(&[b'a'; 100]).is_some());
}

#[test]
fn no_context_is_held_between_messages_unless_asked_for() {
    let (mut deflater, mut inflater) = pair(&DeflateConfig::new().min_size(0));
    let first = deflater.deflate(&[b'a'; 100]).unwrap();
    let second = deflater.deflate(&[b'a'; 100]).unwrap();
    assert_eq!(first, second);
    inflate(&mut inflater, &first, 100).unwrap();
    assert!(!deflater.holds_context() && !inflater.holds_context());
    let (mut deflater, _) = pair(&keeping());
    let first = deflater.deflate(&[b'a'; 100]).unwrap();
    let second = deflater.deflate(&[b'a'; 100]).unwrap();
    assert!(second.len() < first.len());
}

fn configs() -> impl Strategy<Value = DeflateConfig> {
    (0..10_u32, any::<[bool; 2]>(), 9..16_u8, 9..16_u8).prop_map(
        |(level, alone, server, client)| {
            DeflateConfig::new()
                .min_size(0)
                .level(level)
                .server_no_context_takeover(alone[0])
                .client_no_context_takeover(alone[1])
                .server_max_window_bits(server)
                .client_max_window_bits(client)
        },
    )
}

proptest! {
    #[test]
    fn what_was_deflated_is_inflated(
        config in configs(),
        seeds in proptest::collection::vec((any::<u8>(), 0..5000_usize, 1..50_usize), 1..6),
        cut in 1..400_usize,
    ) {
        let (mut deflater, mut inflater) = pair(&config);
        for (seed, length, period) in seeds {
            let message: Vec<u8> = (0..length).map(|at| seed.wrapping_mul((at % period) as u8)).collect();
            let Some(deflated) = deflater.deflate(&message) else { continue };
            let mut output = Vec::new();
            for piece in deflated.chunks(cut) {
                inflater.inflate(piece, &mut output, 5000).unwrap();
            }
            inflater.finish(&mut output, 5000).unwrap();
            prop_assert_eq!(output, message);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_grow(
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..5),
        config in configs(),
    ) {
        let (_, mut inflater) = pair(&config);
        for message in messages {
            let mut output = Vec::new();
            let inflated = inflater.inflate(&message, &mut output, 3000)
                .and_then(|()| inflater.finish(&mut output, 3000));
            prop_assert!(output.capacity() <= 3001);
            if inflated.is_err() {
                break;
            }
        }
    }

    #[test]
    fn any_offer_is_answered_so_that_its_client_agrees(server in configs(), client in configs()) {
        let offer = client.offer();
        let list = extension::read(&offer).unwrap();
        let (agreed, answer) = server.accept(&list[0]).unwrap();
        let checked = check(&client, &answer).unwrap();
        prop_assert_eq!(checked.server, agreed.server);
        // A client may do better than it was asked to.
        prop_assert!(checked.client.bits <= agreed.client.bits);
        prop_assert!(checked.client.alone || !agreed.client.alone);
    }
}
