//! What is printed when all sockets listen.

use std::fmt;
use std::io::{self, Write};

/// Where the banner goes.
#[derive(Default)]
pub(crate) enum Banner {
    /// To standard output from [`run`](crate::Server::run), nowhere from [`start`](crate::Server::start).
    #[default]
    ByCaller,
    /// Nowhere.
    Silent,
    /// To standard output.
    Stdout,
    /// To a writer.
    Writer(Box<dyn Write + Send>),
}

impl Banner {
    /// Prints the banner for what is bound.
    ///
    /// A writer that fails is no reason to stop: a server whose output was closed goes on serving.
    pub(crate) fn print(self, urls: &[String]) {
        let text = text(urls);
        let _written = match self {
            Self::ByCaller | Self::Silent => Ok(()),
            Self::Stdout => write(&mut io::stdout(), &text),
            Self::Writer(mut writer) => write(&mut *writer, &text),
        };
    }
}

impl fmt::Debug for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByCaller => "ByCaller",
            Self::Silent => "Silent",
            Self::Stdout => "Stdout",
            Self::Writer(_) => "Writer",
        })
    }
}

fn write(writer: &mut dyn Write, text: &str) -> io::Result<()> {
    writer.write_all(text.as_bytes())?;
    writer.flush()
}

fn text(urls: &[String]) -> String {
    let mut urls = urls.to_vec();
    urls.sort();
    format!(
        "======== Running on {} ========\n(Press CTRL+C to quit)\n",
        urls.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_on_one_line_in_order() {
        let urls = [
            "https://127.0.0.1:8443",
            "http://unix:/run/app.sock:",
            "http://[::1]:81",
            "http://127.0.0.1:8080",
        ];
        assert_eq!(
            text(&urls.map(str::to_owned)),
            "======== Running on http://127.0.0.1:8080, http://[::1]:81, http://unix:/run/app.sock:, https://127.0.0.1:8443 ========\n\
             (Press CTRL+C to quit)\n"
        );
    }

    #[test]
    fn a_writer_that_fails_does_no_harm() {
        struct Closed;

        impl Write for Closed {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }

        Banner::Writer(Box::new(Closed)).print(&["http://unix:".to_owned()]);
    }
}
