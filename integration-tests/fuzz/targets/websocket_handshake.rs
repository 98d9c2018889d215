//! The handshake of WebSockets: any fields are an offer or a refusal, and nothing is agreed on that was not offered.
#![no_main]

use http::{Method, StatusCode, Version};
use libfuzzer_sys::fuzz_target;
use wharf_http::ws::WebSocketConfig;
use wharf_http::ws::handshake::{Challenge, Offer, is_upgrade};

const KNOWN: [&str; 2] = ["chat", "superchat"];

fuzz_target!(|data: &[u8]| {
    let [choice, input @ ..] = data else { return };
    let headers = fuzz::fields(input);
    let config = WebSocketConfig::new();
    let _told = is_upgrade(&Method::GET, &headers);
    let offer = match choice % 2 {
        0 => Offer::upgrade(&Method::GET, Version::HTTP_11, &headers),
        _ => Offer::connect("websocket", &headers),
    };
    match offer {
        Ok(offer) => {
            let answer = offer.accept(&config, offer.choose(&KNOWN));
            let status = answer.status().as_u16();
            assert_eq!(status, if choice % 2 == 0 { 101 } else { 200 });
            if let Some(protocol) = answer.negotiated().protocol() {
                assert!(offer.protocols().any(|offered| offered == protocol));
                assert!(KNOWN.contains(&protocol));
            }
            assert!(
                headers.contains_key("sec-websocket-extensions")
                    || !answer.negotiated().is_compressed()
            );
        }
        Err(refusal) => {
            assert!(refusal.status().is_client_error());
            let _fields = refusal.headers();
        }
    }
    let challenge = Challenge::connect(&config, &KNOWN).unwrap();
    if let Ok(agreed) = challenge.check(StatusCode::OK, &headers) {
        assert!(
            agreed
                .protocol()
                .is_none_or(|protocol| KNOWN.contains(&protocol))
        );
        assert!(headers.contains_key("sec-websocket-extensions") || !agreed.is_compressed());
    }
});
