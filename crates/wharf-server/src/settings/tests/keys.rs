//! Every setting by a key of a file.

use std::env;

use super::rows::{by_flag, by_method, in_force, rows};
use crate::settings::mistakes::Mistakes;
use crate::settings::row::Row;
use crate::settings::{Settings, file};

fn by_file(row: &Row, value: &str) -> Result<Settings, String> {
    let mut mistakes = Mistakes::default();
    let text = format!("{} = {value}\n", row.name);
    let settings = file::parse("wharf.toml", &text, &mut mistakes);
    mistakes.or(settings).map_err(|error| error.to_string())
}

#[test]
fn every_setting_of_a_server_is_the_same_by_a_key_of_a_file() {
    for (row, sample) in rows().filter(|(row, _)| row.is_in_files()) {
        assert_eq!(by_file(row, sample.toml), Ok(by_method(sample)));
    }
}

#[test]
fn every_variable_beats_its_key_in_a_file_and_every_key_the_program() {
    let path = env::temp_dir().join(format!("wharf-rows-{}.toml", std::process::id()));
    let config = || vec![format!("--config={}", path.display()).into()].into_iter();
    for (row, sample) in rows().filter(|(row, _)| row.is_in_files()) {
        std::fs::write(&path, format!("{} = {}\n", row.name, sample.toml)).unwrap();
        let plain = |settings: &Settings| row.plain(settings);
        let variable = [(row.variable, sample.other)];
        let told = Settings::gather(config(), variable).unwrap();
        assert_eq!(plain(&told), plain(&by_flag(row, sample.other)));
        let told = Settings::gather(config(), [("", ""); 0]).unwrap();
        assert_eq!(plain(&told), plain(&by_method(sample)));
        let now = in_force(by_flag(row, sample.other), told);
        assert_eq!(plain(&now), plain(&by_method(sample)), "{}", row.name);
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_bad_value_is_named_by_file_line_and_key() {
    for (row, sample) in rows() {
        let message = by_file(row, sample.bad_toml).expect_err(row.name);
        let expected = match row.is_in_files() {
            true => format!("wharf.toml:1: {}: ", row.name),
            false => format!(
                "wharf.toml:1: `{}` is about one call of the program, and in no file; there is --{} for it",
                row.name, row.flag
            ),
        };
        assert!(message.starts_with(&expected), "{message}");
    }
}
