//! What the program is told when it is started.

use std::str::FromStr;
use std::time::Duration;

use wharf_client::Url;

pub(crate) const USAGE: &str = "usage: crawler [OPTION]... URL
  --depth N        follow links N steps away from URL (5)
  --pages N        read at most N pages (200)
  --connections N  open at most N connections to the site (2)
  --delay MS       wait MS milliseconds between two requests (500)
  --public-only    refuse addresses that are not of the public Internet";

/// What is to be read, and how.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) url: Url,
    pub(crate) depth: usize,
    pub(crate) pages: usize,
    pub(crate) connections: usize,
    pub(crate) delay: Duration,
    pub(crate) public_only: bool,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut url = None;
        let (mut depth, mut pages, mut connections) = (5, 200, 2);
        let mut delay = 500;
        let mut public_only = false;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--depth" => depth = number(&word, words.next())?,
                "--pages" => pages = number(&word, words.next())?,
                "--connections" => connections = number(&word, words.next())?,
                "--delay" => delay = number(&word, words.next())?,
                "--public-only" => public_only = true,
                option if option.starts_with('-') => return Err(format!("no option `{option}`")),
                text if url.is_none() => {
                    let mut parsed =
                        Url::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
                    parsed.set_fragment(None);
                    url = Some(parsed);
                }
                more => return Err(format!("`{more}` is one URL too many")),
            }
        }
        Ok(Self {
            url: url.ok_or("no URL")?,
            depth,
            pages,
            connections,
            delay: Duration::from_millis(delay),
            public_only,
        })
    }
}

fn number<T: FromStr>(option: &str, text: Option<String>) -> Result<T, String> {
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("`{option}` wants a number"))
}
