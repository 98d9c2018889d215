//! Servers for foreign clients: on TCP and unix sockets, plain and behind TLS.

use wharf_core::{App, Context, get};
use wharf_test::TestServer;

fn app() -> App {
    App::new().routes([
        get("/", async || "hi"),
        get("/who", async |context: Context| {
            let connection = context.connection();
            let certificate = connection.peer_certificate();
            let name = certificate.and_then(|certificate| certificate.common_name());
            format!("{} {}", context.scheme(), name.unwrap_or("nobody"))
        }),
    ])
}

const HI: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_removed_with_its_server() {
    let server = TestServer::builder().unix().start(app()).await;
    let path = server.socket_path().unwrap().to_owned();
    assert!(path.exists());
    server.get("/").send().await.assert_text("hi");
    assert_eq!(server.raw(HI).await.text(), "hi");
    let foreign = wharf_client::Client::builder().unix_socket("localhost", &path);
    let foreign = foreign.build().unwrap();
    let response = foreign.get(server.url("/")).send().await;
    assert_eq!(response.unwrap().text().await.unwrap(), "hi");
    server.shutdown().await;
    assert!(!path.exists());
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn a_failure_shows_the_route_and_the_log_of_a_real_server_too() {
    let server = TestServer::start(app()).await;
    let response = server.get("/").send().await;
    assert!(response.route().unwrap().starts_with("GET / (handler "));
    while response.log().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(response.log()[0].contains("\"GET / HTTP/1.1\" 200"));
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_server_speaks_http2_with_its_own_client_where_that_is_asked_for() {
    let server = TestServer::builder().http2().start(app()).await;
    let response = server.get("/").send().await;
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(server.raw(HI).await.text(), "hi");
}

#[cfg(feature = "tls")]
mod tls {
    use wharf_client::Client;
    use wharf_test::tls::Authority;

    use super::*;

    #[tokio::test]
    async fn tls_is_spoken_with_a_certificate_that_nobody_else_believes() {
        let server = TestServer::builder().tls().start(app()).await;
        assert!(server.url("/").starts_with("https://127.0.0.1:"));
        server.get("/who").send().await.assert_text("https nobody");
        assert_eq!(server.raw(HI).await.text(), "hi");
        let reply = server.raw("GET / HTTP/1.1\r\n\r\n").await;
        assert_eq!(reply.status(), Some(400));

        let stranger = Client::new().get(server.url("/")).send().await;
        assert!(stranger.unwrap_err().is_connect());
        let config = wharf_client::tls::TlsConfig::new().add_root_pem(server.ca_pem());
        let friend = Client::builder().tls(config).build().unwrap();
        let response = friend.get(server.url("/")).send().await;
        assert_eq!(response.unwrap().text().await.unwrap(), "hi");
        server.shutdown().await;
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn tls_goes_over_a_unix_socket_too() {
        let server = TestServer::builder().unix().tls().start(app()).await;
        server.get("/who").send().await.assert_text("https nobody");
        assert_eq!(server.raw(HI).await.text(), "hi");
    }

    #[cfg(feature = "http2")]
    #[tokio::test]
    async fn http2_is_agreed_on_behind_tls() {
        let server = TestServer::builder().tls().http2().start(app()).await;
        let response = server.get("/").send().await;
        assert_eq!(response.version(), http::Version::HTTP_2);
    }

    #[tokio::test]
    async fn clients_are_asked_who_they_are() {
        let authority = Authority::new();
        let builder = TestServer::builder().authority(&authority);
        let server = builder.ask_clients(true).start(app()).await;
        server
            .get("/who")
            .send()
            .await
            .assert_text("https wharf-test");

        let crane = authority.client_certificate("crane.test");
        let config = authority.client_config_as(&crane);
        let crane = Client::builder().tls(config).build().unwrap();
        let response = crane.get(server.url("/who")).send().await;
        assert_eq!(response.unwrap().text().await.unwrap(), "https crane.test");

        let config = authority.client_config();
        let nobody = Client::builder().tls(config).build().unwrap();
        assert!(nobody.get(server.url("/who")).send().await.is_err());

        let builder = TestServer::builder().authority(&authority);
        let server = builder.ask_clients(false).start(app()).await;
        let response = nobody.get(server.url("/who")).send().await;
        assert_eq!(response.unwrap().text().await.unwrap(), "https nobody");
    }
}
