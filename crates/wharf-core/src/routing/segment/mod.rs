//! One segment of a pattern, compiled: a literal, parameters between literals, or the rest of the path.
//!
//! Where a segment holds several parameters, it is read as one anchored regular expression in which a parameter without a constraint is
//! `(?s:.+)`: earlier parameters take as much as they can. Two common kinds need no engine and no allocation:
//!
//! - every parameter but the last ends where its characters end (`v{major:\d+}.{minor:\d+}`): read from the left;
//! - no parameter has a constraint, but for a last one that cannot hold the literal before it (`{name}.{extension:png|jpg}`): read from
//!   the right, at the last place where each literal fits.

use std::ops::Range;

use regex_lite::Regex;

use super::constraint::{self, Constraint, Run};

#[cfg(test)]
mod tests;

/// How many parameters may share a segment.
pub(super) const MAX_FIELDS: usize = 8;

/// One segment of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    /// Decoded text. Empty only as the last segment, where it stands for a trailing slash.
    Literal(Box<str>),
    Fields(Fields),
    Rest(Rest),
}

/// Parameters between literals: `{name}`, `{name}.json`, `{a}-{b}`.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) prefix: Box<str>,
    /// At least one, at most [`MAX_FIELDS`].
    pub(super) fields: Box<[Field]>,
    reading: Reading,
}

/// One parameter and the literal after it, which is empty at most after the last.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) constraint: Option<Constraint>,
    pub(super) after: Box<str>,
}

#[derive(Clone, Debug)]
enum Reading {
    /// One parameter, without a constraint and without literals.
    Whole,
    FromLeft,
    FromRight,
    /// With the number of each parameter's group.
    Expression(Regex, Box<[usize]>),
}

/// Where the parameters of one segment are, in order.
type Splits = [Range<usize>; MAX_FIELDS];

impl Fields {
    /// Compiles the segment; `fields` is not empty.
    pub(super) fn new(prefix: Box<str>, fields: Vec<Field>) -> Result<Self, regex_lite::Error> {
        let reading = if is_whole(&prefix, &fields) {
            Reading::Whole
        } else if reads_from_left(&fields) {
            Reading::FromLeft
        } else if reads_from_right(&fields) {
            Reading::FromRight
        } else {
            let (expression, groups) = expression(&fields)?;
            Reading::Expression(expression, groups)
        };
        Ok(Self {
            prefix,
            fields: fields.into(),
            reading,
        })
    }

    /// Returns whether the segment is one parameter without a constraint and nothing else, so that all text but none fits.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.reading, Reading::Whole)
    }

    /// Returns the literal at the end of the segment.
    pub(super) fn suffix(&self) -> &str {
        self.fields.last().map_or("", |field| &field.after)
    }

    /// Returns how many bytes of literal text stand between parameters.
    pub(super) fn inner_len(&self) -> usize {
        let (_, inner) = self.fields.split_last().unzip();
        inner.map_or(0, |fields: &[Field]| {
            fields.iter().map(|field| field.after.len()).sum()
        })
    }

    /// Returns how many parameters have a constraint.
    pub(super) fn constrained(&self) -> usize {
        self.fields
            .iter()
            .filter(|field| field.constraint.is_some())
            .count()
    }

    /// Reads a decoded segment: returns whether it fits, and if so gives where the parameters are, in order.
    pub(super) fn read(&self, segment: &str, mut found: impl FnMut(Range<usize>)) -> bool {
        if let Reading::Whole = self.reading {
            if !segment.is_empty() {
                found(0..segment.len());
            }
            return !segment.is_empty();
        }
        let Some(end) = segment.len().checked_sub(self.suffix().len()) else {
            return false;
        };
        let inner = self.prefix.len()..end;
        if inner.is_empty()
            || !segment.starts_with(&*self.prefix)
            || !segment.ends_with(self.suffix())
        {
            return false;
        }
        if let [only] = &*self.fields {
            let value = &segment[inner.clone()];
            let fits = only
                .constraint
                .as_ref()
                .is_none_or(|constraint| constraint.accepts(value));
            if fits {
                found(inner);
            }
            return fits;
        }
        let Some(splits) = self.split(segment, inner) else {
            return false;
        };
        splits.into_iter().take(self.fields.len()).for_each(found);
        true
    }

    fn split(&self, segment: &str, inner: Range<usize>) -> Option<Splits> {
        let mut splits = Splits::default();
        let text = &segment[..inner.end];
        match &self.reading {
            Reading::Whole | Reading::FromLeft => self.split_from_left(text, &mut splits)?,
            Reading::FromRight => self.split_from_right(text, &mut splits)?,
            Reading::Expression(expression, groups) => {
                let captures = expression.captures(&segment[inner.clone()])?;
                for (split, &group) in splits.iter_mut().zip(groups) {
                    let range = captures.get(group)?.range();
                    if range.is_empty() {
                        return None;
                    }
                    *split = inner.start + range.start..inner.start + range.end;
                }
            }
        }
        Some(splits)
    }

    fn split_from_left(&self, text: &str, splits: &mut Splits) -> Option<()> {
        let (last, fields) = self.fields.split_last()?;
        let mut at = self.prefix.len();
        for (field, split) in fields.iter().zip(&mut *splits) {
            let runs = field.constraint.as_ref()?.runs()?;
            let end = constraint::take_all(runs, text.as_bytes(), at)?;
            if end == at || !text.get(end..)?.starts_with(&*field.after) {
                return None;
            }
            *split = at..end;
            at = end + field.after.len();
        }
        let tail = &text[at..];
        if tail.is_empty()
            || last
                .constraint
                .as_ref()
                .is_some_and(|constraint| !constraint.accepts(tail))
        {
            return None;
        }
        splits[fields.len()] = at..text.len();
        Some(())
    }

    fn split_from_right(&self, text: &str, splits: &mut Splits) -> Option<()> {
        let start = self.prefix.len();
        let mut end = text.len();
        for index in (1..self.fields.len()).rev() {
            // The parameter itself takes at least its last character.
            let last = text[start..end].char_indices().next_back()?.0;
            let literal = &*self.fields[index - 1].after;
            let at = start + text[start..start + last].rfind(literal)?;
            splits[index] = at + literal.len()..end;
            end = at;
        }
        splits[0] = start..end;
        let last = self.fields.last()?.constraint.as_ref();
        let value = splits[self.fields.len() - 1].clone();
        let fits = last.is_none_or(|constraint| constraint.accepts(&text[value]));
        (start < end && fits).then_some(())
    }
}

fn is_whole(prefix: &str, fields: &[Field]) -> bool {
    prefix.is_empty()
        && matches!(fields, [only] if only.constraint.is_none() && only.after.is_empty())
}

/// Returns whether every parameter but the last ends where its characters end, whatever follows.
fn reads_from_left(fields: &[Field]) -> bool {
    let Some((_, fields)) = fields.split_last() else {
        return true;
    };
    let mut sequence: Vec<Run> = Vec::new();
    for field in fields {
        let Some(runs) = field.constraint.as_ref().and_then(Constraint::runs) else {
            return false;
        };
        sequence.extend_from_slice(runs);
        sequence.extend(field.after.chars().map(Run::character));
    }
    constraint::is_unambiguous(&sequence)
}

/// Returns whether the last literal that leaves something to the last parameter is the only one it can follow, or the best one.
fn reads_from_right(fields: &[Field]) -> bool {
    let Some((last, fields)) = fields.split_last() else {
        return true;
    };
    // After an earlier one, the parameter would hold at least the last character of the later one.
    let literal = fields
        .last()
        .and_then(|field| field.after.chars().next_back());
    let last_fits = match (&last.constraint, literal) {
        (Some(constraint), Some(character)) => constraint.excludes(character),
        _ => true,
    };
    last_fits && fields.iter().all(|field| field.constraint.is_none())
}

/// Makes one expression of what stands between prefix and suffix.
fn expression(fields: &[Field]) -> Result<(Regex, Box<[usize]>), regex_lite::Error> {
    let mut text = String::from("^");
    for (index, field) in fields.iter().enumerate() {
        let constraint = field
            .constraint
            .as_ref()
            .map_or("(?s:.+)", |constraint| constraint.as_str());
        text.push_str(&format!("(?P<wharf_{index}>{constraint})"));
        if index + 1 < fields.len() {
            text.push_str(&regex_lite::escape(&field.after));
        }
    }
    text.push('$');
    let expression = constraint::compile(&text)?;
    let groups = expression
        .capture_names()
        .enumerate()
        .filter(|(_, name)| name.is_some_and(|name| name.starts_with("wharf_")));
    let groups = groups.map(|(group, _)| group).collect();
    Ok((expression, groups))
}

/// One or more characters to the end of the path, slashes included: `{*rest}`.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub(super) prefix: Box<str>,
    pub(super) constraint: Option<Constraint>,
}

impl Rest {
    /// Returns whether `text`, the decoded remainder of a path, fits.
    pub(super) fn accepts(&self, text: &str) -> bool {
        text.strip_prefix(&*self.prefix).is_some_and(|value| {
            !value.is_empty()
                && self
                    .constraint
                    .as_ref()
                    .is_none_or(|constraint| constraint.accepts(value))
        })
    }
}
