use proptest::prelude::*;

use super::*;

fn read(content_type: &str, bytes: &[u8]) -> Result<String, String> {
    let content_type = Some(content_type).filter(|text| !text.is_empty());
    decode(content_type, bytes, |_, _| None).map_err(|error| error.to_string())
}

#[test]
fn a_text_is_read_by_the_charset_that_its_type_names() {
    let unsupported = |name: &str| Err(format!("the charset `{name}` is not supported"));
    let rows: &[(&str, &[u8], Result<&str, String>)] = &[
        ("", "ä".as_bytes(), Ok("ä")),
        ("text/plain", "ä".as_bytes(), Ok("ä")),
        ("text/plain; charset=", "ä".as_bytes(), Ok("ä")),
        ("text/plain; charset=UTF-8", "ä".as_bytes(), Ok("ä")),
        ("text/plain;charset=\"utf8\"; x=y", "ä".as_bytes(), Ok("ä")),
        ("text/html; charset=ISO-8859-1", b"\xe4\x80", Ok("ä€")),
        ("text/html; Charset='latin1'", b"\xe4", Ok("ä")),
        ("text/plain; charset=us-ascii", b"ab", Ok("ab")),
        ("text/plain; charset=klingon", b"ab", unsupported("klingon")),
        // A mark says more than the header.
        (
            "text/plain; charset=latin1",
            b"\xef\xbb\xbf\xc3\xa4",
            Ok("ä"),
        ),
        (
            "text/plain; charset=klingon",
            b"\xef\xbb\xbf\xc3\xa4",
            Ok("ä"),
        ),
        ("", b"\xef\xbb\xbf", Ok("")),
        // JSON is UTF-8 whatever its header says.
        ("application/json; charset=latin1", "ä".as_bytes(), Ok("ä")),
        (
            "application/rdap+json;charset=klingon",
            "ä".as_bytes(),
            Ok("ä"),
        ),
        ("application/json", b"\xef\xbb\xbf1", Ok("1")),
    ];
    for (content_type, bytes, expected) in rows {
        let expected = expected.clone().map(str::to_owned);
        assert_eq!(read(content_type, bytes), expected, "{content_type}");
    }
    assert!(read("text/plain", b"\xe4").is_err());
    assert!(read("application/json", b"\xfe\xff\0{\0}").is_err());
}

#[cfg(feature = "charset")]
#[test]
fn all_charsets_of_the_web_are_read() {
    let rows: &[(&str, &[u8], &str)] = &[
        ("shift_jis", b"\x93\xfa\x96{", "日本"),
        ("euc-kr", b"\xc7\xd1", "한"),
        ("gbk", b"\xd6\xd0", "中"),
        ("koi8-r", b"\xc4\xc1", "да"),
        ("utf-16le", b"a\0b\0", "ab"),
        ("utf-16le", b"\xfe\xff\0a", "a"),
    ];
    for (name, bytes, expected) in rows {
        let content_type = format!("text/plain; charset={name}");
        assert_eq!(
            read(&content_type, bytes).as_deref(),
            Ok(*expected),
            "{name}"
        );
    }
    assert_eq!(
        read("text/plain; charset=euc-kr", b"\xff"),
        Err("it is not valid EUC-KR".to_owned())
    );
    // One of those that browsers refuse to decode, since what is ASCII in it depends on what came before.
    assert!(read("text/plain; charset=iso-2022-kr", b"a").is_err());
    assert!(Charset::named("utf-16").unwrap().check_lines().is_err());
    assert!(Charset::named("euc-kr").unwrap().check_lines().is_ok());
}

#[test]
fn each_byte_of_windows_1252_is_a_character() {
    let all: Vec<u8> = (0..=255).collect();
    let text = read("text/plain; charset=windows-1252", &all).unwrap();
    let high: String = text.chars().skip(128).take(32).collect();
    let expected = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    assert_eq!(high, expected);
    let others = text.chars().enumerate();
    let mut others = others.filter(|(index, _)| !(128..160).contains(index));
    assert!(others.all(|(index, char)| index == char as usize));
}

#[test]
fn a_guess_is_asked_when_nothing_else_tells() {
    let guess = |content_type: &str, bytes: &[u8], name: &str| {
        let mut asked = false;
        let text = decode(Some(content_type), bytes, |kind, seen| {
            asked = true;
            assert_eq!((kind, seen), (Some(content_type), bytes));
            Some(name.to_owned())
        });
        (text.map_err(|error| error.to_string()), asked)
    };
    let text = |text: &str| Ok(text.to_owned());
    assert_eq!(guess("text/plain", b"\xe4", "latin1"), (text("ä"), true));
    let unknown = Err("the charset `?` is not supported".to_owned());
    assert_eq!(guess("text/plain", b"\xe4", "?"), (unknown, true));
    let declared = "text/plain; charset=utf-8";
    assert_eq!(guess(declared, b"a", "?"), (text("a"), false));
    assert_eq!(guess("application/json", b"1", "?"), (text("1"), false));
    assert_eq!(
        guess("text/plain", b"\xef\xbb\xbfa", "?"),
        (text("a"), false)
    );
}

proptest! {
    #[test]
    fn no_type_and_no_bytes_make_it_panic(kind in ".{0,40}", bytes: Vec<u8>) {
        let _ = read(&kind, &bytes);
        let _ = read(&format!("text/plain; charset={kind}"), &bytes);
    }
}
