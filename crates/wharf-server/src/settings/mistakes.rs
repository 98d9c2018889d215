//! [`Mistakes`], all that is wrong with settings, told at once.

use crate::error::{Error, ErrorKind};

/// What is wrong, a line each.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    lines: Vec<String>,
}

impl Mistakes {
    pub(super) fn add(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Returns `settings` if nothing is wrong.
    pub(super) fn or<T>(mut self, settings: T) -> Result<T, Error> {
        let message = match self.lines.len() {
            0 => return Ok(settings),
            1 => self.lines.remove(0),
            count => format!("{count} settings are wrong:\n  {}", self.lines.join("\n  ")),
        };
        Err(Error::new(ErrorKind::Settings, message))
    }
}
