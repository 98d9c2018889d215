//! The handlers of `/resources`.

use http::{StatusCode, header};
use serde::Deserialize;
use wharf::name::Urls;
use wharf::{HttpError, IntoResponse, Json, Path, Query, State};

use crate::cache::SharedCache;
use crate::resource::{Draft, Resource};
use crate::store::SharedStore;

/// Which part of the list is asked for: `?after=20&limit=10`.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Page {
    after: i64,
    limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            after: 0,
            limit: 50,
        }
    }
}

/// `GET /resources`: a part of the list, in the order of ids.
///
/// # Errors
///
/// 400 when none or more than 100 are asked for; 500 when the store fails.
pub async fn list(
    Query(page): Query<Page>,
    store: State<SharedStore>,
) -> Result<Json<Vec<Resource>>, HttpError> {
    if !(1..=100).contains(&page.limit) {
        return Err(HttpError::bad_request("`limit` is 1 to 100"));
    }
    Ok(Json(store.list(page.after, page.limit).await?))
}

/// `GET /resources/{id}`: one resource, from the cache where it has it.
///
/// # Errors
///
/// 404 when there is none with this id; 500 when store or cache fails.
pub async fn show(
    Path(id): Path<i64>,
    store: State<SharedStore>,
    cache: State<SharedCache>,
) -> Result<Json<Resource>, HttpError> {
    if let Some(known) = cache.find(id).await? {
        return Ok(Json(known));
    }
    let found = store.find(id).await?.ok_or_else(|| absent(id))?;
    cache.keep(found.clone()).await?;
    Ok(Json(found))
}

/// `POST /resources`: a new one; its URL is in the field `Location` of the answer.
///
/// # Errors
///
/// 500 when the store fails.
pub async fn create(
    store: State<SharedStore>,
    urls: Urls,
    Json(draft): Json<Draft>,
) -> Result<impl IntoResponse, HttpError> {
    let created = store.create(draft).await?;
    let url = urls.url_for("resource", [("id", created.id)])?;
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, url)],
        Json(created),
    ))
}

/// `PUT /resources/{id}`: replaces one in store and cache, both at once.
///
/// # Errors
///
/// 404 when there is none with this id; 500 when store or cache fails.
pub async fn replace(
    Path(id): Path<i64>,
    store: State<SharedStore>,
    cache: State<SharedCache>,
    Json(draft): Json<Draft>,
) -> Result<Json<Resource>, HttpError> {
    let resource = draft.with_id(id);
    // It takes as long as the slower of the two. The first failure is the answer, and ends the wait for the other.
    let both = tokio::try_join!(
        store.replace(resource.clone()),
        cache.keep(resource.clone())
    );
    if !matches!(both, Ok((true, ()))) {
        // The cache may have what the store has not.
        cache.forget(id).await?;
    }
    match both? {
        (true, ()) => Ok(Json(resource)),
        (false, ()) => Err(absent(id)),
    }
}

/// `DELETE /resources/{id}`: removes one from store and cache.
///
/// # Errors
///
/// 404 when there is none with this id; 500 when store or cache fails.
pub async fn remove(
    Path(id): Path<i64>,
    store: State<SharedStore>,
    cache: State<SharedCache>,
) -> Result<StatusCode, HttpError> {
    // One after the other: forgotten first, it could be read from the store and kept once more in between.
    let removed = store.remove(id).await?;
    cache.forget(id).await?;
    if removed {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(absent(id))
    }
}

fn absent(id: i64) -> HttpError {
    HttpError::not_found(format!("no resource has the id {id}"))
}
