//! Times with a unit.

use std::time::Duration;

use super::{Plain, Value};

/// A time, read and printed as `25s`; seconds when there is no unit.
impl Value for Duration {
    super::own_public!();

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let nanoseconds: u128 = match unit.trim() {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "" | "s" => 1_000_000_000,
            "m" | "min" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => 0,
        };
        number
            .parse::<u64>()
            .ok()
            .filter(|_| nanoseconds != 0)
            .map(|number| u128::from(number) * nanoseconds)
            // A clock cannot be asked for more: half a billion years.
            .filter(|time| time / 1_000_000 <= u128::from(u64::MAX))
            .map(|time| {
                let (seconds, rest) = (time / 1_000_000_000, time % 1_000_000_000);
                Self::from_secs(seconds as u64) + Self::from_nanos(rest as u64)
            })
            .ok_or_else(|| format!("`{text}` is not a time such as 25s, 500ms or 2m"))
    }

    fn plain(&self) -> Plain {
        let nanoseconds = self.as_nanos();
        let (unit, name) = [
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ]
        .into_iter()
        .find(|&(unit, _)| nanoseconds.is_multiple_of(unit))
        .unwrap_or((1, "ns"));
        Plain::Text(format!("{}{name}", nanoseconds / unit))
    }

    fn expected() -> String {
        "a time such as \"25s\", \"500ms\" or \"2m\"".into()
    }

    fn takes(plain: &Plain) -> bool {
        matches!(plain, Plain::Whole(_) | Plain::Text(_))
    }
}
