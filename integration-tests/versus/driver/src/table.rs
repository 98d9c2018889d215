//! [`Table`]: the same figures for the terminal and for Markdown.

use std::fmt::Write;

/// Figures with a name for each row and column.
pub struct Table {
    pub title: String,
    /// What a reader has to know of it.
    pub note: String,
    pub columns: Vec<Column>,
    pub rows: Vec<(String, Vec<Option<f64>>)>,
    pub unit: Unit,
}

/// What a column is called.
#[derive(Clone)]
pub struct Column {
    /// In a terminal, and on the command line.
    pub name: &'static str,
    /// Where there is room.
    pub title: String,
}

/// How figures are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// With three or four digits that count.
    Measure,
    /// With two digits after the point.
    Ratio,
    /// Without digits after the point.
    Count,
}

impl Unit {
    pub fn write(self, value: Option<f64>) -> String {
        match (self, value) {
            (_, None) => "-".to_owned(),
            (Self::Ratio, Some(value)) => format!("{value:.2}"),
            (Self::Count, Some(value)) => grouped(value),
            (Self::Measure, Some(value)) if value >= 1000.0 => grouped(value),
            (Self::Measure, Some(value)) if value >= 100.0 => format!("{value:.0}"),
            (Self::Measure, Some(value)) if value >= 20.0 => format!("{value:.1}"),
            (Self::Measure, Some(value)) => format!("{value:.2}"),
        }
    }
}

/// Writes a whole number with a comma before each three digits.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Table {
    /// Fills in a table by row and column.
    pub fn fill(
        columns: Vec<Column>,
        rows: &[&str],
        unit: Unit,
        value: impl Fn(&str, &str) -> Option<f64>,
    ) -> Self {
        let values = |row: &str| {
            let values = columns.iter().map(|column| value(row, column.name));
            values.collect()
        };
        let rows = rows.iter().map(|row| ((*row).to_owned(), values(row)));
        Self {
            title: String::new(),
            note: String::new(),
            rows: rows.collect(),
            columns,
            unit,
        }
    }

    /// Gives it a title, and what a reader has to know.
    pub fn titled(mut self, title: impl Into<String>, note: impl Into<String>) -> Self {
        (self.title, self.note) = (title.into(), note.into());
        self
    }

    pub fn to_text(&self) -> String {
        let first = self
            .rows
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        let widths: Vec<_> = self
            .columns
            .iter()
            .map(|column| column.name.len().max(9))
            .collect();
        let mut text = format!("\n{}\n{:first$}", self.title, "");
        for (column, width) in self.columns.iter().zip(&widths) {
            let _ = write!(text, "  {:>width$}", column.name);
        }
        for (name, values) in &self.rows {
            let _ = write!(text, "\n{name:first$}");
            for (value, width) in values.iter().zip(&widths) {
                let _ = write!(text, "  {:>width$}", self.unit.write(*value));
            }
        }
        text.push('\n');
        text
    }

    pub fn to_markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n| |", self.title, self.note);
        for column in &self.columns {
            let _ = write!(text, " {} |", column.title);
        }
        text.push_str("\n|---|");
        text.push_str(&"---:|".repeat(self.columns.len()));
        for (name, values) in &self.rows {
            let _ = write!(text, "\n| {name} |");
            for value in values {
                let _ = write!(text, " {} |", self.unit.write(*value));
            }
        }
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_with_the_digits_that_count() {
        let written = [0.456, 6.543, 34.56, 345.6, 1234.5, 1_234_567.0]
            .map(|value| Unit::Measure.write(Some(value)));
        assert_eq!(
            written,
            ["0.46", "6.54", "34.6", "346", "1,234", "1,234,567"]
        );
        assert_eq!(Unit::Ratio.write(Some(1.005)), "1.00");
        assert_eq!(Unit::Count.write(Some(987.6)), "988");
        assert_eq!(Unit::Count.write(None), "-");
    }
}
