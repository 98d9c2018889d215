//! [`Screen`]: a bar for each download on a terminal, lines elsewhere.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::job::Failure;

/// A terminal is not drawn upon more often than that.
const PAUSE: Duration = Duration::from_millis(100);

/// How wide the name of a file may be.
const NAME: usize = 24;

/// Where it is shown how the downloads go.
pub(crate) struct Screen<W> {
    state: Mutex<State<W>>,
}

struct State<W> {
    out: W,
    /// How wide the terminal is; `None` where there is none.
    columns: Option<usize>,
    /// What is shown of downloads that have begun, by their numbers.
    rows: Vec<(usize, Row)>,
    /// How many lines the terminal has of them.
    drawn: usize,
    drawn_at: Option<Instant>,
}

/// How far one download is.
struct Row {
    name: String,
    begun: Instant,
    bytes: u64,
    total: Option<u64>,
    /// How many bytes were there before it began.
    resumed: u64,
    /// Tenths of the whole that lines were printed for.
    tenths: u64,
    end: Option<&'static str>,
}

impl<W: Write> Screen<W> {
    pub(crate) fn new(out: W, columns: Option<usize>) -> Self {
        Self {
            state: Mutex::new(State {
                out,
                columns,
                rows: Vec::new(),
                drawn: 0,
                drawn_at: None,
            }),
        }
    }

    /// Adds a download.
    pub(crate) fn begin(&self, number: usize, file: &Path) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let row = Row {
            name: name.chars().filter(|c| !c.is_control()).collect(),
            begun: Instant::now(),
            bytes: 0,
            total: None,
            resumed: 0,
            tenths: 0,
            end: None,
        };
        self.state().rows.push((number, row));
    }

    /// Shows how far a download is: `bytes` of `total`, of which `resumed` were there before.
    pub(crate) fn show(&self, number: usize, bytes: u64, total: Option<u64>, resumed: u64) {
        let mut state = self.state();
        let Some(row) = state.row(number) else {
            return;
        };
        (row.bytes, row.total, row.resumed) = (bytes, total, resumed);
        let tenths = row.tenths_done();
        let is_next = tenths > row.tenths;
        row.tenths = tenths;
        if state.columns.is_some() {
            state.draw(false);
        } else if is_next {
            state.print(number);
        }
    }

    /// Shows how a download has ended.
    pub(crate) fn end(&self, number: usize, outcome: &Result<u64, Failure>) {
        let mut state = self.state();
        if let Some(row) = state.row(number) {
            if let Ok(bytes) = outcome {
                row.bytes = *bytes;
            }
            row.end = Some(match outcome {
                Ok(_) => "done",
                Err(_) => "failed",
            });
        }
        match state.columns {
            Some(_) => state.draw(true),
            None => state.print(number),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    fn row(&mut self, number: usize) -> Option<&mut Row> {
        let mut rows = self.rows.iter_mut();
        rows.find(|(other, _)| *other == number).map(|(_, row)| row)
    }

    /// Prints a line for one download.
    fn print(&mut self, number: usize) {
        let line = self.row(number).map(|row| row.line(row.begun.elapsed()));
        // Whoever does not read on misses nothing but this.
        let _shown = line.map(|line| writeln!(self.out, "{line}"));
    }

    /// Draws all bars over those that are there already. What has ended stays above and is not drawn again.
    fn draw(&mut self, now: bool) {
        let is_soon = self.drawn_at.is_some_and(|at| at.elapsed() < PAUSE);
        let Some(columns) = self.columns.filter(|_| now || !is_soon) else {
            return;
        };
        let mut text = String::new();
        if self.drawn > 0 {
            let _never_fails = write!(text, "\x1b[{}A", self.drawn);
        }
        self.rows
            .sort_by_key(|(number, row)| (row.end.is_none(), *number));
        for (_, row) in &self.rows {
            // Back to the beginning of the line, which is cleared behind what is written.
            let bar = row.bar(columns, row.begun.elapsed());
            let _never_fails = writeln!(text, "\r{bar}\x1b[K");
        }
        self.rows.retain(|(_, row)| row.end.is_none());
        self.drawn = self.rows.len();
        self.drawn_at = Some(Instant::now());
        let written = self.out.write_all(text.as_bytes());
        let _shown = written.and_then(|()| self.out.flush());
    }
}

impl Row {
    fn tenths_done(&self) -> u64 {
        self.percent().map_or(0, |percent| percent / 10)
    }

    /// Returns how much of the whole is there, where the whole is known.
    fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        let percent = u128::from(self.bytes) * 100 / u128::from(total);
        Some(u64::try_from(percent).unwrap_or(100).min(100))
    }

    /// Returns how many bytes have come per second.
    fn rate(&self, elapsed: Duration) -> f64 {
        let came = self.bytes.saturating_sub(self.resumed) as f64;
        came / elapsed.as_secs_f64().max(0.001)
    }

    /// Says how fast it goes, and how long it will take.
    fn pace(&self, elapsed: Duration) -> String {
        if let Some(end) = self.end {
            return format!("{}, {end}", size(self.bytes as f64));
        }
        let rate = self.rate(elapsed);
        let left = self
            .total
            .map(|total| total.saturating_sub(self.bytes) as f64 / rate);
        match left.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
            Some(left) => {
                let seconds = left.as_secs();
                format!(
                    "{}/s, {}:{:02} left",
                    size(rate),
                    seconds / 60,
                    seconds % 60
                )
            }
            None => format!("{}, {}/s", size(self.bytes as f64), size(rate)),
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let pace = self.pace(elapsed);
        match self.percent().filter(|_| self.end.is_none()) {
            Some(percent) => format!("{}: {percent} %, {pace}", self.name),
            None => format!("{}: {pace}", self.name),
        }
    }

    /// Draws the bar: name, bar, per cent, rate and time left, no wider than `columns`.
    fn bar(&self, columns: usize, elapsed: Duration) -> String {
        let name: String = self.name.chars().take(NAME).collect();
        let percent = self
            .percent()
            .map_or(String::new(), |percent| format!("{percent:3} %"));
        let text = format!("{percent:>5}  {}", self.pace(elapsed));
        // Brackets, a space on each side, and a free column, without which some terminals break the line.
        let room = columns.saturating_sub(NAME + text.chars().count() + 5);
        let percent = self
            .percent()
            .map(|percent| usize::try_from(percent).unwrap_or(100));
        let full = percent.map_or(0, |percent| room * percent / 100);
        let mut bar = "=".repeat(full);
        if full < room && percent.is_some() {
            bar.push('>');
        }
        let line = format!("{name:NAME$} [{bar:room$}] {text}");
        line.chars().take(columns.saturating_sub(1)).collect()
    }
}

/// Prints a number of bytes for people.
fn size(bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut number, mut unit) = (bytes, 0);
    while number >= 1024.0 && unit + 1 < units.len() {
        number /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{number:.0} B"),
        _ => format!("{number:.1} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(bytes: u64, total: impl Into<Option<u64>>) -> Row {
        Row {
            name: "ships.tar".to_owned(),
            begun: Instant::now(),
            bytes,
            total: total.into(),
            resumed: 0,
            tenths: 0,
            end: None,
        }
    }

    #[test]
    fn a_bar_shows_how_much_is_there_how_fast_it_comes_and_how_long_the_rest_takes() {
        let second = Duration::from_secs(1);
        assert_eq!(
            row(3 << 20, 12 << 20).bar(80, second),
            "ships.tar                [======>                 ]  25 %  3.0 MiB/s, 0:03 left"
        );
        let mut resumed = row(3 << 20, 12 << 20);
        resumed.resumed = 2 << 20;
        assert!(
            resumed
                .bar(80, second)
                .ends_with(" 25 %  1.0 MiB/s, 0:09 left")
        );
        // Without a length there is neither a bar nor an end to see.
        assert_eq!(
            row(1536, None).bar(60, second),
            "ships.tar                [      ]        1.5 KiB, 1.5 KiB/s"
        );
        let mut done = row(2048, 2048);
        done.end = Some("done");
        assert_eq!(done.line(second), "ships.tar: 2.0 KiB, done");
    }

    #[test]
    fn bars_are_drawn_over_each_other_and_what_has_ended_stays() {
        let screen = Screen::new(Vec::new(), Some(60));
        screen.begin(0, Path::new("a"));
        screen.begin(1, Path::new("b"));
        screen.show(0, 50, Some(100), 0);
        // Too soon for another one.
        screen.show(1, 50, Some(100), 0);
        screen.end(1, &Ok(100));
        screen.end(0, &Ok(100));
        let state = screen.state.into_inner().unwrap();
        let text = String::from_utf8(state.out).unwrap();
        let drawings: Vec<&str> = text.split("\x1b[2A").collect();
        assert_eq!(drawings.len(), 2, "{text:?}");
        assert_eq!(drawings[0].matches('\n').count(), 2);
        let (ended, last) = drawings[1].split_once("\x1b[1A").unwrap();
        assert!(
            ended.starts_with("\rb ") && ended.contains("100 B, done"),
            "{ended:?}"
        );
        assert!(ended.contains("\x1b[K\n\ra "), "{ended:?}");
        assert!(
            last.starts_with("\ra ") && last.contains("100 B, done"),
            "{last:?}"
        );
    }

    #[test]
    fn without_a_terminal_there_is_a_line_for_each_tenth() {
        let screen = Screen::new(Vec::new(), None);
        screen.begin(0, Path::new("/tmp/ships\x1b.tar"));
        for bytes in 1..=1000 {
            screen.show(0, bytes, Some(1000), 0);
        }
        screen.end(0, &Ok(1000));
        let text = String::from_utf8(screen.state.into_inner().unwrap().out).unwrap();
        assert_eq!(text.lines().count(), 11, "{text}");
        assert!(text.starts_with("ships.tar: 10 %, "), "{text}");
        assert!(text.ends_with("\nships.tar: 1000 B, done\n"), "{text}");
    }

    proptest! {
        #[test]
        fn a_bar_keeps_within_its_line(bytes: u64, total: Option<u64>, resumed: u64, columns in 0..300_usize, millis: u32) {
            let mut row = row(bytes, total);
            row.resumed = resumed;
            let bar = row.bar(columns, Duration::from_millis(u64::from(millis)));
            prop_assert!(bar.chars().count() <= columns.saturating_sub(1));
        }
    }
}
