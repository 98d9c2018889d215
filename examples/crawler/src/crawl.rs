//! The way through a site: which page is next, and what came of it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};
use wharf_client::http::StatusCode;
use wharf_client::http::header::{ContentType, TypedHeader};
use wharf_client::redirect::{Action, RedirectPolicy};
use wharf_client::{Client, Error, Response, Url};

use crate::args::Args;
use crate::links;
use crate::report::{Problem, Report};
use crate::robots::Robots;

/// A page that is larger than this is not read, in bytes.
pub(crate) const PAGE_SIZE: usize = 4 << 20;

/// How many requests may wait for a connection or an answer at once.
const PENDING: usize = 16;

/// More pages that lead to one place are not kept in mind.
const REFERRERS: usize = 5;

/// A page of the site, and how many steps it is away from the first.
#[derive(Clone, Debug)]
struct Page {
    url: Url,
    depth: usize,
}

/// What came of a page.
struct Visit {
    page: Page,
    result: Result<Found, Error>,
}

/// A page that was read.
struct Found {
    /// Where it was found after all redirects.
    url: Url,
    /// The status of the first redirect, if there was one.
    moved: Option<StatusCode>,
    links: Vec<Url>,
}

/// A walk through a site.
pub(crate) struct Crawl {
    client: Client,
    args: Args,
    robots: Arc<Robots>,
    redirects: RedirectPolicy,
    /// What is known of the site, and which pages lead there. No more than the pages that may be read.
    known: HashMap<Url, Vec<Url>>,
    waiting: VecDeque<Page>,
    report: Report,
}

impl Crawl {
    pub(crate) fn new(client: Client, args: Args, robots: Robots) -> Self {
        let robots = Arc::new(robots);
        let first = Page {
            url: args.url.clone(),
            depth: 0,
        };
        let (rules, site) = (Arc::clone(&robots), args.url.origin());
        // A redirect must not lead where a link would not be followed: its response is what is seen then.
        let redirects = RedirectPolicy::follow(5).hook(move |redirect| {
            match redirect.to().origin() == site && rules.allow(redirect.to()) {
                true => Action::Follow,
                false => Action::Stop,
            }
        });
        Self {
            client,
            robots,
            redirects,
            known: HashMap::from([(first.url.clone(), Vec::new())]),
            waiting: VecDeque::from([first]),
            report: Report::default(),
            args,
        }
    }

    /// Reads page after page until there are no more.
    pub(crate) async fn run(mut self) -> Report {
        let mut visits = JoinSet::new();
        let mut pace = self.pace();
        loop {
            while visits.len() < PENDING
                && let Some(page) = self.waiting.pop_front()
            {
                if !self.robots.allow(&page.url) {
                    self.report.forbidden += 1;
                    continue;
                }
                if let Some(pace) = &mut pace {
                    pace.tick().await;
                }
                visits.spawn(visit(self.client.clone(), page, self.redirects.clone()));
            }
            match visits.join_next().await {
                None => break,
                Some(Ok(visit)) => self.take(visit),
                // The runtime is going down.
                Some(Err(_cancelled)) => break,
            }
        }
        self.report
    }

    /// Makes what says when the next request may start; `None` when there is nothing to wait for.
    fn pace(&self) -> Option<Interval> {
        let delay = self.args.delay.max(self.robots.delay());
        let mut pace = (!delay.is_zero()).then(|| interval(delay))?;
        // Requests that were late do not follow each other the more quickly.
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(pace)
    }

    fn take(&mut self, Visit { page, result }: Visit) {
        self.report.pages += 1;
        let referrers = || self.known.get(&page.url).cloned().unwrap_or_default();
        match result {
            Ok(found) => {
                if let Some(status) = found.moved {
                    let to = found.url.clone();
                    let problem = Problem::Moved { status, to };
                    self.report.add(page.url.clone(), problem, referrers());
                }
                self.follow(&page, &found);
            }
            Err(error) => {
                let problem = Problem::Broken(error);
                self.report.add(page.url.clone(), problem, referrers());
            }
        }
        self.tell(&page);
    }

    /// Takes note of where a page leads.
    fn follow(&mut self, page: &Page, found: &Found) {
        for url in &found.links {
            if url.origin() != self.args.url.origin() {
                self.report.elsewhere += 1;
            } else if let Some(referrers) = self.known.get_mut(url) {
                if referrers.len() < REFERRERS && !referrers.contains(&page.url) {
                    referrers.push(page.url.clone());
                }
            } else if page.depth < self.args.depth && self.known.len() < self.args.pages {
                self.known.insert(url.clone(), vec![page.url.clone()]);
                self.waiting.push_back(Page {
                    url: url.clone(),
                    depth: page.depth + 1,
                });
            } else {
                self.report.unread += 1;
            }
        }
    }

    /// Says how it goes, with what the connections do at the moment.
    #[expect(clippy::print_stderr, reason = "whoever started it wants to see it")]
    fn tell(&self, page: &Page) {
        let stats = self.client.stats();
        eprintln!(
            "{} pages read, {} to go; connections: {} in use, {} idle, {} requests waiting; {}",
            self.report.pages,
            self.waiting.len(),
            stats.in_use(),
            stats.idle(),
            stats.waiting(),
            page.url.path(),
        );
    }
}

async fn visit(client: Client, page: Page, redirects: RedirectPolicy) -> Visit {
    let result = read(&client, &page.url, redirects).await;
    Visit { page, result }
}

async fn read(client: &Client, url: &Url, redirects: RedirectPolicy) -> Result<Found, Error> {
    let request = client.get(url).redirects(redirects);
    let mut response = request.send().await?.ok()?;
    let mut links = Vec::new();
    if response.status().is_redirection() {
        // One that was not followed, as its link would not be.
        let target = response.header("location");
        links.extend(target.and_then(|target| response.url().join(target).ok()));
    } else if is_html(&response) {
        let page = response.bytes().await?;
        // What is looked for is ASCII, whatever the charset; a name that is not is written in percent signs by most.
        links = links::of(&String::from_utf8_lossy(&page), response.url());
    } else if response.body_len().is_some_and(|length| length <= 64 << 10) {
        // A short body that is read is cheaper than the connection that an unread one costs.
        response.bytes().await?;
    }
    let mut url = response.url().clone();
    url.set_fragment(None);
    Ok(Found {
        moved: response.history().first().map(|hop| hop.status()),
        url,
        links,
    })
}

fn is_html(response: &Response) -> bool {
    let content_type = ContentType::decode(response.headers()).ok().flatten();
    content_type.is_some_and(|content_type| {
        matches!(
            content_type.essence(),
            "text/html" | "application/xhtml+xml"
        )
    })
}
