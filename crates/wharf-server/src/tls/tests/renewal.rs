//! Files that change, as the one who watches them sees it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;

use super::*;
use crate::tls::reload::Managed;
use crate::tls::{Identity, TlsConfig, dangerous_raw};

fn write(folder: &Path, certificate: &str, key: &str) {
    for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
        let new = folder.join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, folder.join(name)).unwrap();
    }
}

#[test]
fn a_change_is_complained_of_once_and_tried_until_it_works() {
    let folder = std::env::temp_dir().join(format!("wharf-watch-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let authority = Authority::new("quay");
    let (first, second) = (authority.issue(&["a.test"]), authority.issue(&["a.test"]));
    write(&folder, &first.certificate, &first.key);
    let identity = Identity::pem_files(folder.join("cert.pem"), folder.join("key.pem"));
    let provider = Arc::new(default_provider());
    let config = dangerous_raw::with_provider(TlsConfig::new(identity), provider);
    let managed = Managed::load(Arc::new(config)).unwrap();
    let serial = || managed.certificates()[0].serial().to_owned();
    assert!(!managed.reload_changed().unwrap(), "nothing has changed");

    write(&folder, &second.certificate, &first.key);
    managed
        .reload_changed()
        .expect_err("a wrong key is complained of");
    assert!(!managed.reload_changed().expect("once"));
    assert_eq!(serial(), first.serial);
    write(&folder, &second.certificate, "");
    managed
        .reload_changed()
        .expect_err("and so is another wrong key");

    write(&folder, &second.certificate, &second.key);
    assert!(managed.reload_changed().unwrap());
    assert_eq!(serial(), second.serial);
    assert!(!managed.reload_changed().unwrap());
    // The same bytes in another file are a change too.
    write(&folder, &second.certificate, &second.key);
    assert!(managed.reload_changed().unwrap());
    fs::remove_dir_all(&folder).unwrap();
}
