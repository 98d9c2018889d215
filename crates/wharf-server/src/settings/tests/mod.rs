use std::time::Duration;

use super::*;
use crate::access_log::AccessLog;
use crate::error::ErrorKind;
use crate::trust::TrustedProxies;

#[cfg(feature = "toml")]
mod files;
#[cfg(feature = "toml")]
mod keys;
mod properties;
#[cfg(feature = "toml")]
mod read_back;
mod rows;
mod samples;

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
fn a_flag_that_is_repeated_adds_to_a_list_and_replaces_what_is_none() {
    let settings = from_args(&[
        "--trusted-proxies=unix",
        "--idle-timeout=1s",
        "--trusted-proxies=10.0.0.0/8",
        "--idle-timeout=2s",
    ]);
    let expected = Settings::new()
        .trusted_proxies("unix, 10.0.0.0/8")
        .idle_timeout(Duration::from_secs(2));
    assert_eq!(settings.unwrap(), expected);
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
            "--shutdown-timeout: `1w` is not a time such as 25s, 500ms or 2m, or none",
        ),
        (
            &["--shutdown-timeout", "99999999999999999999h"],
            "--shutdown-timeout: `99999999999999999999h` is not a time such as 25s, 500ms or 2m, or none",
        ),
        (
            &["--unix-mode", "888"],
            "--unix-mode: `888` is not a mode in octal from 0 to 777, or none",
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
        "WHARF_UNIX_MODE: `rw` is not a mode in octal from 0 to 777, or none"
    );
}

#[test]
fn several_mistakes_are_told_at_once_and_none_of_them_twice() {
    assert_eq!(
        complaint(&["--bnid", "x", "--workers", "--min-rate=-1", "y", "--quiet"]),
        "4 settings are wrong:\n  \
         unknown option `--bnid`; did you mean `--bind`? `--help` lists all options\n  \
         `--workers` needs a value: --workers COUNT\n  \
         --min-rate: `-1` is not a size such as 65536, 64KiB or 1MiB, or none\n  \
         `y` is not an option; `--help` lists all options"
    );
    let error =
        Settings::from_variables([("WHARF_BIND", "1, 127.0.0.1:80, 2"), ("WHARF_CHECK", "x")]);
    let error = error.unwrap_err().to_string();
    assert_eq!(error.matches("\n  WHARF_").count(), 3, "{error}");
}

#[test]
fn who_asks_for_help_gets_it_whatever_variables_say() {
    let wrong = [
        ("WHARF_BIND", "8080"),
        ("WHARF_CONFIG", "/nowhere/wharf.toml"),
    ];
    let args = |args: &[&str]| {
        args.iter()
            .map(OsString::from)
            .collect::<Vec<_>>()
            .into_iter()
    };
    let settings = Settings::gather(args(&["--help"]), wrong).unwrap();
    assert!(settings.wants_help());
    assert!(Settings::gather(args(&[]), wrong).is_err());
}

#[cfg(not(feature = "toml"))]
#[test]
fn without_the_feature_a_file_is_one_clear_error() {
    let settings = from_args(&["--config", "wharf.toml"]).unwrap();
    assert_eq!(
        settings.complete().unwrap_err().to_string(),
        "wharf.toml: this program reads no files of settings; the feature `toml` of wharf and of wharf-server brings that"
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
    let groups: Vec<_> = text.split("\n\n").collect();
    for row in TABLE {
        let heading = format!("{}:\n", row.group);
        let mut of_the_row = groups.iter().filter(|group| group.starts_with(&heading));
        let group = of_the_row.next().expect(row.group);
        assert!(of_the_row.next().is_none(), "{heading} is there twice");
        let value = row.value.map(|value| format!(" {value}"));
        let flag = format!("\n  --{}{} ", row.flag, value.unwrap_or_default());
        let (_, option) = group.split_once(&flag).expect(&flag);
        let option = option.split("\n  --").next().unwrap();
        assert!(
            option.contains(&format!("[env: {}]", row.variable)),
            "{option}"
        );
    }
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn times_sizes_and_numbers_are_read_in_every_form() {
    let set = |name: &str, text: &str| {
        let settings = from_args(&[&format!("--{name}={text}")]).expect(text);
        let row = TABLE.iter().find(|row| row.flag == name).unwrap();
        row.plain(&settings).unwrap().bare()
    };
    for (name, text, printed) in [
        ("idle-timeout", "20", "20s"),
        ("idle-timeout", "2 min", "120s"),
        ("idle-timeout", "1h", "3600s"),
        ("idle-timeout", "1500ms", "1500ms"),
        ("idle-timeout", "2000us", "2ms"),
        ("idle-timeout", "7ns", "7ns"),
        ("idle-timeout", "0", "0s"),
        ("idle-timeout", "none", "none"),
        ("request-head-size", "65536", "64KiB"),
        ("request-head-size", "1 mib", "1MiB"),
        ("request-head-size", "1000B", "1000"),
        ("request-head-size", "3GiB", "3GiB"),
        ("unix-mode", "0o660", "0o660"),
        ("unix-mode", "7", "0o7"),
        ("workers", "auto", "auto"),
        ("v6-only", "ON", "yes"),
        ("access-log", "yes", "on"),
        ("access-log", "%{Referer}i%%", "%{referer}i%%"),
    ] {
        assert_eq!(set(name, text), printed, "--{name}={text}");
    }
    for (name, text) in [
        ("idle-timeout", "-1"),
        ("idle-timeout", "1.5s"),
        ("idle-timeout", "s"),
        ("min-rate-grace", "none"),
        ("request-head-size", "64kb"),
        ("request-head-size", "18446744073709551615GiB"),
        ("min-rate", "4GiB"),
        ("workers", "0"),
        ("max-requests", "0"),
        ("connections", "+1"),
        ("backlog", "4294967296"),
        ("unix-mode", "1000"),
        ("server-header", ""),
        ("server-header", " a"),
        ("server-header", "a\nb"),
    ] {
        from_args(&[&format!("--{name}={text}")]).expect_err(text);
    }
}
