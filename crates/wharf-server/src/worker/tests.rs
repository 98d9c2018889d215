use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::sync::mpsc::unbounded_channel;
use wharf_http::service::service_fn;
use wharf_http::{Request, Response, Tasks};

use super::*;
use crate::accept::Acceptor;
use crate::arrival::Arrival;
use crate::conn::ConnectionConfig;
use crate::erased::AnyService;
use crate::listener::{Inherited, Listener, open_all};
use crate::notice::Notice;

#[test]
fn a_number_that_makes_no_sense_is_refused() {
    assert!(Workers::from(1).check().is_ok());
    assert_eq!(
        Workers::from(0).check().unwrap_err().to_string(),
        "a server needs at least one worker"
    );
    assert!(Workers::new().max_requests(0).check().is_err());
}

#[test]
fn the_limit_of_requests_lies_within_its_jitter() {
    let workers = Workers::new().max_requests(100).max_requests_jitter(10);
    let limits: Vec<u64> = (0..200).filter_map(|_| workers.next_limit()).collect();
    assert!(
        limits.iter().all(|limit| (100..=110).contains(limit)),
        "{limits:?}"
    );
    assert!(limits.iter().any(|limit| *limit != limits[0]));
    assert_eq!(Workers::new().next_limit(), None);
    let most = Workers::new()
        .max_requests(u64::MAX)
        .max_requests_jitter(u64::MAX);
    assert_eq!(most.next_limit(), Some(u64::MAX));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_outside_a_request_goes_on_with_its_sockets() {
    let hello = service_fn(|_: Request, _: wharf_http::Context| async { Response::default() });
    let arrival = Arrival::new(ConnectionConfig::new(AnyService::new(hello)), Tasks::new());
    let (commands, receiver) = unbounded_channel();
    let load = Arc::new(Load::default());
    let mut acceptor = Acceptor::new(
        Arc::new(arrival),
        receiver,
        Arc::clone(&load),
        10,
        Notice::new(false),
    );
    let listeners = vec![Listener::new("127.0.0.1:0")];
    let (mut nothing, mut next) = (Inherited::default(), 0);
    let open = open_all(listeners, 1, &mut nothing, &mut next);
    let open = open.await.unwrap().remove(0);
    let share = open.share(0, 1).unwrap();
    let told = [
        Command::Listen(open.id, Arc::clone(&open.site), share),
        Command::Panic,
        Command::Finish,
    ];
    for command in told {
        commands.send(command).unwrap();
    }
    let wharf_http::connection::Local::Tcp(addr) = *open.local() else {
        unreachable!("a TCP address was bound")
    };
    let client = std::net::TcpStream::connect(addr).unwrap();
    let mut run = Box::pin(acceptor.run());
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    // The system tells the runtime of the client some time after it has connected.
    while load.connections() == 0 {
        let ended = futures_poll(&mut run).await;
        assert!(ended.is_pending(), "it does not end by the panic");
    }
    drop(client);
    run.await;
}

/// Polls once and lets other tasks have their turn.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    tokio::time::advance(std::time::Duration::from_millis(10)).await;
    std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}
