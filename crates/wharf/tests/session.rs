//! Sessions from one end to the other: the real client with its cookies and redirects, the real server, a pipe between them.
#![cfg(all(
    feature = "client",
    feature = "form",
    feature = "sessions",
    feature = "testing"
))]

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, advance, sleep};
use wharf::middleware::Csrf;
use wharf::session::{FileStore, Keys, Level, MemoryStore, Session, Sessions};
use wharf::test::{TestClient, TestRequest, TestResponse};
use wharf::{App, Form, HttpError, Redirect, get, post};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Visitor {
    user: Option<String>,
    cart: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    name: String,
}

async fn add(session: Session<Visitor>, Form(item): Form<Item>) -> Redirect {
    session.flash(Level::Success, format!("{} is in the cart", item.name));
    session.update(|visitor| visitor.cart.push(item.name));
    Redirect::to("/")
}

async fn login(session: Session<Visitor>, Form(item): Form<Item>) -> Result<Redirect, HttpError> {
    if item.name == "nobody" {
        session.flash(Level::Error, "nobody may not");
        return Ok(Redirect::to("/"));
    }
    session.sign_in(|visitor| visitor.user = Some(item.name));
    Ok(Redirect::to("/"))
}

async fn logout(session: Session<Visitor>) -> Redirect {
    session.destroy();
    session.flash(Level::Info, "bye");
    Redirect::to("/")
}

async fn index(session: Session<Visitor>) -> String {
    let visitor = session.get();
    let user = visitor.user.as_deref().unwrap_or("-");
    let mut page = format!("{user} {:?}", visitor.cart);
    for flash in session.take_flashes() {
        page += &format!(" [{}]", flash.text());
    }
    page
}

async fn slow(session: Session<Visitor>) {
    session.update(|visitor| visitor.cart.push("never".to_owned()));
    sleep(Duration::from_secs(60)).await;
}

fn app(sessions: Sessions<Visitor>) -> App {
    App::new().wrap(Csrf::new()).wrap(sessions).routes([
        get("/", index),
        post("/add", add),
        post("/login", login),
        post("/logout", logout),
        get("/slow", slow),
        get("/static", async || "static"),
    ])
}

async fn browser(sessions: Sessions<Visitor>) -> TestClient {
    TestClient::builder()
        .follow_redirects()
        .start(app(sessions))
        .await
}

async fn send(client: &TestClient, path: &str, name: &str) -> TestResponse {
    let item = Item {
        name: name.to_owned(),
    };
    let request = client.post(path);
    request.with(|request| request.form(&item)).send().await
}

/// Fills a cart, signs in, signs out.
async fn shop(client: &TestClient) {
    client.get("/static").send().await.assert_no_header("vary");
    let first = client.get("/").send().await;
    first.assert_text("- []").assert_header("vary", "cookie");
    first.assert_no_cookie("__Host-session");
    let page = send(client, "/add", "rope").await;
    page.assert_text("- [\"rope\"] [rope is in the cart]");
    page.assert_history(&["/add"]);
    client.get("/").send().await.assert_text("- [\"rope\"]");
    send(client, "/login", "nobody")
        .await
        .assert_text("- [\"rope\"] [nobody may not]");
    send(client, "/login", "ann")
        .await
        .assert_text("ann [\"rope\"]");
    send(client, "/add", "oil")
        .await
        .assert_text("ann [\"rope\", \"oil\"] [oil is in the cart]");
    send(client, "/logout", "").await.assert_text("- [] [bye]");
    client.get("/").send().await.assert_text("- []");
}

#[tokio::test]
async fn a_cart_is_kept_over_redirects_and_sign_in_wherever_it_is_kept() {
    let folder = std::env::temp_dir().join(format!("wharf-session-{}", std::process::id()));
    let keys = Keys::random().unwrap();
    for sessions in [
        Sessions::signed(&keys),
        #[cfg(feature = "encrypted-sessions")]
        Sessions::encrypted(&keys),
        Sessions::new(MemoryStore::new(10)),
        Sessions::new(FileStore::open(&folder).unwrap()),
    ] {
        let client = browser(sessions).await;
        shop(&client).await;
        client.close().await;
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn sessions_in_files_outlive_a_restart() {
    let folder = std::env::temp_dir().join(format!("wharf-restart-{}", std::process::id()));
    let open = || Sessions::new(FileStore::open(&folder).unwrap());
    let client = browser(open()).await;
    send(&client, "/login", "ann").await;
    let jar = client.cookies().unwrap().clone();
    client.close().await;
    let again = TestClient::builder().cookies(jar).start(app(open())).await;
    again.get("/").send().await.assert_text("ann []");
    again.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_in_time_on_a_clock_that_is_paused() {
    let start = Instant::now();
    let hour = Duration::from_secs(3600);
    let sessions = Sessions::new(MemoryStore::new(10))
        .idle(hour)
        .clock(move || UNIX_EPOCH + Duration::from_secs(1_000_000) + start.elapsed());
    let client = browser(sessions).await;
    send(&client, "/login", "ann").await;
    for _ in 0..3 {
        advance(hour / 2).await;
        client.get("/").send().await.assert_text("ann []");
    }
    advance(hour).await;
    client.get("/").send().await.assert_text("- []");
}

#[tokio::test(start_paused = true)]
async fn what_a_request_has_changed_that_was_given_up_is_not_kept() {
    let client = browser(Sessions::new(MemoryStore::new(10))).await;
    send(&client, "/add", "rope").await;
    let given_up = tokio::time::timeout(Duration::from_secs(1), client.get("/slow").send()).await;
    assert!(given_up.is_err());
    client.get("/").send().await.assert_text("- [\"rope\"]");
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_send_a_form_in_a_visitors_name() {
    let client = browser(Sessions::new(MemoryStore::new(10))).await;
    send(&client, "/login", "ann").await;
    let forged = client
        .post("/logout")
        .header("sec-fetch-site", "cross-site");
    forged.send().await.assert_status(403);
    client.get("/").send().await.assert_text("ann []");
}

#[tokio::test]
async fn a_stolen_cookie_ends_with_the_session() {
    let sessions = Sessions::new(MemoryStore::new(10));
    let client = TestClient::builder()
        .cookies(None)
        .start(app(sessions))
        .await;
    let welcome = send(&client, "/login", "ann").await;
    let cookie = welcome.cookie("__Host-session").unwrap();
    let with_it = |request: TestRequest| request.cookie(cookie.name(), cookie.raw_value());
    with_it(client.get("/")).send().await.assert_text("ann []");
    client.get("/").send().await.assert_text("- []");
    with_it(client.post("/logout"))
        .send()
        .await
        .assert_redirect(303, "/");
    with_it(client.get("/")).send().await.assert_text("- []");
}
