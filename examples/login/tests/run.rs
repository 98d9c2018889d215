//! The application, in this process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use wharf_test::{TestClient, TestResponse};

const COOKIE: &str = "__Host-session";

/// A client with a jar for cookies that says nothing of where its requests come from.
async fn client() -> TestClient {
    let app = login::app(false).unwrap();
    TestClient::builder().follow_redirects().start(app).await
}

async fn send(client: &TestClient, path: &str, fields: &[(&str, &str)]) -> TestResponse {
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    let fields: Vec<_> = fields.iter().map(own).collect();
    let request = client.post(path).with(move |request| request.form(&fields));
    request.send().await
}

/// Returns the token in the form of a page.
fn token(page: &TestResponse) -> String {
    let (_, rest) = page.text().split_once("name=\"token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Fills in the form of the first page, and returns where that leads.
async fn sign_in(client: &TestClient, name: &str, password: &str) -> TestResponse {
    let token = token(&client.get("/").send().await);
    let fields = [("name", name), ("password", password), ("token", &token)];
    send(client, "/sign-in", &fields).await
}

/// Returns the value of the cookie that the client has.
fn session(client: &TestClient) -> String {
    let known = client.cookies().unwrap().cookies();
    let mut values = known.iter().filter(|cookie| cookie.name() == COOKIE);
    values.next().unwrap().value().to_owned()
}

#[tokio::test]
async fn members_sign_in_and_out_and_are_told_so_once() {
    let client = client().await;
    let page = client.get("/members").send().await;
    page.assert_history(&["/members"])
        .assert_text_contains("Sign in first.");
    for (name, password) in [("ann", "low tide"), ("ann", ""), ("nobody", "high tide")] {
        let page = sign_in(&client, name, password).await;
        page.assert_history(&["/sign-in"])
            .assert_text_contains("Wrong name or password.");
    }
    let page = sign_in(&client, "ann", "high tide").await;
    page.assert_history(&["/sign-in"])
        .assert_text_contains("Welcome aboard, ann.");
    page.assert_text_contains("You are signed in.")
        .assert_header("cache-control", "no-store");

    let page = client.get("/members").send().await;
    page.assert_status(200)
        .assert_text_contains("Welcome aboard, ann.");
    assert!(
        !page.text().contains("You are signed in."),
        "{}",
        page.text()
    );
    let page = send(&client, "/sign-out", &[("token", &token(&page))]).await;
    page.assert_history(&["/sign-out"])
        .assert_text_contains("You are signed out.");
    let page = client.get("/members").send().await;
    page.assert_text_contains("Sign in first.");
    client.close().await;
}

#[tokio::test]
async fn a_sign_in_makes_the_cookie_of_before_worthless() {
    let client = client().await;
    let page = client.get("/").send().await;
    page.assert_cookie_attributes(COOKIE, "HttpOnly; Path=/; SameSite=Lax; Secure");
    let before = session(&client);
    let page = sign_in(&client, "ben", "low tide").await;
    page.assert_text_contains("Welcome aboard, ben.");
    let now = session(&client);
    assert_ne!(before, now);

    // As somebody has them who has put the first one into the browser.
    client.cookies().unwrap().clear();
    for (cookie, history) in [(before, ["/members"].as_slice()), (now, &[])] {
        let request = client.get("/members").cookie(COOKIE, &cookie);
        request.send().await.assert_history(history);
        client.cookies().unwrap().clear();
    }
    client.close().await;
}

#[tokio::test]
async fn what_a_member_may_is_looked_up() {
    for (name, password, status) in [("ann", "high tide", 200), ("ben", "low tide", 403)] {
        let client = client().await;
        sign_in(&client, name, password).await;
        client
            .get("/members/log")
            .send()
            .await
            .assert_status(status);
        client.close().await;
    }
}

#[tokio::test]
async fn forms_of_others_are_refused() {
    let client = client().await;
    let token = token(&client.get("/").send().await);
    let fields = |token: &str| {
        let fields = [("name", "ann"), ("password", "high tide"), ("token", token)];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    // A browser says where a form comes from, whatever is in it.
    let forged = client
        .post("/sign-in")
        .header("sec-fetch-site", "cross-site");
    let own = fields(&token);
    let answer = forged.with(move |request| request.form(&own)).send().await;
    answer
        .assert_status(403)
        .assert_text_contains("a page of another site");
    // What says nothing needs a token of this session.
    let other = client_token().await;
    for (token, status) in [(other.as_str(), 403), ("", 403)] {
        let fields = fields(token);
        let request = client
            .post("/sign-in")
            .with(move |request| request.form(&fields));
        request.send().await.assert_status(status);
    }
    send(
        &client,
        "/sign-in",
        &[("name", "ann"), ("password", "high tide")],
    )
    .await
    .assert_status(422);
    client
        .get("/members")
        .send()
        .await
        .assert_text_contains("Sign in first.");
    client.close().await;
}

/// Returns a token that another session has made.
async fn client_token() -> String {
    let other = client().await;
    let token = token(&other.get("/").send().await);
    other.close().await;
    token
}

#[tokio::test]
async fn too_many_attempts_have_to_wait() {
    let client = client().await;
    let attempt = [
        ("name", "ann"),
        ("password", "high tide"),
        ("token", "none"),
    ];
    for _ in 0..10 {
        send(&client, "/sign-in", &attempt).await.assert_status(403);
    }
    let answer = send(&client, "/sign-in", &attempt).await;
    answer.assert_status(429);
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=6).contains(&seconds), "{seconds}");
    // Other pages are not limited.
    client.get("/").send().await.assert_status(200);
    client.close().await;
}

#[tokio::test]
async fn over_plain_http_the_cookie_goes_in_development_alone() {
    for (development, expected) in [(true, "session="), (false, "__Host-session=")] {
        let client = TestClient::new(login::app(development).unwrap()).await;
        let page = client.get("/").send().await;
        let cookie = page.header("set-cookie").unwrap();
        assert!(cookie.starts_with(expected), "{cookie}");
        assert_eq!(cookie.contains("Secure"), !development, "{cookie}");
        client.close().await;
    }
}
