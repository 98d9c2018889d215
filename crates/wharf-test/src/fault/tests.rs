use std::io;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, timeout};
use wharf_client::retry::RetryPolicy;
use wharf_client::{Client, ClientBuilder, ErrorKind, Phase};

use super::*;
use crate::MockServer;
use crate::upstream::{Reply, get, put};

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A faulty end of a pipe, and the end that nothing is wrong with.
fn pair(plan: Plan) -> (Faulty<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(1024 * 1024);
    (Faults::every(plan).wrap(near), far)
}

fn incoming(flow: Flow) -> Plan {
    Plan::new().incoming(flow)
}

fn outgoing(flow: Flow) -> Plan {
    Plan::new().outgoing(flow)
}

/// Reads until there is nothing more, or nothing more comes for an hour.
async fn read_all(stream: &mut (impl AsyncReadExt + Unpin)) -> (String, Result<(), io::ErrorKind>) {
    let mut bytes = Vec::new();
    let read = timeout(Duration::from_secs(3600), stream.read_to_end(&mut bytes)).await;
    let end = match read {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.kind()),
        Err(_elapsed) => Err(io::ErrorKind::TimedOut),
    };
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

#[tokio::test(start_paused = true)]
async fn without_a_plan_nothing_goes_wrong() {
    let (mut near, mut far) = pair(Plan::new());
    near.write_all(b"hello").await.unwrap();
    far.write_all(b"wharf").await.unwrap();
    near.shutdown().await.unwrap();
    assert_eq!(read_all(&mut far).await, ("hello".to_owned(), Ok(())));
    drop(far);
    assert_eq!(read_all(&mut near).await, ("wharf".to_owned(), Ok(())));
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_ends_where_it_is_to() {
    for (flow, end) in [
        (Flow::new().cut_after(3), Ok(())),
        (Flow::new().half_close_after(3), Ok(())),
        (
            Flow::new().reset_after(3),
            Err(io::ErrorKind::ConnectionReset),
        ),
        (Flow::new().stall_after(3), Err(io::ErrorKind::TimedOut)),
    ] {
        let (mut near, mut far) = pair(incoming(flow.clone()));
        far.write_all(b"hello").await.unwrap();
        assert_eq!(
            read_all(&mut near).await,
            ("hel".to_owned(), end),
            "{flow:?}"
        );
        let written = near.write_all(b"x").await.map_err(|error| error.kind());
        let expected = match end {
            Ok(()) if flow == Flow::new().cut_after(3) => Err(io::ErrorKind::BrokenPipe),
            Err(io::ErrorKind::ConnectionReset) => Err(io::ErrorKind::ConnectionReset),
            _ => Ok(()),
        };
        assert_eq!(written, expected, "{flow:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_out_ends_where_it_is_to() {
    for (flow, written, end) in [
        (
            Flow::new().cut_after(3),
            Err(io::ErrorKind::BrokenPipe),
            Ok(()),
        ),
        (
            Flow::new().half_close_after(3),
            Err(io::ErrorKind::BrokenPipe),
            Ok(()),
        ),
        (
            Flow::new().reset_after(3),
            Err(io::ErrorKind::ConnectionReset),
            Ok(()),
        ),
        (
            Flow::new().stall_after(3),
            Err(io::ErrorKind::TimedOut),
            Err(io::ErrorKind::TimedOut),
        ),
    ] {
        let (mut near, mut far) = pair(outgoing(flow.clone()));
        let writing = timeout(Duration::from_secs(60), near.write_all(b"hello")).await;
        let result = writing.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
        assert_eq!(result.map_err(|error| error.kind()), written, "{flow:?}");
        assert_eq!(
            read_all(&mut far).await,
            ("hel".to_owned(), end),
            "{flow:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_direction_goes_on_after_a_half_close() {
    let (mut near, mut far) = pair(outgoing(Flow::new().half_close_after(2)));
    near.write_all(b"hi").await.unwrap();
    assert_eq!(read_all(&mut far).await, ("hi".to_owned(), Ok(())));
    far.write_all(b"still here").await.unwrap();
    drop(far);
    assert_eq!(read_all(&mut near).await, ("still here".to_owned(), Ok(())));
}

#[tokio::test(start_paused = true)]
async fn delays_do_not_add_up() {
    let (mut near, mut far) = pair(incoming(Flow::new().delay(milliseconds(300))));
    let start = Instant::now();
    tokio::spawn(async move {
        for _ in 0..3 {
            far.write_all(b"x").await?;
            tokio::time::sleep(milliseconds(10)).await;
        }
        far.shutdown().await
    });
    for expected in [300, 310, 320] {
        near.read_u8().await.unwrap();
        assert_eq!(start.elapsed(), milliseconds(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_on_its_way_for_the_delay() {
    let (mut near, mut far) = pair(outgoing(Flow::new().delay(milliseconds(300))));
    let start = Instant::now();
    near.write_all(b"x").await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    let (flushed, read) = tokio::join!(near.flush(), far.read_u8());
    assert!(flushed.is_ok() && read.is_ok());
    assert_eq!(start.elapsed(), milliseconds(300));
}

#[tokio::test(start_paused = true)]
async fn halves_in_two_tasks_do_not_wait_for_each_other() {
    let plan = outgoing(Flow::new().delay(milliseconds(100)).reset_after(5));
    let (near, mut far) = pair(plan.accept_after(milliseconds(50)));
    let (mut reader, mut writer) = tokio::io::split(near);
    let start = Instant::now();
    let reading = tokio::spawn(async move { reader.read_u8().await.unwrap_err().kind() });
    let writing = tokio::spawn(async move {
        writer.write_all(b"hello").await.unwrap();
        writer.flush().await
    });
    assert_eq!(read_all(&mut far).await.0, "hello");
    assert_eq!(reading.await.unwrap(), io::ErrorKind::ConnectionReset);
    writing.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), milliseconds(150));
}

#[tokio::test(start_paused = true)]
async fn bandwidth_is_kept_in_both_directions() {
    let slow = Flow::new().bandwidth(1_000);
    let (mut near, mut far) = pair(incoming(slow.clone()).outgoing(slow));
    let start = Instant::now();
    far.write_all(&[b'x'; 2_500]).await.unwrap();
    near.read_exact(&mut [0; 500]).await.unwrap();
    assert_eq!(start.elapsed(), milliseconds(500));
    near.read_exact(&mut [0; 2_000]).await.unwrap();
    assert_eq!(start.elapsed(), milliseconds(2_500));

    near.write_all(&[b'y'; 1_500]).await.unwrap();
    near.flush().await.unwrap();
    assert_eq!(start.elapsed(), milliseconds(4_000));
    far.read_exact(&mut [0; 1_500]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_byte_is_changed_where_it_is_to() {
    let flow = Flow::new().corrupt_at(1).corrupt_at(6);
    let (mut near, mut far) = pair(incoming(flow));
    for piece in [&b"abc"[..], b"defg"] {
        far.write_all(piece).await.unwrap();
    }
    let mut bytes = [0; 7];
    near.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, &[b'a', !b'b', b'c', b'd', b'e', b'f', !b'g']);
}

#[test]
fn each_connection_has_the_plan_of_its_number() {
    let faults = Faults::first([Plan::new().refused(), Plan::new().tls_closed()]);
    let copy = faults.clone();
    assert_eq!(faults.next(), Plan::new().refused());
    assert_eq!(copy.next(), Plan::new().tls_closed());
    assert_eq!(faults.next(), Plan::new());
    assert_eq!((faults.connections(), faults.seed()), (3, None));
    let drawn = Faults::seeded(9);
    assert_eq!((drawn.next(), drawn.next()), (drawn.plan(0), drawn.plan(1)));
    assert_eq!(
        format!("{drawn:?}"),
        "Faults { seed: 9, connections: 2, .. }"
    );
}

/// A mock server that greets, and a builder of clients whose connections to it are faulty.
fn greeting(faults: impl Into<Faults>) -> (MockServer, ClientBuilder) {
    let mock = MockServer::new();
    let greeting = Reply::new(200).text("hello");
    mock.expect(get("/")).times(..).reply(greeting);
    let connector = faults.into().connector(mock.connector());
    let builder = Client::builder().base("http://quay.test/");
    (mock, builder.connector(connector))
}

async fn failure(plan: Plan) -> wharf_client::Error {
    let (_mock, builder) = greeting(plan);
    let response = builder.build().unwrap().get("/").send().await;
    match response {
        Err(error) => error,
        Ok(mut response) => response.bytes().await.unwrap_err(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_looked_up_is_an_error_of_its_own_kind() {
    let error = failure(Plan::new().unresolved()).await;
    assert_eq!(error.kind(), ErrorKind::Dns);
    let text = "could not look up the host (quay.test:80): no name server has answered";
    assert_eq!(error.to_string(), text);

    let (_mock, builder) = greeting(Plan::new().unresolved());
    let client = builder.build().unwrap();
    let response = client.get("http://127.0.0.1/").send().await;
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_refused_is_an_error_of_connecting() {
    let error = failure(Plan::new().refused()).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    let cause = error.find_cause::<io::Error>().map(io::Error::kind);
    assert_eq!(cause, Some(io::ErrorKind::ConnectionRefused));
}

#[cfg(feature = "tls")]
#[tokio::test(start_paused = true)]
async fn https_urls_lead_to_a_mock_through_faults_too() {
    let (_mock, builder) = greeting(incoming(Flow::new().delay(milliseconds(10))));
    let client = builder.build().unwrap();
    let mut response = client.get("https://quay.test/").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
}

#[cfg(feature = "tls")]
#[tokio::test(start_paused = true)]
async fn a_handshake_that_fails_is_an_error_of_tls() {
    for plan in [Plan::new().tls_garbage(), Plan::new().tls_closed()] {
        let (_mock, builder) = greeting(plan);
        // The roots of the system may be missing on the machine, and nobody gets so far as to need them.
        let tls = wharf_client::tls::TlsConfig::new().dangerous_accept_any_certificate();
        let client = builder.tls(tls).build().unwrap();
        let error = client.get("https://quay.test/").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_slow_to_accept_is_a_time_out_of_connecting() {
    let start = Instant::now();
    let error = failure(Plan::new().accept_after(Duration::from_secs(60))).await;
    assert_eq!(error.phase(), Some(Phase::Connect));
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_retry_gets_over_the_first_connections() {
    let faults = Faults::first([
        Plan::new().unresolved(),
        Plan::new().refused(),
        incoming(Flow::new().reset_after(10)),
    ]);
    let (mock, builder) = greeting(faults.clone());
    let retry = RetryPolicy::new().attempts(4);
    let client = builder.retry(retry).build().unwrap();
    let mut response = client.get("/").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    assert_eq!((faults.connections(), mock.calls().len()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn heads_and_bodies_fail_as_they_do_on_a_network() {
    let head = 20;
    let body = 118;
    for (flow, kind) in [
        (
            Flow::new().stall_after(head),
            ErrorKind::Timeout(Phase::ResponseHead),
        ),
        (Flow::new().reset_after(head), ErrorKind::Disconnected),
        (Flow::new().cut_after(0), ErrorKind::Disconnected),
        (Flow::new().corrupt_at(0), ErrorKind::Malformed),
        (
            Flow::new().stall_after(body),
            ErrorKind::Timeout(Phase::BodyRead),
        ),
        (Flow::new().cut_after(body), ErrorKind::ResponseBody),
        (Flow::new().reset_after(body), ErrorKind::ResponseBody),
    ] {
        assert_eq!(
            failure(incoming(flow.clone())).await.kind(),
            kind,
            "{flow:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_through_a_narrow_network_makes_progress() {
    let mock = MockServer::new();
    mock.expect(put("/log")).reply(Reply::new(204));
    let faults = Faults::every(outgoing(Flow::new().bandwidth(10_000)));
    let client = Client::builder().connector(faults.connector(mock.connector()));
    let (sender, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let request = client.build().unwrap().put("http://quay.test/log");
    let request = request.body(vec![b'x'; 300_000]);
    let start = Instant::now();
    let response = request
        .upload_progress(move |bytes| {
            sender.send((start.elapsed(), bytes)).unwrap();
        })
        .send()
        .await;
    assert_eq!(response.unwrap().status(), 204);
    assert!(
        start.elapsed() >= Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    let mut last = (Duration::ZERO, 0);
    while let Ok(report) = reports.try_recv() {
        assert!(report >= last, "{last:?} {report:?}");
        last = report;
    }
    assert_eq!(last.1, 300_000);
}

/// All that a client sees of three requests over a network of a seed: what came, and when.
fn seen(seed: u64) -> Vec<(Duration, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let (_mock, builder) = greeting(Faults::seeded(seed));
        let client = builder.build().unwrap();
        let start = Instant::now();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let result = match client.get("/").send().await {
                Ok(mut response) => response.text().await,
                Err(error) => Err(error),
            };
            let text = result.unwrap_or_else(|error| format!("{error:#}"));
            seen.push((start.elapsed(), text));
        }
        seen
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_seed_gives_the_same_bytes_at_the_same_times(seed: u64) {
        prop_assert_eq!(seen(seed), seen(seed));
    }

    #[test]
    fn every_byte_arrives_in_order_however_slowly(
        bytes in proptest::collection::vec(any::<u8>(), 0..20_000),
        delay in 0..500u64,
        bandwidth in 1_000..100_000u64,
        out: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(async {
            let flow = Flow::new().delay(milliseconds(delay)).bandwidth(bandwidth);
            let plan = if out { outgoing(flow) } else { incoming(flow) };
            let (faulty, plain) = pair(plan);
            let sent = bytes.clone();
            let start = Instant::now();
            let read = if out { carry(faulty, plain, sent).await } else { carry(plain, faulty, sent).await };
            let least = Duration::from_nanos(bytes.len() as u64 * 1_000_000_000 / bandwidth);
            assert_eq!(read, bytes);
            assert!(start.elapsed() >= least);
        });
    }
}

async fn carry<W, R>(mut from: W, mut to: R, bytes: Vec<u8>) -> Vec<u8>
where
    W: AsyncWriteExt + Unpin + Send + 'static,
    R: AsyncReadExt + Unpin,
{
    tokio::spawn(async move {
        from.write_all(&bytes).await?;
        from.shutdown().await
    });
    let mut read = Vec::new();
    to.read_to_end(&mut read).await.unwrap();
    read
}
