//! Responses and redirects: whatever servers answer, a request ends, follows no more redirects than it may, and what proves who
//! asks goes to the first host alone. Directly, and by proxies that answer as they like.
#![no_main]

use std::sync::{Arc, Mutex};

use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wharf_client::connect::{Stream, Target};
use wharf_client::digest::Digest;
use wharf_client::jar::CookieJar;
use wharf_client::proxy::{Proxy, ProxyRules};
use wharf_client::{Client, Connector};
use wharf_http::BoxError;

/// What each connection answers, in the order in which they are opened, and what was sent over them.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<Vec<Vec<u8>>>>,
    sent: Arc<Mutex<Vec<(Target, Vec<u8>)>>>,
}

impl Connector for Script {
    async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
        let answer = self
            .answers
            .lock()
            .unwrap()
            .pop()
            .ok_or("no answers are left")?;
        let (near, mut far) = duplex(1 << 16);
        let sent = Arc::clone(&self.sent);
        tokio::spawn(async move {
            let mut head = [0; 4096];
            let length = far.read(&mut head).await.unwrap_or(0);
            sent.lock().unwrap().push((target, head[..length].to_vec()));
            let _gone = far.write_all(&answer).await;
            // Stays open for a while where the script says so.
            if answer.len() % 2 == 0 {
                let _end = far.read_to_end(&mut Vec::new()).await;
            }
        });
        Ok(Stream::new(near))
    }
}

fn through(proxy: &str) -> ProxyRules {
    ProxyRules::all(Proxy::new(proxy).unwrap())
}

fuzz_target!(|data: &[u8]| {
    let [choice, input @ ..] = data else { return };
    let script = Script::default();
    // Each answer begins with a byte that no head has.
    let answers = input.split(|&byte| byte == 0xff).take(40).map(Into::into);
    script.answers.lock().unwrap().extend(answers);
    script.answers.lock().unwrap().reverse();
    fuzz::run(async {
        let mut builder = Client::builder()
            .connector(script.clone())
            .body_limit(10_000);
        builder = match choice % 3 {
            0 => builder.digest_auth(Digest::new("pilot", "hunter2")),
            1 => builder.cookies(CookieJar::new()),
            _ => builder,
        };
        builder = match choice / 9 % 4 {
            0 => builder.proxy(through("socks5h://me:pass@proxy.test")),
            1 => builder.proxy(through("socks4a://proxy.test")),
            2 => builder.proxy(through("http://proxy.test:3128")),
            _ => builder,
        };
        let client = builder.build().unwrap();
        let request = match choice / 3 % 3 {
            0 => client.get("http://quay.test/a/b?c"),
            1 => client.post("http://quay.test/a/b").body("cargo"),
            _ => client.head("http://quay.test/"),
        };
        let request = request.header("authorization", "Bearer hunter2");
        if let Ok(mut response) = request.send().await {
            assert!(response.history().len() <= 10);
            let _links = response.links();
            if let Ok(bytes) = response.bytes().await {
                assert!(bytes.len() <= 10_000);
            }
        }
    });
    for (target, sent) in script.sent.lock().unwrap().iter() {
        let sent = String::from_utf8_lossy(sent);
        // A proxy is shown what its host is shown.
        let to = ["Host: ", "host: "]
            .iter()
            .find_map(|name| sent.split(name).nth(1));
        let own = match target.host() {
            "proxy.test" => to.is_none_or(|to| to.starts_with("quay.test\r\n")),
            _ => target.to_string() == "quay.test:80",
        };
        assert!(
            own || !sent.contains("hunter2") && !sent.contains("Digest"),
            "{target}: {sent}"
        );
    }
});
