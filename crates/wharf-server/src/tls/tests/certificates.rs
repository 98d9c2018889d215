//! Reading certificates: what OpenSSL reads of them, and no panic whatever they are.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, DnValue, SanType, date_time_ymd};

use super::*;
use crate::tls::certificate::Details;

/// A certificate with something of everything.
fn everything() -> Pair {
    let mut params = CertificateParams::default();
    for (kind, value) in [
        (DnType::CountryName, "NL"),
        (DnType::OrganizationName, r#" Quay, "Inc." + sons; <1>\ "#),
        (DnType::CommonName, "#crane № 9"),
    ] {
        let value = match value.is_ascii() {
            true if value.starts_with('N') => DnValue::PrintableString(value.try_into().unwrap()),
            _ => DnValue::Utf8String(value.to_owned()),
        };
        params.distinguished_name.push(kind, value);
    }
    let custom = DnType::CustomDnType(vec![2, 5, 4, 4]);
    params
        .distinguished_name
        .push(custom, DnValue::Utf8String("surname".to_owned()));
    params.subject_alt_names = vec![
        SanType::DnsName("crane.test".try_into().unwrap()),
        SanType::DnsName("*.crane.test".try_into().unwrap()),
        SanType::URI("spiffe://quay.test/crane?9".try_into().unwrap()),
        SanType::Rfc822Name("crane@quay.test".try_into().unwrap()),
        SanType::IpAddress([192, 0, 2, 9].into()),
    ];
    params.not_before = date_time_ymd(1999, 12, 31);
    params.not_after = date_time_ymd(2051, 3, 1);
    Authority::new("the authority").sign(params)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[test]
fn everything_that_matters_is_read() {
    let pair = everything();
    let details = Details::read(&pair.der()).unwrap();
    assert_eq!(details.serial, pair.serial);
    assert_eq!(details.issuer, "CN=the authority");
    let subject = r#"2.5.4.4=#0c077375726e616d65,O=\ Quay\, \"Inc.\" \+ sons\; \<1\>\\\ ,C=NL,CN=\#crane № 9"#;
    assert_eq!(details.subject, subject);
    assert_eq!(details.common_name.as_deref(), Some("#crane № 9"));
    assert_eq!(details.dns_names, ["crane.test", "*.crane.test"]);
    assert_eq!(details.uris, ["spiffe://quay.test/crane?9"]);
    assert_eq!(details.emails, ["crane@quay.test"]);
    // `date -u -d 1999-12-31 +%s` and so on.
    assert_eq!(seconds(details.not_before), 946_598_400);
    assert_eq!(seconds(details.not_after), 2_561_241_600);
}

/// Asks OpenSSL; `None` where there is none.
fn openssl(pair: &Pair, arguments: &[&str]) -> Option<String> {
    let started = Command::new("openssl")
        .args(["x509", "-noout"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match started {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return None,
        started => started.unwrap(),
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(pair.certificate.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn openssl_reads_the_same() {
    let pair = everything();
    let details = Details::read(&pair.der()).unwrap();
    let names = [
        "-subject",
        "-issuer",
        "-serial",
        "-nameopt",
        "RFC2253,-esc_msb,utf8",
    ];
    let Some(text) = openssl(&pair, &names) else {
        println!("skipped: there is no openssl program here");
        return;
    };
    // OpenSSL escapes an equals sign nowhere, knows the name SN, and writes serial numbers in capitals.
    let subject = details
        .subject
        .replace("2.5.4.4=#0c077375726e616d65", "SN=surname");
    assert_eq!(
        text,
        format!(
            "subject={subject}\nissuer={}\nserial={}\n",
            details.issuer,
            details.serial.to_uppercase()
        )
    );
    let dates = openssl(&pair, &["-dates", "-dateopt", "iso_8601"]).unwrap();
    assert_eq!(
        dates,
        "notBefore=1999-12-31 00:00:00Z\nnotAfter=2051-03-01 00:00:00Z\n"
    );
    let names = openssl(&pair, &["-ext", "subjectAltName"]).unwrap();
    for name in details.dns_names.iter().map(|name| format!("DNS:{name}")) {
        assert!(names.contains(&name), "{names}");
    }
}

#[test]
fn names_that_could_deceive_make_the_certificate_malformed() {
    let der = everything().der();
    let at = der
        .windows(10)
        .position(|bytes| bytes == b"crane.test")
        .unwrap();
    for byte in [b'\0', b'\n', b' ', 0x7f, 0xc3] {
        let mut wrong = der.to_vec();
        wrong[at] = byte;
        assert!(Details::read(&wrong).is_err(), "{byte}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _read = Details::read(&bytes);
    }

    #[test]
    fn no_change_of_a_certificate_makes_the_reader_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        thread_local! {
            static GOOD: Vec<u8> = everything().der().to_vec();
        }
        let mut der = GOOD.with(Clone::clone);
        for (at, byte) in changes {
            let at = at.index(der.len());
            der[at] = byte;
        }
        if cut {
            der.truncate(end.index(der.len()));
        }
        if let Ok(details) = Details::read(&der) {
            let printable = |name: &String| name.bytes().all(|byte| byte.is_ascii_graphic());
            prop_assert!(details.dns_names.iter().all(printable));
            prop_assert!(details.subject.chars().all(|letter| !letter.is_control()));
            prop_assert!(details.not_before.checked_add(Duration::ZERO).is_some());
        }
    }
}
