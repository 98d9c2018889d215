//! A test client needs no socket: its runtime cannot even open one.

use tokio::runtime::Builder;
use wharf_http::service::service_fn;
use wharf_http::{Context, Request, Response};
use wharf_test::TestClient;

#[test]
fn an_application_is_tested_on_a_runtime_that_cannot_open_sockets() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let echo =
            service_fn(|request: Request, _: Context| async { Response::new(request.into_body()) });
        let client = TestClient::new(echo).await;
        client.post("/").body("hi").send().await.assert_text("hi");
        let reply = client
            .raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        assert_eq!(reply.status_line(), "HTTP/1.1 200 OK");
        client.close().await;
    });
}
