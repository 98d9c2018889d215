//! Files of credentials: any bytes are read or refused, errors show none of them, and each host finds what is written for it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_client::netrc::Netrc;

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(netrc) = Netrc::parse(text) {
        for word in text.split_ascii_whitespace() {
            if let Some(login) = netrc.find(word) {
                assert_eq!(
                    netrc
                        .find_user(word, login.user())
                        .map(|found| found.user()),
                    Some(login.user())
                );
            }
        }
    }
    let mut words = text.split('\n');
    let (Some(user), Some(password)) = (words.next(), words.next()) else {
        return;
    };
    let file = format!(
        "machine quay.test login {} password {}",
        quoted(user),
        quoted(password)
    );
    let Ok(netrc) = Netrc::parse(&file) else {
        return;
    };
    if !user.is_empty() && !password.is_empty() {
        let login = netrc.find("quay.test").unwrap();
        assert_eq!((login.user(), login.password()), (user, password));
    }
});
