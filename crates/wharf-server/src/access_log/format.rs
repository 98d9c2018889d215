//! [`AccessLogFormat`]: a format string, parsed once.

use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;

use http::HeaderName;

use super::text::Text;

/// What a line of the access log consists of.
///
/// | atom | prints |
/// |---|---|
/// | `%%` | a per cent sign |
/// | `%a` | the address of the client, without the port; see [`Context::peer`](wharf_http::Context::peer) |
/// | `%t` | when the request came, `[23/Nov/2026:22:55:39 +0000]` |
/// | `%P` | the id of this process |
/// | `%r` | the request line, `GET /path?query HTTP/1.1` |
/// | `%s` | the status; 499 when the client left before the answer began |
/// | `%b` | the bytes sent, head included |
/// | `%T` | the time to the last byte in whole seconds |
/// | `%Tf` | the same in seconds with six decimals |
/// | `%D` | the same in microseconds |
/// | `%{Name}i` | a field of the request |
/// | `%{Name}o` | a field of the response, as the service set it |
/// | `%{route}x` | the pattern of the route |
/// | `%{id}x` | the request id |
/// | `%{trace}x` | the trace id |
/// | `%{ttfb}x` | the time to the head of the answer in microseconds |
/// | `%{outcome}x` | `complete`, `rejected`, `left`, `slow`, `failed` or `cut` |
///
/// What is not there prints as `-`. Quotes, backslashes, control characters and all that is not ASCII are printed as
/// `\xHH`, so that no client can forge a line.
///
/// # Examples
///
/// ```
/// use wharf_server::AccessLogFormat;
///
/// let format = AccessLogFormat::parse(r#"%a "%r" %s %{route}x %Tf"#)?;
/// assert_eq!(format, r#"%a "%r" %s %{route}x %Tf"#.parse()?);
/// assert!(AccessLogFormat::parse("%z").is_err());
/// # Ok::<(), wharf_server::AccessLogFormatError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogFormat {
    pub(super) pieces: Vec<Piece>,
    /// The text behind the last of them.
    pub(super) after: Text,
    /// The request fields that [`Atom::RequestField`] counts into.
    pub(super) request_fields: Vec<HeaderName>,
    /// The response fields that [`Atom::ResponseField`] counts into.
    pub(super) response_fields: Vec<HeaderName>,
    tells_duration: bool,
    tells_first_byte: bool,
}

/// An atom and the text in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) before: Text,
    pub(super) atom: Atom,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    Peer,
    Time,
    Process,
    RequestLine,
    Status,
    Bytes,
    Seconds,
    SecondsFraction,
    Microseconds,
    RequestField(usize),
    ResponseField(usize),
    Route,
    RequestId,
    TraceId,
    FirstByte,
    Outcome,
}

impl AccessLogFormat {
    /// The format that is used when none is set.
    pub const DEFAULT: &'static str = r#"%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i""#;

    /// Parses a format string.
    ///
    /// # Errors
    ///
    /// The first atom that is unknown or not closed, and where it stands.
    pub fn parse(text: &str) -> Result<Self, AccessLogFormatError> {
        let mut format = Self {
            pieces: Vec::new(),
            after: Text::default(),
            request_fields: Vec::new(),
            response_fields: Vec::new(),
            tells_duration: false,
            tells_first_byte: false,
        };
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            format.after.push(&rest[..at]);
            let atom = &rest[at..];
            let used = format.atom(atom).ok_or_else(|| AccessLogFormatError {
                atom: atom.split_whitespace().next().unwrap_or("%").to_owned(),
                column: text.len() - atom.len() + 1,
            })?;
            rest = &atom[used..];
        }
        format.after.push(rest);
        let tells = |atom| format.pieces.iter().any(|piece| piece.atom == atom);
        let durations = [Atom::Seconds, Atom::SecondsFraction, Atom::Microseconds];
        format.tells_duration = durations.into_iter().any(tells);
        format.tells_first_byte = tells(Atom::FirstByte);
        Ok(format)
    }

    /// Tells whether lines tell how long a request took.
    pub(super) fn tells_duration(&self) -> bool {
        self.tells_duration
    }

    /// Tells whether lines tell when the head of the answer was ready.
    pub(super) fn tells_first_byte(&self) -> bool {
        self.tells_first_byte
    }

    /// Takes in the atom that `text` begins with and tells its length; `None` when there is no such atom.
    fn atom(&mut self, text: &str) -> Option<usize> {
        let after = &text[1..];
        if let Some(after) = after.strip_prefix('{') {
            let (name, tail) = after.split_once('}')?;
            let atom = match tail.chars().next()? {
                'i' => Atom::RequestField(field(&mut self.request_fields, name)?),
                'o' => Atom::ResponseField(field(&mut self.response_fields, name)?),
                'x' => match name {
                    "route" => Atom::Route,
                    "id" => Atom::RequestId,
                    "trace" => Atom::TraceId,
                    "ttfb" => Atom::FirstByte,
                    "outcome" => Atom::Outcome,
                    _ => return None,
                },
                _ => return None,
            };
            self.push(atom);
            return Some(name.len() + 4);
        }
        let atom = match after.chars().next()? {
            '%' => {
                self.after.push("%");
                return Some(2);
            }
            'T' if after.starts_with("Tf") => {
                self.push(Atom::SecondsFraction);
                return Some(3);
            }
            'a' => Atom::Peer,
            't' => Atom::Time,
            'P' => Atom::Process,
            'r' => Atom::RequestLine,
            's' => Atom::Status,
            'b' => Atom::Bytes,
            'T' => Atom::Seconds,
            'D' => Atom::Microseconds,
            _ => return None,
        };
        self.push(atom);
        Some(2)
    }

    fn push(&mut self, atom: Atom) {
        let before = std::mem::take(&mut self.after);
        self.pieces.push(Piece { before, atom });
    }
}

/// Finds or adds the field `name`; `None` when it cannot be the name of one.
fn field(fields: &mut Vec<HeaderName>, name: &str) -> Option<usize> {
    let name = HeaderName::try_from(name).ok()?;
    Some(
        fields
            .iter()
            .position(|known| *known == name)
            .unwrap_or_else(|| {
                fields.push(name);
                fields.len() - 1
            }),
    )
}

impl Default for AccessLogFormat {
    fn default() -> Self {
        Self::parse(Self::DEFAULT).expect("the default format is well-formed")
    }
}

/// Prints the format string, with names of fields in small letters.
impl fmt::Display for AccessLogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &Text| text.as_str().replace('%', "%%");
        for Piece { before, atom } in &self.pieces {
            f.write_str(&text(before))?;
            match atom {
                Atom::Peer => f.write_str("%a"),
                Atom::Time => f.write_str("%t"),
                Atom::Process => f.write_str("%P"),
                Atom::RequestLine => f.write_str("%r"),
                Atom::Status => f.write_str("%s"),
                Atom::Bytes => f.write_str("%b"),
                Atom::Seconds => f.write_str("%T"),
                Atom::SecondsFraction => f.write_str("%Tf"),
                Atom::Microseconds => f.write_str("%D"),
                Atom::RequestField(index) => write!(f, "%{{{}}}i", self.request_fields[*index]),
                Atom::ResponseField(index) => write!(f, "%{{{}}}o", self.response_fields[*index]),
                Atom::Route => f.write_str("%{route}x"),
                Atom::RequestId => f.write_str("%{id}x"),
                Atom::TraceId => f.write_str("%{trace}x"),
                Atom::FirstByte => f.write_str("%{ttfb}x"),
                Atom::Outcome => f.write_str("%{outcome}x"),
            }?;
        }
        f.write_str(&text(&self.after))
    }
}

impl FromStr for AccessLogFormat {
    type Err = AccessLogFormatError;

    fn from_str(text: &str) -> Result<Self, AccessLogFormatError> {
        Self::parse(text)
    }
}

/// An access log format with an atom that is unknown or not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogFormatError {
    atom: String,
    column: usize,
}

impl fmt::Display for AccessLogFormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown atom `{}` in column {} of the access log format; known are %% %a %t %P %r %s %b %T %Tf %D \
             %{{Name}}i %{{Name}}o %{{route}}x %{{id}}x %{{trace}}x %{{ttfb}}x %{{outcome}}x",
            self.atom, self.column
        )
    }
}

impl StdError for AccessLogFormatError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_atoms_are_told_apart() {
        let format = AccessLogFormat::parse("100%% of %{Host}i %Tf%T%{HOST}i.").unwrap();
        let pieces = format.pieces.iter();
        let pieces: Vec<_> = pieces
            .map(|piece| (piece.before.as_str(), piece.atom.clone()))
            .collect();
        assert_eq!(
            pieces,
            [
                ("100% of ", Atom::RequestField(0)),
                (" ", Atom::SecondsFraction),
                ("", Atom::Seconds),
                ("", Atom::RequestField(0)),
            ]
        );
        assert_eq!(format.after.as_str(), ".");
        assert_eq!(format.request_fields, ["host"]);
    }

    #[test]
    fn an_unknown_atom_is_named_with_its_place() {
        for (text, atom, column) in [
            ("%a %z", "%z", 4),
            ("%", "%", 1),
            ("%{Host", "%{Host", 1),
            ("%{Host}", "%{Host}", 1),
            ("%{Host}e", "%{Host}e", 1),
            ("%{a b}i", "%{a", 1),
            ("%{nothing}x", "%{nothing}x", 1),
            ("é%é", "%é", 3),
        ] {
            let error = AccessLogFormat::parse(text).unwrap_err();
            assert_eq!(
                (error.atom.as_str(), error.column),
                (atom, column),
                "{text}"
            );
        }
    }
}
