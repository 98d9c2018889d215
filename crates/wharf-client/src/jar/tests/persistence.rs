use std::{env, fs, io, process};

use super::*;

fn text(jar: &CookieJar) -> String {
    let mut bytes = Vec::new();
    jar.write_to(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_file_is_what_curl_and_python_read() {
    let jar = jar();
    set(
        &jar,
        "https://www.quay.test/a/",
        &[
            "a=1",
            "b=\"2\"; Domain=quay.test; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
            "c",
        ],
    );
    let expected = "# Netscape HTTP Cookie File\n\
        # Whoever has this file has the sessions in it.\n\
        \n\
        www.quay.test\tFALSE\t/a\tFALSE\t0\ta\t1\n\
        # SameSite=Lax\n\
        #HttpOnly_.quay.test\tTRUE\t/a\tTRUE\t1700000060\tb\t\"2\"\n\
        www.quay.test\tFALSE\t/a\tFALSE\t0\t\tc\n";
    assert_eq!(text(&jar), expected);
}

#[test]
fn a_file_of_another_program_is_read() {
    // The first is curl's way, the second Python's; lines may end as on Windows.
    let file = "# Netscape HTTP Cookie File\r\n\
        # https://curl.se/docs/http-cookies.html\r\n\
        \r\n\
        #HttpOnly_.Quay.test\tTRUE\t/\tTRUE\t1800000000\ta\t1\r\n\
        www.quay.test\tFALSE\t/x\tfalse\t\tb\t\n\
        quay.test\tTRUE\t/\tFALSE\t0\tc\td=e\n\
        old.test\tFALSE\t/\tFALSE\t1600000000\tgone\tx";
    let jar = jar();
    set(&jar, "http://quay.test/", &["before=1"]);
    jar.read_from(file.as_bytes()).unwrap();
    assert_eq!(jar.len(), 3);
    assert_eq!(sent(&jar, "https://www.quay.test/x"), "b=; a=1; c=d=e");
    assert_eq!(sent(&jar, "http://quay.test/"), "c=d=e");
    let first = &jar.cookies()[0];
    assert!(first.http_only() && first.secure() && !first.host_only());
    // 400 days from now, which is before what the file says.
    let last = Duration::from_secs(START + 400 * 86_400);
    assert_eq!(first.expires(), Some(UNIX_EPOCH + last));
}

#[test]
fn a_line_that_is_no_cookie_is_named() {
    for (line, expected) in [
        ("x", "expected 7 fields with tabs between, found 1"),
        (
            "a.test\tFALSE\t/\tFALSE\t0\ta",
            "expected 7 fields with tabs between, found 6",
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t0\ta\tb\tc",
            "expected 7 fields with tabs between, found 8",
        ),
        (
            "a.test FALSE / FALSE 0 a b",
            "expected 7 fields with tabs between, found 1",
        ),
        (
            "\tFALSE\t/\tFALSE\t0\ta\tb",
            "its domain is empty or holds white space",
        ),
        (
            "#HttpOnly_\tFALSE\t/\tFALSE\t0\ta\tb",
            "its domain is empty or holds white space",
        ),
        ("#HttpOnly_", "expected 7 fields with tabs between, found 1"),
        (
            "a.test\tno\t/\tFALSE\t0\ta\tb",
            "its second field is neither TRUE nor FALSE",
        ),
        (
            "a.test\tFALSE\t/\t1\t0\ta\tb",
            "its fourth field is neither TRUE nor FALSE",
        ),
        (
            "a.test\tFALSE\tx\tFALSE\t0\ta\tb",
            "its path does not begin with a slash",
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t-1\ta\tb",
            "its end is not in seconds since 1970",
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t1.5\ta\tb",
            "its end is not in seconds since 1970",
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t0\ta\tb; c=d",
            "its name, value or path holds a semicolon, or its name an equals sign",
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t0\ta=b\tc",
            "its name, value or path holds a semicolon, or its name an equals sign",
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t0\ta\tb\rc",
            "it holds a control character",
        ),
    ] {
        let jar = jar();
        set(&jar, "http://quay.test/", &["before=1"]);
        let file =
            format!("# Netscape HTTP Cookie File\na.test\tFALSE\t/\tFALSE\t0\tx\ty\n{line}\n");
        let error = jar.read_from(file.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(error.to_string(), format!("line 3: {expected}"), "{line}");
        assert_eq!(sent(&jar, "http://quay.test/"), "before=1", "{line}");
    }
    let error = jar().read_from(&b"\n\xff\n"[..]).unwrap_err();
    assert!(error.to_string().starts_with("line 2: "), "{error}");
    let error = jar().read_from(io::repeat(b'#')).unwrap_err();
    assert_eq!(error.to_string(), "line 1: it is longer than 8192 bytes");
}

#[test]
fn what_the_rules_refuse_stays_out_of_a_jar_that_is_loaded() {
    let file = "test\tTRUE\t/\tFALSE\t0\ta\tb\n\
        127.0.0.1\tTRUE\t/\tFALSE\t0\ta\tb\n\
        127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\n\
        a.test\tFALSE\t/\tFALSE\t0\t__Secure-a\tb\n\
        a.test\tFALSE\t/x\tTRUE\t0\t__Host-a\tb\n\
        a.test\tFALSE\t/\tFALSE\t0\t\t\n\
        a.test\tFALSE\t/\tFALSE\t0\tc\td\n";
    let jar = Watch::new().builder().ip_hosts(false).build().unwrap();
    jar.read_from(file.as_bytes()).unwrap();
    assert_eq!(jar.len(), 1);
    assert_eq!(sent(&jar, "http://a.test/"), "c=d");
}

#[test]
fn same_site_is_what_the_line_above_says_and_no_other() {
    let file = "# SameSite=Strict\n\na.test\tFALSE\t/\tFALSE\t0\ta\t1\n\
        # SameSite=none\na.test\tFALSE\t/\tFALSE\t0\tb\t2\n\
        a.test\tFALSE\t/\tFALSE\t0\tc\t3\n";
    let jar = jar();
    jar.read_from(file.as_bytes()).unwrap();
    let read: Vec<_> = jar.cookies().iter().map(Cookie::same_site).collect();
    assert_eq!(read, [None, Some(SameSite::None), None]);
}

#[test]
fn a_large_file_fills_no_more_than_the_jar() {
    let file: String = (0..5000)
        .map(|index| format!("h{index}.test\tFALSE\t/\tFALSE\t0\ta\tb\n"))
        .collect();
    let jar = jar();
    jar.read_from(file.as_bytes()).unwrap();
    assert_eq!(jar.len(), 3000);
    assert_eq!(sent(&jar, "http://h4999.test/"), "a=b");
}

#[test]
fn session_cookies_can_stay_out_of_the_file() {
    let jar = Watch::new()
        .builder()
        .save_session_cookies(false)
        .build()
        .unwrap();
    set(&jar, "http://quay.test/", &["a=1", "b=2; Max-Age=60"]);
    let next = Watch::new().jar();
    next.read_from(text(&jar).as_bytes()).unwrap();
    assert_eq!(sent(&next, "http://quay.test/"), "b=2");
}

#[test]
fn a_file_takes_the_place_of_the_old_one_and_is_its_owners_alone() {
    let folder = env::temp_dir().join(format!("wharf-cookies-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("jar.txt");
    fs::write(&path, "old").unwrap();
    // What a save that was cut short has left is not in the way.
    fs::write(folder.join(format!("jar.txt.{}-0.new", process::id())), "").unwrap();

    let jar = jar();
    set(&jar, "http://quay.test/", &["a=1"]);
    jar.save(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text(&jar));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let next = Watch::new().jar();
    next.load(&path).unwrap();
    assert_eq!(next.cookies(), jar.cookies());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

    let missing = next.load(folder.join("missing")).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    assert!(jar.save(folder.join("missing/jar.txt")).is_err());
    // A folder cannot be replaced by a file, and no draft is left behind.
    assert!(jar.save(&folder).is_err());
    assert_eq!(next.len(), 1);
    fs::remove_dir_all(&folder).unwrap();
}
