//! How much of a body has come, and how long the rest will take: [`Progress`].

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// How much of a body has come.
///
/// `{}` prints a line for people: `3.0 MiB of 12.0 MiB, 1.5 MiB/s, 0:06 left`.
///
/// # Examples
///
/// ```no_run
/// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
/// let request = client.get("http://quay.test/ships.tar");
/// let mut response = request
///     .download_progress(|progress| eprint!("\r{progress}   "))
///     .send()
///     .await?
///     .ok()?;
/// while let Some(piece) = response.chunk().await? {
///     println!("{} bytes", piece.len());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub(crate) bytes: u64,
    pub(crate) total: Option<u64>,
    pub(crate) resumed: u64,
    pub(crate) elapsed: Duration,
}

impl Progress {
    /// Returns how many bytes there are, those of an earlier try included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns how many bytes there will be, where the server tells.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Returns how many bytes were there before: the offset that a download was resumed at.
    #[must_use]
    pub fn resumed(&self) -> u64 {
        self.resumed
    }

    /// Returns the time since the start; of the response for an ordinary request, and of the call for a download.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns how many bytes have come per second, on the average; zero before any time has passed.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        let came = self.bytes.saturating_sub(self.resumed);
        match seconds > 0.0 {
            true => came as f64 / seconds,
            false => 0.0,
        }
    }

    /// Returns how long the rest will take at that rate; `None` when the total is not known, and before any byte has come.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        let left = self.total?.saturating_sub(self.bytes);
        let seconds = left as f64 / self.rate();
        Duration::try_from_secs_f64(seconds).ok()
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Size(self.bytes as f64).fmt(f)?;
        if let Some(total) = self.total {
            write!(f, " of {}", Size(total as f64))?;
        }
        write!(f, ", {}/s", Size(self.rate()))?;
        if let Some(left) = self.eta() {
            let seconds = left.as_secs();
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            match hours {
                0 => write!(f, ", {minutes}:{seconds:02} left")?,
                _ => write!(f, ", {hours}:{minutes:02}:{seconds:02} left")?,
            }
        }
        Ok(())
    }
}

/// A number of bytes for people.
struct Size(f64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024.0 {
            return write!(f, "{:.0} B", self.0);
        }
        let (mut size, mut unit) = (self.0 / 1024.0, "KiB");
        for greater in ["MiB", "GiB", "TiB"] {
            if size < 1024.0 {
                break;
            }
            size /= 1024.0;
            unit = greater;
        }
        write!(f, "{size:.1} {unit}")
    }
}

/// Who is told how much of a response body has come.
pub(crate) struct DownloadReport {
    listener: Box<dyn Fn(&Progress) + Send + Sync>,
    /// When the response came that counts; what is read before is that of redirects and repetitions.
    since: OnceLock<Instant>,
}

impl DownloadReport {
    pub(crate) fn new(listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self {
            listener: Box::new(listener),
            since: OnceLock::new(),
        }
    }

    pub(crate) fn start(&self) {
        self.since.get_or_init(Instant::now);
    }

    pub(crate) fn tell(&self, bytes: u64, total: Option<u64>) {
        if let Some(since) = self.since.get() {
            (self.listener)(&Progress {
                bytes,
                total,
                resumed: 0,
                elapsed: since.elapsed(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn progress(bytes: u64, total: Option<u64>, resumed: u64, seconds: u64) -> Progress {
        Progress {
            bytes,
            total,
            resumed,
            elapsed: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn rate_and_time_left_are_those_of_what_has_come() {
        const MIB: u64 = 1 << 20;
        for (row, expected) in [
            (progress(0, None, 0, 0), "0 B, 0 B/s"),
            (progress(0, Some(5), 0, 0), "0 B of 5 B, 0 B/s"),
            (progress(5, Some(5), 0, 0), "5 B of 5 B, 0 B/s"),
            (progress(1023, None, 0, 1), "1023 B, 1023 B/s"),
            (progress(1536, None, 0, 1), "1.5 KiB, 1.5 KiB/s"),
            (
                progress(3 * MIB, Some(12 * MIB), 0, 2),
                "3.0 MiB of 12.0 MiB, 1.5 MiB/s, 0:06 left",
            ),
            (
                progress(3 * MIB, Some(12 * MIB), 2 * MIB, 1),
                "3.0 MiB of 12.0 MiB, 1.0 MiB/s, 0:09 left",
            ),
            (
                progress(1 << 30, Some((1 << 30) + 3661), 0, 1 << 30),
                "1.0 GiB of 1.0 GiB, 1 B/s, 1:01:01 left",
            ),
        ] {
            assert_eq!(row.to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_numbers_make_it_panic(bytes: u64, total: Option<u64>, resumed: u64, elapsed: u64) {
            let row = progress(bytes, total, resumed, elapsed);
            let _ = row.to_string();
            prop_assert!(row.rate() >= 0.0);
        }
    }
}
