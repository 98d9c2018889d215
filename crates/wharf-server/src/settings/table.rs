//! The table of all settings: what there is, by which names, and what it does to a server.
//!
//! A new setting is one block here, under the heading that `--help` shows it under:
//!
//! ~~~text
//! /// What the method does, with unit, default, and what `None` means.
//! name(what the method takes as One or Many<how it is read and printed>) {
//!     cfg: feature = "..",        only if it is not always there
//!     flag: "name",               the name with hyphens
//!     variable: "WHARF_NAME",     the name in capitals
//!     value: Some("TIME"),        for `--help`; None for a switch
//!     help: "..",                 a sentence without full stop and brackets; the default is added
//!     apply: |server, value| ..,  how a server is told
//!     of: |server| ..,            what is in force on a server; None when no text can say it
//! }
//! ~~~
//!
//! A value of a new type implements [`Value`](super::value::Value). What the server keeps in a field that no other
//! setting is about goes to [`InForce`], so that `apply` and `of` reach it. The tests take the row from here, and want one
//! value of it in `tests/samples.rs`; the guide quotes the text of `--help`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;

use super::InForce;
use super::apply::access_log_in_force;
use super::row::{Row, table};
use super::slot::{Kept, Many, One, Slot};
use super::value::{Auto, Mode, Positive, Size};
use crate::access_log::AccessLog;
use crate::banner::Banner;
use crate::conn::ForwardedBy;
use crate::listener::{Address, Listener};
use crate::trust::TrustedProxies;

table! {
    "Listening" {
        /// Adds an address to listen on. Default: `127.0.0.1:8080`.
        bind(Address as Many<Address>) {
            flag: "bind",
            variable: "WHARF_BIND",
            value: Some("ADDRESS"),
            help: "Listen on ADDRESS: host:port, unix:/path, unix:@name, systemd:name, with tls: before it if encrypted; \
                   can be repeated, in the variable with commas",
            apply: |server, addresses| {
                server.listeners.retain(|listener| listener.health_alone);
                server.listeners.splice(..0, addresses.into_iter().map(Listener::from));
            },
            of: |server| server.addresses(),
        }

        /// Sets how many connections may wait to be accepted, on TCP and on unix sockets. Default: 2048.
        backlog(u32 as One<u32>) {
            flag: "backlog",
            variable: "WHARF_BACKLOG",
            value: Some("COUNT"),
            help: "How many connections may wait to be accepted",
            apply: |server, connections| {
                server.tcp.backlog = connections;
                server.unix.backlog = connections;
            },
            of: |server| Some(server.tcp.backlog).filter(|&both| both == server.unix.backlog),
        }

        /// Sets the permissions of unix sockets, such as `0o660`. `None`: left to the umask of the process. Default: `None`.
        unix_mode(Option<u32> as One<Option<Mode>>) {
            flag: "unix-mode",
            variable: "WHARF_UNIX_MODE",
            value: Some("MODE"),
            help: "Permissions of unix sockets, in octal, such as 660; none leaves them to the umask",
            apply: |server, mode| server.unix.mode = mode,
            of: |server| Some(server.unix.mode),
        }

        /// Sets the user who owns the files of unix sockets, by number. `None`: the user of the process. Default: `None`.
        unix_owner(Option<u32> as One<Option<u32>>) {
            flag: "unix-owner",
            variable: "WHARF_UNIX_OWNER",
            value: Some("UID"),
            help: "Owner of unix sockets, by number; none is the user of the process",
            apply: |server, user| server.unix.owner = user,
            of: |server| Some(server.unix.owner),
        }

        /// Sets the group of the files of unix sockets, by number. `None`: the group of the process. Default: `None`.
        unix_group(Option<u32> as One<Option<u32>>) {
            flag: "unix-group",
            variable: "WHARF_UNIX_GROUP",
            value: Some("GID"),
            help: "Group of unix sockets, by number; none is the group of the process",
            apply: |server, group| server.unix.group = group,
            of: |server| Some(server.unix.group),
        }
    }

    "TLS" {
        /// Sets the file of the certificate, with the chain behind it, for addresses that begin with `tls:`. It replaces the
        /// first certificate that the program has set. Default: `None`.
        tls_certificate(Option<PathBuf> as One<Option<PathBuf>>) {
            flag: "tls-certificate",
            variable: "WHARF_TLS_CERTIFICATE",
            value: Some("FILE"),
            help: "Certificate in PEM, with the chain behind it, for addresses that begin with tls:",
            apply: |server, path| server.tls_files.0 = path,
            of: |server| Some(server.tls_files.0.clone()),
        }

        /// Sets the file of the certificate's key. Default: `None`.
        tls_key(Option<PathBuf> as One<Option<PathBuf>>) {
            flag: "tls-key",
            variable: "WHARF_TLS_KEY",
            value: Some("FILE"),
            help: "The key of the certificate, in PEM",
            apply: |server, path| server.tls_files.1 = path,
            of: |server| Some(server.tls_files.1.clone()),
        }
    }

    "Proxies" {
        /// Sets which proxies are trusted to say who their client is. Default: nobody.
        trusted_proxies(TrustedProxies as One<TrustedProxies>) {
            flag: "trusted-proxies",
            variable: "WHARF_TRUSTED_PROXIES",
            value: Some("LIST"),
            help: "Proxies that say who their client is: networks such as 10.0.0.0/8, and the words loopback, private \
                   and unix, with commas; can be repeated",
            apply: |server, trusted| *server.trusted_proxies = trusted,
            of: |server| Some(server.trusted_proxies.clone()),
        }

        /// Sets which header fields of trusted proxies say who their client is. Default: [`ForwardedBy::XForwarded`].
        forwarded_by(ForwardedBy as One<ForwardedBy>) {
            flag: "forwarded-by",
            variable: "WHARF_FORWARDED_BY",
            value: Some("FIELDS"),
            help: "Which fields of trusted proxies say it: x-forwarded, x-forwarded-with-host or forwarded",
            apply: |server, by| *server.forwarded_by = by,
            of: |server| Some(*server.forwarded_by),
        }
    }

    "Workers" {
        /// Sets the number of workers. `None`: one for each core. Default: `None`.
        workers(Option<usize> as One<Auto<Positive<usize>>>) {
            flag: "workers",
            variable: "WHARF_WORKERS",
            value: Some("COUNT"),
            help: "How many workers serve, each with a thread of its own; auto is one for each core",
            apply: |server, count| server.crew().count = count,
            of: |server| Some(server.crew_or_default().count),
        }

        /// Sets whether each worker is bound to a core of its own. Default: false.
        worker_affinity(bool as One<bool>) {
            flag: "worker-affinity",
            variable: "WHARF_WORKER_AFFINITY",
            value: None,
            help: "Bind each worker to a core of its own",
            apply: |server, on| server.crew().affinity = on,
            of: |server| Some(server.crew_or_default().affinity),
        }

        /// Sets after how many requests a worker is replaced by a new one. `None`: never. Default: `None`.
        max_requests(Option<u64> as One<Option<Positive<u64>>>) {
            flag: "max-requests",
            variable: "WHARF_MAX_REQUESTS",
            value: Some("COUNT"),
            help: "Replace a worker by a new one after COUNT requests",
            apply: |server, requests| server.crew().max_requests = requests,
            of: |server| Some(server.crew_or_default().max_requests),
        }

        /// Sets up to how many requests more each worker may serve, chosen at random. Default: 0.
        max_requests_jitter(u64 as One<u64>) {
            flag: "max-requests-jitter",
            variable: "WHARF_MAX_REQUESTS_JITTER",
            value: Some("COUNT"),
            help: "Up to COUNT requests more for each worker, at random, so that not all are replaced at once",
            apply: |server, requests| server.crew().max_requests_jitter = requests,
            of: |server| Some(server.crew_or_default().max_requests_jitter),
        }
    }

    "Watchdog and health" {
        /// Sets after how long a worker that is held up is reported. `None`: never. Default: 1 second.
        watchdog_warn_after(Option<Duration> as One<Option<Duration>>) {
            flag: "watchdog-warn-after",
            variable: "WHARF_WATCHDOG_WARN_AFTER",
            value: Some("TIME"),
            help: "Report a worker that is held up for TIME, and by which route",
            apply: |server, limit| server.watchdog().warn_after = limit,
            of: |server| Some(server.watchdog_or_default().warn_after),
        }

        /// Sets after how long the process exits because a worker is held up. `None`: never. Default: `None`.
        watchdog_exit_after(Option<Duration> as One<Option<Duration>>) {
            flag: "watchdog-exit-after",
            variable: "WHARF_WATCHDOG_EXIT_AFTER",
            value: Some("TIME"),
            help: "Exit with status 70 when a worker is held up for TIME, to be started again",
            apply: |server, limit| server.watchdog().exit_after = limit,
            of: |server| Some(server.watchdog_or_default().exit_after),
        }

        /// Sets whether all listeners answer for the health of the process, at `/-/live` and `/-/ready`. Default: false.
        health(bool as One<bool>) {
            flag: "health",
            variable: "WHARF_HEALTH",
            value: None,
            help: "Answer for the health of the process at /-/live and /-/ready, on all listeners",
            apply: |server, on| {
                *server.health_everywhere = on;
                if on {
                    server.health.get_or_insert_default();
                }
            },
            of: |server| Some(*server.health_everywhere),
        }

        /// Sets an address that answers for the health of the process, and for nothing else. `None`: no such listener.
        /// Default: `None`.
        health_bind(Option<Address> as One<Option<Address>>) {
            flag: "health-bind",
            variable: "WHARF_HEALTH_BIND",
            value: Some("ADDRESS"),
            help: "Answer for the health of the process on ADDRESS, and for nothing else there",
            apply: |server, address| server.set_health_address(address),
            of: |server| server.health_address(),
        }
    }

    "Time limits" {
        /// Sets how long a request head may take, from the opening of the connection or the first byte of a later head.
        /// `None`: for ever. Default: 15 seconds.
        request_head_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "request-head-timeout",
            variable: "WHARF_REQUEST_HEAD_TIMEOUT",
            value: Some("TIME"),
            help: "How long a request head may take to arrive",
            apply: |server, limit| server.timeouts.request_head = limit,
            of: |server| Some(server.timeouts.request_head),
        }

        /// Sets how long a connection may wait for its next request. `None`: for ever. Default: 75 seconds.
        idle_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "idle-timeout",
            variable: "WHARF_IDLE_TIMEOUT",
            value: Some("TIME"),
            help: "How long a connection may wait for its next request; above that of a proxy in front",
            apply: |server, limit| server.timeouts.idle = limit,
            of: |server| Some(server.timeouts.idle),
        }

        /// Sets how long the next piece of a request body may take. `None`: for ever. Default: 30 seconds.
        body_read_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "body-read-timeout",
            variable: "WHARF_BODY_READ_TIMEOUT",
            value: Some("TIME"),
            help: "How long the next piece of a request body may take to arrive",
            apply: |server, limit| server.timeouts.body_read = limit,
            of: |server| Some(server.timeouts.body_read),
        }

        /// Sets how long a client may accept no byte of an answer. `None`: for ever. Default: 30 seconds.
        response_write_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "response-write-timeout",
            variable: "WHARF_RESPONSE_WRITE_TIMEOUT",
            value: Some("TIME"),
            help: "How long a client may accept no byte of an answer",
            apply: |server, limit| server.timeouts.response_write = limit,
            of: |server| Some(server.timeouts.response_write),
        }

        /// Sets the average rate in bytes per second below which a body is broken off. `None` and 0: any rate is allowed.
        /// Default: 240.
        min_rate(Option<u32> as One<Option<Size<u32>>>) {
            flag: "min-rate",
            variable: "WHARF_MIN_RATE",
            value: Some("SIZE"),
            help: "Break off bodies that are slower than SIZE in a second, on average",
            apply: |server, rate| *server.timeouts = server.timeouts.clone().min_rate(rate),
            of: |server| Some(server.timeouts.min_rate),
        }

        /// Sets for how long a body may be slower than [`min_rate`](Self::min_rate). Default: 10 seconds.
        min_rate_grace(Duration as One<Duration>) {
            flag: "min-rate-grace",
            variable: "WHARF_MIN_RATE_GRACE",
            value: Some("TIME"),
            help: "For how long a body may be slower than that",
            apply: |server, grace| server.timeouts.min_rate_grace = grace,
            of: |server| Some(server.timeouts.min_rate_grace),
        }

        /// Sets how long the client of an early answer may stay silent while the rest of its request is read and thrown
        /// away. `None`: it is closed at once. Default: 5 seconds.
        lingering_close(Option<Duration> as One<Option<Duration>>) {
            flag: "lingering-close",
            variable: "WHARF_LINGERING_CLOSE",
            value: Some("TIME"),
            help: "How long to wait for more of a body that is thrown away, so that the answer arrives",
            apply: |server, gap| server.timeouts.lingering_close = gap,
            of: |server| Some(server.timeouts.lingering_close),
        }

        /// Sets how long reading and throwing away may last in all. Default: 30 seconds.
        lingering_close_total(Duration as One<Duration>) {
            flag: "lingering-close-total",
            variable: "WHARF_LINGERING_CLOSE_TOTAL",
            value: Some("TIME"),
            help: "How long that may last in all",
            apply: |server, limit| server.timeouts.lingering_close_total = limit,
            of: |server| Some(server.timeouts.lingering_close_total),
        }

        /// Sets how long the TLS handshake may take. `None`: for ever. Default: 10 seconds.
        tls_handshake_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "tls-handshake-timeout",
            variable: "WHARF_TLS_HANDSHAKE_TIMEOUT",
            value: Some("TIME"),
            help: "How long a TLS handshake may take",
            apply: |server, limit| server.timeouts.tls_handshake = limit,
            of: |server| Some(server.timeouts.tls_handshake),
        }

        /// Sets how long a proxy may take to send its header of the PROXY protocol, on listeners that expect one. `None`:
        /// for ever. Default: 5 seconds.
        proxy_header_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "proxy-header-timeout",
            variable: "WHARF_PROXY_HEADER_TIMEOUT",
            value: Some("TIME"),
            help: "How long a header of the PROXY protocol may take to arrive, where one is expected",
            apply: |server, limit| server.timeouts.proxy_header = limit,
            of: |server| Some(server.timeouts.proxy_header),
        }
    }

    "Size limits" {
        /// Sets the size of request line and header fields together, in bytes. Default: 64 KiB.
        request_head_size(usize as One<Size<usize>>) {
            flag: "request-head-size",
            variable: "WHARF_REQUEST_HEAD_SIZE",
            value: Some("SIZE"),
            help: "How large a request head may be: 65536, 64KiB, 1MiB",
            apply: |server, bytes| server.limits.request_head_size = bytes,
            of: |server| Some(server.limits.request_head_size),
        }

        /// Sets how many header fields a request may have. Default: 100.
        header_count(usize as One<Positive<usize>>) {
            flag: "header-count",
            variable: "WHARF_HEADER_COUNT",
            value: Some("COUNT"),
            help: "How many header fields a request may have",
            apply: |server, count| server.limits.header_count = count,
            of: |server| Some(server.limits.header_count),
        }

        /// Sets how many connections one worker serves at once; more wait to be accepted. Default: 25,000.
        connections(usize as One<Positive<usize>>) {
            flag: "connections",
            variable: "WHARF_CONNECTIONS",
            value: Some("COUNT"),
            help: "How many connections each worker serves at once",
            apply: |server, count| server.limits.connections = count,
            of: |server| Some(server.limits.connections),
        }
    }

    "HTTP" {
        /// Sets whether a connection serves more than one request. Default: true.
        keep_alive(bool as One<bool>) {
            flag: "keep-alive",
            variable: "WHARF_KEEP_ALIVE",
            value: Some("YES|NO"),
            help: "Whether a connection serves more than one request",
            apply: |server, on| server.http1.keep_alive = on,
            of: |server| Some(server.http1.keep_alive),
        }

        /// Sets whether a client that closes its sending side after a request still gets its answer. Default: false.
        half_close(bool as One<bool>) {
            flag: "half-close",
            variable: "WHARF_HALF_CLOSE",
            value: None,
            help: "Answer clients that close their sending side after a request",
            apply: |server, on| server.http1.half_close = on,
            of: |server| Some(server.http1.half_close),
        }

        /// Sets whether a client may begin with HTTP/2 where nothing was agreed on. Default: true.
        http2_cleartext(bool as One<bool>) {
            flag: "http2-cleartext",
            variable: "WHARF_HTTP2_CLEARTEXT",
            value: Some("YES|NO"),
            help: "Whether a client may begin with HTTP/2 on a connection that is not encrypted",
            apply: |server, on| server.http2.prior_knowledge = on,
            of: |server| Some(server.http2.prior_knowledge),
        }

        /// Sets how many requests may run at once on an HTTP/2 connection. Default: 200.
        http2_streams(u32 as One<u32>) {
            flag: "http2-streams",
            variable: "WHARF_HTTP2_STREAMS",
            value: Some("COUNT"),
            help: "How many requests may run at once on an HTTP/2 connection",
            apply: |server, count| server.http2.max_concurrent_streams = count,
            of: |server| Some(server.http2.max_concurrent_streams),
        }

        /// Sets after how much silence an HTTP/2 client is asked for a sign of life. `None`: never. Default: 30 seconds.
        http2_ping_interval(Option<Duration> as One<Option<Duration>>) {
            flag: "http2-ping-interval",
            variable: "WHARF_HTTP2_PING_INTERVAL",
            value: Some("TIME"),
            help: "Ask a silent HTTP/2 client for a sign of life after TIME",
            apply: |server, interval| server.http2.ping_interval = interval,
            of: |server| Some(server.http2.ping_interval),
        }

        /// Sets how long an HTTP/2 client may take to give a sign of life. Default: 20 seconds.
        http2_ping_timeout(Duration as One<Duration>) {
            flag: "http2-ping-timeout",
            variable: "WHARF_HTTP2_PING_TIMEOUT",
            value: Some("TIME"),
            help: "How long it may take to give it",
            apply: |server, limit| server.http2.ping_timeout = limit,
            of: |server| Some(server.http2.ping_timeout),
        }

        /// Sets the `Server` field of answers that have none. `None`: no such field. Default: `None`.
        server_header(Option<HeaderValue> as One<Option<HeaderValue>>) {
            flag: "server-header",
            variable: "WHARF_SERVER_HEADER",
            value: Some("TEXT"),
            help: "The Server field of answers that have none",
            apply: |server, value| *server.server_header = value,
            of: |server| Some(server.server_header.clone()),
        }
    }

    "TCP" {
        /// Sets whether an address can be bound while connections of an earlier process linger on it. Default: true on unix.
        reuse_address(bool as One<bool>) {
            flag: "reuse-address",
            variable: "WHARF_REUSE_ADDRESS",
            value: Some("YES|NO"),
            help: "Whether to bind an address on which connections of an earlier process linger",
            apply: |server, on| server.tcp.reuse_address = on,
            of: |server| Some(server.tcp.reuse_address),
        }

        /// Sets whether several processes may listen on the address. Default: false.
        reuse_port(bool as One<bool>) {
            flag: "reuse-port",
            variable: "WHARF_REUSE_PORT",
            value: None,
            help: "Share the port with other processes",
            apply: |server, on| server.tcp.reuse_port = on,
            of: |server| Some(server.tcp.reuse_port),
        }

        /// Sets whether `[::]` leaves IPv4 connections alone. `None`: only where `0.0.0.0` is bound on the same port.
        /// Default: `None`.
        v6_only(Option<bool> as One<Auto<bool>>) {
            flag: "v6-only",
            variable: "WHARF_V6_ONLY",
            value: Some("YES|NO|AUTO"),
            help: "Whether IPv6 on all interfaces leaves IPv4 alone; auto is if that is bound beside it",
            apply: |server, only| server.tcp.v6_only = only,
            of: |server| Some(server.tcp.v6_only),
        }

        /// Sets whether small pieces are sent at once instead of waiting for more. Default: true.
        nodelay(bool as One<bool>) {
            flag: "nodelay",
            variable: "WHARF_NODELAY",
            value: Some("YES|NO"),
            help: "Whether small pieces are sent at once",
            apply: |server, on| server.tcp.nodelay = on,
            of: |server| Some(server.tcp.nodelay),
        }

        /// Sets after how much silence the system asks whether the peer is still there. `None`: never. Default: 60 seconds.
        tcp_keepalive(Option<Duration> as One<Option<Duration>>) {
            flag: "tcp-keepalive",
            variable: "WHARF_TCP_KEEPALIVE",
            value: Some("TIME"),
            help: "After how much silence the system asks whether a peer is still there",
            apply: |server, after| server.tcp.keepalive = after,
            of: |server| Some(server.tcp.keepalive),
        }
    }

    "Stop and restart" {
        /// Sets how long running requests may take to finish after the server was told to stop. `None`: as long as they like.
        /// Default: 25 seconds.
        shutdown_timeout(Option<Duration> as One<Option<Duration>>) {
            flag: "shutdown-timeout",
            variable: "WHARF_SHUTDOWN_TIMEOUT",
            value: Some("TIME"),
            help: "How long running requests may take to finish when the server stops: 25s, 500ms, 2m, none",
            apply: |server, limit| server.timeouts.shutdown = limit,
            of: |server| Some(server.timeouts.shutdown),
        }

        /// Sets for how long new connections are still served after the server was told to stop. Default: zero.
        readiness_lead(Duration as One<Duration>) {
            flag: "readiness-lead",
            variable: "WHARF_READINESS_LEAD",
            value: Some("TIME"),
            help: "For how long to serve on before that, so that a load balancer can learn of it",
            apply: |server, time| *server.readiness_lead = time,
            of: |server| Some(*server.readiness_lead),
        }

        /// Sets how long a new process may take to serve when this one is to hand over to it. Default: 60 seconds.
        restart_timeout(Duration as One<Duration>) {
            flag: "restart-timeout",
            variable: "WHARF_RESTART_TIMEOUT",
            value: Some("TIME"),
            help: "How long a new process may take to serve when it is to take over",
            apply: |server, limit| *server.restart_timeout = limit,
            of: |server| Some(*server.restart_timeout),
        }

        /// Sets a file for the number of the process. `None`: no such file. Default: `None`.
        pid_file(Option<PathBuf> as One<Option<PathBuf>>) {
            flag: "pid-file",
            variable: "WHARF_PID_FILE",
            value: Some("FILE"),
            help: "Write the number of the process to FILE",
            apply: |server, path| *server.pid_file = path,
            of: |server| Some(server.pid_file.clone()),
        }
    }

    "Output" {
        /// Sets whether the banner and the access log are left out. Errors are printed all the same. Default: false.
        quiet(bool as One<bool>) {
            flag: "quiet",
            variable: "WHARF_QUIET",
            value: None,
            help: "Print no banner and no access log",
            // `access_log` comes after it, and beats it.
            apply: |server, quiet| match quiet {
                true => {
                    *server.banner = Banner::Silent;
                    *server.access_log = AccessLog::off();
                }
                false if matches!(server.banner, Banner::Silent) => *server.banner = Banner::default(),
                false => {}
            },
            of: |server| Some(matches!(server.banner, Banner::Silent)),
        }

        /// Sets the access log. Default: as the program made it.
        access_log(AccessLog as One<AccessLog>) {
            flag: "access-log",
            variable: "WHARF_ACCESS_LOG",
            value: Some("FORMAT"),
            help: "The access log: on, off, or the format of a line, such as '%a \"%r\" %s %D'",
            apply: |server, log| *server.access_log = log,
            of: |server| Some(access_log_in_force(server.access_log)),
        }
    }

    "Development" {
        /// Sets whether the program is built again when its sources change, and takes over from itself. Default: false.
        reload(bool as One<bool>) {
            flag: "reload",
            variable: "WHARF_RELOAD",
            value: None,
            help: "Build the program again when its sources change, and let it take over; for development",
            apply: |server, on| server.call.reload = on,
            of: |server| Some(server.call.reload),
        }

        /// Adds a file or a folder whose change has the program built again. Default: the sources that cargo knows of.
        reload_watch(PathBuf as Many<PathBuf>) {
            flag: "reload-watch",
            variable: "WHARF_RELOAD_WATCH",
            value: Some("PATH"),
            help: "With --reload, watch PATH besides the sources; can be repeated",
            apply: |server, paths| server.call.develop.watch = paths,
            of: |server| Some(server.call.develop.watch.clone()),
        }

        /// Sets how the program is built again. `None`: as `cargo run` has built it. Default: `None`.
        reload_command(Option<String> as One<Option<String>>) {
            flag: "reload-command",
            variable: "WHARF_RELOAD_COMMAND",
            value: Some("COMMAND"),
            help: "With --reload, build by COMMAND instead of `cargo build`",
            apply: |server, command| server.call.develop.command = command,
            of: |server| Some(server.call.develop.command.clone()),
        }
    }

    "Program" {
        /// Sets a file to read settings from; what is set otherwise beats it. It needs the feature `toml`. Default: none.
        ///
        /// [`from_process`](Self::from_process) and [`run_with`](crate::run_with) read it.
        config(PathBuf as One<PathBuf>) {
            flag: "config",
            variable: "WHARF_CONFIG",
            value: Some("FILE"),
            help: "Read settings from FILE, in TOML; the keys are the flags with _ for each -",
            apply: |server, path| server.call.config = Some(path),
            of: |server| server.call.config.clone(),
        }

        /// Sets whether only to print all settings that are in force, as a file to read them from. Default: false.
        print_config(bool as One<bool>) {
            flag: "print-config",
            variable: "WHARF_PRINT_CONFIG",
            value: None,
            help: "Print all settings that are in force as such a file, with where each comes from, and exit",
            apply: |server, on| server.call.print_config = on,
            of: |server| Some(server.call.print_config),
        }

        /// Sets whether only to find out if the program could start. Default: false.
        check(bool as One<bool>) {
            flag: "check",
            variable: "WHARF_CHECK",
            value: None,
            help: "Check that everything is in place, print what is wrong, and exit",
            apply: |server, on| server.call.check = on,
            of: |server| Some(server.call.check),
        }
    }
}
