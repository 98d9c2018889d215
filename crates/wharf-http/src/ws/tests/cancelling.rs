//! Futures that are dropped at any point: nothing is lost, nothing is sent in part, nothing comes twice.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

/// Random numbers that are the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Polls a future some times, and drops it if it is not ready by then.
fn poll_some<F: Future>(future: F, times: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        if let Poll::Ready(output) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return Some(output);
        }
    }
    None
}

/// The message of a number: what is in it tells whether it is whole.
fn numbered(number: u32, random: &mut Random) -> Message {
    // Small ones, so that many come through, and now and then a large one.
    let most = if random.below(20) == 0 { 300 } else { 8 };
    let length = 1 + random.below(most) as usize;
    Message::from(number.to_be_bytes().repeat(length))
}

fn number_of(message: &Message) -> u32 {
    let bytes = message.as_bytes();
    let (numbers, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty() && numbers.iter().all(|number| number == &numbers[0]));
    u32::from_be_bytes(numbers[0])
}

fn cancel_at_random(mut client: WebSocket, mut server: WebSocket, seed: u64) {
    let mut random = Random(seed);
    let mut next = 0;
    let mut cancelled = 0;
    // For each direction, the numbers that were given to a sender, and the last that was received.
    let mut received = [None::<u32>; 2];
    let mut counts = [0; 2];
    while cancelled < 10_000 {
        let client_acts = random.below(2) == 0;
        let (socket, side) = match client_acts {
            true => (&mut client, 0),
            false => (&mut server, 1),
        };
        let times = 1 + random.below(2);
        match random.below(6) {
            0 | 1 => {
                let message = numbered(next, &mut random);
                next += 1;
                match poll_some(socket.send(message), times) {
                    Some(sent) => sent.unwrap(),
                    None => cancelled += 1,
                }
            }
            2 => match poll_some(socket.ping("?"), times) {
                Some(sent) => sent.unwrap(),
                None => cancelled += 1,
            },
            _ => match poll_some(socket.recv(), times) {
                Some(message) => {
                    let number = number_of(&message.unwrap().expect("neither end closes"));
                    // In order, none twice. Those missing were cancelled before they were taken.
                    assert!(received[side].is_none_or(|last| last < number));
                    received[side] = Some(number);
                    counts[side] += 1;
                }
                None => cancelled += 1,
            },
        }
    }
    assert!(counts.iter().all(|count| *count > 300), "{counts:?}");
    // Both still work.
    for _ in 0..100 {
        for socket in [&mut client, &mut server] {
            let _drained = poll_some(socket.recv(), 1);
            let _flushed = poll_some(socket.flush(), 1);
        }
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(async {
            let ((), last) = tokio::join!(
                async { client.send(numbered(u32::MAX, &mut random)).await.unwrap() },
                async {
                    loop {
                        let message = server.recv().await.unwrap().unwrap();
                        if number_of(&message) == u32::MAX {
                            break message;
                        }
                    }
                }
            );
            assert_eq!(number_of(&last), u32::MAX);
            let (client, server) = tokio::join!(client.close(1000, ""), server.recv());
            client.unwrap();
            assert_eq!(server.unwrap().map(|message| number_of(&message)), None);
        });
}

/// Small pipes, so that most operations have to wait.
fn pair_over(pipe: usize, config: &WebSocketConfig) -> (WebSocket, WebSocket) {
    let (here, there) = duplex(pipe);
    (
        WebSocket::client(here, config, Negotiated::default()),
        WebSocket::server(there, config, Negotiated::default()),
    )
}

fn calm() -> WebSocketConfig {
    WebSocketConfig::new().heartbeat(None).write_timeout(None)
}

#[test]
fn ten_thousand_cancellations_do_no_harm() {
    for (seed, pipe) in [(1, 16), (2, 200), (3, 5000)] {
        let (client, server) = pair_over(pipe, &calm());
        cancel_at_random(client, server, seed);
    }
}

#[test]
fn nor_do_they_where_messages_go_in_many_frames() {
    let (client, server) = pair_over(100, &calm().fragment(50));
    cancel_at_random(client, server, 4);
}

#[cfg(feature = "ws-deflate")]
#[test]
fn nor_do_they_where_messages_are_compressed() {
    for (seed, alone) in [(5, true), (6, false)] {
        let (client, server) = deflated::pair(100, alone, &calm());
        cancel_at_random(client, server, seed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_cancelled_goes_on_with_the_next_operation() {
    let (mut server, mut peer) = calm_server();
    let begun = tokio::time::timeout(seconds(1), server.close(1000, "")).await;
    assert!(begun.is_err());
    expect(&mut peer, &close_frame(false, 1000, "")).await;
    assert!(server.send_text("late").await.unwrap_err().is_closed());
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    assert_eq!(server.recv().await.unwrap(), None);
    assert_eq!(server.close_frame().unwrap().code(), CloseCode::NORMAL);
}

#[tokio::test(start_paused = true)]
async fn it_goes_from_task_to_task_and_wakes_the_one_that_waits() {
    let (server, mut peer) = server(&WebSocketConfig::new());
    let server = std::sync::Arc::new(tokio::sync::Mutex::new(server));
    for number in 0..10 {
        let waits = {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move { server.lock().await.recv().await })
        };
        settle().await;
        if number % 2 == 0 {
            waits.abort();
            assert!(waits.await.unwrap_err().is_cancelled());
            continue;
        }
        peer.write_all(&frame(0x81, true, b"ahoy")).await.unwrap();
        assert_eq!(waits.await.unwrap().unwrap(), Some(text("ahoy")));
    }
    // The alarm that the first of them has set wakes the last.
    let last = tokio::spawn(async move { server.lock().await.recv().await.unwrap_err().kind() });
    expect(&mut peer, &[0x89, 0]).await;
    assert_eq!(last.await.unwrap(), ErrorKind::TimedOut(Phase::Heartbeat));
}

#[tokio::test(start_paused = true)]
async fn halves_are_woken_although_the_whole_has_waited_before() {
    let (mut server, mut peer) = calm_server();
    let before = tokio::time::timeout(seconds(1), server.recv()).await;
    assert!(before.is_err());
    let (mut reader, mut writer) = server.split();
    let reading = tokio::spawn(async move { reader.recv().await });
    // More than the pipe takes.
    let writing = tokio::spawn(async move { writer.send_binary(vec![0; 100 << 10]).await });
    settle().await;
    peer.write_all(&frame(0x81, true, b"ahoy")).await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), Some(text("ahoy")));
    let mut sent = vec![0; 10 + (100 << 10)];
    peer.read_exact(&mut sent).await.unwrap();
    writing.await.unwrap().unwrap();
}
