use wharf_core::{App, BoxError, Setup};

struct Pool;

async fn database(_setup: Setup) -> Result<Pool, BoxError> {
    Ok(Pool)
}

fn main() {
    let _ = App::new().resource(database);
}
