/// A pattern of paths below a folder, such as `*.css` or `assets/**`.
///
/// `*` stands for any characters of one name, `?` for one of them, `**` for any characters, and `**/` for any folders or
/// none. A pattern without a slash is compared with the last name alone.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    tokens: Vec<Token>,
    last_name: bool,
}

#[derive(Clone, Copy, Debug)]
enum Token {
    Char(char),
    One,
    Name,
    Any,
    Folders,
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = pattern.trim_start_matches('/');
        while let Some(first) = rest.chars().next() {
            let (token, text) = match first {
                '*' if rest.starts_with("**/") => (Token::Folders, "**/"),
                '*' if rest.starts_with("**") => (Token::Any, "**"),
                '*' => (Token::Name, "*"),
                '?' => (Token::One, "?"),
                other => (Token::Char(other), &rest[..other.len_utf8()]),
            };
            tokens.push(token);
            rest = &rest[text.len()..];
        }
        Self {
            tokens,
            last_name: !pattern.contains('/'),
        }
    }

    /// Compares in time linear in both lengths multiplied: paths come from outside.
    pub(super) fn matches(&self, path: &str) -> bool {
        let path = match path.rsplit_once('/') {
            Some((_, name)) if self.last_name => name,
            _ => path,
        };
        let text: Vec<char> = path.chars().collect();
        // Which beginnings of the text fit the tokens so far.
        let mut fits = vec![false; text.len() + 1];
        fits[0] = true;
        for token in &self.tokens {
            let mut next = vec![false; text.len() + 1];
            match token {
                Token::Char(_) | Token::One => {
                    for (at, &c) in text.iter().enumerate() {
                        let same = match token {
                            Token::Char(wanted) => c == *wanted,
                            _ => c != '/',
                        };
                        next[at + 1] = fits[at] && same;
                    }
                }
                Token::Name | Token::Any => {
                    let mut open = false;
                    for at in 0..=text.len() {
                        let crossed = at > 0 && text[at - 1] == '/' && matches!(token, Token::Name);
                        open = (open && !crossed) || fits[at];
                        next[at] = open;
                    }
                }
                Token::Folders => {
                    let mut open = false;
                    for at in 0..=text.len() {
                        next[at] = fits[at] || (open && at > 0 && text[at - 1] == '/');
                        open |= fits[at];
                    }
                }
            }
            fits = next;
        }
        fits[text.len()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_names_folders_and_what_is_below_them() {
        for (pattern, path, fits) in [
            ("*.css", "site.css", true),
            ("*.css", "a/b/site.css", true),
            ("*.css", "site.css.map", false),
            ("*", "anything", true),
            ("/*.css", "a/site.css", false),
            ("assets/**", "assets/a/b.js", true),
            ("assets/**", "other/assets/a", false),
            ("assets/*", "assets/a/b.js", false),
            ("**/*.js", "a.js", true),
            ("**/*.js", "a/b/c.js", true),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z", true),
            ("a/**/z", "a/bz", false),
            ("app-????.js", "app-1f3c.js", true),
            ("app-????.js", "app-1f3.js", false),
            ("é?", "éü", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(path), fits, "{pattern} {path}");
        }
    }

    proptest! {
        #[test]
        fn a_path_fits_itself_and_two_stars(path in "[a-c]{1,3}(/[a-c.]{1,3}){0,4}") {
            let pattern = format!("/{path}");
            prop_assert!(Glob::new(&pattern).matches(&path));
            prop_assert!(Glob::new("/**").matches(&path));
        }

        #[test]
        fn no_pattern_makes_it_panic(pattern in "[a*?/é]{0,12}", path in "[a/é]{0,12}") {
            let _ = Glob::new(&pattern).matches(&path);
        }
    }
}
