use wharf_core::App;
use wharf_core::http::header::Basic;
use wharf_core::middleware::BasicAuth;

async fn verify(given: Basic) -> bool {
    given.password() == "open sesame"
}

fn main() {
    let _ = App::new().wrap(BasicAuth::<()>::new(verify));
}
