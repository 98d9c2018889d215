//! Certificates that have expired, or soon will have.

use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, date_time_ymd};
use rustls::crypto::aws_lc_rs::default_provider;

use super::*;
use crate::tls::handshake::peer;
use crate::tls::{CertificateInfo, Identity};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_client_is_not_known_beyond_the_end_of_its_certificate() {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 3, 31);
    let der = Authority::new("quay").sign(params).der();
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_585_612_800);
    assert_eq!(peer(&der, end).unwrap().not_after(), end);
    let error = peer(&der, end + Duration::from_secs(1)).unwrap_err();
    assert!(error.contains("has expired"), "{error}");
}

#[test]
fn trouble_is_told_of_in_time() {
    let mut params = CertificateParams::new(vec!["A.test".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 3, 31);
    let pair = Authority::new("quay").sign(params);
    let identity = Identity::pem(pair.certificate, pair.key);
    let info = CertificateInfo::new(&identity.load(&default_provider()).unwrap());
    let trouble = |before: u32, ahead: u32| {
        let now = info.not_after() - DAY * before + Duration::from_secs(1);
        info.trouble(now, DAY * ahead)
    };
    assert_eq!(trouble(15, 14), None);
    assert_eq!(
        trouble(14, 14).unwrap(),
        "the certificate of a.test expires in 13 days, on Tue, 31 Mar 2020 00:00:00 GMT"
    );
    assert_eq!(trouble(1, 0), None);
    assert_eq!(
        trouble(0, 0).unwrap(),
        "the certificate of a.test has expired on Tue, 31 Mar 2020 00:00:00 GMT"
    );
    assert_eq!(
        info.trouble(SystemTime::UNIX_EPOCH, DAY).unwrap(),
        "the certificate of a.test is not valid before Wed, 01 Jan 2020 00:00:00 GMT"
    );
}
