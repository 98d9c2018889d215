use http::header::HeaderName;
use http::{Method, Uri};
use proptest::prelude::*;

use super::*;

/// Runs requests of one user, as the send loop does.
struct Caller {
    digest: Digest,
    exchange: Exchange,
    asker: Asker,
    method: Method,
    uri: Uri,
    target: &'static str,
    body: Option<&'static [u8]>,
}

impl Caller {
    fn new(user: &str, password: &str, cnonce: fn() -> Option<String>, uri: &str) -> Self {
        Self {
            digest: Digest::with_cnonce(user.into(), password.into(), cnonce),
            exchange: Exchange::default(),
            asker: Asker::Server,
            method: Method::GET,
            uri: uri.parse().unwrap(),
            target: "",
            body: Some(b""),
        }
    }

    /// A user whose client nonce is `c`.
    fn mufasa() -> Self {
        Self::new("Mufasa", "pw", || Some("c".into()), "http://quay.test/x")
    }

    fn asked(&self) -> Asked<'_> {
        match self.asker {
            Asker::Server => Asked::by_server(&self.method, &self.uri, self.body),
            Asker::Proxy => Asked::by_proxy(&self.uri, &self.method, self.target, self.body),
        }
    }

    /// Begins another request.
    fn begin(&mut self, uri: &str) -> &mut Self {
        self.exchange = Exchange::default();
        self.uri = uri.parse().unwrap();
        self
    }

    fn send(&mut self) -> Option<String> {
        let mut exchange = std::mem::take(&mut self.exchange);
        let value = self.digest.authorize(&self.asked(), &mut exchange);
        self.exchange = exchange;
        value.map(|value| {
            assert!(value.is_sensitive());
            String::from_utf8(value.as_bytes().to_vec()).unwrap()
        })
    }

    fn refused(&mut self, challenges: &[&str]) -> Decision {
        let mut exchange = std::mem::take(&mut self.exchange);
        let headers = fields(&self.asker.challenge(), challenges);
        let decision = self
            .digest
            .challenge(&self.asked(), &headers, &mut exchange);
        self.exchange = exchange;
        decision
    }

    fn answered(&self, info: &str) -> Result<(), Error> {
        let headers = fields(&self.asker.info(), &[info]);
        self.digest.confirm(&self.asked(), &headers, &self.exchange)
    }

    /// Sends, is refused, and sends again.
    fn challenged(&mut self, challenges: &[&str]) -> String {
        self.send();
        assert_eq!(self.refused(challenges), Decision::Retry, "{challenges:?}");
        self.send().expect("the challenge can be answered")
    }
}

fn fields(name: &HeaderName, lines: &[&str]) -> HeaderMap {
    let value = |line: &&str| HeaderValue::from_bytes(line.as_bytes()).unwrap();
    lines
        .iter()
        .map(|line| (name.clone(), value(line)))
        .collect()
}

/// Finds a parameter of credentials, quotes and all.
fn parameter<'c>(credentials: &'c str, name: &str) -> Option<&'c str> {
    let (_, list) = credentials.split_once(' ')?;
    let mut pairs = list.split(", ").filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

const CIRCLE: fn() -> Option<String> =
    || Some("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".into());
const JASON: fn() -> Option<String> =
    || Some("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v".into());

#[test]
fn the_example_of_rfc_7616_is_answered_with_the_stronger_hash() {
    let challenge = |algorithm: &str| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    let expected = |algorithm: &str, response: &str| {
        format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
             cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", nc=00000001, qop=auth, \
             response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", \
             algorithm={algorithm}"
        )
    };
    let (sha, md5) = (challenge("SHA-256"), challenge("MD5"));
    let both = format!("Basic realm=x, {md5}, {sha}");
    let sha_digest = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    for challenges in [&[sha.as_str(), &md5][..], &[&md5, &sha], &[&both]] {
        let uri = "http://www.example.org/dir/index.html";
        let mut caller = Caller::new("Mufasa", "Circle of Life", CIRCLE, uri);
        let sent = caller.challenged(challenges);
        assert_eq!(sent, expected("SHA-256", sha_digest));
    }
    let uri = "http://www.example.org/dir/index.html";
    let mut caller = Caller::new("Mufasa", "Circle of Life", CIRCLE, uri);
    let sent = caller.challenged(&["Digest algorithm=SHA-3, nonce=a, qop=auth", &md5]);
    assert_eq!(sent, expected("MD5", "8ca523f5e9506fed4657c9700eebdbec"));
}

#[test]
fn user_names_are_hashed_or_sent_as_extended_values() {
    // RFC 7616 §3.9.2, the digests as corrected by erratum 4897.
    let user = "J\u{e4}s\u{f8}n Doe";
    let uri = "http://api.example.org/doe.json";
    let challenge = |userhash: bool| {
        format!(
            "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
             nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
             opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash={userhash}"
        )
    };
    let response = "\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\"";
    let mut caller = Caller::new(user, "Secret, or not?", JASON, uri);
    let sent = caller.challenged(&[&challenge(true)]);
    let hashed = "\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\"";
    assert_eq!(parameter(&sent, "username"), Some(hashed));
    assert_eq!(parameter(&sent, "userhash"), Some("true"));
    assert_eq!(parameter(&sent, "response"), Some(response));

    let mut caller = Caller::new(user, "Secret, or not?", JASON, uri);
    let sent = caller.challenged(&[&challenge(false)]);
    assert_eq!(
        parameter(&sent, "username*"),
        Some("UTF-8''J%C3%A4s%C3%B8n%20Doe")
    );
    assert_eq!(parameter(&sent, "username"), None);
    assert_eq!(parameter(&sent, "userhash"), None);
    assert_eq!(parameter(&sent, "response"), Some(response));
}

#[test]
fn the_examples_of_older_rfcs_are_answered() {
    let uri = "http://www.nowhere.org/dir/index.html";
    let challenge = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    // RFC 2617 §3.5.
    let mut caller = Caller::new("Mufasa", "Circle Of Life", || Some("0a4f113b".into()), uri);
    let sent = caller.challenged(&[challenge]);
    assert_eq!(
        parameter(&sent, "response"),
        Some("\"6629fae49393a05397450978507c4ef1\"")
    );
    assert_eq!(parameter(&sent, "algorithm"), None);
    // RFC 2069 §2.4, as corrected by erratum 749: no count, no client nonce.
    let mut caller = Caller::new("Mufasa", "CircleOfLife", || None, uri);
    let sent = caller.challenged(&[&challenge.replace("qop=\"auth,auth-int\", ", "")]);
    assert_eq!(
        sent,
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         response=\"1949323746fe6a43ef61f9606e7febea\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
    );
}

#[test]
fn bodies_are_covered_where_the_server_takes_nothing_else() {
    let challenge = "Digest realm=r, nonce=n, qop=auth-int, algorithm=SHA-256";
    let mut caller = Caller::mufasa();
    caller.method = Method::POST;
    caller.body = Some(b"hello");
    let sent = caller.challenged(&[challenge]);
    assert_eq!(parameter(&sent, "qop"), Some("auth-int"));
    let digest = "\"bae5f78c6bf998bef3197df003fa07f0fa5c470f97a70e2db630c822b8273877\"";
    assert_eq!(parameter(&sent, "response"), Some(digest));

    // What is not in memory cannot be covered: a weaker challenge is answered, or none.
    let mut caller = Caller::mufasa();
    caller.body = None;
    caller.send();
    assert_eq!(caller.refused(&[challenge]), Decision::GiveUp);
    let weaker = [
        challenge,
        "Digest realm=r, nonce=n, qop=auth, algorithm=MD5",
    ];
    assert_eq!(
        parameter(&caller.challenged(&weaker), "algorithm"),
        Some("MD5")
    );
}

#[test]
fn the_key_of_a_session_keeps_its_first_nonces() {
    for (algorithm, first, second) in [
        (
            "MD5-sess",
            "e9fe481555d68758f0570b3be3d279b7",
            "13daa895516eccd107791c5f2c7a2d7c",
        ),
        (
            "SHA-256-sess",
            "895c326def7b57c9507e69f56e2d11f3e1c18f5c2f02dc3aab63b89e467f57f4",
            "4ccb2ed810ba1994b2867a70e81d56e11eabb23c6fd169531cce0f2fc6ba176a",
        ),
    ] {
        let mut caller = Caller::mufasa();
        let sent = caller.challenged(&[&format!(
            "Digest realm=r, nonce=n, qop=auth, algorithm={algorithm}"
        )]);
        assert_eq!(
            parameter(&sent, "response"),
            Some(format!("\"{first}\"").as_str())
        );
        caller.answered("nextnonce=n2").unwrap();
        let sent = caller.begin("http://quay.test/x").send().unwrap();
        assert_eq!(parameter(&sent, "nonce"), Some("\"n2\""));
        assert_eq!(
            parameter(&sent, "response"),
            Some(format!("\"{second}\"").as_str())
        );
    }
    // Without `qop` the server still has to be told what went into the key.
    let sent = Caller::mufasa().challenged(&["Digest realm=r, nonce=n, algorithm=MD5-sess"]);
    assert_eq!(parameter(&sent, "cnonce"), Some("\"c\""));
    assert_eq!(
        parameter(&sent, "response"),
        Some("\"3ad19b14d508f502d60a1f3f97ce31e7\"")
    );
}

#[test]
fn client_nonces_are_new_for_each_request_but_not_within_a_session() {
    let cnonces = |algorithm: &str| {
        let mut caller = Caller::mufasa();
        caller.digest = Digest::new("Mufasa", "pw");
        let first = caller.challenged(&[&format!(
            "Digest realm=r, nonce=n, qop=auth, algorithm={algorithm}"
        )]);
        let second = caller.begin("http://quay.test/x").send().unwrap();
        [first, second].map(|sent| parameter(&sent, "cnonce").unwrap().to_owned())
    };
    let [first, second] = cnonces("MD5");
    assert_eq!(first.len(), 34);
    assert_ne!(first, second);
    let [first, second] = cnonces("MD5-sess");
    assert_eq!(first, second);
}

#[test]
fn a_known_nonce_is_counted_and_sent_unasked() {
    let mut caller = Caller::mufasa();
    assert_eq!(caller.send(), None);
    let sent = caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    assert_eq!(parameter(&sent, "nc"), Some("00000001"));
    for (uri, count) in [
        ("http://quay.test/", "00000002"),
        ("http://quay.test:80/y", "00000003"),
    ] {
        let sent = caller.begin(uri).send().unwrap();
        assert_eq!(parameter(&sent, "nc"), Some(count));
    }
    // A clone shares what is known.
    let clone = caller.digest.clone();
    let sent = clone.authorize(&caller.asked(), &mut Exchange::default());
    let sent = sent.unwrap();
    assert_eq!(parameter(sent.to_str().unwrap(), "nc"), Some("00000004"));
}

#[test]
fn a_password_that_is_refused_is_not_offered_again_unasked() {
    let mut caller = Caller::mufasa();
    caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    assert_eq!(
        caller.refused(&["Digest realm=r, nonce=m, qop=auth"]),
        Decision::GiveUp
    );
    assert_eq!(caller.begin("http://quay.test/x").send(), None);
}

#[test]
fn a_nonce_that_is_forgotten_costs_one_retry() {
    let mut caller = Caller::mufasa();
    caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    caller.begin("http://quay.test/y").send().unwrap();
    assert_eq!(
        caller.refused(&["Digest realm=r, nonce=m, qop=auth"]),
        Decision::Retry
    );
    let sent = caller.send().unwrap();
    assert_eq!(parameter(&sent, "nonce"), Some("\"m\""));
    assert_eq!(parameter(&sent, "nc"), Some("00000001"));
    assert_eq!(
        caller.refused(&["Digest realm=r, nonce=o, qop=auth"]),
        Decision::GiveUp
    );
}

#[test]
fn a_stale_nonce_does_not_count_as_a_refusal_but_has_an_end() {
    let mut caller = Caller::mufasa();
    // What is stale before anything was sent is an ordinary challenge.
    caller.challenged(&["Digest realm=r, nonce=n0, qop=auth, stale=true"]);
    for (nonce, expected) in [
        ("n1", Decision::Retry),
        ("n2", Decision::Retry),
        ("n3", Decision::GiveUp),
    ] {
        let challenge = format!("Digest realm=r, nonce={nonce}, qop=auth, stale=TRUE");
        assert_eq!(caller.refused(&[&challenge]), expected, "{nonce}");
        caller.send().unwrap();
    }
    // A nonce that is the same cannot be too old.
    let mut caller = Caller::mufasa();
    let challenge = "Digest realm=r, nonce=n, qop=auth, stale=true";
    caller.challenged(&[challenge]);
    assert_eq!(caller.refused(&[challenge]), Decision::GiveUp);
}

#[test]
fn credentials_belong_to_the_first_origin() {
    let challenge = "Digest realm=r, nonce=n, qop=auth";
    for elsewhere in [
        "https://quay.test/x",
        "http://quay.test:81/x",
        "http://pier.test/x",
        "http://a.quay.test/x",
    ] {
        let mut caller = Caller::mufasa();
        // A redirect leads away before anybody has asked.
        assert_eq!(caller.send(), None);
        assert_eq!(caller.begin(elsewhere).send(), None);
        assert_eq!(caller.refused(&[challenge]), Decision::GiveUp);
        caller.begin("http://quay.test/x").challenged(&[challenge]);
        assert_eq!(caller.begin(elsewhere).send(), None, "{elsewhere}");
        assert!(caller.begin("http://quay.test/x").send().is_some());
    }
}

#[test]
fn the_origin_may_list_what_else_takes_its_credentials() {
    let mut caller = Caller::mufasa();
    caller.challenged(&["Digest realm=r, nonce=n, qop=auth, domain=\"/x http://pier.test/y\""]);
    for (uri, expected) in [
        ("http://quay.test/x/z", true),
        ("http://quay.test/z", false),
        ("http://pier.test/y", true),
        ("http://pier.test/x", false),
    ] {
        assert_eq!(caller.begin(uri).send().is_some(), expected, "{uri}");
    }
    // What is refused is answered, even where the list does not name it.
    let asked = "Digest realm=r, nonce=n, qop=auth, domain=/x";
    caller.begin("http://quay.test/z").challenged(&[asked]);
    let asked = "Digest realm=r, nonce=n, qop=auth, domain=\"/x http://pier.test/y\"";
    caller.begin("http://quay.test/z").challenged(&[asked]);
    // It does not answer what others ask, nor take their word.
    caller.begin("http://pier.test/y").send().unwrap();
    let theirs = "Digest realm=r, nonce=m, qop=auth, stale=true";
    assert_eq!(caller.refused(&[theirs]), Decision::GiveUp);
    caller.answered("nextnonce=m").unwrap();
    let sent = caller.begin("http://quay.test/x").send().unwrap();
    assert_eq!(parameter(&sent, "nonce"), Some("\"n\""));
}

#[test]
fn the_next_nonce_is_taken_over_and_its_count_begins_again() {
    let mut caller = Caller::mufasa();
    caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    for (info, nonce, count) in [
        ("nextnonce=n", "\"n\"", "00000002"),
        ("nextnonce=\"n2\"", "\"n2\"", "00000001"),
        ("qop=auth", "\"n2\"", "00000002"),
    ] {
        caller.answered(info).unwrap();
        let sent = caller.begin("http://quay.test/x").send().unwrap();
        assert_eq!(parameter(&sent, "nonce"), Some(nonce), "{info}");
        assert_eq!(parameter(&sent, "nc"), Some(count), "{info}");
    }
}

#[test]
fn the_proof_of_the_server_is_checked_where_there_is_one() {
    let mut caller = Caller::mufasa();
    caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    caller.answered("").unwrap();
    caller
        .answered("rspauth=\"a2cd6cfa40ef47f58b0e2248c29f4a34\", qop=auth, nc=00000001")
        .unwrap();
    let forged = caller.answered("rspauth=\"a2cd6cfa40ef47f58b0e2248c29f4a35\", nextnonce=m");
    let error = forged.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert_eq!(
        format!("{error:#}"),
        "the response is malformed: the server's digest does not prove that it knows the password"
    );
    // A request that had no credentials has nothing to compare with.
    caller.begin("http://pier.test/");
    assert_eq!(caller.send(), None);
    caller.answered("rspauth=\"00\"").unwrap();
}

#[test]
fn proxies_are_answered_for_the_target_of_the_request() {
    let mut caller = Caller::mufasa();
    caller.asker = Asker::Proxy;
    caller.method = Method::CONNECT;
    caller.target = "quay.test:443";
    caller.begin("http://proxy.test:3128");
    let sent = caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    assert_eq!(parameter(&sent, "uri"), Some("\"quay.test:443\""));
    assert_eq!(
        parameter(&sent, "response"),
        Some("\"75254a8eeaa718fd5f7636c7cbd8e63e\"")
    );
    // A server at the same place is somebody else.
    caller.asker = Asker::Server;
    assert_eq!(caller.send(), None);
    assert_eq!(
        caller.refused(&["Digest realm=r, nonce=n, qop=auth"]),
        Decision::GiveUp
    );
    for (asker, status, name) in [
        (Asker::Server, 401, "authorization"),
        (Asker::Proxy, 407, "proxy-authorization"),
    ] {
        assert_eq!(
            (asker.status().as_u16(), asker.credentials().as_str()),
            (status, name)
        );
    }
}

#[test]
fn challenges_that_cannot_be_answered_are_left_to_the_caller() {
    for challenge in [
        "Basic realm=r",
        "Digest realm=r, qop=auth",
        "Digest realm=r, nonce=n, qop=auth-conf",
        "Digest realm=r, nonce=n, algorithm=SHA-3",
        "Digest",
        "",
    ] {
        let mut caller = Caller::mufasa();
        caller.send();
        assert_eq!(
            caller.refused(&[challenge]),
            Decision::GiveUp,
            "{challenge}"
        );
        assert_eq!(caller.send(), None);
    }
    // Without random bytes there is no answer, and no panic.
    let mut caller = Caller::new("Mufasa", "pw", || None, "http://quay.test/");
    caller.send();
    assert_eq!(
        caller.refused(&["Digest nonce=n, qop=auth"]),
        Decision::Retry
    );
    assert_eq!(caller.send(), None);
}

#[test]
fn what_is_quoted_is_escaped() {
    let mut caller = Caller::new("a\"b\\", "pw", || Some("c".into()), "http://quay.test/x");
    let sent = caller.challenged(&[r#"Digest realm="r \"s\"", nonce="n\\", qop="", opaque="""#]);
    assert!(
        sent.starts_with(
            r#"Digest username="a\"b\\", realm="r \"s\"", nonce="n\\", uri="/x", response=""#
        ),
        "{sent}"
    );
    assert!(sent.ends_with(", opaque=\"\""));
    let mut caller = Caller::new("a\r\nb", "pw", || Some("c".into()), "http://quay.test/x");
    let sent = caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    assert_eq!(parameter(&sent, "username*"), Some("UTF-8''a%0D%0Ab"));
    // Servers that say nothing of UTF-8 know no extended values either.
    let mut caller = Caller::new("ä", "pw", || Some("c".into()), "http://quay.test/x");
    let sent = caller.challenged(&["Digest realm=r, nonce=n, qop=auth"]);
    assert_eq!(parameter(&sent, "username"), Some("\"ä\""));
}

#[test]
fn debug_output_shows_no_password() {
    let digest = Digest::new("Mufasa", "secret");
    assert_eq!(format!("{digest:?}"), "Digest { user: \"Mufasa\", .. }");
}

fn shared<T: Clone + Send + Sync>() {}

#[test]
fn credentials_can_be_shared_between_tasks() {
    shared::<Digest>();
}

proptest! {
    #[test]
    fn no_challenge_makes_it_panic(
        challenge in "(Digest|Basic)( (realm|nonce|qop|algorithm|domain|stale|charset|userhash)=\
            (\"[ -~]{0,9}\"|auth|auth-int|MD5|SHA-256-sess|true|UTF-8|é|[a-z/]{0,5}),?){0,7}|.{0,40}",
        info in "((rspauth|nextnonce)=\"?[ -~]{0,9}\"?,?){0,3}",
    ) {
        let value = HeaderValue::from_bytes(challenge.replace(char::is_control, "").as_bytes());
        if let Ok(value) = value {
            let mut caller = Caller::mufasa();
            caller.send();
            if caller.refused(&[str::from_utf8(value.as_bytes()).unwrap()]) == Decision::Retry {
                let sent = caller.send();
                prop_assert!(sent.is_none_or(|sent| sent.starts_with("Digest username=")));
                let _ = caller.answered(&info);
            }
        }
    }
}
