//! A value of each setting in every form, another one, and one that makes no sense.

use std::time::Duration;

use http::HeaderValue;

use crate::access_log::AccessLog;
use crate::conn::ForwardedBy;
use crate::listener::Address;
use crate::settings::Settings;
use crate::trust::TrustedProxies;

/// What the tests know of a row of the table.
pub(super) struct Sample {
    pub(super) name: &'static str,
    /// A value that is not the default: by the method, in flags and variables, in a file.
    pub(super) set: fn(Settings) -> Settings,
    pub(super) text: &'static str,
    #[cfg_attr(
        not(feature = "toml"),
        expect(dead_code, reason = "there are no files to put it into")
    )]
    pub(super) toml: &'static str,
    /// Another value.
    pub(super) other: &'static str,
    /// What makes no sense in flags and variables; `None` where everything does. An empty one is possible in flags only.
    pub(super) bad: Option<&'static str>,
    /// What makes no sense in a file.
    #[cfg_attr(
        not(feature = "toml"),
        expect(dead_code, reason = "there are no files to put it into")
    )]
    pub(super) bad_toml: &'static str,
}

macro_rules! samples {
    ($($(#[$cfg:meta])* $name:ident($value:expr): $text:literal, $toml:literal, $other:literal, $bad:expr, $bad_toml:literal;)*) => {
        pub(super) const SAMPLES: &[Sample] = &[$($(#[$cfg])* Sample {
            name: stringify!($name),
            set: |settings| settings.$name($value),
            text: $text,
            toml: $toml,
            other: $other,
            bad: $bad,
            bad_toml: $bad_toml,
        },)*];
    };
}

const SECOND: Duration = Duration::from_secs(1);

samples! {
    bind("unix:/run/a.sock"): "unix:/run/a.sock", r#"["unix:/run/a.sock"]"#, "127.0.0.1:8080", Some("8080"), "[8080]";
    backlog(7_u32): "7", "7", "2048", Some("many"), "\"7\"";
    unix_mode(0o660_u32): "660", "0o660", "none", Some("888"), "660";
    unix_owner(33_u32): "33", "33", "none", Some("root"), "\"root\"";
    unix_group(33_u32): "33", "33", "none", Some("www"), "true";
    tls_certificate(std::path::PathBuf::from("/etc/a.pem")): "/etc/a.pem", "\"/etc/a.pem\"", "none", Some(""), "1";
    tls_key(std::path::PathBuf::from("/etc/a.key")): "/etc/a.key", "\"/etc/a.key\"", "none", Some(""), "true";
    trusted_proxies(TrustedProxies::from("10.0.0.0/8, unix")): "10.0.0.0/8, unix", r#"["10.0.0.0/8", "unix"]"#, "::1",
        Some("10.0.0.1/8"), "[10]";
    forwarded_by(ForwardedBy::Forwarded): "forwarded", "\"forwarded\"", "x-forwarded", Some("both"), "true";
    workers(3_usize): "3", "3", "auto", Some("0"), "0";
    worker_affinity(true): "yes", "true", "no", Some("perhaps"), "\"yes\"";
    max_requests(1_000_u64): "1000", "1_000", "none", Some("0"), "-1";
    max_requests_jitter(50_u64): "50", "50", "0", Some("none"), "1.5";
    watchdog_warn_after(SECOND * 2): "2s", "2", "none", Some("late"), "true";
    watchdog_exit_after(SECOND): "1s", "\"1s\"", "none", Some("1w"), "[]";
    health(true): "yes", "true", "no", Some("well"), "1";
    health_bind(Address::from("127.0.0.1:9100")): "127.0.0.1:9100", "\"127.0.0.1:9100\"", "none", Some("9100"), "9100";
    request_head_timeout(SECOND): "1s", "1", "none", Some("1w"), "\"1w\"";
    idle_timeout(None::<Duration>): "none", "\"none\"", "75s", Some("soon"), "1979-05-27";
    body_read_timeout(SECOND): "1000ms", "\"1s\"", "none", Some("-1"), "-1";
    response_write_timeout(SECOND): "1", "\"1 s\"", "none", Some("1,5s"), "1.5";
    min_rate(1_024_u32): "1KiB", "1024", "none", Some("slow"), "true";
    min_rate_grace(SECOND): "1s", "\"1s\"", "10s", Some("none"), "\"none\"";
    lingering_close(SECOND): "1s", "\"1s\"", "none", Some(" "), "[]";
    lingering_close_total(SECOND): "1s", "\"1s\"", "30s", Some("none"), "false";
    tls_handshake_timeout(SECOND): "1s", "1", "none", Some("quick"), "true";
    proxy_header_timeout(SECOND): "1s", "\"1s\"", "none", Some("s"), "{ s = 1 }";
    request_head_size(16_384_usize): "16KiB", "\"16KiB\"", "65536", Some("16K"), "\"none\"";
    header_count(50_usize): "50", "50", "100", Some("none"), "0";
    connections(1_000_usize): "1000", "1000", "25000", Some("0"), "\"1000\"";
    keep_alive(false): "no", "false", "yes", Some("5s"), "75";
    half_close(true): "on", "true", "off", Some("x"), "1";
    http2_cleartext(false): "no", "false", "yes", Some("perhaps"), "0";
    http2_streams(10_u32): "10", "10", "200", Some("few"), "\"10\"";
    http2_ping_interval(SECOND): "1s", "1", "none", Some("often"), "true";
    http2_ping_timeout(SECOND): "1s", "1", "20s", Some("none"), "\"none\"";
    server_header(HeaderValue::from_static("harbour")): "harbour", "\"harbour\"", "none", Some("a\tb\u{7f}"), "1";
    reuse_address(false): "0", "false", "1", Some("2"), "0";
    reuse_port(true): "1", "true", "0", Some("2"), "0";
    v6_only(true): "yes", "true", "auto", Some("never"), "\"yes\"";
    nodelay(false): "no", "false", "yes", Some("?"), "\"no\"";
    tcp_keepalive(None::<Duration>): "none", "\"none\"", "60s", Some("off"), "false";
    shutdown_timeout(SECOND): "1s", "\"1s\"", "none", Some("1w"), "\"never\"";
    readiness_lead(SECOND): "1s", "\"1s\"", "0", Some("none"), "true";
    restart_timeout(SECOND): "1s", "\"1s\"", "60s", Some("none"), "\"\"";
    pid_file(std::path::PathBuf::from("/run/a.pid")): "/run/a.pid", "\"/run/a.pid\"", "none", Some(""), "1";
    quiet(true): "yes", "true", "no", Some("perhaps"), "\"yes\"";
    access_log(AccessLog::off()): "off", "false", "on", Some("verbose"), "1";
    reload(true): "yes", "true", "no", Some("x"), "\"x\"";
    reload_watch("./templates"): "./templates", r#"["./templates"]"#, "./static", Some(""), "[]";
    reload_command(String::from("make")): "make", "\"make\"", "none", None, "[\"make\"]";
    config("/dev/null"): "/dev/null", "\"/dev/null\"", "/etc/null", Some(""), "\"/dev/null\"";
    print_config(true): "yes", "true", "no", Some("x"), "true";
    check(true): "yes", "true", "no", Some("x"), "true";
}
