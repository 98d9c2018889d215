//! A program that answers with what it sees of its client, for proxies to stand in front of.
//!
//! `lighthouse FAMILY SOCKET` trusts 127.0.0.1, 127.0.0.3 and unix sockets in the fields of one family: `x`, `x-host` or
//! `forwarded`. It listens on free ports of 127.0.0.1 and 127.0.0.4, of which the second expects the PROXY protocol, and on
//! a unix socket.

use wharf_http::service::service_fn;
use wharf_http::{BoxError, Context, Request, Response};
use wharf_server::listener::{Listener, ProxyProtocol};
use wharf_server::{ForwardedBy, Server, TrustedProxies};

fn main() -> Result<(), BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [family, socket] = &arguments[..] else {
        return Err("give a family and the path of a socket".into());
    };
    let by = match &**family {
        "x" => ForwardedBy::XForwarded,
        "x-host" => ForwardedBy::XForwardedWithHost,
        "forwarded" => ForwardedBy::Forwarded,
        _ => return Err("the family is x, x-host or forwarded".into()),
    };
    let proxies = TrustedProxies::from("127.0.0.1, 127.0.0.3, unix");
    let expecting =
        Listener::new("127.0.0.4:0").proxy_protocol(ProxyProtocol::v1_and_v2(proxies.clone()));
    let service = service_fn(|request: Request, context: Context| async move {
        let host = request.headers().get("host");
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or("-");
        let proxy = context.connection().proxy().map(ToString::to_string);
        Response::new(
            format!(
                "{} {} {host} {}",
                context.peer(),
                context.scheme(),
                proxy.as_deref().unwrap_or("-")
            )
            .into(),
        )
    });
    Server::new(service)
        .bind("127.0.0.1:0")
        .listen(expecting)
        .bind(format!("unix:{socket}"))
        .trusted_proxies(proxies)
        .forwarded_by(by)
        .run()?;
    Ok(())
}
