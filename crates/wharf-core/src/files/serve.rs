use std::convert::Infallible;
use std::sync::Arc;

use http::StatusCode;
use http::header::{self, HeaderValue};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use wharf_http::Response;
use wharf_http::header::{AcceptEncoding, TypedHeader as _};

use super::names::{Names, is_name};
use super::{Answer, Content, Files, Found, listing};
use crate::error::HttpError;
use crate::extract::{Conditional, FromRequestParts, Scope};
use crate::route::{Route, get};

/// The codings that files are kept in, with the ends of their names; the densest first.
const CODINGS: [(&str, &str); 3] = [("br", "br"), ("zstd", "zst"), ("gzip", "gz")];

/// What a version of a file is kept for: a year, as long as anybody keeps anything.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Makes the routes of a folder: the prefix with and without its slash, and what is below.
pub(crate) fn routes(prefix: &str, files: &Arc<Files>) -> Vec<Route> {
    let prefix = prefix.trim_end_matches('/');
    let mut paths = vec![format!("{prefix}/"), format!("{prefix}/{{*file}}")];
    if !prefix.is_empty() {
        paths.push(prefix.to_owned());
    }
    let route = |path| {
        let files = Arc::clone(files);
        get(path, move |asked: Asked| {
            let files = Arc::clone(&files);
            async move { files.answer(&asked).await }
        })
    };
    paths.into_iter().map(route).collect()
}

/// What a request asks for.
#[derive(Debug)]
struct Asked {
    /// As received, still percent-encoded.
    path: String,
    /// How much of the path leads to the folder.
    prefix: usize,
    query: Option<String>,
    conditional: Conditional,
    codings: AcceptEncoding,
}

impl FromRequestParts for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, Infallible> {
        let path = scope.path();
        // The two routes without a rest lead to the folder itself.
        let route = scope
            .route()
            .map(|route| route.pattern().ends_with("{*file}"));
        let rest = match route {
            Some(true) => scope.last_raw_param().map_or(0, str::len),
            _ => 0,
        };
        Ok(Self {
            path: path.to_owned(),
            prefix: path.len().saturating_sub(rest),
            query: scope.query().map(str::to_owned),
            conditional: Conditional::from_request_parts(parts, scope).await?,
            codings: AcceptEncoding::decode(&parts.headers)
                .ok()
                .flatten()
                .unwrap_or_default(),
        })
    }
}

impl Files {
    async fn answer(&self, asked: &Asked) -> Result<Response, HttpError> {
        let rest = asked.path.get(asked.prefix..).unwrap_or_default();
        let Some(names) = Names::parse(rest, self.dot_files) else {
            return Err(missing());
        };
        match self.source.find(names.path(), self.follow).await? {
            Found::File(content) if !names.is_folder() => {
                self.file(asked, names.path(), content).await
            }
            Found::Folder if asked.path.ends_with('/') => self.folder(asked, names.path()).await,
            Found::Folder => Ok(moved(asked)),
            Found::Refused => Err(HttpError::forbidden("this is no file that can be sent")),
            Found::File(_) | Found::Missing => self.page_for(asked).await,
        }
    }

    async fn folder(&self, asked: &Asked, path: &str) -> Result<Response, HttpError> {
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        };
        for name in &self.index {
            let index = below(name);
            if let Found::File(content) = self.source.find(&index, self.follow).await? {
                return self.file(asked, &index, content).await;
            }
        }
        if !self.listing {
            return Err(HttpError::forbidden("the folder is not listed"));
        }
        let (mut entries, cut) = self.source.list(path, self.follow).await?;
        let shown = |name: &str| is_name(name) && (self.dot_files || !name.starts_with('.'));
        entries.retain(|entry| shown(&entry.name));
        let top = asked.path[..asked.prefix].matches('/').count() - 1;
        let query = asked.query.as_deref();
        let below = self.below_listing.as_deref();
        Ok(listing::page(&asked.path, top, query, entries, cut, below))
    }

    /// Answers a path that leads nowhere with the page that reads it, where there is one.
    async fn page_for(&self, asked: &Asked) -> Result<Response, HttpError> {
        let Some(page) = &self.single_page else {
            return Err(missing());
        };
        let path = percent_decode_str(&asked.path).decode_utf8_lossy();
        let below = |prefix: &String| {
            let rest = path.strip_prefix(prefix.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let like_asset = path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains('.'));
        if like_asset || self.except.iter().any(below) {
            return Err(missing());
        }
        match self.source.find(page, self.follow).await? {
            Found::File(content) => self.file(asked, page, content).await,
            _ => Err(missing()),
        }
    }

    async fn file(&self, asked: &Asked, path: &str, plain: Content) -> Result<Response, HttpError> {
        let asked_for = asked.query.as_deref().and_then(|it| it.strip_prefix("v="));
        let versioned = asked_for == Some(plain.version());
        let (content, coding) = match self.precompressed {
            true => self.best(asked, path, plain).await?,
            false => (plain, None),
        };
        let mut answer = Answer::new(content, self.media_of(path)).coded(coding);
        if self.precompressed {
            // The plain file too: a cache must not send it to those who would get another.
            answer = answer.field(
                header::VARY,
                const { HeaderValue::from_static("accept-encoding") },
            );
        }
        if let Some(control) = versioned.then_some(&IMMUTABLE).or(self.cache_of(path)) {
            answer = answer.field(header::CACHE_CONTROL, control.clone());
        }
        answer.respond(&asked.conditional)
    }

    /// Chooses among the codings that a file is kept in (RFC 9110 §12.5.3).
    async fn best(
        &self,
        asked: &Asked,
        path: &str,
        plain: Content,
    ) -> Result<(Content, Option<&'static str>), HttpError> {
        let mut offers = CODINGS.to_vec();
        while let Some(best) = asked.codings.best(offers.iter().map(|(coding, _)| *coding)) {
            let Some(place) = offers.iter().position(|(coding, _)| *coding == best) else {
                break;
            };
            let (coding, end) = offers.remove(place);
            let sibling = self
                .source
                .find(&format!("{path}.{end}"), self.follow)
                .await?;
            if let Found::File(sibling) = sibling
                && sibling.modified() >= plain.modified()
            {
                return Ok((sibling, Some(coding)));
            }
        }
        Ok((plain, None))
    }
}

fn missing() -> HttpError {
    HttpError::not_found("there is no such file")
}

/// Sends the client to the folder with its slash, from where relative links lead into it.
fn moved(asked: &Asked) -> Response {
    let mut response = Response::default();
    let query = asked.query.as_ref().map(|query| format!("?{query}"));
    let location = format!("{}/{}", asked.path, query.unwrap_or_default());
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response
}
