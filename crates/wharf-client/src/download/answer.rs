//! What the answer to a request for a file, or for the rest of one, is good for.

use http::header::{CONTENT_RANGE, HeaderValue, IF_RANGE, RANGE};
use http::{HeaderMap, StatusCode};
use wharf_http::header::{ByteRange, ContentRange, Range, TypedHeader};

use super::validator::Validator;
use crate::{Error, ErrorKind};

/// The rest of a file that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    /// How many bytes are there already.
    pub(super) have: u64,
    /// How many there will be, where that is known.
    pub(super) total: Option<u64>,
    pub(super) validator: Validator,
}

/// What an answer is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has all of the file.
    Whole {
        /// How many bytes there are, where that is known.
        total: Option<u64>,
    },
    /// It goes on where the file ends.
    Rest { total: Option<u64> },
    /// All of the file is there already.
    Complete,
    /// It does not fit what is there.
    Useless,
    /// It is not about the content.
    Refused,
}

impl Rest {
    /// Asks for the rest, and for the whole if that has changed (RFC 9110 §13.1.5, §14.2).
    pub(super) fn ask(&self, headers: &mut HeaderMap) {
        let range = Range::bytes(ByteRange::From(self.have)).encode();
        if let (Some(range), Some(validator)) = (range, self.validator.if_range()) {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, validator);
        }
    }

    /// Judges a part (RFC 9110 §15.3.7).
    fn judge(&self, range: &ContentRange, headers: &HeaderMap, length: Option<u64>) -> Answer {
        let Some(part) = range.range().filter(|part| *part.start() == self.have) else {
            return Answer::Useless;
        };
        let total = range.length().or(self.total);
        // The range is within the length of its field, and may not be within that of the first answer.
        let same = self.total.is_none_or(|known| total == Some(known))
            && total.is_none_or(|total| *part.end() < total)
            && length.is_none_or(|length| length == part.end() - part.start() + 1);
        match same && self.validator.agrees(headers) {
            true => Answer::Rest { total },
            false => Answer::Useless,
        }
    }
}

/// Finds out what an answer is good for; `asked` is what was asked for, `None` for all of it.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    length: Option<u64>,
    asked: Option<&Rest>,
) -> Result<Answer, Error> {
    let range = || ContentRange::decode(headers).ok().flatten();
    Ok(match (status, asked) {
        (StatusCode::PARTIAL_CONTENT, Some(rest)) => match range() {
            Some(range) => rest.judge(&range, headers, length),
            None => Answer::Useless,
        },
        (StatusCode::PARTIAL_CONTENT, None) => {
            let got = headers.get(CONTENT_RANGE).map(HeaderValue::as_bytes);
            let got = String::from_utf8_lossy(got.unwrap_or_default());
            let why = format!("a part was sent that nobody has asked for: `{got}`");
            return Err(Error::new(ErrorKind::Malformed).because(why));
        }
        // RFC 9110 §15.5.17: nothing lies behind what is there, and the length tells whether it ends there.
        (StatusCode::RANGE_NOT_SATISFIABLE, Some(rest)) => match range() {
            Some(range)
                if range.length() == Some(rest.have)
                    && rest.total.is_none_or(|total| total == rest.have) =>
            {
                Answer::Complete
            }
            _ => Answer::Useless,
        },
        _ if status.is_success() => Answer::Whole { total: length },
        _ => Answer::Refused,
    })
}
