//! The guide quotes the text of `--help`, and shows a file of settings. This holds both against what is.
#![cfg(all(feature = "http1", feature = "server"))]

const CHAPTER: &str = include_str!("../src/guide/running.md");

#[test]
fn the_help_that_the_guide_shows_is_the_help() {
    let help = wharf::Settings::help("harbour");
    assert!(
        CHAPTER.contains(&format!("$ harbour --help\n{help}```\n")),
        "{help}"
    );
}

#[cfg(feature = "toml")]
#[test]
fn the_file_that_the_guide_shows_can_be_read() {
    use wharf::Settings;

    let (_, rest) = CHAPTER.split_once("```toml\n").unwrap();
    let (file, _) = rest.split_once("```\n").unwrap();
    let path = std::env::temp_dir().join(format!("wharf-guide-{}.toml", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let settings = Settings::from_file(&path);
    std::fs::remove_file(&path).unwrap();
    let format = "--access-log=%a %t \"%r\" %s %b %Tf";
    let expected = [
        "--bind=unix:/run/harbour/harbour.sock",
        "--unix-mode=660",
        "--backlog=2048",
        "--trusted-proxies=unix",
        "--workers=auto",
        "--max-requests=100000",
        "--max-requests-jitter=10000",
        "--idle-timeout=80s",
        "--request-head-timeout=10s",
        "--body-read-timeout=30s",
        "--shutdown-timeout=30s",
        "--request-head-size=32KiB",
        format,
    ];
    assert_eq!(settings.unwrap(), Settings::from_args(expected).unwrap());
}
