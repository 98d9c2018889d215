//! [`Row`], one setting by all its names, and the macro that makes [`Settings`] of a table of them.

use super::Settings;
use super::slot::{Origin, Setting};
use super::value::Plain;

/// One row of the table.
pub(super) struct Row {
    /// The method of [`Settings`], and the key in a file.
    pub(super) name: &'static str,
    /// The flag, without the hyphens before it.
    pub(super) flag: &'static str,
    pub(super) variable: &'static str,
    /// The heading that it stands under.
    pub(super) group: &'static str,
    /// What the value is called in the text of `--help`; `None` for a switch.
    pub(super) value: Option<&'static str>,
    pub(super) help: &'static str,
    pub(super) is_list: bool,
    pub(super) kept: fn(&Settings) -> &dyn Setting,
    pub(super) kept_mut: fn(&mut Settings) -> &mut dyn Setting,
}

/// The heading of what is said about one call of the program, and not about its server. No file has it.
pub(super) const PROGRAM: &str = "Program";

impl Row {
    pub(super) fn is_in_files(&self) -> bool {
        self.group != PROGRAM
    }

    /// Sets what a flag or a variable says.
    pub(super) fn set(
        &self,
        settings: &mut Settings,
        origin: Origin,
        text: &str,
    ) -> Result<(), String> {
        (self.kept_mut)(settings).put_text(origin, text)
    }

    /// Sets what a file says.
    #[cfg_attr(
        not(feature = "toml"),
        expect(dead_code, reason = "only a file has values that are not text")
    )]
    pub(super) fn set_plain(&self, settings: &mut Settings, plain: &Plain) -> Result<(), String> {
        let kept = (self.kept_mut)(settings);
        if let Err(expected) = kept.takes(plain) {
            return Err(format!("{plain} was given, expected {expected}"));
        }
        kept.put_text(Origin::File, &plain.bare())
    }

    /// Returns what can be written to a file and be read again as the same; `None` when there is nothing of the kind.
    pub(super) fn plain(&self, settings: &Settings) -> Option<Plain> {
        let mut items = Vec::new();
        for item in (self.kept)(settings).written() {
            items.push(item?);
        }
        match (self.is_list, items.len()) {
            (_, 0) => None,
            (true, _) => Some(Plain::List(items)),
            (false, _) => items.pop(),
        }
    }

    /// Returns where it came from, if it is set.
    pub(super) fn origin(&self, settings: &Settings) -> Option<Origin> {
        (self.kept)(settings).origin()
    }
}

/// Returns the one of the names that is meant perhaps.
pub(super) fn meant(name: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    names
        .map(|meant| (distance(name, meant), meant))
        .min()
        .filter(|&(distance, meant)| distance <= 1 + meant.len() / 4)
        .map(|(_, meant)| meant)
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

/// Makes [`Settings`] and its [`TABLE`] of rows. `table.rs` says what a row consists of.
macro_rules! table {
    ($(
        $group:literal {$(
            $(#[doc = $doc:literal])*
            $name:ident($take:ty as $slot:ty) {
                $(cfg: $cfg:meta,)?
                flag: $flag:literal,
                variable: $variable:literal,
                value: $value:expr,
                help: $help:literal,
                apply: $apply:expr,
                of: $of:expr,
            }
        )*}
    )*) => {
        /// What a program can be told from outside: by a file, by its environment and by its arguments.
        ///
        /// What is not set leaves the server as the program made it. [`run`](crate::run) reads all sources by itself; a
        /// program with arguments of its own makes its settings and calls [`run_with`](crate::run_with).
        ///
        /// A setting has the same name everywhere: the method `idle_timeout` here, `idle_timeout = "20s"` in a file, the
        /// variable `WHARF_IDLE_TIMEOUT` and the flag `--idle-timeout`. A flag beats a variable, a variable the file, and
        /// the file what the program has set on its [`Server`](crate::Server). A list is replaced as a whole.
        ///
        /// - Times are whole numbers with a unit: `25s`, `500ms`, `2m`, `1h`; seconds without one.
        /// - Sizes are bytes, or have a unit: `65536`, `64KiB`, `1MiB`.
        /// - `none` switches off what can be switched off, `auto` leaves the choice to the server.
        /// - Lists are written with commas in a variable, as several flags, and as an array in a file.
        /// - A switch is on as `--quiet` or `--quiet=yes` and off as `--quiet=no`; `yes` and `no` in a variable, `true`
        ///   and `false` in a file.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::Duration;
        /// use wharf_server::Settings;
        ///
        /// // A flag beats a variable, a variable beats the default.
        /// let variables = Settings::from_variables([("WHARF_BIND", "[::1]:80"), ("WHARF_QUIET", "yes")])?;
        /// let settings = Settings::from_args(["--bind", "localhost:81"])?.or(variables);
        /// assert_eq!(settings, Settings::new().bind("localhost:81").quiet(true));
        /// # Ok::<(), wharf_server::Error>(())
        /// ```
        ///
        /// # All settings
        ///
        /// | method and key | flag | variable | meaning |
        /// |---|---|---|---|
        $($(
            #[cfg_attr(all($($cfg)?), doc = concat!(
                "| [`", stringify!($name), "`](Self::", stringify!($name), ") | `--", $flag, "` | `", $variable, "` | ",
                $help, " |"
            ))]
        )*)*
        ///
        /// `config`, `print_config` and `check` are about one call of the program; a file has no such keys.
        #[derive(Clone, Default)]
        pub struct Settings {
            $($(#[cfg(all($($cfg)?))] pub(super) $name: Kept<$slot>,)*)*
            pub(super) help: bool,
            /// The file that some of it comes from.
            pub(super) file: Option<PathBuf>,
        }

        impl Settings {
            $($(
                #[cfg(all($($cfg)?))]
                $(#[doc = $doc])*
                #[doc = concat!("\n\nFlag `--", $flag, "`, variable `", $variable, "`.")]
                #[must_use]
                pub fn $name(mut self, value: impl Into<$take>) -> Self {
                    let value: $take = value.into();
                    self.$name.put(value);
                    self
                }
            )*)*

            /// Fills what is not set here with what is set in `other`.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self {
                    $($(#[cfg(all($($cfg)?))] $name: self.$name.or(other.$name),)*)*
                    help: self.help || other.help,
                    file: self.file.or(other.file),
                }
            }

            /// Changes on a server what is set here.
            pub(crate) fn apply(self, server: &mut InForce<'_>) {
                $($(
                    #[cfg(all($($cfg)?))]
                    if let Some(value) = self.$name.public() {
                        let apply: fn(&mut InForce<'_>, <$slot as Slot>::Public) = $apply;
                        apply(server, value);
                    }
                )*)*
            }

            /// Returns all that is in force on a server.
            pub(crate) fn of(server: &InForce<'_>) -> Self {
                Self {
                    $($(
                        #[cfg(all($($cfg)?))]
                        $name: {
                            let of: fn(&InForce<'_>) -> Option<<$slot as Slot>::Public> = $of;
                            Kept::of(of(server))
                        },
                    )*)*
                    help: false,
                    file: None,
                }
            }
        }

        /// Equal when the same is set, from wherever it came.
        impl PartialEq for Settings {
            fn eq(&self, other: &Self) -> bool {
                $($(
                    #[cfg(all($($cfg)?))]
                    if self.$name != other.$name {
                        return false;
                    }
                )*)*
                self.help == other.help
            }
        }

        impl Eq for Settings {}

        /// Shows what is set.
        impl fmt::Debug for Settings {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct("Settings");
                $($(
                    #[cfg(all($($cfg)?))]
                    if self.$name.is_set() {
                        shown.field(stringify!($name), &self.$name);
                    }
                )*)*
                shown.finish_non_exhaustive()
            }
        }

        /// Every setting, in the order of `--help`.
        pub(super) static TABLE: &[Row] = &[$($(
            #[cfg(all($($cfg)?))]
            Row {
                name: stringify!($name),
                flag: $flag,
                variable: $variable,
                group: $group,
                value: $value,
                help: $help,
                is_list: <$slot as Slot>::IS_LIST,
                kept: |settings| &settings.$name,
                kept_mut: |settings| &mut settings.$name,
            },
        )*)*];
    };
}
pub(super) use table;
