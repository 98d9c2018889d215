use proptest::prelude::*;

use super::*;

/// What is found for `quay.test`, as `user:password`.
fn found(text: &str) -> Option<String> {
    let netrc = Netrc::parse(text).unwrap();
    let login = netrc.find("quay.test")?;
    Some(format!("{}:{}", login.user(), login.password()))
}

#[test]
fn entries_mean_what_they_mean_to_curl() {
    for (text, expected) in [
        ("machine quay.test login a password b", Some("a:b")),
        (
            "machine\nquay.test\n\tlogin a\r\n  password\n\n b\n",
            Some("a:b"),
        ),
        ("MACHINE Quay.Test PASSWORD b LOGIN a", Some("a:b")),
        ("machine pier.test login a password b", None),
        (
            "machine pier.test login a password b\ndefault login c password d",
            Some("c:d"),
        ),
        (
            "default login c password d machine quay.test login a password b",
            Some("c:d"),
        ),
        (
            "machine quay.test login a password b\nmachine quay.test login c password d",
            Some("a:b"),
        ),
        (
            "machine quay.test login a\nmachine quay.test login c password d",
            Some("c:d"),
        ),
        (
            "machine quay.test login a\nmachine quay.test password b",
            Some(":b"),
        ),
        (
            "machine quay.test login a\ndefault login c password d",
            Some("c:d"),
        ),
        ("machine quay.test login a", Some("a:")),
        ("machine quay.test password b", Some(":b")),
        ("machine quay.test", None),
        (
            r#"machine quay.test login "a b" password "c\"d\\e\tf""#,
            Some("a b:c\"d\\e\tf"),
        ),
        (r#"machine quay.test login "" password "b""#, Some(":b")),
        (
            r#"machine quay.test login a"b password c"d"#,
            Some("a\"b:c\"d"),
        ),
        (
            "# x\nmachine quay.test # y\nlogin a #z\npassword b#c\n#",
            Some("a:b#c"),
        ),
        (
            "machine quay.test account login login a password b",
            Some("a:b"),
        ),
        ("machine quay.test port 80 login a password b", Some("a:b")),
        (
            "machine quay.test login machine password login",
            Some("machine:login"),
        ),
        (
            "macdef init\nmachine quay.test login x\n\nmachine quay.test login a password b",
            Some("a:b"),
        ),
        ("", None),
    ] {
        assert_eq!(found(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn passwords_may_begin_with_a_hash_and_macros_stand_within_an_entry() {
    assert_eq!(
        found("machine quay.test login a password #b").unwrap(),
        "a:#b"
    );
    let text = "machine quay.test login a\nmacdef init x\nlogin evil \"\n\npassword b";
    assert_eq!(found(text).unwrap(), "a:b");
}

#[test]
fn a_user_can_be_asked_for() {
    let text = "machine quay.test login a password b\ndefault login c password d";
    let netrc = Netrc::parse(text).unwrap();
    let password = |user| netrc.find_user("quay.test", user).map(Login::password);
    assert_eq!(
        (password("a"), password("c"), password("e")),
        (Some("b"), Some("d"), None)
    );
}

#[test]
fn malformed_files_are_errors_that_name_the_line_but_no_word() {
    for (text, line, why) in [
        (
            "machine a\nlogin b secret",
            2,
            "expected a keyword, found another word",
        ),
        (
            "\n\nmachine a login b password \"secret\n",
            3,
            "the quote is not closed",
        ),
        ("machine a\nlogin", 2, "expected a value after the keyword"),
        (
            "machine a\npassword\n\n",
            2,
            "expected a value after the keyword",
        ),
        ("\nmacdef", 2, "expected a value after the keyword"),
        (
            "login a password secret",
            1,
            "expected `machine` or `default` first",
        ),
    ] {
        let error = Netrc::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let expected = format!("invalid client setting: line {line} of the netrc file: {why}");
        assert_eq!(format!("{error:#}"), expected, "{text}");
        assert!(!format!("{error:?}").contains("secret"));
    }
}

#[test]
fn debug_output_shows_no_password() {
    let netrc = Netrc::parse("machine quay.test login a password secret").unwrap();
    let shown = format!("{netrc:?} {:?}", netrc.find("quay.test"));
    assert_eq!(
        shown,
        "Netrc { entries: 1, .. } Some(Login { user: \"a\", .. })"
    );
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wharf-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_variable_comes_before_the_home_directory() {
    let folder = Folder::new("netrc-place");
    let home = Some(folder.0.clone());
    let user = |named: Option<&str>| {
        let named = named.map(|name| folder.0.join(name).into_os_string());
        let netrc = Netrc::located(named, home.clone())?;
        Ok::<_, Error>(netrc.find("quay.test").map(|login| login.user().to_owned()))
    };
    assert_eq!(user(None).unwrap(), None);
    let name = if cfg!(windows) { "_netrc" } else { ".netrc" };
    folder.file(name, b"default login home");
    folder.file("named", b"default login named");
    assert_eq!(user(None).unwrap().as_deref(), Some("home"));
    assert_eq!(user(Some("named")).unwrap().as_deref(), Some("named"));
    let error = user(Some("missing")).unwrap_err();
    assert!(format!("{error:#}").contains("could not read the netrc file: "));
    assert!(
        Netrc::located(None, None)
            .unwrap()
            .find("quay.test")
            .is_none()
    );
    let empty = Netrc::located(Some(OsString::new()), home.clone()).unwrap();
    assert_eq!(empty.find("quay.test").unwrap().user(), "home");
}

#[test]
fn files_that_are_too_large_or_no_text_are_refused() {
    let folder = Folder::new("netrc-size");
    let mut large = vec![b'\n'; 1 << 20];
    assert!(Netrc::read(folder.file("fits", &large)).is_ok());
    large.push(b'\n');
    let error = Netrc::read(folder.file("large", &large)).unwrap_err();
    assert!(format!("{error:#}").ends_with("it is larger than 1 MiB"));
    let error = Netrc::read(folder.file("latin", b"default\nlogin \xe4")).unwrap_err();
    assert!(format!("{error:#}").ends_with("line 2 of the netrc file: expected UTF-8"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "((machine|default|login|macdef|#|\"|\\\\|[a-c\r\n\t ]|.){0,3}[ \n]?){0,20}") {
        if let Ok(netrc) = Netrc::parse(&text) {
            let _ = netrc.find("a");
        }
    }

    #[test]
    fn every_password_can_be_written_in_quotes(user in "[^\r\n]{1,12}", password in "[^\r\n]{1,12}") {
        let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("machine a login \"{}\" password \"{}\"", quote(&user), quote(&password));
        let netrc = Netrc::parse(&text).unwrap();
        let login = netrc.find("a").unwrap();
        prop_assert_eq!((login.user(), login.password()), (user.as_str(), password.as_str()));
    }
}
