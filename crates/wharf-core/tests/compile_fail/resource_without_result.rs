use wharf_core::{App, Setup};

struct Pool;

async fn database(_setup: Setup) -> Pool {
    Pool
}

fn main() {
    let _ = App::new().resource(database);
}
