//! Everything that is wrong with an app, found before anything listens.

use std::fmt;
use std::panic::Location;

use crate::extract::TypeKey;

/// Everything that is wrong with an app, in one error.
///
/// Display and Debug print the same readable list, one problem a line, since `main` prints errors with Debug.
#[derive(Clone)]
pub struct CheckError {
    problems: Vec<Problem>,
}

impl CheckError {
    pub(crate) fn from_problems(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self { problems })
        }
    }

    /// Returns what is wrong, in the order in which it was found.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the app has a problem and was not started:")?,
            count => write!(f, "the app has {count} problems and was not started:")?,
        }
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for CheckError {}

/// One thing that is wrong with an app.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A handler or middleware needs state that nobody provides.
    MissingState {
        /// Who needs it: a route or a middleware.
        needed_by: String,
        /// The type of the state.
        state: TypeKey,
        /// Where the route or the app was written.
        location: &'static Location<'static>,
    },
    /// A handler or middleware needs a request extension that no middleware around it provides.
    MissingExtension {
        /// Who needs it: a route or a middleware.
        needed_by: String,
        /// The type of the extension.
        extension: TypeKey,
        /// Where the route or the app was written.
        location: &'static Location<'static>,
    },
    /// Two routes claim the same requests.
    Conflict {
        /// What they claim.
        text: String,
        /// Where the two were written.
        locations: [&'static Location<'static>; 2],
    },
    /// Two routes have the same name.
    DuplicateName {
        /// The name.
        name: String,
        /// Where the two were written.
        locations: [&'static Location<'static>; 2],
    },
    /// A path, a mount prefix or a name is malformed.
    Malformed {
        /// What is malformed, and how.
        text: String,
        /// Where it was written.
        location: &'static Location<'static>,
    },
    /// An extractor wants path parameters that the path does not have.
    PathParameters {
        /// The route.
        route: String,
        /// What is wanted.
        text: String,
        /// Where the route was written.
        location: &'static Location<'static>,
    },
    /// A folder of static files cannot be served.
    Files {
        /// Which folder, and what is wrong with it.
        text: String,
        /// Where it was added.
        location: &'static Location<'static>,
    },
    /// A template cannot be read, does not parse, or names one that is not there.
    Template {
        /// Which template, and what is wrong with it at which line.
        text: String,
        /// Where the templates were added.
        location: &'static Location<'static>,
    },
    /// State of one type was provided twice for the same app.
    DuplicateState {
        /// The type of the state.
        state: TypeKey,
        /// Where the app was provided with it the second time.
        location: &'static Location<'static>,
    },
    /// A middleware has settings that cannot be.
    Middleware {
        /// The middleware.
        name: String,
        /// What is wrong with it.
        text: String,
        /// Where the route or the app that it is wrapped around was written.
        location: &'static Location<'static>,
    },
    /// State is overridden that nobody provides.
    UnknownState {
        /// The type of the state.
        state: TypeKey,
        /// Where it was overridden.
        location: &'static Location<'static>,
    },
    /// A resource is overridden whose name no resource has, or more than one.
    UnknownResource {
        /// The name.
        name: String,
        /// The names that there are.
        names: Vec<String>,
        /// Where it was overridden.
        location: &'static Location<'static>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingState {
                needed_by,
                state,
                location,
            } => write!(
                f,
                "{needed_by} needs state `{state}`, which nobody provides ({location}): add `.provide(..)`, or a resource that provides it"
            ),
            Self::MissingExtension {
                needed_by,
                extension,
                location,
            } => write!(
                f,
                "{needed_by} needs the request extension `{extension}`, which no middleware around it provides ({location}): wrap one with `from_fn(..).provides::<..>()`"
            ),
            Self::Conflict {
                text,
                locations: [first, second],
            } => write!(f, "{text} ({first} and {second})"),
            Self::DuplicateName {
                name,
                locations: [first, second],
            } => {
                write!(f, "two routes are named `{name}` ({first} and {second})")
            }
            Self::Malformed { text, location }
            | Self::Files { text, location }
            | Self::Template { text, location } => {
                write!(f, "{text} ({location})")
            }
            Self::PathParameters {
                route,
                text,
                location,
            } => write!(f, "{route}: {text} ({location})"),
            Self::DuplicateState { state, location } => {
                write!(
                    f,
                    "state `{state}` is provided twice ({location}): wrap one of the two in a type of its own"
                )
            }
            Self::Middleware {
                name,
                text,
                location,
            } => write!(f, "middleware `{name}`: {text} ({location})"),
            Self::UnknownState { state, location } => write!(
                f,
                "state `{state}` is overridden, but nobody provides it ({location}): override what is provided, or add `.provide(..)`"
            ),
            Self::UnknownResource {
                name,
                names,
                location,
            } => {
                let found = names.iter().filter(|other| *other == name).count();
                match found {
                    0 => write!(
                        f,
                        "resource `{name}` is overridden, but there is none ({location})"
                    )?,
                    _ => write!(
                        f,
                        "resource `{name}` is overridden, but there are {found} of that name ({location})"
                    )?,
                }
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                match names.as_slice() {
                    [] => Ok(()),
                    names => write!(f, "; there are: {}", names.join(", ")),
                }
            }
        }
    }
}
