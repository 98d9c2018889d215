use super::{Given, Kind, Layout, TextError};

/// How often a value is tried to be made; more means a type that cannot be pleased.
const ATTEMPTS: usize = 32;

/// What failed attempts taught about a type that did not say what it wants.
pub(super) struct Hints {
    attempts: usize,
    /// Names that were missing, and may be lists of nothing.
    missing: Vec<String>,
    /// Names whose empty text stands for an absent value.
    absent: Vec<String>,
    /// Names whose text was wanted as something else, where no type was asked for.
    readings: Vec<(String, Reading)>,
    /// A text that several names have and one of them wants as something else. To learn which one, each is read as its
    /// own name: the next error tells.
    traced: Option<(String, TextError)>,
}

/// How a text is read where no type is asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Reading {
    /// As a number, a truth value or nothing.
    pub(super) scalar: bool,
    /// As a list of one.
    pub(super) list: bool,
}

impl Hints {
    pub(super) const fn new() -> Self {
        Self {
            attempts: 0,
            missing: Vec::new(),
            absent: Vec::new(),
            readings: Vec::new(),
            traced: None,
        }
    }

    /// Learns from an attempt. Gives back the value, or an error when there is nothing to learn from it.
    pub(super) fn learn<T>(
        &mut self,
        result: Result<T, TextError>,
        grouped: &[Given<'_>],
        layout: Layout,
    ) -> Result<Option<T>, TextError> {
        if let Some((text, before)) = self.traced.take() {
            return match result {
                Err(error) if self.found(&error, &text, grouped) => Ok(None),
                _ => Err(before),
            };
        }
        let error = match result {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            return Err(error);
        }
        match (&error.kind, error.name()) {
            (Kind::Missing, Some(name))
                if layout == Layout::Form && !self.missing.iter().any(|known| known == name) =>
            {
                self.missing.push(name.to_owned());
            }
            (Kind::EmptyOption, Some(name)) if !self.is_absent(name) => {
                self.absent.push(name.to_owned());
            }
            (
                Kind::Invalid {
                    given: Some(given), ..
                },
                None,
            ) => {
                let given = given.clone();
                let mut names = having(&given, grouped);
                let first_two = (names.next(), names.next());
                drop(names);
                match first_two {
                    (Some(name), None) if self.improve(name, &error) => {}
                    (Some(_), Some(_)) => self.traced = Some((given, error)),
                    _ => return Err(error),
                }
            }
            // What no type could be made of was put in for a missing name.
            (Kind::Invalid { given: None, .. }, None) => {
                return Err(match self.missing.pop() {
                    Some(name) => TextError::new(Kind::Missing).of(&name),
                    None => error,
                });
            }
            _ => return Err(error),
        }
        Ok(None)
    }

    /// Learns which of the names with a text an error is about.
    fn found(&mut self, error: &TextError, text: &str, grouped: &[Given<'_>]) -> bool {
        let (
            Kind::Invalid {
                given: Some(given), ..
            },
            None,
        ) = (&error.kind, error.name())
        else {
            return false;
        };
        having(text, grouped).any(|name| name == given) && self.improve(given, error)
    }

    /// Changes how the text of a name is read; `false` when it is read so already.
    fn improve(&mut self, name: &str, error: &TextError) -> bool {
        let Kind::Invalid { expected, .. } = &error.kind else {
            return false;
        };
        let list = expected.starts_with("a sequence") || expected.starts_with("a tuple");
        let index = match self.readings.iter().position(|(known, _)| known == name) {
            Some(index) => index,
            None => {
                self.readings.push((name.to_owned(), Reading::default()));
                self.readings.len() - 1
            }
        };
        let reading = &mut self.readings[index].1;
        let wanted = if list {
            &mut reading.list
        } else {
            &mut reading.scalar
        };
        !std::mem::replace(wanted, true)
    }

    pub(super) fn missing(&self) -> &[String] {
        &self.missing
    }

    pub(super) fn is_absent(&self, name: &str) -> bool {
        self.absent.iter().any(|known| known == name)
    }

    pub(super) fn is_traced(&self, text: &str) -> bool {
        matches!(&self.traced, Some((traced, _)) if traced == text)
    }

    pub(super) fn reading(&self, name: &str) -> Reading {
        let mut readings = self.readings.iter();
        readings
            .find(|(known, _)| known == name)
            .map_or_else(Reading::default, |(_, reading)| *reading)
    }
}

/// The names that have a text, each once.
fn having<'a>(text: &'a str, grouped: &'a [Given<'a>]) -> impl Iterator<Item = &'a str> {
    let mut last = None;
    grouped
        .iter()
        .filter(move |given| given.text == text && given.file.is_none())
        .map(|given| given.name)
        .filter(move |&name| last.replace(name) != Some(name))
}
