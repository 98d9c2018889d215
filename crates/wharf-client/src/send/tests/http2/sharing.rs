//! How requests share connections.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_burst_opens_one_connection() {
    let (client, mut server) = shared();
    let tasks: Vec<_> = (0..50)
        .map(|_| tokio::spawn(client.get("/").send()))
        .collect();
    let mut peer = Frames::accept(&mut server, 100).await;
    let streams = peer.requests(50).await;
    assert!(server.is_quiet());
    let host = client.stats().hosts()[0].clone();
    assert_eq!((host.in_use(), host.streams(), host.created()), (1, 50, 1));
    for stream in streams {
        peer.answer(stream).await;
    }
    for task in tasks {
        let response = task.await.unwrap().unwrap();
        assert_eq!(response.version(), http::Version::HTTP_2);
    }
    settle().await;
    let host = client.stats().hosts()[0].clone();
    assert_eq!((host.in_use(), host.streams(), host.idle()), (0, 0, 1));
    assert_eq!(host.reused(), 49);
}

#[tokio::test(start_paused = true)]
async fn the_first_requests_are_sent_in_their_order() {
    let (client, mut server) = shared();
    let tasks = sending(&client, 0..20).await;
    let paths = Arc::new(Mutex::new(Vec::new()));
    serving(&mut server, 100, {
        let paths = Arc::clone(&paths);
        move |(request, mut respond): Asked| {
            let paths = Arc::clone(&paths);
            async move {
                paths.lock().unwrap().push(request.uri().path().to_owned());
                respond
                    .send_response(http::Response::new(()), true)
                    .unwrap();
            }
        }
    })
    .await;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let expected: Vec<_> = (0..20).map(|number| format!("/{number}")).collect();
    assert_eq!(*paths.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_server_says_how_many_share_a_connection_and_the_others_wait_in_order() {
    let (client, mut server) = shared();
    let order = Arc::new(Mutex::new((Vec::new(), 0_usize)));
    let first = tokio::spawn(client.get("/first").send());
    serving(&mut server, 3, {
        let order = Arc::clone(&order);
        move |(request, mut respond): Asked| {
            let order = Arc::clone(&order);
            async move {
                let path = request.uri().path().to_owned();
                {
                    let mut order = order.lock().unwrap();
                    order.0.push(path);
                    order.1 += 1;
                    assert!(order.1 <= 3);
                }
                sleep(seconds(1)).await;
                order.lock().unwrap().1 -= 1;
                respond
                    .send_response(http::Response::new(()), true)
                    .unwrap();
            }
        }
    })
    .await;
    first.await.unwrap().unwrap();
    let start = Instant::now();
    let tasks = sending(&client, 0..12).await;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(start.elapsed().as_secs(), 4);
    let expected: Vec<_> = (0..12).map(|number| format!("/{number}")).collect();
    assert_eq!(order.lock().unwrap().0[1..], expected);
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn another_connection_is_opened_when_the_first_is_full_up_to_the_limit() {
    let config = Http2Config::new().max_streams(2);
    let pool = PoolConfig::new().max_http2_per_host(2);
    let (client, mut server) = shared_with(config, |builder| builder.pool(pool));
    let tasks = sending(&client, 0..5).await;
    let mut first = Frames::accept(&mut server, 100).await;
    let mut second = Frames::accept(&mut server, 100).await;
    assert_eq!(first.requests(2).await, [1, 3]);
    assert_eq!(second.requests(2).await, [1, 3]);
    assert!(server.is_quiet());
    let stats = client.stats();
    assert_eq!((stats.in_use(), stats.waiting()), (2, 1));
    second.answer(3).await;
    assert_eq!(second.requests(1).await, [5]);
    for stream in [1, 3] {
        first.answer(stream).await;
    }
    for stream in [1, 5] {
        second.answer(stream).await;
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(client.stats().hosts()[0].waited(), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_go_on_when_the_server_allows_more() {
    let (client, mut server) = shared();
    let first = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 1).await;
    let stream = peer.requests(1).await[0];
    peer.answer(stream).await;
    for task in first {
        task.await.unwrap().unwrap();
    }
    let tasks = sending(&client, 1..5).await;
    assert_eq!(peer.requests(1).await, [3]);
    assert_eq!(peer.rest().await, [0; 0]);
    peer.allow(10).await;
    assert_eq!(peer.requests(3).await, [5, 7, 9]);
    for stream in [3, 5, 7, 9] {
        peer.answer(stream).await;
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_used_again_and_closed_in_time() {
    let (client, mut server) = shared();
    let mut peer = None;
    for stream in [1, 3, 5] {
        let tasks = sending(&client, [0]).await;
        if peer.is_none() {
            peer = Some(Frames::accept(&mut server, 100).await);
        }
        let peer = peer.as_mut().unwrap();
        assert_eq!(peer.requests(1).await, [stream]);
        peer.answer(stream).await;
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        sleep(seconds(14)).await;
    }
    sleep(seconds(2)).await;
    assert_eq!(client.stats().idle(), 0);
    let mut peer = peer.unwrap();
    assert_eq!(peer.next(GOAWAY).await, 0);
    assert!(peer.read().await.is_none());
}
