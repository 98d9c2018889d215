//! Files of settings as a whole.

use super::*;
use crate::settings::mistakes::Mistakes;

fn parse(text: &str) -> Result<Settings, String> {
    let mut mistakes = Mistakes::default();
    let settings = file::parse("wharf.toml", text, &mut mistakes);
    mistakes.or(settings).map_err(|error| error.to_string())
}

#[test]
fn the_set_up_of_a_server_behind_a_proxy_is_read() {
    let settings = parse(
        r#"
        # Behind nginx, on a unix socket.
        bind = "unix:/run/harbour.sock"
        backlog = 2048
        unix_mode = 0o660
        trusted_proxies = ["unix"]

        workers = 4
        max_requests = 100_000
        idle_timeout = "80s"
        shutdown_timeout = "30s"
        "#,
    );
    let expected = Settings::new()
        .bind("unix:/run/harbour.sock")
        .backlog(2048_u32)
        .unix_mode(0o660_u32)
        .trusted_proxies("unix")
        .workers(4_usize)
        .max_requests(100_000_u64)
        .idle_timeout(Duration::from_secs(80))
        .shutdown_timeout(Duration::from_secs(30));
    assert_eq!(settings, Ok(expected));
    assert_eq!(parse(""), Ok(Settings::new()));
}

#[test]
fn every_mistake_of_a_file_is_listed_in_its_order_with_what_was_expected() {
    let message = parse(
        "workers = \"4\"\n\
         idle-timeout = 3\n\
         [limits]\n\
         header_count = 1\n",
    );
    assert_eq!(
        message.unwrap_err(),
        "3 settings are wrong:\n  \
         wharf.toml:1: workers: \"4\" was given, expected a whole number, or \"auto\"\n  \
         wharf.toml:2: unknown key `idle-timeout`; did you mean `idle_timeout`?\n  \
         wharf.toml:3: unknown section `limits`; a file of settings has keys without sections"
    );
    assert_eq!(
        parse("bind = ['127.0.0.1:80', 8080]").unwrap_err(),
        "wharf.toml:1: bind: 8080 was given, expected an address such as \"127.0.0.1:8080\""
    );
    assert_eq!(
        parse("listen = 'x'").unwrap_err(),
        "wharf.toml:1: unknown key `listen`; `--help` lists all settings"
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_lines_and_nothing_that_follows_from_it() {
    let message = parse("a = \nworkers = 3\nworkers = 4\nb = [1,\n").unwrap_err();
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 4, "{message}");
    assert!(lines[1].starts_with("  wharf.toml:1: "), "{message}");
    assert!(
        lines[2].starts_with("  wharf.toml:3: duplicate key"),
        "{message}"
    );
    assert!(lines[3].starts_with("  wharf.toml:4: "), "{message}");
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_named() {
    let error = Settings::from_file("/nowhere/wharf.toml").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
    let message = error.to_string();
    assert!(
        message.starts_with("/nowhere/wharf.toml: the file cannot be read: "),
        "{message}"
    );
    let path = env::temp_dir().join(format!("wharf-latin1-{}.toml", std::process::id()));
    std::fs::write(&path, b"server_header = \"\xfc\"\n").unwrap();
    let message = Settings::from_file(&path).unwrap_err().to_string();
    assert!(message.contains("the file cannot be read: "), "{message}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_is_read_once_and_only_when_the_program_says_so() {
    let path = env::temp_dir().join(format!("wharf-once-{}.toml", std::process::id()));
    std::fs::write(&path, "workers = 3\n").unwrap();
    let named = Settings::new().config(path.clone());
    let settings = named.clone().complete().unwrap();
    assert_eq!(settings, named.workers(3_usize));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(settings.clone().complete().unwrap(), settings);
}
