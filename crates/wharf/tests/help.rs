//! The guide quotes the text of `--help`. This holds the quote against the original.
#![cfg(all(feature = "http1", feature = "server"))]

#[test]
fn the_help_that_the_guide_shows_is_the_help() {
    let chapter = include_str!("../src/guide/running.md");
    let help = wharf::Settings::help("harbour");
    assert!(
        chapter.contains(&format!("$ cargo run -- --help\n{help}```\n")),
        "{help}"
    );
}
