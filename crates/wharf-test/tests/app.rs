//! An application in a test, from its check to its clean-up.

use std::sync::{Arc, Mutex};

use wharf_core::extract::State;
use wharf_core::{App, BoxError, Cleanup, HttpError, Setup, get};
use wharf_test::TestClient;

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        let mut log = self.0.lock().expect("nobody panics with the lock");
        log.push(what);
    }

    fn text(&self) -> String {
        let log = self.0.lock().expect("nobody panics with the lock");
        log.join(", ")
    }
}

async fn index() -> &'static str {
    "Hello, wharf!"
}

async fn log(log: State<Log>) -> String {
    log.text()
}

async fn broken() -> Result<(), HttpError> {
    Err(HttpError::not_found("no such ship"))
}

async fn harbour(setup: Setup) -> Result<impl Cleanup, BoxError> {
    let log = setup.state::<Log>()?;
    log.note("entered");
    Ok(async move || {
        log.note("left");
        Ok::<_, BoxError>(())
    })
}

fn app() -> App {
    App::new().routes([get("/", index), get("/log", log), get("/broken", broken)])
}

#[tokio::test]
async fn an_application_answers_and_its_resources_are_entered_and_left() {
    let state = Log::default();
    let client = TestClient::new(app().provide(state.clone()).resource(harbour)).await;
    client
        .get("/")
        .send()
        .await
        .assert_status(200)
        .assert_text("Hello, wharf!");
    client.get("/log").send().await.assert_text("entered");
    client
        .get("/broken")
        .send()
        .await
        .assert_status(404)
        .assert_text_contains("no such ship");
    client.close().await;
    assert_eq!(state.text(), "entered, left");
}

#[tokio::test]
async fn an_application_without_its_state_is_not_started() {
    let error = TestClient::try_new(app()).await.unwrap_err();
    assert!(error.to_string().contains("Log"), "{error}");
}
