//! Content codings: any bytes decode to no more than the limit, however they are cut, and what was encoded is decoded the same.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use libfuzzer_sys::fuzz_target;
use wharf_http::Body;
use wharf_http::body::ErrorKind;
use wharf_http::coding::{self, Coding, Encoder, Limits};

const LIMIT: u64 = 100_000;

async fn decoded(pieces: Vec<Bytes>, codings: &str) -> (Vec<u8>, Option<ErrorKind>) {
    let value = HeaderValue::from_str(codings).unwrap();
    let headers = HeaderMap::from_iter([(CONTENT_ENCODING, value)]);
    let mut body: Body = fuzz::body(pieces);
    coding::decode(&mut body, &headers, Limits::new().decoded(LIMIT)).unwrap();
    let mut all = Vec::new();
    while let Some(piece) = body.chunk().await {
        match piece {
            Ok(piece) => all.extend_from_slice(&piece),
            Err(error) => return (all, Some(error.kind())),
        }
        assert!(all.len() as u64 <= LIMIT);
    }
    (all, None)
}

fuzz_target!(|data: &[u8]| {
    let [choice, seed, input @ ..] = data else {
        return;
    };
    let available = Coding::available();
    let choice = usize::from(*choice);
    let coding = available[choice % available.len()];
    let mut codings = coding.name().to_owned();
    if choice >= 128 {
        codings = [available[choice / 8 % available.len()].name(), &codings].join(", ");
    }
    fuzz::run(async {
        let (all, error) = decoded(fuzz::cut(input, 0), &codings).await;
        let (cut, cut_error) = decoded(fuzz::cut(input, *seed), &codings).await;
        assert_eq!(cut_error, error);
        // Before an error more or less may have been given out.
        assert!(error.is_some() || cut == all);
        let input = &input[..input.len().min(10_000)];
        let encoder = Encoder::new(coding).level(1).flush(choice & 64 != 0);
        let mut wire = encoder.encode(fuzz::body(fuzz::cut(input, *seed)));
        let wire = wire.bytes(None).await.unwrap();
        let (back, error) = decoded(fuzz::cut(&wire, *seed), coding.name()).await;
        assert_eq!((&back[..], error), (input, None));
    });
});
