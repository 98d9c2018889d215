//! The text of `--print-config`: a file of settings, with where each of them comes from.

use std::fmt::Write;

use super::apply::defaults;
use super::row::Row;
use super::slot::Origin;
use super::{Settings, TABLE};

/// Prints what is in force `now`, after a program whose server was as in `program` had been `told` something.
pub(crate) fn text(program: &Settings, told: &Settings, now: &Settings) -> String {
    let mut text =
        String::from("# All settings in force; `--config FILE` reads them from such a file.\n");
    let defaults = defaults();
    let mut group = "";
    for row in TABLE.iter().filter(|row| row.is_in_files()) {
        if row.group != group {
            group = row.group;
            let _infallible = write!(text, "\n# {group}\n");
        }
        let (name, origin) = (row.name, origin(row, [&defaults, program, told, now]));
        let _infallible = match row.plain(now) {
            Some(plain) => writeln!(text, "{name} = {plain}  # {origin}"),
            None if origin == "default" => writeln!(text, "# {name} is not set  # {origin}"),
            None => writeln!(text, "# {name} is what no file can say  # {origin}"),
        };
    }
    text
}

/// Says who has set it.
fn origin(row: &Row, [defaults, program, told, now]: [&Settings; 4]) -> String {
    match row.origin(told) {
        Some(Origin::Flag) => format!("flag --{}", row.flag),
        Some(Origin::Variable) => format!("variable {}", row.variable),
        Some(Origin::File) => match &told.file {
            // A comment is one line, whatever the file is called.
            Some(path) => format!("file {}", path.display().to_string().escape_debug()),
            None => "file".into(),
        },
        Some(Origin::Program) => "program".into(),
        None if row.plain(program) != row.plain(now) => "another setting".into(),
        None if row.plain(program) != row.plain(defaults) => "program".into(),
        None => "default".into(),
    }
}
