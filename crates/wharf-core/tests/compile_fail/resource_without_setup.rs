use wharf_core::{App, BoxError};

async fn database() -> Result<(), BoxError> {
    Ok(())
}

fn main() {
    let _ = App::new().resource(database);
}
