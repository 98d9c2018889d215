use proptest::prelude::*;

use super::*;

/// Data that is random, and data that is made of few pieces.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40_000),
        (prop::collection::vec(any::<u8>(), 0..300), 0..1000_usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

fn coding() -> impl Strategy<Value = Coding> {
    prop::sample::select(Coding::available())
}

/// Cuts data into pieces of the given lengths, over and over.
fn cut(data: &[u8], lengths: &[usize]) -> Body {
    let mut rest = data;
    let mut lengths = lengths.iter().cycle();
    pieces(std::iter::from_fn(|| {
        let length = rest.len().min(*lengths.next()?);
        let piece = rest.split_off(..length)?;
        (!piece.is_empty()).then_some(piece)
    }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_encoded_is_decoded_however_it_is_cut(
        data in data(),
        coding in coding(),
        level in 0..8_u32,
        flush: bool,
        lengths in prop::collection::vec(1..20_000_usize, 1..5),
        wire_lengths in prop::collection::vec(1..500_usize, 1..5),
    ) {
        let encoder = Encoder::new(coding).level(level).flush(flush);
        let wire = whole(encoder.encode(cut(&data, &lengths))).unwrap();
        let body = decoded(cut(&wire, &wire_lengths), coding.name());
        prop_assert_eq!(whole(body).unwrap(), data);
    }

    #[test]
    fn no_bytes_make_it_panic_or_give_more_than_the_limit(
        coding in coding(),
        data in data(),
        random in prop::collection::vec(any::<u8>(), 0..300),
        flips in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 0..4),
        limit in 0..20_000_u64,
    ) {
        let mut wire = encoded(coding, &data).to_vec();
        for (at, bits) in flips {
            *at.get_mut(&mut wire) ^= bits;
        }
        wire.extend(&random);
        for wire in [wire, random] {
            let limits = Limits::new().decoded(limit).ratio(1000);
            let mut body = decoded_within(pieces(wire.chunks(100)), coding.name(), limits);
            let mut given = 0;
            while let Some(Ok(piece)) = now(body.chunk()) {
                given += piece.len() as u64;
            }
            prop_assert!(given <= limit, "{given}");
        }
    }
}
