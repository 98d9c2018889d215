//! Whole numbers, and what is kept as one.

use super::{Plain, Value};

/// Integers that any value of makes sense.
macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Value for $number {
            super::own_public!();

            fn parse(text: &str) -> Result<Self, String> {
                text.parse()
                    .ok()
                    .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
                    .ok_or_else(|| format!("`{text}` is not a whole number up to {}", Self::MAX))
            }

            fn plain(&self) -> Plain {
                Plain::Whole(self.to_string())
            }

            fn expected() -> String {
                "a whole number".into()
            }

            fn takes(plain: &Plain) -> bool {
                matches!(plain, Plain::Whole(_))
            }
        }
    )*};
}

whole!(u32, u64, usize);

/// A number of which 0 makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) struct Positive<N>(N);

impl<N: Value<Public = N> + Copy + From<u8>> Value for Positive<N> {
    type Public = N;

    fn new(number: N) -> Self {
        Self(number)
    }

    fn public(self) -> N {
        self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        match N::parse(text)? {
            number if number == N::from(0) => Err("0 is too few, at least 1 is needed".into()),
            number => Ok(Self(number)),
        }
    }

    fn plain(&self) -> Plain {
        self.0.plain()
    }

    fn expected() -> String {
        N::expected()
    }

    fn takes(plain: &Plain) -> bool {
        N::takes(plain)
    }
}

/// A value that the server finds by itself when it is told `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) struct Auto<T>(Option<T>);

impl<T: Value> Value for Auto<T> {
    type Public = Option<T::Public>;

    fn new(public: Self::Public) -> Self {
        Self(public.map(T::new))
    }

    fn public(self) -> Self::Public {
        self.0.map(T::public)
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self(None)),
            text => match T::parse(text) {
                Ok(value) => Ok(Self(Some(value))),
                Err(reason) => Err(format!("{reason}, or auto")),
            },
        }
    }

    fn plain(&self) -> Plain {
        self.0
            .as_ref()
            .map_or_else(|| Plain::text("auto"), T::plain)
    }

    fn expected() -> String {
        format!("{}, or \"auto\"", T::expected())
    }

    fn takes(plain: &Plain) -> bool {
        *plain == Plain::text("auto") || T::takes(plain)
    }
}

/// The permissions of a file, read and printed in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::settings) struct Mode(u32);

impl Value for Mode {
    type Public = u32;

    fn new(bits: u32) -> Self {
        Self(bits)
    }

    fn public(self) -> u32 {
        self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        u32::from_str_radix(digits, 8)
            .ok()
            .filter(|&bits| bits <= 0o777 && !digits.starts_with('+'))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a mode in octal from 0 to 777"))
    }

    fn plain(&self) -> Plain {
        Plain::Whole(format!("0o{:o}", self.0))
    }

    fn expected() -> String {
        "a mode in octal such as 0o660".into()
    }

    fn takes(plain: &Plain) -> bool {
        match plain {
            // 660 is 0o1224, which nobody means.
            Plain::Whole(text) => text.starts_with("0o"),
            plain => matches!(plain, Plain::Text(_)),
        }
    }
}
