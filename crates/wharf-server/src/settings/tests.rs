use super::*;

fn from_args(args: &[&str]) -> Result<Settings, Error> {
    Settings::from_args(args)
}

fn complaint(args: &[&str]) -> String {
    let error = from_args(args).expect_err("these arguments make no sense");
    assert_eq!(error.kind(), ErrorKind::Settings);
    format!("{error:#}")
}

#[test]
fn flags_can_have_their_value_in_either_form_and_be_repeated() {
    let settings = from_args(&[
        "--bind",
        "127.0.0.1:1",
        "--bind=unix:/run/a=b.sock",
        "--quiet",
        "--access-log=%a %s",
        "--shutdown-timeout=500ms",
        "--unix-mode",
        "0o660",
        "--trusted-proxies=unix, 10.0.0.0/8",
    ])
    .unwrap();
    let expected = Settings::new()
        .bind("127.0.0.1:1")
        .bind("unix:/run/a=b.sock")
        .quiet(true)
        .access_log(AccessLog::new().format("%a %s".parse().unwrap()))
        .shutdown_timeout(Duration::from_millis(500))
        .unix_mode(0o660_u32)
        .trusted_proxies(TrustedProxies::new().unix().network("10.0.0.0/8"));
    assert_eq!(settings, expected);
}

#[test]
fn a_variable_holds_several_addresses_and_an_empty_one_is_not_set() {
    let settings = Settings::from_variables([
        ("WHARF_BIND", "127.0.0.1:1, unix:/run/a.sock"),
        ("WHARF_QUIET", ""),
        ("WHARF_CHECK", "off"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    let expected = Settings::new()
        .bind("127.0.0.1:1")
        .bind("unix:/run/a.sock")
        .check(false);
    assert_eq!(settings, expected);
}

#[test]
fn flags_beat_variables_as_a_whole() {
    let flags = from_args(&["--bind", "127.0.0.1:1", "--quiet=no"]).unwrap();
    let variables = Settings::from_variables([
        ("WHARF_BIND", "127.0.0.1:2,127.0.0.1:3"),
        ("WHARF_QUIET", "yes"),
        ("WHARF_SHUTDOWN_TIMEOUT", "none"),
    ])
    .unwrap();
    let expected = Settings::new()
        .bind("127.0.0.1:1")
        .quiet(false)
        .shutdown_timeout(None);
    assert_eq!(flags.or(variables), expected);
}

#[test]
fn every_mistake_is_named_with_what_was_expected() {
    for (args, expected) in [
        (
            &["--bnid", "x"][..],
            "unknown option `--bnid`; did you mean `--bind`? `--help` lists all options",
        ),
        (
            &["--listen", "x"],
            "unknown option `--listen`; `--help` lists all options",
        ),
        (
            &["8080"],
            "`8080` is not an option; `--help` lists all options",
        ),
        (&["--bind"], "`--bind` needs a value: --bind ADDRESS"),
        (
            &["--bind", "8080"],
            "--bind: `8080` is not an address to listen on: a port needs a host before it, \
             such as 127.0.0.1:8080, or *:8080 for all interfaces",
        ),
        (
            &["--trusted-proxies", "loopback, 10.0.0.0/33"],
            "--trusted-proxies: `10.0.0.0/33` is not an IP network: the length of the prefix is a number from 0 to 32",
        ),
        (
            &["--shutdown-timeout", "1w"],
            "--shutdown-timeout: `1w` is not a time such as 25s, 500ms, 2m or none",
        ),
        (
            &["--shutdown-timeout", "99999999999999999999h"],
            "--shutdown-timeout: `99999999999999999999h` is not a time such as 25s, 500ms, 2m or none",
        ),
        (
            &["--unix-mode", "888"],
            "--unix-mode: `888` is not a mode in octal from 0 to 777",
        ),
        (
            &["--access-log", "verbose"],
            "--access-log: `verbose` is neither `on` nor `off` nor a format such as \
             `%a %t \"%r\" %s %b \"%{Referer}i\" \"%{User-Agent}i\"`",
        ),
        (
            &["--quiet=perhaps"],
            "--quiet: `perhaps` is neither `yes` nor `no`",
        ),
    ] {
        assert_eq!(complaint(args), expected);
    }
    let error = Settings::from_variables([("WHARF_UNIX_MODE", "rw")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "WHARF_UNIX_MODE: `rw` is not a mode in octal from 0 to 777"
    );
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;

    let error = Settings::from_args([OsString::from_vec(vec![b'-', b'-', 0xff])]).unwrap_err();
    assert_eq!(error.to_string(), r#"the argument "--\xFF" is not UTF-8"#);
}

#[test]
fn help_lists_every_setting_with_its_variable() {
    assert!(from_args(&["-h"]).unwrap().wants_help());
    assert!(from_args(&["--help"]).unwrap().wants_help());
    let text = Settings::help("harbour");
    assert!(text.starts_with("Usage: harbour [OPTIONS]\n"), "{text}");
    for setting in TABLE {
        assert!(text.contains(&format!("  --{}", setting.flag)), "{text}");
        assert!(
            text.contains(&format!("[env: {}]", setting.variable)),
            "{text}"
        );
    }
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
}
