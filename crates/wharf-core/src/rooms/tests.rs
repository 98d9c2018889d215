use std::sync::Mutex;

use tokio::sync::broadcast;
use wharf_http::ws::CloseCode;

use super::*;

async fn texts(member: &mut Member, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for _ in 0..count {
        let message = member.recv().await.unwrap();
        texts.push(message.as_text().unwrap().to_owned());
    }
    texts
}

async fn fill(rooms: &Rooms, count: usize) {
    for number in 0..count {
        rooms.broadcast("quay", number.to_string()).await.unwrap();
    }
}

#[tokio::test]
async fn a_broadcast_reaches_everybody_in_the_room_and_nobody_else() {
    let rooms = Rooms::new();
    let (mut ann, mut ben) = (rooms.join("quay"), rooms.join("quay"));
    let mut carl = rooms.join("pier");
    assert_eq!(rooms.broadcast("quay", "tide").await.unwrap(), 2);
    assert!(rooms.send_to(carl.id(), "only you"));
    assert_eq!(texts(&mut ann, 1).await, ["tide"]);
    assert_eq!(texts(&mut ben, 1).await, ["tide"]);
    assert_eq!(texts(&mut carl, 1).await, ["only you"]);
    assert_eq!(carl.waiting(), 0);
}

#[tokio::test]
async fn who_is_dropped_has_left_and_empty_rooms_are_forgotten() {
    let rooms = Rooms::new();
    let mut ann = rooms.join("quay");
    ann.join("pier");
    ann.join("pier");
    assert_eq!(ann.rooms().collect::<Vec<_>>(), ["quay", "pier"]);
    assert_eq!(rooms.list(), ["pier", "quay"]);
    ann.leave("quay");
    assert_eq!((rooms.count("quay"), rooms.count("pier")), (0, 1));
    let id = ann.id();
    drop(ann);
    assert_eq!((rooms.members(), rooms.list()), (0, vec![]));
    assert!(!rooms.send_to(id, "anybody?"));
}

#[tokio::test]
async fn members_share_the_bytes_of_a_message() {
    let rooms = Rooms::new();
    let (mut ann, mut ben) = (rooms.join("quay"), rooms.join("quay"));
    rooms.broadcast("quay", vec![7; 1000]).await.unwrap();
    let (ann, ben) = (ann.recv().await.unwrap(), ben.recv().await.unwrap());
    assert_eq!(ann.as_bytes().as_ptr(), ben.as_bytes().as_ptr());
}

#[tokio::test]
async fn who_is_slow_is_closed_and_delays_nobody() {
    let rooms = Rooms::with_config(RoomsConfig::new().queue(2));
    let mut slow = rooms.join("quay");
    let mut fast = rooms.join("quay");
    for number in 0..3 {
        fill(&rooms, 1).await;
        assert_eq!(texts(&mut fast, 1).await, ["0"], "{number}");
    }
    let error = slow.recv().await.unwrap_err();
    assert_eq!(error.code(), CloseCode::TRY_AGAIN);
    assert_eq!(slow.recv().await, Err(error));
    assert_eq!((slow.waiting(), slow.dropped(), fast.dropped()), (0, 3, 0));
}

#[tokio::test]
async fn the_oldest_or_the_newest_is_dropped_where_that_is_the_policy() {
    for (policy, kept) in [
        (SlowMember::DropOldest, ["2", "3"]),
        (SlowMember::DropNewest, ["0", "1"]),
    ] {
        let rooms = Rooms::with_config(RoomsConfig::new().queue(2).slow_member(policy));
        let mut slow = rooms.join("quay");
        fill(&rooms, 4).await;
        assert_eq!(texts(&mut slow, 2).await, kept, "{policy:?}");
        assert_eq!((slow.waiting(), slow.dropped()), (0, 2));
    }
}

#[tokio::test]
async fn bytes_are_bounded_too_but_a_single_message_always_fits() {
    let config = RoomsConfig::new().queue_bytes(10);
    let rooms = Rooms::with_config(config.slow_member(SlowMember::DropNewest));
    let mut member = rooms.join("quay");
    for length in [100, 1, 5] {
        rooms.broadcast("quay", "x".repeat(length)).await.unwrap();
    }
    assert_eq!((member.waiting(), member.dropped()), (1, 2));
    assert_eq!(texts(&mut member, 1).await[0].len(), 100);
    for _ in 0..3 {
        rooms.broadcast("quay", "x".repeat(5)).await.unwrap();
    }
    assert_eq!(member.waiting(), 2);
}

/// A broker within the process that can be made to fail.
#[derive(Clone)]
struct Local {
    sender: broadcast::Sender<(String, bytes::Bytes)>,
    failures: Arc<Mutex<usize>>,
}

impl Local {
    fn new() -> Self {
        Self {
            sender: broadcast::channel(16).0,
            failures: Arc::default(),
        }
    }
}

impl Broker for Local {
    async fn publish(&self, room: &str, message: bytes::Bytes) -> Result<(), BoxError> {
        self.sender.send((room.to_owned(), message))?;
        Ok(())
    }

    async fn listen(&self, delivery: Delivery) -> Result<(), BoxError> {
        let fails = {
            let mut failures = self.failures.lock().unwrap();
            let fails = *failures > 0;
            *failures = failures.saturating_sub(1);
            fails
        };
        if fails {
            return Err("it is down".into());
        }
        let mut receiver = self.sender.subscribe();
        delivery.started();
        loop {
            let (room, message) = receiver.recv().await?;
            delivery.message(&room, message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_the_members_of_other_instances_once() {
    let broker = Local::new();
    *broker.failures.lock().unwrap() = 3;
    let here = Rooms::with_broker(RoomsConfig::new(), broker.clone());
    let there = Rooms::with_broker(RoomsConfig::new(), broker);
    tokio::spawn(here.listen());
    tokio::spawn(there.listen());
    here.listening().await;
    there.listening().await;
    let (mut ann, mut ben) = (here.join("quay"), there.join("quay"));
    assert_eq!(here.broadcast("quay", "tide").await.unwrap(), 1);
    assert_eq!(texts(&mut ann, 1).await, ["tide"]);
    assert_eq!(texts(&mut ben, 1).await, ["tide"]);
    there.broadcast("quay", "ebb").await.unwrap();
    assert_eq!(texts(&mut ann, 1).await, ["ebb"]);
    assert_eq!(texts(&mut ben, 1).await, ["ebb"]);
    assert_eq!((ann.waiting(), ben.waiting()), (0, 0));
}
