use proptest::prelude::*;

use super::*;

/// Fields that are near enough to cookies to get past the first rule.
fn line() -> impl Strategy<Value = String> {
    let name = "(__Secure-|__Host-)?[a-c]{0,2}|[ -~äß]{0,8}";
    let value = "\"?[a-z =äß]{0,6}\"?";
    let attribute = prop_oneof![
        "Domain=\\.?((www\\.)?quay\\.)?test",
        "Path=/?[ab/]{0,4}",
        "Max-Age=-?[0-9]{0,12}",
        "Expires=[0-3]?[0-9] (Jan|Dec) [0-9]{2,4} [0-2]?[0-9]:[0-5]?[0-9]:00",
        "Secure",
        "HttpOnly",
        "SameSite=(Strict|Lax|None|x)",
        "[ -~]{0,10}",
    ];
    (name, value, proptest::collection::vec(attribute, 0..5))
        .prop_map(|(name, value, attributes)| format!("{name}={value};{}", attributes.join(";")))
}

const HOSTS: [&str; 5] = [
    "https://quay.test/a/b",
    "https://www.quay.test/",
    "http://quay.test/",
    "https://127.0.0.1/",
    "https://[::1]/a",
];

proptest! {
    #[test]
    fn no_field_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let jar = jar();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            jar.store(&url(HOSTS[0]), &HeaderMap::from_iter([(header::SET_COOKIE, value)]));
        }
        if let Ok(text) = str::from_utf8(&bytes) {
            let _refused = jar.add_line(&url(HOSTS[0]), text);
        }
        prop_assert!(jar.len() <= 2);
        prop_assert_eq!(jar.is_empty(), jar.cookies().is_empty());
    }

    #[test]
    fn no_file_makes_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        text in "(#HttpOnly_)?\\.?[a.]{0,3}\t(TRUE|FALSE)\t/?[a/]{0,2}\t(TRUE|FALSE)\t[0-9]{0,22}\t[a=;]{0,2}\t.{0,4}\n?",
    ) {
        let jar = jar();
        let _bad = jar.read_from(&bytes[..]);
        let _bad = jar.read_from(text.as_bytes());
        prop_assert!(jar.len() <= 1);
    }

    #[test]
    fn a_jar_is_loaded_as_it_was_saved(lines in proptest::collection::vec((0..HOSTS.len(), line()), 0..12)) {
        let jar = jar();
        for (host, line) in &lines {
            let _refused = jar.add_line(&url(HOSTS[*host]), line);
        }
        let mut file = Vec::new();
        jar.write_to(&mut file).unwrap();
        let next = Watch::new().jar();
        next.read_from(&file[..]).unwrap();
        prop_assert_eq!(next.cookies(), jar.cookies());
        for host in HOSTS {
            prop_assert_eq!(next.header(&url(host)), jar.header(&url(host)));
        }
    }

    #[test]
    fn every_cookie_that_is_sent_covers_its_url(lines in proptest::collection::vec((0..HOSTS.len(), line()), 0..12)) {
        let jar = jar();
        for (host, line) in &lines {
            let _refused = jar.add_line(&url(HOSTS[*host]), line);
        }
        for host in HOSTS {
            let to = url(host);
            let name = to.host_str().unwrap();
            for cookie in jar.matching(&to) {
                let above = name.strip_suffix(cookie.domain());
                let below = !cookie.host_only() && above.is_some_and(|rest| rest.ends_with('.'));
                prop_assert!(cookie.domain() == name || below);
                prop_assert!(to.path().starts_with(cookie.path()));
                prop_assert!(!cookie.secure() || to.scheme() == "https");
            }
        }
    }
}
