//! What a WebSocket that does nothing costs.

use super::super::socket::Socket;
use super::super::stream::Stream;
use super::*;

#[test]
fn a_websocket_is_small() {
    assert!(size_of::<WebSocket>() <= 2 * size_of::<usize>());
    assert!(size_of::<Stream>() <= 800, "{}", size_of::<Stream>());
    assert!(size_of::<Socket>() <= 900, "{}", size_of::<Socket>());
    assert!(size_of::<Result<Option<Message>, Error>>() <= 48);
}

#[tokio::test]
async fn futures_are_small() {
    let (mut server, _peer) = calm_server();
    assert!(
        size_of_val(&server.recv()) <= 128,
        "{}",
        size_of_val(&server.recv())
    );
    let sending = size_of_val(&server.send(text("")));
    assert!(sending <= 512, "{sending}");
}
