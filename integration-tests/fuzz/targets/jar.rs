//! The cookie jar: whatever servers set, a cookie goes to no host and path that it is not for, and a saved jar is loaded the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_client::Url;
use wharf_client::jar::CookieJar;

const URLS: [&str; 6] = [
    "https://quay.test/a/b",
    "https://www.quay.test/",
    "http://quay.test/",
    "https://other.test/a",
    "https://127.0.0.1/",
    "https://[::1]/a",
];

fuzz_target!(|data: &[u8]| {
    let [from, input @ ..] = data else { return };
    let url = |at: usize| Url::parse(URLS[at % URLS.len()]).unwrap();
    let builder = || {
        CookieJar::builder()
            .max_per_domain(5)
            .max_cookies(20)
            .save_session_cookies(true)
    };
    let jar = builder().build().unwrap();
    if *from >= 250 {
        let _malformed = jar.read_from(input);
    }
    for (at, line) in input.split(|&byte| byte == b'\n').take(50).enumerate() {
        let line = [b"set-cookie:", line].concat();
        jar.store(&url(usize::from(*from) + at), &fuzz::fields(&line));
    }
    assert!(jar.len() <= 20);
    for url in (0..URLS.len()).map(url) {
        let host = url.host_str().unwrap();
        for pair in jar
            .header(&url)
            .iter()
            .flat_map(|line| line.as_bytes().split(|&byte| byte == b';'))
        {
            let own = |cookie: &wharf_client::jar::Cookie| {
                let above = host.strip_suffix(cookie.domain());
                let below = !cookie.host_only() && above.is_some_and(|rest| rest.ends_with('.'));
                let text = match cookie.name() {
                    "" => cookie.value().to_owned(),
                    name => format!("{name}={}", cookie.value()),
                };
                text.as_bytes().trim_ascii() == pair.trim_ascii()
                    && (cookie.domain() == host || below)
                    && url.path().starts_with(cookie.path())
                    && (!cookie.secure() || url.scheme() == "https")
            };
            assert!(
                jar.cookies().iter().any(own),
                "{}",
                String::from_utf8_lossy(pair)
            );
        }
    }
    let mut file = Vec::new();
    jar.write_to(&mut file).unwrap();
    let next = builder().build().unwrap();
    next.read_from(&file[..]).unwrap();
    assert_eq!(next.cookies(), jar.cookies());
});
