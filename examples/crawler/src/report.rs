//! What was found on the way.

use std::collections::BTreeMap;
use std::fmt;

use wharf_client::http::StatusCode;
use wharf_client::{Error, Url};

/// What is to be told of a site.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) pages: usize,
    /// Links that lead to other sites.
    pub(crate) elsewhere: usize,
    /// Pages that `robots.txt` forbids.
    pub(crate) forbidden: usize,
    /// Links that were not followed since they lead too far, or pages are too many.
    pub(crate) unread: usize,
    problems: BTreeMap<Url, (Problem, Vec<Url>)>,
}

/// What is wrong with the links to a page.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It was found elsewhere.
    Moved { status: StatusCode, to: Url },
    /// It was not found, or could not be read.
    Broken(Error),
}

impl Report {
    pub(crate) fn add(&mut self, url: Url, problem: Problem, referrers: Vec<Url>) {
        self.problems.insert(url, (problem, referrers));
    }

    /// Returns how many pages are broken.
    pub(crate) fn broken(&self) -> usize {
        let problems = self.problems.values();
        problems
            .filter(|(problem, _)| matches!(problem, Problem::Broken(_)))
            .count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} pages, {} broken; {} links lead elsewhere, {} were not followed, {} pages are forbidden",
            self.pages,
            self.broken(),
            self.elsewhere,
            self.unread,
            self.forbidden,
        )?;
        for (url, (problem, referrers)) in &self.problems {
            match problem {
                Problem::Moved { status, to } => {
                    writeln!(f, "moved ({}): {url} -> {to}", status.as_str())?;
                }
                Problem::Broken(error) => writeln!(f, "broken: {url}: {error}")?,
            }
            for referrer in referrers {
                writeln!(f, "  linked from {referrer}")?;
            }
        }
        Ok(())
    }
}
