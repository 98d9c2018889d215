//! Serves the folder of its argument below `/static`, as the table of requests for static files has it.

use std::path::PathBuf;

use wharf_core::App;
use wharf_core::files::Files;
use wharf_http::BoxError;
use wharf_server::{Settings, run_with};

fn main() -> Result<(), BoxError> {
    let folder = std::env::args_os().nth(1).map_or(".".into(), PathBuf::from);
    let app = App::new().files("/static", Files::new(folder).precompressed(true));
    run_with(app, Settings::from_env()?)
}
