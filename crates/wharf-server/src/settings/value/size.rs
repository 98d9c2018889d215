//! [`Size`], bytes with a unit.

use super::{Plain, Value};

/// A number of bytes, read and printed as `64KiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) struct Size<N>(N);

const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl<N> Value for Size<N>
where
    N: Value<Public = N> + Copy + TryFrom<u64> + TryInto<u64>,
{
    type Public = N;

    fn new(bytes: N) -> Self {
        Self(bytes)
    }

    fn public(self) -> N {
        self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" => Some(1),
            unit => UNITS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))
                .map(|&(_, bytes)| bytes),
        };
        unit.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit))
            .and_then(|bytes| N::try_from(bytes).ok())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a size such as 65536, 64KiB or 1MiB"))
    }

    fn plain(&self) -> Plain {
        let bytes = self.0.try_into().unwrap_or(u64::MAX);
        match UNITS
            .iter()
            .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        {
            Some((name, unit)) if *unit > 1 => Plain::Text(format!("{}{name}", bytes / unit)),
            _ => Plain::Whole(bytes.to_string()),
        }
    }

    fn expected() -> String {
        "a size such as 65536 or \"64KiB\"".into()
    }

    fn takes(plain: &Plain) -> bool {
        matches!(plain, Plain::Whole(_) | Plain::Text(_))
    }
}
