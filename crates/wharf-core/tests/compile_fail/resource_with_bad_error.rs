use wharf_core::{App, HttpError, Setup};

async fn database(_setup: Setup) -> Result<(), HttpError> {
    Ok(())
}

fn main() {
    let _ = App::new().resource(database);
}
