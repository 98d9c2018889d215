//! [`Watch`], what a program is made of, and whether any of it has changed.
//!
//! cargo notes beside each program which files it was made of, those of other crates of the workspace included. They
//! are looked at a few times a second, which works on every file system and needs nothing of the system.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files that are watched in a folder at most; who has more of them has a folder of data.
const MOST: usize = 20_000;

/// What is watched, and how it was when it was last noted.
#[derive(Debug)]
pub(super) struct Watch {
    /// Where cargo notes what the program was made of.
    sources: PathBuf,
    others: Vec<PathBuf>,
    noted: BTreeMap<PathBuf, Stamp>,
}

/// Whether a file is there, how long it is, and when it was written.
type Stamp = Option<(u64, Option<SystemTime>)>;

impl Watch {
    /// Watches what the program at `path` was made of, and `others`.
    pub(super) fn new(path: &Path, others: Vec<PathBuf>) -> Self {
        let mut watch = Self {
            sources: path.with_extension("d"),
            others,
            noted: BTreeMap::new(),
        };
        watch.note();
        watch
    }

    /// Takes everything as it is now.
    pub(super) fn note(&mut self) {
        self.noted = self.look();
    }

    /// Takes what is watched for the first time as it is now: a build may have found new sources.
    pub(super) fn learn(&mut self) {
        for (path, stamp) in self.look() {
            self.noted.entry(path).or_insert(stamp);
        }
    }

    /// Tells whether anything is not as it was noted.
    pub(super) fn has_changed(&self) -> bool {
        self.look() != self.noted
    }

    fn look(&self) -> BTreeMap<PathBuf, Stamp> {
        let mut seen = BTreeMap::new();
        let sources = fs::read_to_string(&self.sources).unwrap_or_default();
        for source in made_of(&sources) {
            seen.insert(source.clone(), stamp(&source));
        }
        if let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR") {
            let manifest = Path::new(&manifest).join("Cargo.toml");
            seen.insert(manifest.clone(), stamp(&manifest));
        }
        for other in &self.others {
            look_into(other, &mut seen);
        }
        seen
    }
}

/// Reads the files behind the colon of a rule as `make` has it: spaces within a name have a backslash before them.
fn made_of(rule: &str) -> Vec<PathBuf> {
    let Some((_, files)) = rule.split_once(": ") else {
        return Vec::new();
    };
    let line = files.lines().next().unwrap_or_default();
    let mut made_of = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, made_of.last_mut()) {
            ('\\', Some(last)) if chars.peek() == Some(&' ') => {
                chars.next();
                last.push(' ');
            }
            (' ', _) => made_of.push(String::new()),
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    made_of.retain(|file| !file.is_empty());
    made_of.into_iter().map(PathBuf::from).collect()
}

/// Notes a file, or all files below a folder but hidden ones.
fn look_into(path: &Path, seen: &mut BTreeMap<PathBuf, Stamp>) {
    let Ok(folder) = fs::read_dir(path) else {
        seen.insert(path.to_owned(), stamp(path));
        return;
    };
    for entry in folder.flatten() {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if hidden || seen.len() >= MOST {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => look_into(&entry.path(), seen),
            _ => {
                let path = entry.path();
                let stamp = stamp(&path);
                seen.insert(path, stamp);
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_rule_are_read_with_spaces_in_their_names() {
        let rule = "/t/app: /src/main.rs /src/two\\ words.rs /src/page.html\n\n/src/main.rs:\n";
        let files: Vec<_> = made_of(rule);
        assert_eq!(
            files,
            ["/src/main.rs", "/src/two words.rs", "/src/page.html"].map(PathBuf::from)
        );
        assert!(made_of("nothing").is_empty());
        assert!(made_of("").is_empty());
    }

    #[test]
    fn what_is_written_added_or_removed_is_a_change() {
        let folder = std::env::temp_dir().join(format!("wharf-watch-{}", std::process::id()));
        fs::create_dir_all(folder.join("pages")).unwrap();
        let page = folder.join("pages/index.html");
        fs::write(&page, "one").unwrap();
        let mut watch = Watch::new(&folder.join("app"), vec![folder.clone()]);
        assert!(!watch.has_changed());
        fs::write(folder.join(".hidden"), "").unwrap();
        assert!(!watch.has_changed());
        fs::write(&page, "three").unwrap();
        assert!(watch.has_changed());
        watch.note();
        fs::write(folder.join("new.css"), "").unwrap();
        assert!(watch.has_changed());
        watch.note();
        fs::write(folder.join("app.d"), "app: /nowhere/new.rs\n").unwrap();
        fs::write(&page, "seven").unwrap();
        watch.learn();
        assert!(
            watch.has_changed(),
            "what was known already is not taken anew"
        );
        watch.note();
        fs::remove_file(&page).unwrap();
        assert!(watch.has_changed());
        fs::remove_dir_all(folder).unwrap();
    }
}
