//! Ratios as a picture: a panel of bars for each column, by hand, readable on a light and on a dark ground.

use std::fmt::Write;

use crate::table::{Column, Table, Unit};

const WIDTH: usize = 960;
const PANELS: usize = 3;
const MARGIN: usize = 20;
const PANEL: usize = (WIDTH - MARGIN) / PANELS;
const LABEL: usize = 128;
const BAR: usize = 126;
const LINE: usize = 17;
/// Where the bars of the slide begin, how long the longest is, and how far they are apart.
const LEFT: usize = 180;
const LONGEST: f64 = 640.0;
const THICK: usize = 26;
/// The ratio at which bars are cut: those beyond it differ by their figure.
const MOST: f64 = 2.0;

const STYLE: &str = "
  .ground { fill: #ffffff } text { font: 12px system-ui, sans-serif; fill: #1f2328 } .head { font-size: 17px; font-weight: 600 }
  .title { font-weight: 600 } .quiet { fill: #59636e } .figure { font-variant-numeric: tabular-nums; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round } .one { stroke: #59636e; stroke-dasharray: 3 2 }
  .other { fill: #c3cad2 } .base { fill: #818b98 } .wharf { fill: #0969da } .production { fill: #0f4c9c } .codec { fill: #54aeff } .own { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .figure { stroke: #0d1117 } text { fill: #f0f6fc } .quiet { fill: #9198a1 } .one { stroke: #9198a1 }
    .other { fill: #3d444d } .base { fill: #7d8590 } .wharf { fill: #4493f8 } .production { fill: #1f6feb } .codec { fill: #79c0ff }
  }
";

/// Draws tables of ratios below each other.
pub fn draw(tables: &[(&str, &Table)]) -> String {
    let mut body = String::new();
    let mut top = 0;
    for (head, table) in tables {
        top += 38;
        let _ = writeln!(
            body,
            r#"<text class="head" x="{MARGIN}" y="{top}">{}</text>"#,
            escaped(head)
        );
        let _ = writeln!(
            body,
            r#"<text class="quiet" x="{MARGIN}" y="{}">{}</text>"#,
            top + 19,
            escaped(&table.note)
        );
        top += 30;
        for (at, _) in table.columns.iter().enumerate().step_by(PANELS) {
            let panels = at..table.columns.len().min(at + PANELS);
            let heights = panels.enumerate().map(|(place, column)| {
                panel(&mut body, table, column, MARGIN + place * PANEL, top)
            });
            top += heights.max().unwrap_or(0);
        }
    }
    let height = top + MARGIN;
    let names: Vec<_> = tables.iter().map(|(head, _)| escaped(head)).collect();
    page(&names.join("; "), height, &body)
}

/// Draws a table of speeds: the longer the bar, the better.
pub fn slide(head: &str, table: &Table) -> String {
    let mut body = String::new();
    let mut y = 38;
    let _ = writeln!(
        body,
        r#"<text class="head" x="{MARGIN}" y="{y}">{}</text>"#,
        escaped(head)
    );
    for (column, Column { title, .. }) in table.columns.iter().enumerate() {
        y += 34;
        let _ = writeln!(
            body,
            r#"<text class="title" x="{MARGIN}" y="{y}">{}</text>"#,
            escaped(title)
        );
        let values = || {
            let rows = table.rows.iter();
            rows.filter_map(|(name, values)| Some((name, values[column]?)))
        };
        let most = values().map(|(_, value)| value).fold(1.0, f64::max);
        y += 12;
        for (name, value) in values() {
            let length = (value / most * LONGEST).max(1.0);
            let ((kind, own), figure) = (kind(name), Unit::Count.write(Some(value)));
            let (text, label, after) = (y + 17, LEFT - 8, LEFT as f64 + length + 8.0);
            let _ = writeln!(
                body,
                r#"<text class="{own}" x="{label}" y="{text}" text-anchor="end">{name}</text><rect class="{kind}" x="{LEFT}" y="{y}" width="{length:.1}" height="{}" rx="2"/><text class="figure {own}" x="{after:.1}" y="{text}">{figure}</text>"#,
                THICK - 4
            );
            y += THICK;
        }
    }
    page(&escaped(head), y + MARGIN, &body)
}

/// Puts what was drawn on a ground.
fn page(title: &str, height: usize, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n{body}</svg>\n"
    )
}

/// Draws one column and returns how much height it needs.
fn panel(body: &mut String, table: &Table, column: usize, left: usize, top: usize) -> usize {
    let title = &table.columns[column].title;
    let _ = writeln!(
        body,
        r#"<text class="title" x="{left}" y="{}">{}</text>"#,
        top + 20,
        escaped(title)
    );
    let start = left + LABEL;
    let mut y = top + 30;
    // Over the line, or it would strike them through.
    let mut figures = String::new();
    for (name, values) in &table.rows {
        let Some(value) = values[column] else {
            continue;
        };
        let length = (value.min(MOST) / MOST * BAR as f64).max(1.0);
        let (kind, own) = kind(name);
        let (end, text, title) = (start - 6, y + 10, escaped(title));
        let _ = writeln!(
            body,
            r#"<text class="{own}" x="{end}" y="{text}" text-anchor="end">{name}</text><rect class="{kind}" x="{start}" y="{y}" width="{length:.1}" height="12" rx="2"><title>{name}, {title}: {value:.2}</title></rect>"#,
        );
        let (after, cut) = (
            start as f64 + length + 5.0,
            if value > MOST { " ▸" } else { "" },
        );
        let _ = writeln!(
            figures,
            r#"<text class="figure {own}" x="{after:.1}" y="{text}">{value:.2}{cut}</text>"#
        );
        y += LINE;
    }
    let one = start as f64 + BAR as f64 / MOST;
    let (from, to) = (top + 27, y - 2);
    let _ = writeln!(
        body,
        r#"<line class="one" x1="{one}" y1="{from}" x2="{one}" y2="{to}"/>"#
    );
    body.push_str(&figures);
    y - top + 8
}

/// Returns the classes of a bar and of its texts.
fn kind(row: &str) -> (&'static str, &'static str) {
    match row {
        "wharf" => ("wharf", "own"),
        "wharf-production" => ("production", "own"),
        "wharf-sonic" => ("codec", "own"),
        "hyper" => ("base", ""),
        _ => ("other", ""),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slide_has_a_bar_for_each_figure_and_the_best_is_the_longest() {
        let column = |name, title: &str| Column {
            name,
            title: title.to_owned(),
        };
        let columns = vec![column("/", "/"), column("/fetch", "/fetch, with <rows>")];
        let value = |row: &str, column: &str| match (row, column) {
            ("wharf", "/") => Some(51_140.0),
            ("Flask", "/") => Some(313.0),
            ("wharf", _) => Some(4_718.0),
            _ => None,
        };
        let table = Table::fill(columns, &["wharf", "Flask"], Unit::Count, value);
        let svg = slide("Requests", &table);
        assert_eq!(
            svg.matches("<rect class").count(),
            3 + 1,
            "bars and the ground"
        );
        assert_eq!(
            svg.matches(r#"width="640.0""#).count(),
            2,
            "one in each group"
        );
        assert!(svg.contains(">51,140<") && svg.contains("/fetch, with &lt;rows>"));
    }
}
