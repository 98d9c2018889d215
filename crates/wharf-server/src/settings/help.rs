//! The text of `--help`.

use std::fmt::Write;

use super::apply::defaults;
use super::row::Row;
use super::value::Plain;
use super::{Settings, TABLE};

/// How wide a line may become.
const WIDTH: usize = 100;

/// Where the help of an option starts.
const INDENT: usize = 32;

pub(super) fn text(program: &str) -> String {
    let mut text = format!("Usage: {program} [OPTIONS]\n");
    let defaults = defaults();
    let mut group = "";
    for row in TABLE {
        if row.group != group {
            group = row.group;
            let _infallible = write!(text, "\n{group}:\n");
        }
        let mut flag = format!("--{}", row.flag);
        if let Some(value) = row.value {
            let _infallible = write!(flag, " {value}");
        }
        let (default, variable) = (default(row, &defaults), row.variable);
        option(
            &mut text,
            &flag,
            &format!("{}{default} [env: {variable}]", row.help),
        );
    }
    option(&mut text, "-h, --help", "Print this text, and exit");
    text.push_str("\nA flag beats its variable, a variable the file, the file what the program has set itself.\n");
    text
}

/// Says what holds when nobody sets it. A switch is off.
fn default(row: &Row, defaults: &Settings) -> String {
    match row.plain(defaults) {
        None | Some(Plain::Boolean(false)) => String::new(),
        Some(Plain::List(items)) if items.is_empty() => " [default: none]".into(),
        Some(plain) => format!(" [default: {}]", plain.bare()),
    }
}

fn option(text: &mut String, flag: &str, help: &str) {
    let mut line = format!("  {flag:<width$}", width = INDENT - 2);
    for word in words(help) {
        if line.len() + word.len() > WIDTH {
            let _infallible = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(INDENT);
        }
        line.push_str(word);
        line.push(' ');
    }
    let _infallible = writeln!(text, "{}", line.trim_end());
}

/// Splits at spaces, but keeps on one line what stands in brackets or quotes.
fn words(help: &str) -> impl Iterator<Item = &str> {
    let (mut brackets, mut quoted) = (0, false);
    help.split(move |c| {
        match c {
            '[' => brackets += 1,
            ']' => brackets -= 1,
            '\'' => quoted = !quoted,
            _ => {}
        }
        c == ' ' && brackets == 0 && !quoted
    })
}
