//! Reading variables of the environment.

use std::ffi::OsStr;

use super::mistakes::Mistakes;
use super::slot::Origin;
use super::{Settings, TABLE};

/// Reads the settings among some variables. One that is empty counts as not set.
pub(super) fn read(
    variables: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<OsStr>)>,
    mistakes: &mut Mistakes,
) -> Settings {
    let mut settings = Settings::new();
    for (name, value) in variables {
        let name = name.as_ref();
        let Some(row) = TABLE.iter().find(|row| row.variable == name) else {
            continue;
        };
        let Some(value) = value.as_ref().to_str() else {
            mistakes.add(format!("the value of `{name}` is not UTF-8"));
            continue;
        };
        if value.is_empty() {
            continue;
        }
        let parts = if row.is_list {
            value.split(',').collect()
        } else {
            vec![value]
        };
        for part in parts {
            if let Err(reason) = row.set(&mut settings, Origin::Variable, part.trim()) {
                mistakes.add(format!("{name}: {reason}"));
            }
        }
    }
    settings
}
