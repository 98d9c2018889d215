//! Cookies: any fields can be read, and what is built for `Set-Cookie` is one cookie that is read back the same.
#![no_main]

use http::{HeaderMap, HeaderValue, header::COOKIE};
use libfuzzer_sys::fuzz_target;
use wharf_http::cookie::{Cookies, SetCookie};

fn cookies(value: HeaderValue) -> Cookies {
    Cookies::of(&HeaderMap::from_iter([(COOKIE, value)]))
}

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = HeaderValue::from_bytes(data) {
        let cookies = cookies(value);
        for (name, _) in cookies.iter() {
            assert!(cookies.get(name).is_some() && cookies.raw(name).is_some());
        }
        assert_eq!(cookies.is_empty(), cookies.iter().next().is_none());
    }
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Some(read) = SetCookie::parse(text)
        && let Ok(written) = read.clone().into_value()
    {
        let again = SetCookie::parse(written.to_str().unwrap()).unwrap();
        assert_eq!((again.name(), again.value()), (read.name(), read.value()));
        assert_eq!(again.into_value().unwrap(), written);
    }
    let (name, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (value, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let (path, domain) = rest.split_once('\n').unwrap_or((rest, ""));
    let cookie = SetCookie::new(name, value).path(path).domain(domain);
    if let Ok(written) = cookie.into_value() {
        let line = written.to_str().unwrap();
        // HttpOnly, SameSite, Path and Domain; Secure for names with a prefix.
        assert!(line.split(';').count() <= 6, "{line}");
        let pair = line.split(';').next().unwrap();
        let sent = cookies(HeaderValue::from_str(pair).unwrap());
        assert_eq!(sent.iter().collect::<Vec<_>>(), [(name, value.into())]);
    }
});
