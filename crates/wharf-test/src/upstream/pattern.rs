//! Path patterns, as routes have them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A path in which segments may be parameters.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    Parameter(String),
    /// All that is left, with its slashes.
    Rest(String),
}

impl Pattern {
    /// Reads a pattern: `{name}` is one segment, `{*name}` at the end all that are left.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix('/') else {
            return Err(format!("the path `{text}` does not begin with a slash"));
        };
        let mut segments = Vec::new();
        for segment in path.split('/') {
            if let Some(Segment::Rest(_)) = segments.last() {
                return Err(format!("`{text}` has a segment after the rest of the path"));
            }
            let inside = segment.strip_prefix('{');
            let inside = inside.and_then(|inside| inside.strip_suffix('}'));
            segments.push(match inside {
                Some(name) if name.contains(['{', '}', ':']) => {
                    return Err(format!(
                        "`{segment}` in `{text}` is no parameter: it is `{{name}}` and takes a whole segment"
                    ));
                }
                Some(name) => match name.strip_prefix('*') {
                    Some(name) => Segment::Rest(name.to_owned()),
                    None => Segment::Parameter(name.to_owned()),
                },
                None if segment.contains(['{', '}']) => {
                    return Err(format!(
                        "`{segment}` in `{text}` is a parameter in part; one takes a whole segment"
                    ));
                }
                None => Segment::Literal(decoded(segment).into_owned()),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// Takes a path as it is, braces and all.
    pub(super) fn exact(path: &str) -> Self {
        let segments = path.strip_prefix('/').unwrap_or(path).split('/');
        Self {
            text: path.to_owned(),
            segments: segments
                .map(|segment| Segment::Literal(decoded(segment).into_owned()))
                .collect(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Compares a path, percent-encoded or not, segment by segment; the parameters if it fits.
    pub(super) fn find(&self, path: &str) -> Option<Vec<(String, String)>> {
        let mut parameters = Vec::new();
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in &self.segments {
            let here = rest?;
            if let Segment::Rest(name) = segment {
                parameters.push((name.clone(), decoded(here).into_owned()));
                return Some(parameters);
            }
            let (first, others) = match here.split_once('/') {
                Some((first, others)) => (first, Some(others)),
                None => (here, None),
            };
            rest = others;
            let first = decoded(first);
            match segment {
                Segment::Literal(literal) if *literal == first => {}
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.push((name.clone(), first.into_owned()));
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(parameters)
    }
}

fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(pattern: &str, path: &str) -> Option<String> {
        let parameters = Pattern::parse(pattern).unwrap().find(path)?;
        let parameters = parameters.iter();
        let pairs: Vec<_> = parameters
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(pairs.join(" "))
    }

    #[test]
    fn parameters_take_a_segment_and_rests_what_is_left() {
        for (pattern, path, parameters) in [
            ("/", "/", Some("")),
            ("/", "/a", None),
            ("/ships", "/ships", Some("")),
            ("/ships", "/ships/", None),
            ("/ships/", "/ships/", Some("")),
            ("/ships/{id}", "/ships/7", Some("id=7")),
            ("/ships/{id}", "/ships/", None),
            ("/ships/{id}", "/ships/7/log", None),
            ("/ships/{id}", "/ships/S%2FS%20Tug", Some("id=S/S Tug")),
            ("/{a}/{b}", "/1/2", Some("a=1 b=2")),
            ("/files/{*path}", "/files/a/b%20c", Some("path=a/b c")),
            ("/files/{*path}", "/files/", Some("path=")),
            ("/files/{*path}", "/files", None),
            ("/caf%C3%A9", "/café", Some("")),
        ] {
            assert_eq!(
                found(pattern, path).as_deref(),
                parameters,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn a_pattern_that_means_nothing_is_refused() {
        for (pattern, why) in [
            ("ships", "the path `ships` does not begin with a slash"),
            (
                "/v{n}",
                "`v{n}` in `/v{n}` is a parameter in part; one takes a whole segment",
            ),
            (
                "/{*rest}/x",
                "`/{*rest}/x` has a segment after the rest of the path",
            ),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap_err(), why);
        }
        let error = Pattern::parse(r"/{id:\d+}").unwrap_err();
        assert!(error.contains("takes a whole segment"), "{error}");
    }

    proptest! {
        #[test]
        fn an_exact_path_fits_itself(path in "/[a-z%{}/.]{0,20}") {
            prop_assert!(Pattern::exact(&path).find(&path).is_some());
        }

        #[test]
        fn no_text_makes_a_pattern_panic(pattern in ".{0,20}", path in ".{0,20}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.find(&path);
            }
        }
    }
}
