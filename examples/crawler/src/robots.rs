//! What a site wants crawlers to leave alone: `robots.txt` (RFC 9309).

use std::time::Duration;

use wharf_client::{Client, Error, Url};

/// More of the file is not read (RFC 9309 §2.5).
const MOST: usize = 500 << 10;

/// A site that wants longer breaks than this is left alone just as well by fewer of them.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The rules for one crawler.
#[derive(Debug, Default)]
pub(crate) struct Robots {
    /// Patterns, and whether they allow what they match.
    rules: Vec<(String, bool)>,
    delay: Option<Duration>,
}

impl Robots {
    /// Asks a site for its rules.
    pub(crate) async fn fetch(client: &Client, site: &Url, agent: &str) -> Result<Self, Error> {
        let mut url = site.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        let mut response = client.get(url).send().await?;
        // RFC 9309 §2.3.1: without a file all is allowed, with a server in trouble nothing is.
        if response.status().is_server_error() {
            return Ok(Self::parse("user-agent: *\ndisallow: /", agent));
        }
        let mut text = Vec::new();
        while text.len() < MOST
            && let Some(piece) = response.chunk().await?
        {
            text.extend_from_slice(&piece);
        }
        Ok(match response.is_success() {
            true => Self::parse(&String::from_utf8_lossy(&text), agent),
            false => Self::default(),
        })
    }

    /// Reads the groups for `agent`, or else those for everybody (RFC 9309 §2.2.1).
    fn parse(text: &str, agent: &str) -> Self {
        let (mut own, mut others) = (None, Self::default());
        let (mut is_own, mut is_others, mut in_agents) = (false, false, false);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            if name == "user-agent" {
                if !in_agents {
                    (is_own, is_others) = (false, false);
                }
                in_agents = true;
                is_own |= value.eq_ignore_ascii_case(agent);
                is_others |= value == "*";
                continue;
            }
            in_agents = false;
            if is_own {
                own.get_or_insert_with(Self::default).add(&name, value);
            }
            if is_others {
                others.add(&name, value);
            }
        }
        own.unwrap_or(others)
    }

    fn add(&mut self, name: &str, value: &str) {
        match name {
            // An empty one matches nothing.
            "allow" | "disallow" if !value.is_empty() => {
                self.rules.push((value.to_owned(), name == "allow"));
            }
            // In no standard, and in many files.
            "crawl-delay" => {
                let seconds = value.parse().ok();
                self.delay = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            }
            _ => {}
        }
    }

    /// Returns how long the site wants crawlers to wait between two requests.
    pub(crate) fn delay(&self) -> Duration {
        self.delay.unwrap_or_default().min(LONGEST_DELAY)
    }

    /// Tells whether a URL may be asked for: the longest pattern decides, of two equal ones that which allows
    /// (RFC 9309 §2.2.2).
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let matching = self
            .rules
            .iter()
            .filter(|(pattern, _)| matches(pattern, &path));
        let decisive = matching.max_by_key(|(pattern, allows)| (pattern.len(), *allows));
        decisive.is_none_or(|(_, allows)| *allows)
    }
}

/// Tells whether a path begins with a pattern, in which `*` is anything and `$` at the end is the end (RFC 9309 §2.2.3).
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let (first, more) = match pattern.split_once('*') {
        Some((first, more)) => (first, Some(more)),
        None => (pattern, None),
    };
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let Some(more) = more else {
        return !to_end || rest.is_empty();
    };
    let (middle, last) = match more.rsplit_once('*') {
        Some((middle, last)) => (middle, last),
        None => ("", more),
    };
    // The first place that a part is found at leaves the most to the next ones.
    for part in middle.split('*') {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    match to_end {
        true => rest.ends_with(last),
        false => rest.contains(last),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(robots: &Robots, path: &str) -> bool {
        let site = Url::parse("http://quay.test/").unwrap();
        robots.allow(&site.join(path).unwrap())
    }

    #[test]
    fn the_longest_pattern_decides() {
        let text = "User-Agent: *\nDisallow: /yard # closed\nAllow: /yard/open\nDisallow: /*.zip$\nDisallow:";
        let robots = Robots::parse(text, "wharf-crawler");
        assert!(allows(&robots, "/"));
        assert!(!allows(&robots, "/yard/shed"));
        assert!(allows(&robots, "/yard/open/gate"));
        assert!(!allows(&robots, "/a/b.zip"));
        assert!(allows(&robots, "/a/b.zip?v=1"));
    }

    #[test]
    fn a_group_of_ones_own_is_the_only_one_that_counts() {
        let text = "user-agent: *\ndisallow: /\n\nuser-agent: other\nuser-agent: Wharf-Crawler\ncrawl-delay: 1.5\ndisallow: /x";
        let robots = Robots::parse(text, "wharf-crawler");
        assert!(allows(&robots, "/y"));
        assert!(!allows(&robots, "/x"));
        assert_eq!(robots.delay(), Duration::from_millis(1500));
        assert!(!allows(&Robots::parse(text, "somebody"), "/y"));
    }

    #[test]
    fn stars_are_anything_and_a_dollar_is_the_end() {
        for (pattern, path, expected) in [
            ("/a*c", "/abbbc/d", true),
            ("/a*c$", "/abbbc/d", false),
            ("/a*c$", "/abcbc", true),
            ("/a*b*c", "/a-c-b", false),
            ("/a*b*c", "/a-b-c", true),
            ("*", "/", true),
            ("/$", "/", true),
            ("/$", "/a", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in "(?s)(user-agent: \\*\n)?.{0,200}", path in "/[a-z*$?]{0,20}") {
            allows(&Robots::parse(&text, "wharf-crawler"), &path);
        }

        #[test]
        fn a_path_matches_itself_and_all_that_begins_with_it(path in "/[a-z/.]{0,20}", more in "[a-z]{0,5}") {
            let longer = path.clone() + &more;
            prop_assert!(matches(&path, &longer));
            prop_assert_eq!(matches(&(path + "$"), &longer), more.is_empty());
        }
    }
}
