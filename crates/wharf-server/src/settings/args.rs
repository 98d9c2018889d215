//! Reading the arguments of a program.

use std::ffi::OsString;

use super::mistakes::Mistakes;
use super::row::meant;
use super::slot::Origin;
use super::{Settings, TABLE};

/// Reads `--name value`, `--name=value` and switches.
pub(super) fn read(args: impl Iterator<Item = OsString>, mistakes: &mut Mistakes) -> Settings {
    let mut settings = Settings::new();
    let mut args = args.peekable();
    while let Some(arg) = args.next() {
        let Some(arg) = text(arg, mistakes) else {
            continue;
        };
        if arg == "-h" || arg == "--help" {
            settings.help = true;
            continue;
        }
        let Some(flag) = arg.strip_prefix("--") else {
            mistakes.add(format!(
                "`{arg}` is not an option; `--help` lists all options"
            ));
            continue;
        };
        let (name, given) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (flag, None),
        };
        // Where a flag has another before it instead of a value, one mistake is not made two.
        let is_value = |arg: &OsString| !arg.to_string_lossy().starts_with("--");
        let Some(row) = TABLE.iter().find(|row| row.flag == name) else {
            mistakes.add(unknown(name));
            if given.is_none() {
                args.next_if(is_value);
            }
            continue;
        };
        let value = match (given, row.value) {
            (Some(value), _) => Some(value),
            (None, None) => Some(String::from("yes")),
            (None, Some(value)) => match args.next_if(is_value) {
                Some(arg) => text(arg, mistakes),
                None => {
                    mistakes.add(format!("`--{name}` needs a value: --{name} {value}"));
                    None
                }
            },
        };
        if let Some(value) = value
            && let Err(reason) = row.set(&mut settings, Origin::Flag, &value)
        {
            mistakes.add(format!("--{name}: {reason}"));
        }
    }
    settings
}

fn text(arg: OsString, mistakes: &mut Mistakes) -> Option<String> {
    arg.into_string()
        .map_err(|arg| mistakes.add(format!("the argument {arg:?} is not UTF-8")))
        .ok()
}

fn unknown(name: &str) -> String {
    match meant(name, TABLE.iter().map(|row| row.flag).chain(["help"])) {
        Some(flag) => {
            format!(
                "unknown option `--{name}`; did you mean `--{flag}`? `--help` lists all options"
            )
        }
        None => format!("unknown option `--{name}`; `--help` lists all options"),
    }
}
