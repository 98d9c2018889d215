use http::HeaderMap;
use wharf_http::Body;
use wharf_http::header::{Basic, Bearer, Expires};

use super::*;
use crate::extract::Header;
use crate::middleware::{Require, from_fn, when};
use crate::{App, State, get};

#[derive(Clone, Debug)]
struct User(String);

async fn name(user: Option<Principal<User>>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.0.0)
}

/// Answers with what the client sees: status, challenges, and the body where there is a success.
async fn ask(app: App, path: &str, authorization: &[&str]) -> String {
    let mut request = http::Request::get(path);
    for line in authorization {
        request = request.header("authorization", *line);
    }
    let running = app.start().await.unwrap();
    let request = request.body(Body::empty()).unwrap();
    let mut answer = running.handle(request).await;
    let challenges = answer.headers().get_all("www-authenticate").iter();
    let challenges: Vec<&str> = challenges.map(|value| value.to_str().unwrap()).collect();
    let mut seen = format!("{} {}", answer.status().as_u16(), challenges.join(" + "));
    if answer.status().is_success() {
        let body = answer.body_mut().bytes(None).await.unwrap();
        seen.push_str(&String::from_utf8_lossy(&body));
    }
    seen.trim_end().to_owned()
}

/// Asks with each of the credentials, and compares what the client sees.
async fn decides(app: impl Fn() -> App, rows: &[(Vec<&str>, &str)]) {
    for (authorization, expected) in rows {
        let seen = ask(app(), "/", authorization).await;
        assert_eq!(seen, *expected, "{authorization:?}");
    }
}

fn basic(text: &str) -> String {
    let (user, password) = text.split_once(':').unwrap();
    let value = Basic::new(user, password).unwrap().encode().unwrap();
    value.to_str().unwrap().to_owned()
}

async fn by_password(given: Basic) -> Result<Option<User>, HttpError> {
    match given.password() {
        "open sesame" => Ok(Some(User(given.user().to_owned()))),
        "expired" => Err(HttpError::unauthorized("the password has expired")),
        "barred" => Err(HttpError::forbidden("this account is barred")),
        "slow" => Err(HttpError::unavailable("nobody can sign in right now")),
        _ => Ok(None),
    }
}

async fn by_token(given: Bearer) -> Result<Option<User>, HttpError> {
    match given.token() {
        "ada" => Ok(Some(User("ada".to_owned()))),
        "expired" => Err(HttpError::unauthorized("the token has expired")),
        "quoted" => Err(HttpError::unauthorized("the \"token\"")),
        "narrow" => Err(HttpError::forbidden("the token is for reading")),
        "slow" => Err(HttpError::unavailable("nobody can sign in right now")),
        _ => Ok(None),
    }
}

#[tokio::test]
async fn basic_credentials_decide() {
    const ASKED: &str = r#"401 Basic realm="restricted", charset="UTF-8""#;
    let good = basic("ada:open sesame");
    let lower = good.replace("Basic ", "bAsIc   ");
    let [wrong, empty, expired, barred, slow] =
        ["ada:wrong", ":", "ada:expired", "ada:barred", "ada:slow"].map(basic);
    let rows = [
        (vec![], ASKED),
        (vec![good.as_str()], "200 ada"),
        (vec![&lower], "200 ada"),
        (vec![&wrong], ASKED),
        (vec![&empty], ASKED),
        (vec![&expired], ASKED),
        // Whoever has signed in and may not is not asked to sign in again.
        (vec![&barred], "403"),
        (vec![&slow], "503"),
        (vec!["Basic"], ASKED),
        (vec!["Basic !"], ASKED),
        (vec!["Basic YWRh"], ASKED),
        (vec!["Basic /w=="], ASKED),
        (vec!["Bearer ada"], ASKED),
        (vec![""], ASKED),
        (vec![&good, &good], ASKED),
    ];
    let auth = || BasicAuth::new(by_password);
    decides(|| App::new().wrap(auth()).routes([get("/", name)]), &rows).await;
}

#[tokio::test]
async fn tokens_decide() {
    const ASKED: &str = r#"401 Bearer realm="harbour""#;
    const MALFORMED: &str = r#"400 Bearer realm="harbour", error="invalid_request""#;
    const INVALID: &str = r#"401 Bearer realm="harbour", error="invalid_token""#;
    let described = |error: &str, detail: &str| {
        format!(r#"Bearer realm="harbour", error="{error}", error_description="{detail}""#)
    };
    let expired = format!(
        "401 {}",
        described("invalid_token", "the token has expired")
    );
    let narrow = described("insufficient_scope", "the token is for reading");
    let narrow = format!("403 {narrow}");
    let rows = [
        (vec![], ASKED),
        (vec!["Bearer ada"], "200 ada"),
        (vec!["bearer  ada"], "200 ada"),
        (vec!["Bearer eve"], INVALID),
        (vec!["Bearer expired"], &expired),
        (vec!["Bearer quoted"], INVALID),
        (vec!["Bearer narrow"], &narrow),
        (vec!["Bearer slow"], "503"),
        (vec!["Bearer"], MALFORMED),
        (vec!["Bearer a b"], MALFORMED),
        (vec!["Bearer ada", "Bearer ada"], MALFORMED),
        (vec!["Basic YTo="], ASKED),
    ];
    let auth = || BearerAuth::new(by_token).realm("harbour");
    decides(|| App::new().wrap(auth()).routes([get("/", name)]), &rows).await;
}

#[tokio::test]
async fn a_list_knows_names_and_secrets() {
    async fn listed(user: Principal<ListedUser>) -> String {
        user.name().to_owned()
    }
    let long = format!("ada:{}", "x".repeat(600));
    for (given, status) in [
        ("ada:lovelace", "200 ada"),
        ("grace:hopper", "200 grace"),
        ("ada:hopper", "401"),
        ("ada:", "401"),
        ("ada:lovelace ", "401"),
        ("Ada:lovelace", "401"),
        ("eve:lovelace", "401"),
        (&long, "401"),
    ] {
        let users = [("ada", "lovelace"), ("grace", "hopper")];
        let app = App::new().routes([get("/", listed).wrap(BasicAuth::users(users))]);
        let seen = ask(app, "/", &[&basic(given)]).await;
        assert!(seen.starts_with(status), "{given} {seen}");
    }
    for (given, status) in [
        ("Bearer s3cret", "200 robot"),
        ("Bearer s3cret2", "401"),
        ("Bearer robot", "401"),
    ] {
        let tokens = [
            ("robot", "s3cret".to_owned()),
            ("other", "0ther".to_owned()),
        ];
        let app = App::new().routes([get("/", listed).wrap(BearerAuth::tokens(tokens))]);
        let seen = ask(app, "/", &[given]).await;
        assert!(seen.starts_with(status), "{given} {seen}");
    }
}

#[tokio::test]
async fn nobody_may_go_on_where_signing_in_is_optional() {
    const BASIC: &str = r#"Basic realm="restricted", charset="UTF-8""#;
    const BEARER: &str = r#"Bearer realm="restricted""#;
    async fn me(user: Principal<User>) -> String {
        user.0.0
    }
    let both = format!("401 {BEARER} + {BASIC}");
    let basic_alone = format!("401 {BASIC}");
    let invalid = format!("401 {BEARER}, error=\"invalid_token\" + {BASIC}");
    let (good, wrong) = (basic("ada:open sesame"), basic("ada:wrong"));
    for (path, authorization, expected) in [
        ("/", vec![], "200 nobody"),
        ("/", vec![good.as_str()], "200 ada"),
        ("/", vec!["Bearer ada"], "200 ada"),
        ("/", vec!["Digest a=b"], "200 nobody"),
        ("/", vec![&wrong], &basic_alone),
        ("/", vec!["Bearer eve"], &invalid),
        ("/me", vec![], &both),
        ("/me", vec![&good], "200 ada"),
        ("/inside", vec![], &both),
        ("/inside", vec!["Bearer ada"], "200 ada"),
        // The scheme that has been used is not asked for again, whatever the handler says.
        ("/401", vec![&good], &format!("401 {BEARER}")),
    ] {
        let app = App::new()
            .wrap(BasicAuth::new(by_password).optional(true))
            .wrap(BearerAuth::new(by_token).optional(true))
            .routes([
                get("/", name),
                get("/me", me),
                get("/inside", me).wrap(Require::<User>::signed_in()),
                get("/401", async || HttpError::unauthorized("again")),
            ]);
        assert_eq!(
            ask(app, path, &authorization).await,
            expected,
            "{path} {authorization:?}"
        );
    }
}

#[tokio::test]
async fn caches_are_told_where_signing_in_is_optional() {
    for optional in [true, false] {
        for authorization in [None, Some("Bearer ada"), Some("Bearer eve")] {
            let auth = BearerAuth::new(by_token).optional(optional);
            let app = App::new().wrap(auth).routes([get("/", name)]);
            let mut request = http::Request::get("/");
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let running = app.start().await.unwrap();
            let answer = running.handle(request.body(Body::empty()).unwrap()).await;
            let vary = answer.headers().get_all("vary").iter();
            let varies = vary
                .map(|value| value.to_str().unwrap())
                .any(|value| value.contains("authorization"));
            assert_eq!(varies, optional, "{authorization:?}");
        }
    }
}

#[tokio::test]
async fn a_verifier_takes_what_a_handler_takes() {
    struct Suffix(&'static str);
    async fn verify(suffix: State<Suffix>, headers: HeaderMap, given: Basic) -> Option<User> {
        let host = headers["x-host"].to_str().unwrap();
        Some(User(format!("{}{}{host}", given.user(), suffix.0)))
    }
    let app = || {
        App::new()
            .wrap(BasicAuth::new(verify))
            .routes([get("/", name)])
    };
    assert!(app().check().unwrap_err().to_string().contains("Suffix"));
    let running = app().provide(Suffix("@")).start().await.unwrap();
    let request = http::Request::get("/")
        .header("authorization", basic("ada:"))
        .header("x-host", "quay");
    let mut answer = running.handle(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.body_mut().bytes(None).await.unwrap(), "ada@quay");

    async fn by_date(_date: Header<Expires>, _given: Basic) -> Option<User> {
        None
    }
    let refused = App::new()
        .wrap(BasicAuth::new(by_date))
        .routes([get("/", name)]);
    assert_eq!(ask(refused, "/", &[&basic("ada:")]).await, "400");
}

#[tokio::test]
async fn it_stands_around_an_app_a_mounted_one_or_a_route() {
    let auth = || BearerAuth::new(by_token);
    let app = || {
        App::new()
            .mount("/inner", App::new().wrap(auth()).routes([get("/", name)]))
            .routes([get("/", name), get("/route", name).wrap(auth())])
            .routes([
                get("/hooks", name).wrap(when(|request| request.uri().query().is_some(), auth()))
            ])
    };
    for (path, status) in [
        ("/", "200 nobody"),
        ("/route", "401"),
        ("/inner", "401"),
        ("/inner/nothing", "401"),
        ("/nothing", "404"),
        ("/hooks", "200 nobody"),
        ("/hooks?a", "401"),
    ] {
        let seen = ask(app(), path, &[]).await;
        assert!(seen.starts_with(status), "{path} {seen}");
    }
}

#[test]
fn who_takes_a_principal_has_to_have_somebody_to_find_it_out() {
    async fn me(_user: Principal<User>) {}
    let app = |auth: Option<BearerAuth<User>>| App::new().wrap(auth).routes([get("/", me)]);
    let error = app(None).check().unwrap_err().to_string();
    assert!(error.contains("Principal<"), "{error}");
    assert!(
        error.contains("which no middleware around it provides"),
        "{error}"
    );
    // That of a type that was left out is not there, either; nor that of another type.
    let other = App::new()
        .wrap(BasicAuth::users([("ada", "lovelace")]))
        .routes([get("/", me)]);
    assert!(other.check().is_err());
    let present = App::new()
        .wrap(BearerAuth::new(by_token))
        .routes([get("/", me)]);
    assert!(present.check().is_ok());
}

#[test]
fn settings_that_cannot_work_are_found_before_the_start() {
    let basic = |users: &[(&'static str, &'static str)]| BasicAuth::users(users.iter().copied());
    let long = "x".repeat(513);
    for (auth, problem) in [
        (basic(&[("ada", "lovelace")]), None),
        (basic(&[]), Some("nobody is listed")),
        (
            basic(&[("ada", "")]),
            Some(r#"the name "ada" has no secret"#),
        ),
        (
            basic(&[("ada", "a"), ("ada", "b")]),
            Some("is listed twice"),
        ),
        (basic(&[("a:b", "c")]), Some("holds a colon")),
        (
            BasicAuth::users([("ada", &long)]),
            Some("more than 512 bytes"),
        ),
        (
            basic(&[("ada", "lovelace")]).realm("häfen"),
            Some("the realm \"häfen\" is not made of visible ASCII"),
        ),
    ] {
        let found = App::new().wrap(auth).check();
        match problem {
            None => assert!(found.is_ok()),
            Some(problem) => {
                let error = found.unwrap_err().to_string();
                assert!(error.contains(problem), "{error}");
                assert!(!error.contains("lovelace"), "{error}");
            }
        }
    }
    assert!(
        App::new()
            .wrap(BearerAuth::tokens([("a", "")]))
            .check()
            .is_err()
    );
}

#[tokio::test]
async fn credentials_are_shown_nowhere() {
    async fn shown(headers: HeaderMap) -> String {
        format!("{headers:?}")
    }
    let app = || {
        App::new()
            .wrap(BasicAuth::new(by_password).optional(true))
            .routes([get("/", shown)])
    };
    let sent = basic("ada:open sesame");
    for line in [sent.as_str(), "Bearer s3cret"] {
        let seen = ask(app(), "/", &[line]).await;
        assert!(seen.starts_with("200 "), "{seen}");
        assert!(seen.contains("Sensitive"), "{seen}");
        let secret = line.split_once(' ').unwrap().1;
        assert!(!seen.contains(secret), "{seen}");
    }
    let list = BasicAuth::users([("ada", "lovelace")]);
    let tokens = BearerAuth::tokens([("robot", "s3cret")]);
    let shown = format!("{list:?} {tokens:?} {:?}", from_fn::<_, _>(list.clone()));
    assert!(
        !shown.contains("lovelace") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_refusal_says_nothing_of_what_was_sent() {
    let running = App::new()
        .wrap(BasicAuth::new(by_password))
        .start()
        .await
        .unwrap();
    let request = http::Request::get("/").header("authorization", basic("ada:lovelace"));
    let mut answer = running.handle(request.body(Body::empty()).unwrap()).await;
    let text = answer.body_mut().bytes(None).await.unwrap();
    assert_eq!(text, "401 Unauthorized: the credentials are not valid\n");
    assert_eq!(answer.headers()["cache-control"], "no-store");
}
