use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use wharf_http::header::{CacheControl, TypedHeader as _};

use super::disk::Root;
use super::glob::Glob;
use super::names::Names;
use super::source::Source;
use super::{Embedded, Found, media};

/// What a folder of static files is served with. Given to [`App::files`](crate::App::files), as is a mere path.
///
/// A file is answered with a strong `ETag` and `Last-Modified`, to conditions (RFC 9110 §13) and to requests for one
/// or several ranges of bytes (§14). It is read as it is sent, in pieces of 64 KiB. Nothing outside the folder is ever
/// sent, and nothing whose name, or the name of whose folder, starts with a dot, unless that is switched on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_core::App;
/// use wharf_core::files::Files;
/// use wharf_http::header::CacheControl;
///
/// let site = Files::new("src")
///     .precompressed(true)
///     .cache("assets/**", &CacheControl::new().public().max_age(Duration::from_secs(31_536_000)).immutable())
///     .cache("*.html", &CacheControl::new().no_cache())
///     .single_page("lib.rs");
/// let app = App::new().files("/", site);
/// assert!(app.check().is_ok());
/// ```
#[derive(Clone, Debug)]
#[must_use = "files are served once they are added to an app"]
pub struct Files {
    pub(super) source: Source,
    pub(super) index: Vec<String>,
    pub(super) single_page: Option<String>,
    pub(super) except: Vec<String>,
    pub(super) precompressed: bool,
    pub(super) listing: bool,
    pub(super) below_listing: Option<String>,
    pub(super) dot_files: bool,
    pub(super) follow: bool,
    pub(super) media: Vec<(String, HeaderValue)>,
    pub(super) cache: Vec<(Glob, HeaderValue)>,
}

impl Files {
    /// Serves a folder on disk. A relative path starts at the working directory of the program.
    ///
    /// The folder is looked up for each request, so that a release may put another in its place.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::of(Source::Folder(Root::new(folder)))
    }

    /// Serves files in the program.
    pub fn embedded(files: Embedded) -> Self {
        Self::of(Source::Embedded(files))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            index: vec!["index.html".to_owned()],
            single_page: None,
            except: vec!["/api".to_owned()],
            precompressed: false,
            listing: false,
            below_listing: None,
            dot_files: false,
            follow: false,
            media: Vec::new(),
            cache: Vec::new(),
        }
    }

    /// Sets the files of which the first that is there answers for a folder. Default: `index.html`. An empty list is
    /// none.
    pub fn index(mut self, names: impl IntoIterator<Item: Into<String>>) -> Self {
        self.index = names.into_iter().map(Into::into).collect();
        self
    }

    /// Answers paths that lead nowhere with this file, status 200, for an application in the browser that reads the
    /// path itself. Default: none, which is 404.
    ///
    /// A path whose last name has a dot is that of a file that is missing, and stays 404, as does everything below the
    /// paths of [`except`](Self::except).
    pub fn single_page(mut self, file: impl Into<String>) -> Self {
        self.single_page = Some(file.into());
        self
    }

    /// Adds a path, from the root of the site, below which the single page never answers. Default: `/api`.
    pub fn except(mut self, prefix: impl Into<String>) -> Self {
        self.except.push(prefix.into());
        self
    }

    /// Sets whether `name.br`, `name.zst` or `name.gz` is sent for `name` to clients that take the coding
    /// (RFC 9110 §12.5.3), unless it is older. Default: no. With it, every file is sent with `Vary: Accept-Encoding`.
    pub fn precompressed(mut self, on: bool) -> Self {
        self.precompressed = on;
        self
    }

    /// Sets whether a folder without an index file is shown as a page that lists it. Default: no, which is 403.
    ///
    /// Up to 10 000 entries are listed.
    pub fn listing(mut self, on: bool) -> Self {
        self.listing = on;
        self
    }

    /// Sets HTML that stands below the table of every listing, as it is: a form for uploads, for example. Default: none.
    ///
    /// Its forms, and the scripts and styles that it names, go to and come from the same origin; the policy of the page
    /// (W3C CSP 3) allows nothing else, and no script or style within the page.
    pub fn below_listing(mut self, html: impl Into<String>) -> Self {
        self.below_listing = Some(html.into());
        self
    }

    /// Sets whether files and folders are served whose names start with a dot. Default: no; they are 404.
    pub fn dot_files(mut self, on: bool) -> Self {
        self.dot_files = on;
        self
    }

    /// Sets whether symbolic links may lead out of the folder. Default: no; such a link is 404, and so is, on Linux,
    /// every link with an absolute path. Whoever can make a link in the folder can then publish any file.
    pub fn dangerous_follow_links(mut self, on: bool) -> Self {
        self.follow = on;
        self
    }

    /// Sets the media type of the files with an extension, written without its dot. The last one written counts.
    /// Default: a table of some ninety types, and `application/octet-stream`.
    ///
    /// A type that is no valid field value is left out.
    pub fn media_type(mut self, extension: impl Into<String>, media: impl AsRef<str>) -> Self {
        if let Ok(media) = HeaderValue::from_str(media.as_ref()) {
            let extension = extension.into().to_ascii_lowercase();
            self.media.insert(0, (extension, media));
        }
        self
    }

    /// Sets `Cache-Control` for paths that fit a pattern; of several the first written counts. Default: none is sent.
    ///
    /// In a pattern, `*` is any characters of a name, `?` one, `**` any characters and slashes, `**/` any folders or
    /// none. Without a slash it is compared with the name of the file alone; with one, with the path below the folder.
    pub fn cache(mut self, pattern: impl AsRef<str>, control: &CacheControl) -> Self {
        if let Some(value) = control.encode() {
            self.cache.push((Glob::new(pattern.as_ref()), value));
        }
        self
    }

    /// Returns a file's path with its version as the query, `site.css?v=..`, to be put behind the prefix. It changes with the file.
    ///
    /// A request for it is answered with a `Cache-Control` of one year, immutable, as long as it is the version that
    /// is there.
    ///
    /// # Errors
    ///
    /// What the system says when the file cannot be opened, and [`io::ErrorKind::NotFound`] for what is not served.
    ///
    /// # Cancel safety
    ///
    /// Safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_core::files::Files;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let files = Files::new("src");
    /// let url = format!("/static/{}", files.versioned("lib.rs").await?);
    /// assert!(url.starts_with("/static/lib.rs?v="));
    /// # Ok::<(), std::io::Error>(()) }).unwrap();
    /// ```
    pub async fn versioned(&self, path: &str) -> io::Result<String> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no file `{path}`"));
        let names = Names::parse(path, self.dot_files).ok_or_else(missing)?;
        match self.source.find(names.path(), self.follow).await? {
            Found::File(content) => Ok(format!("{path}?v={}", content.version())),
            _ => Err(missing()),
        }
    }

    pub(super) fn media_of(&self, path: &str) -> HeaderValue {
        let extension = media::extension(path);
        let own = self
            .media
            .iter()
            .find(|(own, _)| Some(own) == extension.as_ref());
        own.map_or_else(
            || media::of_extension(extension.as_deref()),
            |(_, media)| media.clone(),
        )
    }

    pub(super) fn cache_of(&self, path: &str) -> Option<&HeaderValue> {
        let mut rules = self.cache.iter();
        let rule = rules.find(|(pattern, _)| pattern.matches(path))?;
        Some(&rule.1)
    }

    /// Finds what is wrong with the settings before anything is served.
    pub(crate) fn problem(&self) -> Option<String> {
        let wrong = |folder: &Path, error: &dyn Display| {
            Some(format!(
                "the folder of files `{}`: {error}",
                folder.display()
            ))
        };
        match &self.source {
            Source::Folder(root) => match root.is_folder() {
                Ok(true) => None,
                Ok(false) => wrong(root.path(), &"it is no folder"),
                Err(error) => wrong(root.path(), &error),
            },
            Source::Embedded(_) => None,
        }
    }
}

impl<P: Into<PathBuf>> From<P> for Files {
    fn from(folder: P) -> Self {
        Self::new(folder)
    }
}
