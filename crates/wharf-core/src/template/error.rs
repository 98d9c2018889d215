use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;

use super::references::{Reference, Verb};

/// Why a template cannot be read or rendered: it names the template and the line.
///
/// As an [`HttpError`](crate::HttpError) it is a 500 that shows this in debug mode alone.
pub struct TemplateError {
    problem: Problem,
}

enum Problem {
    /// The file cannot be read.
    File(PathBuf, io::Error),
    /// There is something wrong with the folder.
    Folder(PathBuf, &'static str),
    /// The template does not parse, or something is missing while it is rendered.
    Engine(minijinja::Error),
    /// The template names others that are not there.
    Missing(Missing),
}

struct Missing {
    template: String,
    line: usize,
    verb: Verb,
    names: Vec<String>,
}

impl TemplateError {
    pub(super) fn file(path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self {
            problem: Problem::File(path.into(), error),
        }
    }

    pub(super) fn folder(path: impl Into<PathBuf>, problem: &'static str) -> Self {
        Self {
            problem: Problem::Folder(path.into(), problem),
        }
    }

    /// `reference`, which stands in a template, leads nowhere.
    pub(super) fn missing(template: &str, reference: Reference<'_>) -> Self {
        let names = reference.names.into_iter();
        Self {
            problem: Problem::Missing(Missing {
                template: template.to_owned(),
                line: reference.line,
                verb: reference.verb,
                names: names.map(str::to_owned).collect(),
            }),
        }
    }

    /// Returns the name of the template; `None` where the mistake is in no template.
    #[must_use]
    pub fn template(&self) -> Option<&str> {
        match &self.problem {
            Problem::Engine(error) => error.name(),
            Problem::Missing(missing) => Some(&missing.template),
            Problem::File(..) | Problem::Folder(..) => None,
        }
    }

    /// Returns the line of the template, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match &self.problem {
            Problem::Engine(error) => error.line(),
            Problem::Missing(missing) => Some(missing.line),
            Problem::File(..) | Problem::Folder(..) => None,
        }
    }
}

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        Self {
            problem: Problem::Engine(error),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::File(path, _) => write!(f, "cannot read the template {}", path.display()),
            Problem::Folder(path, problem) => {
                write!(f, "the folder of templates {} {problem}", path.display())
            }
            Problem::Missing(missing) => write!(f, "{missing}"),
            Problem::Engine(error) => {
                match (error.name(), error.line()) {
                    (Some(name), Some(line)) => write!(f, "template `{name}`, line {line}: ")?,
                    (Some(name), None) => write!(f, "template `{name}`: ")?,
                    (None, _) => {}
                }
                match error.detail() {
                    Some(detail) => write!(f, "{}: {detail}", error.kind()),
                    None => write!(f, "{}", error.kind()),
                }
            }
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Extends => "extends",
            Verb::Includes => "includes",
            Verb::ImportsFrom => "imports from",
        };
        write!(
            f,
            "template `{}`, line {}: {verb} ",
            self.template, self.line
        )?;
        for (number, name) in self.names.iter().enumerate() {
            let between = if number > 0 { ", " } else { "" };
            write!(f, "{between}`{name}`")?;
        }
        f.write_str(match self.names.len() {
            1 => ", which is not there",
            _ => ", none of which is there",
        })
    }
}

impl fmt::Debug for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TemplateError({self})")
    }
}

impl StdError for TemplateError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.problem {
            Problem::File(_, error) => Some(error),
            Problem::Folder(..) | Problem::Missing(_) => None,
            Problem::Engine(error) => error.source(),
        }
    }
}
