//! Names of routes: identifiers joined by `.`, `:` or `-`, each used once.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use super::pattern::Pattern;
use super::url::UrlError;

/// Routes by name, and from a name to a URL.
#[derive(Clone, Debug, Default)]
pub struct Names {
    routes: BTreeMap<Box<str>, (Pattern, usize)>,
}

impl Names {
    /// Makes an empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names a route, whose number is `route`.
    ///
    /// # Errors
    ///
    /// If the name is not made of identifiers (an ASCII letter or `_`, then letters, digits and `_`) joined by `.`, `:` or `-`; or if
    /// another route has it, which then keeps it.
    pub fn insert(&mut self, name: &str, pattern: &Pattern, route: usize) -> Result<(), NameError> {
        if let Some(offset) = misspelt(name) {
            return Err(NameError {
                name: name.to_owned(),
                problem: Problem::Misspelt(offset),
            });
        }
        if let Some((_, first)) = self.routes.get(name) {
            return Err(NameError {
                name: name.to_owned(),
                problem: Problem::Taken([*first, route]),
            });
        }
        self.routes.insert(name.into(), (pattern.clone(), route));
        Ok(())
    }

    /// Returns the pattern of the route of this name.
    pub fn get(&self, name: &str) -> Option<&Pattern> {
        self.routes.get(name).map(|(pattern, _)| pattern)
    }

    /// Returns every name with its pattern and the number of its route, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Pattern, usize)> {
        self.routes
            .iter()
            .map(|(name, (pattern, route))| (&**name, pattern, *route))
    }

    /// Builds the path of a URL for the route of this name, as [`Pattern::url`] does.
    ///
    /// # Errors
    ///
    /// If no route has this name, or if the parameters are not those of its pattern.
    pub fn url_for(
        &self,
        name: &str,
        parameters: &[(&str, &dyn Display)],
    ) -> Result<String, UrlError> {
        self.get(name)
            .ok_or_else(|| UrlError::unknown_route(name))?
            .url(parameters)
    }
}

/// Returns the byte at which a name goes wrong.
fn misspelt(name: &str) -> Option<usize> {
    let mut begins = true;
    for (at, character) in name.char_indices() {
        begins = match character {
            '_' => false,
            letter if letter.is_ascii_alphabetic() => false,
            digit if digit.is_ascii_digit() && !begins => false,
            '.' | ':' | '-' if !begins => true,
            _ => return Some(at),
        };
    }
    begins.then_some(name.len())
}

/// Why a route cannot have a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    name: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Misspelt(usize),
    Taken([usize; 2]),
}

impl NameError {
    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the numbers of the routes that both have the name, the one that was named first, and keeps it, before the other.
    ///
    /// `None` if it is the spelling that is wrong.
    pub fn routes(&self) -> Option<[usize; 2]> {
        match self.problem {
            Problem::Misspelt(_) => None,
            Problem::Taken(routes) => Some(routes),
        }
    }
}

impl Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.problem {
            Problem::Misspelt(offset) => {
                write!(
                    f,
                    "route name `{name}` at byte {offset}: expected identifiers joined by `.`, `:` or `-`"
                )
            }
            Problem::Taken(_) => {
                write!(f, "two routes are named `{name}`; expected different names")
            }
        }
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn names_are_identifiers_joined_by_dots_colons_and_dashes() {
        for name in ["a", "_", "user", "user.show", "admin:user-v2.x_1", "A1"] {
            assert_eq!(misspelt(name), None, "{name}");
        }
        for (name, at) in [
            ("", 0),
            ("1", 0),
            ("a.", 2),
            (".a", 0),
            ("a..b", 2),
            ("a b", 1),
            ("a-1", 2),
            ("ü", 0),
            ("a/b", 1),
        ] {
            assert_eq!(misspelt(name), Some(at), "{name}");
        }
        let error = Names::new().insert("a b", &pattern("/"), 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "route name `a b` at byte 1: expected identifiers joined by `.`, `:` or `-`"
        );
        assert_eq!(error.routes(), None);
    }

    #[test]
    fn the_second_route_of_a_name_is_refused_and_both_are_told() {
        let mut names = Names::new();
        names.insert("user", &pattern("/users/{id}"), 3).unwrap();
        let error = names
            .insert("user", &pattern("/people/{id}"), 5)
            .unwrap_err();
        assert_eq!((error.name(), error.routes()), ("user", Some([3, 5])));
        assert_eq!(names.get("user").map(Pattern::as_str), Some("/users/{id}"));
    }

    #[test]
    fn names_are_listed_in_order_and_built_into_urls() {
        let mut names = Names::new();
        names.insert("user", &pattern("/users/{id}"), 1).unwrap();
        names.insert("home", &pattern("/"), 0).unwrap();
        let listed: Vec<_> = names
            .iter()
            .map(|(name, pattern, route)| (name, pattern.as_str(), route))
            .collect();
        assert_eq!(listed, [("home", "/", 0), ("user", "/users/{id}", 1)]);
        assert_eq!(names.url_for("home", &[]).unwrap(), "/");
        assert_eq!(
            names.url_for("user", &[("id", &"a b")]).unwrap(),
            "/users/a%20b"
        );
        assert_eq!(
            names.url_for("usr", &[]).unwrap_err().to_string(),
            "no route is named `usr`"
        );
        let missing = names.url_for("user", &[]).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "no URL for `/users/{id}`: parameter `id` is missing"
        );
    }
}
