//! Jars in files, in the format that Netscape's browser began with and that curl, wget, Python and others read.

mod line;
mod replace;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use line::Line;

use super::storage::Storage;
use super::{Cookie, CookieJar, SameSite};

/// Longer lines than any cookie within the limits makes, in bytes.
const LINE: u64 = 8192;

/// By the first of these lines Python knows the format.
const HEAD: &str =
    "# Netscape HTTP Cookie File\n# Whoever has this file has the sessions in it.\n\n";

impl CookieJar {
    /// Writes the cookies to a file in the format `cookies.txt`, which [`load`](Self::load) and many other programs read.
    ///
    /// The file is written beside its place and then put there, so that nobody sees half of it and no failure costs the old
    /// one; on Unix, its owner alone may read it. What the format has no place for, `SameSite`, stands in a comment. Cookies
    /// that end with the session have 0 for their end, as in the files of curl and wget; Python takes them for expired.
    ///
    /// It blocks while it writes: where that matters, call it from `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::jar::CookieJar;
    ///
    /// let path = std::env::temp_dir().join(format!("wharf-jar-{}.txt", std::process::id()));
    /// let url = "https://quay.test/".parse()?;
    /// let jar = CookieJar::new();
    /// jar.add(&url, "session", "abc")?;
    /// jar.save(&path)?;
    ///
    /// let next = CookieJar::new();
    /// next.load(&path)?;
    /// assert_eq!(next.header(&url).unwrap(), "session=abc");
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        replace::replace(path.as_ref(), |file| self.write_to(file))
    }

    /// Replaces all cookies by those of a file that [`save`](Self::save) or another program wrote as `cookies.txt`.
    ///
    /// Cookies that have expired by now stay out, and so do those that the rules of this jar refuse. None lasts longer than
    /// 400 days from now. When it fails, the jar is as it was.
    ///
    /// It blocks while it reads: where that matters, call it from `tokio::task::spawn_blocking`.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) when there is no file, as before the first `save`;
    /// [`InvalidData`](io::ErrorKind::InvalidData), with the number of the line, when a line is no cookie; others when the
    /// file cannot be read.
    pub fn load(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.read_from(File::open(path)?)
    }

    /// Writes what [`save`](Self::save) writes.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write_to(&self, mut writer: impl Write) -> io::Result<()> {
        let mut text = String::from(HEAD);
        for cookie in self.cookies() {
            if cookie.expires.is_some() || self.inner.session_saved {
                line::write(&mut text, &cookie);
            }
        }
        writer.write_all(text.as_bytes())?;
        writer.flush()
    }

    /// Replaces all cookies by those that the reader has, as [`load`](Self::load) does.
    ///
    /// It reads to the end and keeps no more than the jar's limits allow, however long that is.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn read_from(&self, reader: impl Read) -> io::Result<()> {
        let now = self.now();
        let mut storage = Storage::new(self.inner.limits);
        each_cookie(BufReader::new(reader), |cookie| {
            if let Ok(cookie) = self.inner.rules.admit(cookie, now) {
                storage.insert(cookie, now);
                storage.expire(now);
            }
        })?;
        *self.storage(now) = storage;
        Ok(())
    }
}

/// Reads the cookies of a file one after the other.
fn each_cookie(mut reader: impl BufRead, mut found: impl FnMut(Cookie)) -> io::Result<()> {
    let mut same_site: Option<SameSite> = None;
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        if reader
            .by_ref()
            .take(LINE + 1)
            .read_until(b'\n', &mut bytes)?
            == 0
        {
            break;
        }
        let bad =
            |why: &str| io::Error::new(io::ErrorKind::InvalidData, format!("line {number}: {why}"));
        if bytes.len() as u64 > LINE {
            return Err(bad("it is longer than 8192 bytes"));
        }
        let text = str::from_utf8(&bytes).map_err(|error| bad(&error.to_string()))?;
        match line::read(text).map_err(|why| bad(&why))? {
            Line::Comment => same_site = None,
            Line::SameSite(value) => same_site = Some(value),
            Line::Cookie(mut cookie) => {
                cookie.same_site = same_site.take();
                found(cookie);
            }
        }
    }
    Ok(())
}
