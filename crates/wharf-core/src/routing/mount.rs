//! Which mounted part of an application a path belongs to, whether or not a route matches it.

use std::fmt;

use super::pattern::Pattern;
use super::text::{Decoded, END, Part, Plain, Text};
use super::tree::{Branch, NONE, Node, Parameters, ROOT, Tree, TreeBuilder};
use super::word;

/// The prefixes under which parts of an application are mounted.
///
/// Decides who answers where no route does: 404, 405 and the fallback of `/api/unknown` belong to what is mounted at `/api`.
pub struct Mounts<T> {
    tree: Tree,
    values: Box<[T]>,
}

impl<T> Mounts<T> {
    /// Makes the table, from the prefix of each mount and a value of the caller's.
    ///
    /// Of two prefixes with the same shape, the first counts. A slash at the end of a prefix does not count. A prefix with a `{*rest}`
    /// parameter, which [`Pattern::join`] refuses, owns nothing.
    pub fn new(mounts: impl IntoIterator<Item = (Pattern, T)>) -> Self {
        let mut tree = TreeBuilder::new();
        let mut values = Vec::new();
        for (prefix, value) in mounts {
            let segments: Vec<_> = prefix.without_slash().iter().collect();
            let leaf = tree.insert(&segments);
            if leaf as usize == values.len() {
                values.push(value);
            }
        }
        Self {
            tree: tree.build(),
            values: values.into(),
        }
    }

    /// Returns the value of the longest prefix that `path` begins with, counted in segments; `path` is as received.
    ///
    /// `/p` owns `/p`, `/p/` and `/p/x`, and not `/px`. Of prefixes of equal length, precedence is that of routes. Where the path
    /// cannot be decoded, its segments are compared as received, so that a mount answers its own bad requests.
    pub fn owner(&self, path: &str) -> Option<&T> {
        if !path.starts_with('/') || u32::try_from(path.len()).is_err() {
            return None;
        }
        let leaf = match Decoded::new(path) {
            Ok(decoded) if word::has_escape(path.as_bytes()) => Longest::leaf(&self.tree, &decoded),
            _ => Longest::leaf(&self.tree, Plain(path)),
        };
        self.values.get(leaf as usize)
    }
}

impl<T: fmt::Debug> fmt::Debug for Mounts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mounts")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

struct Longest<'s, X> {
    tree: &'s Tree,
    text: X,
    /// The position behind the longest prefix so far: of those of one path, the one with more segments ends further on.
    end: Option<usize>,
    leaf: u32,
}

impl<'s, X: Text<'s>> Longest<'s, X> {
    fn leaf(tree: &'s Tree, text: X) -> u32 {
        let mut longest = Self {
            tree,
            text,
            end: None,
            leaf: NONE,
        };
        longest.below(tree.node(ROOT), X::FIRST);
        longest.leaf
    }

    fn below(&mut self, node: &'s Node, at: usize) {
        if node.leaf != NONE && self.end.is_none_or(|end| at > end) {
            (self.end, self.leaf) = (Some(at), node.leaf);
        }
        if at == END {
            return;
        }
        let part = self.text.segment(at);
        if let Some((child, next)) = self.tree.literal(node, self.text, at, part) {
            self.below(child, next);
        }
        match node.parameters {
            Parameters::None => {}
            Parameters::Whole(_) if part.is_empty() => {}
            Parameters::Whole(child) => self.below(self.tree.node(child), part.next),
            Parameters::One(branch) => self.branch(branch, part),
            Parameters::Several(several) => {
                for branch in self.tree.branches(several, part.of(self.text)) {
                    self.branch(branch, part);
                }
            }
        }
    }

    fn branch(&mut self, branch: Branch, part: Part) {
        let (fields, child) = self.tree.branch(branch);
        if fields.read(part.of(self.text), |_| {}) {
            self.below(child, part.next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(prefixes: &[&'static str]) -> Mounts<&'static str> {
        Mounts::new(
            prefixes
                .iter()
                .map(|prefix| (Pattern::parse(prefix).unwrap(), *prefix)),
        )
    }

    #[test]
    fn a_prefix_owns_itself_and_what_is_below_it() {
        let mounts = mounts(&[
            "/api",
            "/api/v2/",
            r"/{tenant:\d+}/shop",
            "/{tenant}/shop",
            "/café",
        ]);
        for (path, owner) in [
            ("/", None),
            ("/api", Some("/api")),
            ("/api/", Some("/api")),
            ("/api/v1/x", Some("/api")),
            ("/api/v2", Some("/api/v2/")),
            ("/api/v2/x", Some("/api/v2/")),
            ("/api/v2x", Some("/api")),
            ("/apix", None),
            ("/7/shop/x", Some(r"/{tenant:\d+}/shop")),
            ("/x/shop", Some("/{tenant}/shop")),
            ("/api/shop", Some("/{tenant}/shop")),
            ("/x/other", None),
            ("/caf%C3%A9/x", Some("/café")),
            ("/api%2Fv2", None),
            ("/api/%zz", Some("/api")),
            ("//api", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(mounts.owner(path).copied(), owner, "{path}");
        }
    }

    #[test]
    fn a_mount_at_the_root_owns_what_no_other_does() {
        let mounts = mounts(&["/", "/a"]);
        assert_eq!(mounts.owner("/a/x"), Some(&"/a"));
        assert_eq!(mounts.owner("/b"), Some(&"/"));
        assert_eq!(mounts.owner("/"), Some(&"/"));
    }

    #[test]
    fn no_mounts_own_nothing() {
        assert_eq!(mounts(&[]).owner("/a"), None);
    }
}
