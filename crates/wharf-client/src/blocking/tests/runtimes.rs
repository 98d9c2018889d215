//! Where a blocking client may be used.

use super::*;

/// Makes a client, uses it, and drops it.
fn all_of_it(url: &str) {
    let client = client(url);
    assert_eq!(client.warm_up("", 1).unwrap(), 1);
    let mut response = client.get("").send().unwrap().ok().unwrap();
    assert_eq!(response.text().unwrap(), "hi");
    let unread = client.get("").send().unwrap();
    let mut sent = client.send(client.get("").build().unwrap()).unwrap();
    assert_eq!(sent.bytes().unwrap(), "hi");
    drop(client);
    drop(unread);
}

#[test]
fn it_works_without_a_runtime() {
    all_of_it(&greeter());
}

#[tokio::test]
async fn it_works_on_the_only_thread_of_a_runtime() {
    all_of_it(&greeter());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_runtime_of_several_threads() {
    let url = greeter();
    let again = url.clone();
    let task = tokio::spawn(async move { all_of_it(&again) });
    all_of_it(&url);
    task.await.unwrap();
}

#[test]
fn it_works_where_no_runtime_may_be_started_or_dropped() {
    let url = greeter();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    // Neither with a runtime without timers and sockets around it, nor in a task, nor in blocking work.
    runtime.block_on(async {
        all_of_it(&url);
        let again = url.clone();
        tokio::spawn(async move { all_of_it(&again) })
            .await
            .unwrap();
        let again = url.clone();
        tokio::task::spawn_blocking(move || all_of_it(&again))
            .await
            .unwrap();
    });
}

#[tokio::test]
async fn it_goes_on_when_the_budget_of_the_task_is_spent() {
    let pieces = 2000;
    let url = server(move |mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        peer.write("1\r\nx\r\n".repeat(pieces) + "0\r\n\r\n");
    });
    let mut response = client(&url).get("").send().unwrap();
    let mut count = 0;
    while let Some(piece) = response.chunk().unwrap() {
        assert_eq!(piece, "x");
        count += 1;
    }
    assert_eq!(count, pieces);
}

struct Farewell(Client, mpsc::Sender<String>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let text = self.0.get("").send().unwrap().text().unwrap();
        self.1.send(text).unwrap();
    }
}

#[tokio::test]
async fn it_works_in_a_drop() {
    let client = client(&greeter());
    let (sender, texts) = mpsc::channel();
    drop(Farewell(client.clone(), sender.clone()));
    let farewell = Farewell(client, sender);
    // Dropped while the task that holds it is.
    let task = tokio::spawn(async move {
        let _farewell = farewell;
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(texts.into_iter().collect::<Vec<_>>(), ["hi", "hi"]);
}

#[test]
fn threads_share_a_client() {
    let client = with(&greeter(), |builder| {
        builder.pool(crate::PoolConfig::new().max_per_host(2))
    });
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(client.get("").send().unwrap().text().unwrap(), "hi");
                }
            });
        }
    });
    assert!(opened(&client) <= 2, "{:?}", client.stats());
}

#[tokio::test]
async fn a_body_can_be_read_in_asynchronous_code() {
    let url = server(|mut peer| {
        peer.head();
        peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        peer.write("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    });
    let mut body = client(&url).get("").send().unwrap().into_body();
    assert_eq!(body.bytes(100).await.unwrap(), "onetwo");
}

#[test]
fn a_program_ends_although_a_request_hangs() {
    const INSIDE: &str = "WHARF_TEST_REQUEST_THAT_HANGS";
    if std::env::var_os(INSIDE).is_some() {
        let (sender, arrived) = mpsc::channel();
        let url = server(move |mut peer| {
            sender.send(peer.head()).unwrap();
            peer.closed();
        });
        thread::spawn(move || client(&url).get("").send());
        assert!(arrived.recv().unwrap().starts_with("GET / "));
        return;
    }
    let name = "blocking::tests::runtimes::a_program_ends_although_a_request_hangs";
    let program = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(program);
    let output = command.args(["--exact", name]).env(INSIDE, "1").output();
    let output = output.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}
