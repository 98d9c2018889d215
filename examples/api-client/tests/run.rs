//! The program, as its first lines say it is used.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../peer.rs"]
mod peer;

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use peer::{field, response};

/// An API with expiring tokens, a bad day and a broken connection; and what it was asked.
struct Api {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The only one that is valid is the last.
    tokens: usize,
    /// Those up to this one never are.
    refused: usize,
    asked: Vec<(String, Instant)>,
    keys: Vec<String>,
    busy: bool,
    broken: bool,
}

impl Api {
    fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let answer = move |request: &str| shared.lock().unwrap().answer(request);
        let address = peer::start(|stream| stream, answer);
        Self { address, state }
    }

    fn asked(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().map(|(line, _)| line.clone()).collect()
    }

    fn run(&self, words: &[&str]) -> Output {
        run(&format!("http://{}/v1/", self.address), words)
    }
}

impl State {
    fn answer(&mut self, request: &str) -> Vec<u8> {
        let line = request.lines().next().unwrap();
        let line = line.strip_suffix(" HTTP/1.1").unwrap().to_owned();
        self.asked.push((line.clone(), Instant::now()));
        let json = "content-type: application/json\r\n";
        if line == "POST /v1/token" {
            if !request.ends_with("\r\n\r\nkey=s3cret") {
                return response("403 Forbidden", "", "unknown key\n");
            }
            self.tokens += 1;
            let token = format!("{{\"token\":\"t{}\"}}", self.tokens);
            return response("200 OK", json, &token);
        }
        let valid = format!("Bearer t{}", self.tokens);
        if field(request, "authorization") != Some(&valid) || self.tokens <= self.refused {
            return response(
                "401 Unauthorized",
                "www-authenticate: Bearer\r\n",
                "expired\n",
            );
        }
        match line.as_str() {
            "POST /v1/ships" => {
                let key = field(request, "idempotency-key").unwrap();
                self.keys.push(key.to_owned());
                if !std::mem::replace(&mut self.busy, true) {
                    return response("503 Service Unavailable", "retry-after: 1\r\n", "");
                }
                response(
                    "201 Created",
                    json,
                    request.split("\r\n\r\n").last().unwrap(),
                )
            }
            "GET /v1/ships" => {
                // The token expires between the first page and the second.
                self.tokens += 1;
                let fields = format!("{json}link: </v1/ships?page=2>; rel=\"next\"\r\n");
                response("200 OK", &fields, r#"[{"name":"tug","tons":30}]"#)
            }
            "GET /v1/ships?page=2" => {
                let fields = format!("{json}link: <?page=3>; rel=next\r\n");
                response("200 OK", &fields, r#"[{"name":"barge","tons":900}]"#)
            }
            // The kept connection ends with the request unanswered, once.
            "GET /v1/ships?page=3" if !std::mem::replace(&mut self.broken, true) => Vec::new(),
            "GET /v1/ships?page=3" => response("200 OK", json, "[]"),
            "GET /v1/ships/a%2Fb" => response("200 OK", json, r#"{"name":"a/b","tons":1}"#),
            "GET /v1/ships/odd" => response("200 OK", json, r#"{"name":"odd"}"#),
            _ => response("404 Not Found", "", ""),
        }
    }
}

fn run(base: &str, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api-client"));
    command.env("HARBOUR_KEY", "s3cret").arg(base).args(words);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_busy_api_is_asked_again_when_it_says_so_and_knows_the_request() {
    let api = Api::start();
    // A name, to be looked up.
    let base = format!("http://localhost:{}/v1/", api.address.port());
    let output = run(&base, &["add", "tug", "30"]);
    assert_eq!(
        text(&output.stdout),
        "tug: 30 t\n",
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        api.asked(),
        ["POST /v1/token", "POST /v1/ships", "POST /v1/ships"]
    );
    let state = api.state.lock().unwrap();
    assert_eq!(state.keys[0], state.keys[1]);
    assert!(state.asked[2].1 - state.asked[1].1 >= Duration::from_secs(1));
    let said = text(&output.stderr);
    for phase in [
        "dns: asks",
        "dns: done",
        "connect: begins",
        "connect: done",
        "head: sent",
        "retry",
        "head: came",
        "body: ended",
    ] {
        assert!(said.contains(phase), "{phase}: {said}");
    }
    assert!(!said.contains("s3cret") && !said.contains("t1"), "{said}");
}

#[test]
fn a_list_is_read_to_its_end_though_the_token_expires_and_a_connection_breaks() {
    let api = Api::start();
    let output = api.run(&["list"]);
    assert_eq!(
        text(&output.stdout),
        "tug: 30 t\nbarge: 900 t\n",
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        api.asked(),
        [
            "POST /v1/token",
            "GET /v1/ships",
            "GET /v1/ships?page=2",
            "POST /v1/token",
            "GET /v1/ships?page=2",
            "GET /v1/ships?page=3",
            "GET /v1/ships?page=3",
        ]
    );
    assert!(text(&output.stderr).contains("connect: kept one"));
}

#[test]
fn calls_that_are_refused_at_once_get_one_new_token() {
    let api = Api::start();
    api.state.lock().unwrap().refused = 1;
    let output = api.run(&["show", "a/b", "raft", "junk", "dhow", "prau", "cog", "hulk"]);
    let shown = text(&output.stdout);
    assert!(
        shown.contains("a/b: 1 t\n") && shown.contains("dhow: no such ship\n"),
        "{shown}"
    );
    // There are four connections.
    assert!(text(&output.stderr).contains("queue: its turn"));
    let tokens = api
        .asked()
        .iter()
        .filter(|line| *line == "POST /v1/token")
        .count();
    assert_eq!(tokens, 2, "{:?}", api.asked());
}

#[test]
fn an_error_comes_with_what_to_do_about_it() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fails = |base: &str, words: &[&str]| {
        let output = run(base, words);
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    let said = fails(&format!("http://{nobody}/"), &["list"]);
    assert!(
        said.contains("error: could not connect") && said.contains("nobody listens there"),
        "{said}"
    );
    let said = fails("harbour.test", &["list"]);
    assert!(
        said.contains("error: invalid URL") && said.contains("a mistake in what was asked for"),
        "{said}"
    );
    let api = Api::start();
    let base = format!("http://{}/v1/", api.address);
    let said = fails(&base, &["show", "odd"]);
    assert!(
        said.contains("missing field `tons`") && said.contains("is it of this version?"),
        "{said}"
    );

    let mut command = Command::new(env!("CARGO_BIN_EXE_api-client"));
    let output = command
        .env("HARBOUR_KEY", "wrong")
        .args([&base, "list"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(
        said.ends_with("the API does not accept the key: set HARBOUR_KEY\nit says: unknown key\n"),
        "{said}"
    );

    assert_eq!(run(&base, &["sink"]).status.code(), Some(2));
}
