//! Reading the arguments of a program.

use std::ffi::OsString;

use super::{Settings, TABLE};
use crate::error::{Error, ErrorKind};

/// Reads `--name value`, `--name=value` and switches.
pub(super) fn read(mut args: impl Iterator<Item = OsString>) -> Result<Settings, Error> {
    let mut settings = Settings::new();
    while let Some(arg) = args.next() {
        let arg = text(arg)?;
        if arg == "-h" || arg == "--help" {
            settings.help = true;
            continue;
        }
        let Some(flag) = arg.strip_prefix("--") else {
            return Err(refuse(format!(
                "`{arg}` is not an option; `--help` lists all options"
            )));
        };
        let (name, given) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        let Some(setting) = TABLE.iter().find(|setting| setting.flag == name) else {
            return Err(unknown(name));
        };
        let value = match (given, setting.value) {
            (Some(value), _) => value,
            (None, None) => String::from("yes"),
            (None, Some(value)) => match args.next() {
                Some(arg) => text(arg)?,
                None => {
                    return Err(refuse(format!(
                        "`--{name}` needs a value: --{name} {value}"
                    )));
                }
            },
        };
        (setting.set)(&mut settings, &value)
            .map_err(|reason| refuse(format!("--{name}: {reason}")))?;
    }
    Ok(settings)
}

fn text(arg: OsString) -> Result<String, Error> {
    arg.into_string()
        .map_err(|arg| refuse(format!("the argument {arg:?} is not UTF-8")))
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::Settings, message)
}

fn unknown(name: &str) -> Error {
    let closest = TABLE
        .iter()
        .map(|setting| setting.flag)
        .chain(["help"])
        .map(|flag| (distance(name, flag), flag))
        .min()
        .filter(|&(distance, flag)| distance <= 1 + flag.len() / 4);
    refuse(match closest {
        Some((_, flag)) => format!(
            "unknown option `--{name}`; did you mean `--{flag}`? `--help` lists all options"
        ),
        None => format!("unknown option `--{name}`; `--help` lists all options"),
    })
}

/// The number of letters to change, add or leave out to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
