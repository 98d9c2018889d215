//! Runs of characters: the constraints that need no regex engine.

use super::escaped_punctuation;

/// Between `least` and `most` characters from one set.
#[derive(Clone, Debug)]
pub(in crate::routing) struct Run {
    set: Set,
    least: u32,
    most: u32,
}

impl Run {
    /// Exactly this character.
    pub(in crate::routing) fn character(character: char) -> Self {
        let mut set = Set::default();
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() => set.insert(byte),
            // A superset, which is all that the test for ambiguity needs.
            _ => set.beyond = true,
        }
        Self {
            set,
            least: 1,
            most: 1,
        }
    }

    /// Returns whether this character is not in the set.
    pub(super) fn excludes(&self, character: char) -> bool {
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() => !self.set.contains(byte),
            _ => !self.set.beyond,
        }
    }

    /// Takes as many characters as fit, and returns where they end.
    fn take(&self, text: &[u8], mut at: usize) -> Option<usize> {
        let mut count = 0;
        while count < self.most {
            let Some(&byte) = text.get(at) else { break };
            if byte.is_ascii() {
                if !self.set.contains(byte) {
                    break;
                }
                at += 1;
            } else {
                if !self.set.beyond {
                    break;
                }
                at += 1;
                while text
                    .get(at)
                    .is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000)
                {
                    at += 1;
                }
            }
            count += 1;
        }
        (count >= self.least).then_some(at)
    }
}

/// Takes all of `runs` from `text`, the first at `at`, and returns where the last ends.
pub(in crate::routing) fn take_all(runs: &[Run], text: &[u8], at: usize) -> Option<usize> {
    runs.iter().try_fold(at, |at, run| run.take(text, at))
}

/// Returns whether taking as much as possible at every run is the only way to match.
///
/// That holds if each run of variable length is followed by characters that could not have been part of it.
pub(in crate::routing) fn is_unambiguous(runs: &[Run]) -> bool {
    runs.iter().enumerate().all(|(index, run)| {
        run.least == run.most || {
            let mut later = runs[index + 1..].iter();
            loop {
                match later.next() {
                    None => break true,
                    Some(next) if !run.set.is_disjoint(next.set) => break false,
                    Some(next) if next.least > 0 => break true,
                    Some(_) => {}
                }
            }
        }
    })
}

/// A set of characters: any of ASCII, and all or none of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Set {
    ascii: [u64; 2],
    beyond: bool,
}

impl Set {
    fn insert(&mut self, byte: u8) {
        self.ascii[usize::from(byte >> 6) & 1] |= 1 << (byte & 63);
    }

    fn contains(&self, byte: u8) -> bool {
        self.ascii[usize::from(byte >> 6) & 1] & (1 << (byte & 63)) != 0
    }

    fn insert_range(&mut self, first: u8, last: u8) {
        (first..=last).for_each(|byte| self.insert(byte));
    }

    /// Adds what `\d`, `\w` or `\s` stands for.
    fn insert_class(&mut self, letter: u8) -> Option<()> {
        match letter {
            b'd' => self.insert_range(b'0', b'9'),
            b'w' => {
                self.insert_range(b'0', b'9');
                self.insert_range(b'A', b'Z');
                self.insert_range(b'a', b'z');
                self.insert(b'_');
            }
            b's' => b"\t\n\x0b\x0c\r "
                .iter()
                .for_each(|&byte| self.insert(byte)),
            _ => return None,
        }
        Some(())
    }

    fn inverted(self) -> Self {
        Self {
            ascii: self.ascii.map(|half| !half),
            beyond: !self.beyond,
        }
    }

    fn is_disjoint(self, other: Self) -> bool {
        self.ascii[0] & other.ascii[0] == 0
            && self.ascii[1] & other.ascii[1] == 0
            && !(self.beyond && other.beyond)
    }
}

/// Reads `text` as a sequence of character sets, each with how often it occurs.
pub(super) fn parse(text: &str) -> Option<Vec<Run>> {
    let mut rest = text.as_bytes();
    let mut runs = Vec::new();
    while let [first, tail @ ..] = rest {
        let set;
        (set, rest) = match first {
            b'\\' => escape(tail)?,
            b'[' => bracketed(tail)?,
            b'.' => {
                let mut line_feed = Set::default();
                line_feed.insert(b'\n');
                (line_feed.inverted(), tail)
            }
            b'+' | b'*' | b'?' | b'(' | b')' | b'{' | b'}' | b'|' | b']' | b'^' | b'$' => {
                return None;
            }
            byte if byte.is_ascii() => {
                let mut set = Set::default();
                set.insert(*byte);
                (set, tail)
            }
            _ => return None,
        };
        let (least, most);
        (least, most, rest) = repetition(rest)?;
        runs.push(Run { set, least, most });
    }
    Some(runs)
}

/// Reads what follows a backslash outside of brackets.
fn escape(text: &[u8]) -> Option<(Set, &[u8])> {
    let (&letter, tail) = text.split_first()?;
    let mut set = Set::default();
    if letter.is_ascii_uppercase() {
        set.insert_class(letter.to_ascii_lowercase())?;
        return Some((set.inverted(), tail));
    }
    if set.insert_class(letter).is_none() {
        set.insert(u8::try_from(escaped_punctuation(char::from(letter))?).ok()?);
    }
    Some((set, tail))
}

/// Reads what follows an opening bracket, up to the closing one.
fn bracketed(text: &[u8]) -> Option<(Set, &[u8])> {
    let (negated, mut rest) = match text.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut set = Set::default();
    let mut empty = true;
    loop {
        let (&first, tail) = rest.split_first()?;
        rest = tail;
        let from = match first {
            b']' if empty => return None,
            b']' => break,
            b'\\' => {
                let (&letter, tail) = rest.split_first()?;
                rest = tail;
                if set.insert_class(letter).is_some() {
                    empty = false;
                    if rest.first() == Some(&b'-') && rest.get(1) != Some(&b']') {
                        return None;
                    }
                    continue;
                }
                u8::try_from(escaped_punctuation(char::from(letter))?).ok()?
            }
            // Reserved for set notation, or read differently by dialects: left to the engine.
            b'[' | b'&' | b'~' => return None,
            b'-' if !empty && rest.first() != Some(&b']') => return None,
            b'-' if empty && rest.first() == Some(&b'-') => return None,
            byte if byte.is_ascii() => byte,
            _ => return None,
        };
        empty = false;
        match rest {
            [b'-', b']', ..] => set.insert(from),
            [b'-', to, tail @ ..] if first != b'-' => {
                if !to.is_ascii() || matches!(to, b'\\' | b'[' | b'-') || *to < from {
                    return None;
                }
                set.insert_range(from, *to);
                rest = tail;
            }
            _ => set.insert(from),
        }
    }
    Some((if negated { set.inverted() } else { set }, rest))
}

/// Reads how often a set occurs: least, most, and what follows.
fn repetition(text: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (least, most, rest) = match text {
        [b'+', rest @ ..] => (1, u32::MAX, rest),
        [b'*', rest @ ..] => (0, u32::MAX, rest),
        [b'?', rest @ ..] => (0, 1, rest),
        [b'{', rest @ ..] => {
            let end = rest.iter().position(|&byte| byte == b'}')?;
            let counts = std::str::from_utf8(&rest[..end]).ok()?;
            let (least, most) = match counts.split_once(',') {
                None => (number(counts)?, number(counts)?),
                Some((least, "")) => (number(least)?, u32::MAX),
                Some((least, most)) => (number(least)?, number(most)?),
            };
            (least, most, &rest[end + 1..])
        }
        _ => return Some((1, 1, text)),
    };
    // `+?` asks for the shortest match, which is the same one where the whole text has to fit.
    let rest = rest.strip_prefix(b"?").unwrap_or(rest);
    match rest.first() {
        Some(b'+' | b'*' | b'?' | b'{') => None,
        _ => Some((least, most, rest)),
    }
}

fn number(digits: &str) -> Option<u32> {
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}
