//! Pins: what they demand, and what they do not make up for.

use proptest::prelude::*;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::server::ParsedCertificate;

use super::*;

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap();
    suite
        .common
        .hash_provider
        .hash(bytes)
        .as_ref()
        .try_into()
        .unwrap()
}

fn of_certificate(pair: &Pair) -> Fingerprint {
    sha256(&pair.der()).into()
}

fn of_key(pair: &Pair) -> Fingerprint {
    let der = pair.der();
    let parsed = ParsedCertificate::try_from(&der).unwrap();
    sha256(&parsed.subject_public_key_info()).into()
}

#[tokio::test]
async fn a_server_needs_one_of_the_pins() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let config = trusting(&authority);
    for good in [
        config.clone().pin_certificate(of_certificate(&pair)),
        config.clone().pin_public_key(of_key(&pair)),
        config
            .clone()
            .pin_public_key([1; 32])
            .pin_public_key(of_key(&pair)),
        config
            .clone()
            .pin_certificate([1; 32])
            .pin_public_key(of_key(&pair)),
    ] {
        connect(&good, "quay.test", Peer::new(&pair)).await.unwrap();
    }
    for bad in [
        config.clone().pin_certificate([1; 32]),
        config.clone().pin_public_key([1; 32]),
        // The one is not the other.
        config.clone().pin_public_key(of_certificate(&pair)),
        config.pin_certificate(of_key(&pair)),
    ] {
        let error = failure(&bad, Peer::new(&pair)).await;
        assert_eq!(error.kind(), ErrorKind::Certificate);
        let text = format!(
            "the certificate is not valid (quay.test:443): it is none of those that are pinned: its SHA-256 is {}, \
             that of its public key {}",
            of_certificate(&pair),
            of_key(&pair)
        );
        assert_eq!(error.to_string(), text);
    }
}

#[tokio::test]
async fn a_pinned_certificate_that_is_only_sent_along_proves_nothing() {
    let authority = Authority::new("quay");
    let pinned = authority.issue(&["quay.test"]);
    let other = authority.issue(&["quay.test"]);
    let config = trusting(&authority)
        .pin_certificate(of_certificate(&pinned))
        .pin_public_key(of_key(&pinned));
    let peer = Peer::new(&other).also(pinned.der());
    let error = failure(&config, peer).await;
    assert_eq!(error.kind(), ErrorKind::Certificate);
}

#[tokio::test]
async fn a_pin_does_not_replace_the_other_checks() {
    let pair = Authority::new("stranger").issue(&["quay.test"]);
    let config = trusting(&Authority::new("quay")).pin_certificate(of_certificate(&pair));
    let text = failure(&config, Peer::new(&pair)).await.to_string();
    assert!(text.contains("it leads to no root"), "{text}");
    // Unless they are switched off.
    let pinned = config.dangerous_accept_any_certificate();
    connect(&pinned, "quay.test", Peer::new(&pair))
        .await
        .unwrap();
    let other = Authority::new("stranger").issue(&["quay.test"]);
    let text = failure(&pinned, Peer::new(&other)).await.to_string();
    assert!(text.contains("none of those that are pinned"), "{text}");
}

#[test]
fn a_fingerprint_is_what_openssl_prints() {
    let plain = "0123456789abcdef".repeat(4);
    let bytes: Vec<_> = plain.as_bytes().chunks(2).collect();
    let colons = String::from_utf8(bytes.join(&b':')).unwrap().to_uppercase();
    let fingerprint: Fingerprint = plain.parse().unwrap();
    assert_eq!(colons.parse::<Fingerprint>().unwrap(), fingerprint);
    assert_eq!(
        format!("{fingerprint} {fingerprint:?}"),
        format!("{plain} {plain}")
    );
    for wrong in [
        "",
        &plain[1..],
        &colons[1..],
        &colons.replacen(':', "-", 1),
        &plain.replacen('0', "g", 1),
        &plain.replacen("01", "é", 1),
        &format!("{plain}0"),
    ] {
        let error = wrong.parse::<Fingerprint>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
    }
}

proptest! {
    #[test]
    fn every_fingerprint_reads_back(bytes: [u8; 32]) {
        let fingerprint = Fingerprint::from(bytes);
        prop_assert_eq!(fingerprint.to_string().parse::<Fingerprint>().unwrap(), fingerprint);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,100}|[0-9a-fA-F:]{60,100}|.{64}|.{95}") {
        if let Ok(fingerprint) = text.parse::<Fingerprint>() {
            let digits: String = text.to_lowercase().chars().filter(|&letter| letter != ':').collect();
            prop_assert_eq!(fingerprint.to_string(), digits);
        }
    }
}
