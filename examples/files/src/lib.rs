//! A folder as a site: listings with a form for uploads, files, and whole folders as ZIP files.

mod folder;
mod upload;

use std::path::PathBuf;

use wharf::files::{Files, embed};
use wharf::http::HeaderValue;
use wharf::middleware::{Compress, Csrf, SecurityHeaders};
use wharf::response::Attachment;
use wharf::{App, HttpError, IntoResponse, Next, Path, Request, Response, State, get, post};

use folder::Folder;

/// Makes the application for a folder, which has to be there.
pub fn app(folder: impl Into<PathBuf>) -> App {
    let folder = folder.into();
    let files = Files::new(&folder)
        .index([] as [&str; 0])
        .listing(true)
        .below_listing(include_str!("../page/upload.html"))
        .precompressed(true);
    App::new()
        .provide(Folder::new(folder))
        .wrap(SecurityHeaders::new())
        .wrap(sandboxed)
        .wrap(Csrf::new())
        .wrap(Compress::new())
        .files("/", files)
        // No name in the folder that is served begins with a dot.
        .files(
            "/.page",
            Files::embedded(embed!("page": "upload.css", "upload.js")),
        )
        .routes([
            get("/.zip/", async |folder: State<Folder>| {
                zip(folder, Path(String::new())).await
            }),
            get("/.zip/{*folder}", zip),
            // However long it takes: what stalls is cut by other limits.
            post("/", upload::at_the_top).timeout(None),
            post("/{*folder}", upload::below).timeout(None),
        ])
}

/// Sends a folder and all that is below as a ZIP file.
async fn zip(
    folder: State<Folder>,
    Path(path): Path<String>,
) -> Result<impl IntoResponse, HttpError> {
    let place = folder.find(&path).await?;
    let name = place
        .file_name()
        .map_or("files".into(), |name| name.to_string_lossy());
    let name = format!("{name}.zip");
    let files = folder::files_below(place).await?;
    let zip = [("content-type", "application/zip")];
    Ok(Attachment::new((zip, zip_stream::archive(files))).named(name))
}

/// Keeps pages that somebody has uploaded from doing anything in the name of who looks at them.
async fn sandboxed(request: Request, next: Next) -> Response {
    // What browsers show with a player of their own, which no sandbox lets them do.
    const PLAYED: [&str; 3] = ["application/pdf", "audio/", "video/"];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let media = headers
        .get("content-type")
        .map_or(&b""[..], |media| media.as_bytes());
    if !PLAYED
        .iter()
        .any(|played| media.starts_with(played.as_bytes()))
    {
        let sandbox = HeaderValue::from_static("sandbox");
        // A listing has its own.
        headers.entry("content-security-policy").or_insert(sandbox);
    }
    response
}
