//! What is printed can be read.

use std::path::PathBuf;

use http::HeaderValue;
use proptest::collection::vec;
use proptest::prelude::*;

use super::rows::in_force;
use super::*;
use crate::settings::apply::defaults;

fn settings() -> impl Strategy<Value = Settings> {
    let time = || any::<u64>().prop_map(Duration::from_nanos);
    let limit = || proptest::option::of(any::<u64>().prop_map(Duration::from_millis));
    let times = (limit(), limit(), limit(), time(), time(), any::<u32>());
    let sizes = (any::<usize>(), 1..usize::MAX, any::<u32>(), any::<u64>());
    let address = prop_oneof![
        any::<std::net::SocketAddr>().prop_map(|addr| addr.to_string()),
        "[a-z]{1,8}:[0-9]{1,4}",
        "unix:@?[a-z/ '\"\\\\]{0,8}[a-z]",
    ];
    let texts = (
        vec(address, 1..4),
        "[^\u{0}-\u{1f}\u{7f}]{0,6}%[aTDs]\\PC{0,6}",
        "[!-~]([ -~]{0,8}[!-~])?",
        proptest::option::of(any::<String>()),
        "\\PC{1,8}",
    );
    let proxies = vec(any::<std::net::IpAddr>(), 0..3);
    (
        times,
        sizes,
        texts,
        proxies,
        any::<[bool; 4]>(),
        0..0o1000_u32,
    )
        .prop_map(|(times, sizes, texts, proxies, switches, mode)| {
            let format = texts.1.parse().unwrap_or_default();
            Settings::new()
                .idle_timeout(times.0)
                .shutdown_timeout(times.1)
                .tcp_keepalive(times.2)
                .min_rate_grace(times.3)
                .readiness_lead(times.4)
                .min_rate(times.5)
                .request_head_size(sizes.0)
                .connections(sizes.1)
                .backlog(sizes.2)
                .max_requests_jitter(sizes.3)
                .server_header(HeaderValue::from_str(&texts.2).ok())
                .access_log(AccessLog::new().format(format))
                .reload_command(texts.3)
                .pid_file(PathBuf::from(texts.4))
                .trusted_proxies(proxies.into_iter().collect::<TrustedProxies>())
                .quiet(switches[0])
                .keep_alive(switches[1])
                .v6_only(switches[2])
                .reload(switches[3])
                .unix_mode(mode)
                .or(texts.0.into_iter().fold(Settings::new(), Settings::bind))
        })
}

proptest! {
    #[test]
    fn what_is_printed_and_read_again_is_the_same(settings in settings()) {
        let now = in_force(Settings::new(), settings.clone());
        let text = print(&defaults(), &settings, &now);
        let mut mistakes = Mistakes::default();
        let read = file::parse("wharf.toml", &text, &mut mistakes);
        let read = mistakes.or(read).unwrap();
        prop_assert_eq!(in_force(Settings::new(), read), now, "{}", text);
    }

    #[test]
    fn no_file_makes_it_panic(
        lines in vec((0..TABLE.len(), "[0-9a-z\"'\\[\\]{}., -]{0,12}|\\PC{0,8}"), 0..6)
    ) {
        let line = |(index, value): (usize, String)| format!("{} = {value}\n", TABLE[index].name);
        let text: String = lines.into_iter().map(line).collect();
        let mut mistakes = Mistakes::default();
        let _read = file::parse("wharf.toml", &text, &mut mistakes);
    }
}
