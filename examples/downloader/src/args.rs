//! What the program is told when it is started.

use std::collections::HashSet;
use std::path::PathBuf;
use std::str::FromStr;

use wharf_client::Url;

use crate::checksum::Checksum;
use crate::job::Job;

pub(crate) const USAGE: &str = "usage: downloader [OPTION]... URL [FILE]
       downloader [OPTION]... URL...
  --sha256 HEX  check the file, of which there is one then
  --at-once N   download at most N files at once (3)
  --attempts N  ask at most N times for each file (5)
  --ca FILE     believe the authorities in FILE too, in PEM";

/// What is to be downloaded, and how.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) jobs: Vec<Job>,
    pub(crate) at_once: usize,
    pub(crate) authority: Option<PathBuf>,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut at_once, mut attempts) = (3, 5);
        let (mut checksum, mut authority) = (None, None);
        let mut places = Vec::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--sha256" => checksum = Some(value::<Checksum>(&word, words.next())?),
                "--at-once" => at_once = value(&word, words.next())?,
                "--attempts" => attempts = value(&word, words.next())?,
                "--ca" => authority = Some(value(&word, words.next())?),
                option if option.starts_with('-') => return Err(format!("no option `{option}`")),
                _ => places.push(word),
            }
        }
        if at_once == 0 || attempts == 0 {
            return Err("zero downloads nothing".to_owned());
        }
        // What has no scheme is a file.
        let file = places.pop_if(|last| !last.contains("://"));
        if places.is_empty() {
            return Err("no URL".to_owned());
        }
        if places.len() > 1 && (file.is_some() || checksum.is_some()) {
            return Err("a file name and a checksum are for one URL".to_owned());
        }
        let mut files = HashSet::new();
        let jobs = places.iter().map(|place| {
            let url = Url::parse(place).map_err(|error| format!("`{place}`: {error}"))?;
            let file = file.as_ref().map_or_else(|| name(&url), PathBuf::from);
            if !files.insert(file.clone()) {
                return Err(format!("two URLs for `{}`", file.display()));
            }
            let checksum = checksum.clone();
            Ok(Job {
                url,
                file,
                checksum,
                attempts,
            })
        });
        Ok(Self {
            jobs: jobs.collect::<Result<_, _>>()?,
            at_once,
            authority,
        })
    }
}

/// Returns the name of the file that a URL leads to. It cannot lead out of the folder: a URL has no `..` in its path.
fn name(url: &Url) -> PathBuf {
    let last = url
        .path_segments()
        .and_then(|mut segments| segments.next_back());
    match last {
        Some(name) if !name.is_empty() => name.into(),
        _ => "index.html".into(),
    }
}

fn value<T: FromStr>(option: &str, text: Option<String>) -> Result<T, String> {
    let value = text.and_then(|text| text.parse().ok());
    value.ok_or_else(|| format!("`{option}` wants a value, see below"))
}
