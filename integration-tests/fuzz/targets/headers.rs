//! Typed header fields: any field is read or refused, and what was read is written so that it is read again the same.
#![no_main]

use std::fmt::Debug;

use http::{HeaderMap, HeaderValue, Method, header};
use libfuzzer_sys::fuzz_target;
use wharf_http::header::*;

fn field<T: TypedHeader + Debug>(input: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in input.split(|&byte| byte == b'\n').take(20) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(T::NAME, value);
        }
    }
    let Ok(Some(read)) = T::decode(&headers) else {
        return;
    };
    if let Some(value) = read.encode() {
        let again = HeaderMap::from_iter([(T::NAME, value.clone())]);
        let again = T::decode(&again).unwrap().unwrap();
        // The target of a link is escaped when it is written, an element that says nothing becomes `for=unknown`; secrets are
        // not shown.
        let changes = [header::LINK, header::FORWARDED].contains(&T::NAME);
        assert!(changes || format!("{again:?}") == format!("{read:?}"));
        assert_eq!(again.encode(), Some(value));
    }
}

/// Each element keeps its place.
fn forwarded(headers: &HeaderMap) {
    let Ok(Some(read)) = Forwarded::decode(headers) else {
        return;
    };
    if let Some(value) = read.encode() {
        let again = HeaderMap::from_iter([(Forwarded::NAME, value)]);
        let again = Forwarded::decode(&again).unwrap().unwrap();
        let clients = |field: &Forwarded| -> Vec<_> {
            let ips = field.elements().iter();
            ips.map(|element| element.client().and_then(|node| node.ip()))
                .collect()
        };
        assert_eq!(clients(&again), clients(&read));
    }
}

/// Every range is within the content, and there are no more of them than were asked for.
fn range(text: &str, length: u64) {
    let Some(range) = Range::parse(text) else {
        return;
    };
    let parts = range.within(length);
    assert!(parts.len() <= range.ranges().len());
    for part in parts {
        assert!(part.start() <= part.end() && *part.end() < length);
    }
}

fn challenges(headers: &HeaderMap) {
    for challenge in Challenge::all(headers, &header::WWW_AUTHENTICATE) {
        let Some(value) = challenge.encode() else {
            continue;
        };
        let again = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
        assert_eq!(
            Challenge::all(&again, &header::WWW_AUTHENTICATE),
            [challenge]
        );
    }
    let _first = AuthParameters::of(headers, &header::WWW_AUTHENTICATE);
}

fuzz_target!(|data: &[u8]| {
    let [choice, input @ ..] = data else { return };
    match choice % 21 {
        0 => field::<Range>(input),
        1 => field::<ContentRange>(input),
        2 => field::<Accept>(input),
        3 => field::<AcceptEncoding>(input),
        4 => field::<Forwarded>(input),
        5 => field::<IfMatch>(input),
        6 => field::<IfNoneMatch>(input),
        7 => field::<IfRange>(input),
        8 => field::<IfModifiedSince>(input),
        9 => field::<LastModified>(input),
        10 => field::<ContentDisposition>(input),
        11 => field::<ContentType>(input),
        12 => field::<CacheControl>(input),
        13 => field::<Links>(input),
        14 => field::<Basic>(input),
        15 => field::<Bearer>(input),
        16 => field::<ETag>(input),
        17 => challenges(&fuzz::fields(input)),
        18 => forwarded(&fuzz::fields(input)),
        19 => {
            let found = Validators::new().tag(ETag::strong("a").unwrap());
            let asked = Preconditions::of(&Method::GET, &fuzz::fields(input));
            let _verdict = asked.judge(&found);
            for part in asked.parts(&found, 100).into_iter().flatten() {
                assert!(*part.end() < 100);
            }
        }
        _ => range(&String::from_utf8_lossy(input), 1000),
    }
});
