//! Reading a file of settings in TOML.

use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::mistakes::Mistakes;
use crate::settings::row::meant;
use crate::settings::value::Plain;
use crate::settings::{Settings, TABLE};

pub(in crate::settings) fn read(path: &Path, mistakes: &mut Mistakes) -> Settings {
    let name = path.display().to_string();
    let mut settings = match fs::read_to_string(path) {
        Ok(text) => parse(&name, &text, mistakes),
        Err(cause) => {
            mistakes.add(format!("{name}: the file cannot be read: {cause}"));
            Settings::new()
        }
    };
    settings.file = Some(path.to_owned());
    settings
}

/// Reads the text of the file `name`.
pub(in crate::settings) fn parse(name: &str, text: &str, mistakes: &mut Mistakes) -> Settings {
    let mut settings = Settings::new();
    let place = |at: usize| format!("{name}:{}", line(text, at));
    let (table, mut errors) = DeTable::parse_recoverable(text);
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    errors.sort_by_key(start);
    for error in &errors {
        let at = start(error);
        let message = error.message().replace('\n', ", ");
        mistakes.add(format!("{}: {message}", place(at)));
    }
    if !errors.is_empty() {
        // What follows from a line that makes no sense is nobody's mistake.
        return settings;
    }
    let table = table.into_inner();
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        if let Err(reason) = entry(&mut settings, key.get_ref(), value) {
            mistakes.add(format!("{}: {reason}", place(key.span().start)));
        }
    }
    settings
}

/// Takes in one key and its value.
fn entry(settings: &mut Settings, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), String> {
    let Some(row) = TABLE.iter().find(|row| row.name == key) else {
        return Err(unknown(key, value.get_ref()));
    };
    if !row.is_in_files() {
        return Err(format!(
            "`{key}` is about one call of the program, and in no file; there is --{} for it",
            row.flag
        ));
    }
    let plain = match plain(value.get_ref()) {
        Plain::List(items) if row.is_list => {
            if items.is_empty() {
                return Err(format!(
                    "{key}: the list is empty; without the key the default holds"
                ));
            }
            items
        }
        plain => vec![plain],
    };
    for plain in plain {
        row.set_plain(settings, &plain)
            .map_err(|reason| format!("{key}: {reason}"))?;
    }
    Ok(())
}

fn unknown(key: &str, value: &DeValue<'_>) -> String {
    if let DeValue::Table(_) = value {
        return format!("unknown section `{key}`; a file of settings has keys without sections");
    }
    let in_files = TABLE.iter().filter(|row| row.is_in_files());
    match meant(key, in_files.map(|row| row.name)) {
        Some(meant) => format!("unknown key `{key}`; did you mean `{meant}`?"),
        None => format!("unknown key `{key}`; `--help` lists all settings"),
    }
}

fn plain(value: &DeValue<'_>) -> Plain {
    match value {
        DeValue::String(text) => Plain::Text(text.to_string()),
        DeValue::Integer(number) => Plain::Whole(number.to_string()),
        DeValue::Boolean(on) => Plain::Boolean(*on),
        DeValue::Array(items) => {
            Plain::List(items.iter().map(|item| plain(item.get_ref())).collect())
        }
        DeValue::Float(_) => Plain::Other("a number with a fraction"),
        DeValue::Datetime(_) => Plain::Other("a date"),
        DeValue::Table(_) => Plain::Other("a section"),
    }
}

/// Returns the number of the line that has the byte `at`.
fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}
