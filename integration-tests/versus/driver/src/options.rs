//! What the command line asks for.

use std::time::Duration;

use crate::Failure;

/// How long and how often is measured, and what was named.
pub struct Options {
    pub rounds: usize,
    /// For how long a server is asked each time.
    pub window: Duration,
    /// How much of the cores other processes may take, or what was measured is dropped.
    pub others: f64,
    /// For how long an application is asked by `wrk`.
    pub duration: Duration,
    names: Vec<String>,
}

impl Options {
    /// Reads the arguments. `known` are the words that may be there besides the options.
    pub fn take(known: &[&str]) -> Result<Self, Failure> {
        let mut options = Self {
            rounds: 9,
            window: Duration::from_millis(500),
            others: 0.08,
            duration: Duration::from_secs(10),
            names: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut number = || {
                arguments
                    .next()
                    .and_then(|value| value.parse::<f64>().ok())
                    .filter(|value| *value > 0.0)
            };
            match argument.as_str() {
                "--rounds" => options.rounds = number().ok_or("--rounds wants a number")? as usize,
                "--seconds" => {
                    options.window =
                        Duration::from_secs_f64(number().ok_or("--seconds wants a number")?)
                }
                "--duration" => {
                    options.duration =
                        Duration::from_secs_f64(number().ok_or("--duration wants a number")?)
                }
                "--others" => {
                    options.others = number().ok_or("--others wants a number of cores")?
                }
                name if known.contains(&name) => options.names.push(argument),
                other => {
                    let known = known.join(", ");
                    return Err(format!("unknown word `{other}`: expected --rounds N, --seconds S, --others CORES, --duration S, or some of {known}").into());
                }
            }
        }
        options.rounds = options.rounds.max(1);
        Ok(options)
    }

    /// Tells whether anything was chosen.
    pub fn names_something(&self) -> bool {
        !self.names.is_empty()
    }

    /// Returns those of `all` that were named, or all when none of them was.
    pub fn chosen<'a>(&self, all: &[&'a str]) -> Vec<&'a str> {
        let named: Vec<_> = all
            .iter()
            .copied()
            .filter(|name| self.names(name))
            .collect();
        if named.is_empty() {
            all.to_vec()
        } else {
            named
        }
    }

    pub fn names(&self, name: &str) -> bool {
        self.names.iter().any(|named| named == name)
    }
}
