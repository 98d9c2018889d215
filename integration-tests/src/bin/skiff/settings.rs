//! What a client is told before its first request. Times are in seconds, `null` is none.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use wharf_client::config::{DnsConfig, Http1Config, Http2Config, TcpConfig};
use wharf_client::digest::Digest;
use wharf_client::jar::CookieJar;
use wharf_client::netrc::Netrc;
use wharf_client::proxy::{Proxy, ProxyRules};
use wharf_client::redirect::RedirectPolicy;
use wharf_client::retry::RetryPolicy;
use wharf_client::tls::{Fingerprint, Identity, Roots, TlsConfig, TlsVersion};
use wharf_client::{AddressPolicy, Client, Error, PoolConfig, Timeouts};
use wharf_http::StatusCode;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    base: Option<String>,
    headers: Vec<(String, String)>,
    timeouts: Limits,
    pool: PoolSettings,
    http1: Http1Settings,
    http2: Http2Settings,
    tls: TlsSettings,
    proxy_tls: TlsSettings,
    proxy: Option<String>,
    proxy_loopback: bool,
    no_proxy: Option<String>,
    cookies: bool,
    cookies_of_addresses: bool,
    digest: Option<(String, String)>,
    basic: Option<(String, String)>,
    netrc: Option<PathBuf>,
    retry: Option<RetrySettings>,
    redirects: Option<u32>,
    decode: Option<bool>,
    body_limit: Option<usize>,
    unix: BTreeMap<String, PathBuf>,
    /// Addresses of names, in place of what the system says.
    overrides: BTreeMap<String, Vec<IpAddr>>,
    addresses: Option<Addresses>,
    local_address: Option<IpAddr>,
    proxy_digest: Option<(String, String)>,
}

/// Which addresses hosts may have.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Addresses {
    public_only: bool,
    allow: Vec<String>,
    deny: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pool_wait: Option<f64>,
    connect: Option<f64>,
    response_head: Option<f64>,
    body_read: Option<f64>,
    total: Option<f64>,
    min_rate: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PoolSettings {
    max_connections: Option<usize>,
    max_per_host: Option<usize>,
    max_idle: Option<usize>,
    max_waiting: Option<usize>,
    max_http2_per_host: Option<usize>,
    idle: Option<f64>,
    max_age: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Http1Settings {
    strict: bool,
    max_headers: Option<usize>,
    max_head: Option<usize>,
    title_case: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Http2Settings {
    offered: Option<bool>,
    prior_knowledge: bool,
    max_streams: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TlsSettings {
    own_only: bool,
    roots: Vec<PathBuf>,
    revocation_lists: Vec<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    tls13_only: bool,
    server_name: Option<String>,
    pin_certificate: Vec<String>,
    pin_public_key: Vec<String>,
    any_certificate: bool,
    any_host_name: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetrySettings {
    attempts: u32,
    backoff: f64,
    #[serde(default)]
    statuses: Vec<u16>,
}

impl Settings {
    pub(crate) fn into_client(self) -> Result<Client, Error> {
        let mut builder = Client::builder()
            .timeouts(self.timeouts.read())
            .pool(self.pool.read())
            .http1(self.http1.read())
            .http2(self.http2.read())
            .tls(self.tls.read()?)
            .proxy_tls(self.proxy_tls.read()?);
        if let Some(base) = self.base {
            builder = builder.base(base);
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        if let Some(proxy) = self.proxy {
            let mut rules = match &*proxy {
                "environment" => ProxyRules::from_env(),
                url => ProxyRules::all(Proxy::new(url)?),
            };
            if self.proxy_loopback {
                rules = rules.proxy_loopback(true);
            }
            if let Some(list) = self.no_proxy {
                rules = rules.no_proxy(&list);
            }
            builder = builder.proxy(rules);
        }
        if self.cookies {
            let jar = CookieJar::builder().ip_hosts(self.cookies_of_addresses);
            builder = builder.cookies(jar.build()?);
        }
        if let Some((user, password)) = self.digest {
            builder = builder.digest_auth(Digest::new(user, password));
        }
        if let Some((user, password)) = self.basic {
            builder = builder.basic_auth(&user, &password);
        }
        if let Some(path) = self.netrc {
            builder = builder.netrc(Netrc::read(path)?);
        }
        if let Some(retry) = self.retry {
            builder = builder.retry(retry.read());
        }
        if let Some(limit) = self.redirects {
            builder = builder.redirects(redirects(limit));
        }
        if let Some(on) = self.decode {
            builder = builder.decode(on);
        }
        if let Some(bytes) = self.body_limit {
            builder = builder.body_limit(bytes);
        }
        if let Some((user, password)) = self.proxy_digest {
            builder = builder.proxy_digest_auth(Digest::new(user, password));
        }
        if let Some(addresses) = self.addresses {
            builder = builder.addresses(addresses.read());
        }
        if let Some(address) = self.local_address {
            builder = builder.tcp(TcpConfig::new().local_address(address));
        }
        let overrides = self.overrides.into_iter();
        let dns = overrides.fold(DnsConfig::new(), |dns, (host, addresses)| {
            dns.overrides(host, addresses)
        });
        builder = builder.dns(dns);
        #[cfg(unix)]
        for (host, path) in self.unix {
            builder = builder.unix_socket(host, path);
        }
        builder.build()
    }
}

/// Zero hands redirects out, in place of the error that following none at all would be.
pub(crate) fn redirects(limit: u32) -> RedirectPolicy {
    match limit {
        0 => RedirectPolicy::stop(),
        _ => RedirectPolicy::follow(limit),
    }
}

impl Default for Limits {
    /// As the client has them.
    fn default() -> Self {
        Self {
            pool_wait: Some(30.0),
            connect: Some(10.0),
            response_head: Some(30.0),
            body_read: Some(30.0),
            total: None,
            min_rate: Some(240),
        }
    }
}

impl Limits {
    pub(crate) fn read(&self) -> Timeouts {
        let seconds = |limit: Option<f64>| limit.map(Duration::from_secs_f64);
        Timeouts::new()
            .pool_wait(seconds(self.pool_wait))
            .connect(seconds(self.connect))
            .response_head(seconds(self.response_head))
            .body_read(seconds(self.body_read))
            .total(seconds(self.total))
            .min_rate(self.min_rate)
    }
}

impl Addresses {
    fn read(self) -> AddressPolicy {
        let policy = match self.public_only {
            true => AddressPolicy::public_only(),
            false => AddressPolicy::new(),
        };
        let policy = self.allow.iter().fold(policy, AddressPolicy::allow);
        self.deny.iter().fold(policy, AddressPolicy::deny)
    }
}

impl PoolSettings {
    fn read(&self) -> PoolConfig {
        let mut pool = PoolConfig::new().max_per_host(self.max_per_host);
        if let Some(count) = self.max_connections {
            pool = pool.max_connections(count);
        }
        if let Some(count) = self.max_idle {
            pool = pool.max_idle(count);
        }
        if let Some(count) = self.max_http2_per_host {
            pool = pool.max_http2_per_host(count);
        }
        if let Some(seconds) = self.idle {
            pool = pool.idle(Duration::from_secs_f64(seconds));
        }
        pool.max_waiting(self.max_waiting)
            .max_age(self.max_age.map(Duration::from_secs_f64))
    }
}

impl Http1Settings {
    fn read(&self) -> Http1Config {
        let mut config = Http1Config::new()
            .strict(self.strict)
            .title_case(self.title_case);
        if let Some(count) = self.max_headers {
            config = config.max_headers(count);
        }
        if let Some(bytes) = self.max_head {
            config = config.max_head(bytes);
        }
        config
    }
}

impl Http2Settings {
    fn read(&self) -> Http2Config {
        let mut config = Http2Config::new()
            .offered(self.offered.unwrap_or(true))
            .prior_knowledge(self.prior_knowledge);
        if let Some(count) = self.max_streams {
            config = config.max_streams(count);
        }
        config
    }
}

impl TlsSettings {
    fn read(self) -> Result<TlsConfig, Error> {
        let mut tls = TlsConfig::new();
        if self.own_only {
            tls = tls.roots(Roots::OwnOnly);
        }
        for path in self.roots {
            tls = tls.add_root_file(path);
        }
        for path in self.revocation_lists {
            tls = tls.add_revocation_list_file(path);
        }
        if let Some((certificate, key)) = self.identity {
            tls = tls.identity(Identity::pem_files(certificate, key));
        }
        if self.tls13_only {
            tls = tls.min_version(TlsVersion::Tls13);
        }
        for sha256 in self.pin_certificate {
            tls = tls.pin_certificate(sha256.parse::<Fingerprint>()?);
        }
        for sha256 in self.pin_public_key {
            tls = tls.pin_public_key(sha256.parse::<Fingerprint>()?);
        }
        if self.any_certificate {
            tls = tls.dangerous_accept_any_certificate();
        }
        if self.any_host_name {
            tls = tls.dangerous_accept_any_host_name();
        }
        Ok(tls.server_name(self.server_name))
    }
}

impl RetrySettings {
    fn read(&self) -> RetryPolicy {
        let first = Duration::from_secs_f64(self.backoff);
        let mut policy = RetryPolicy::new()
            .attempts(self.attempts)
            .backoff(first, first);
        if !self.statuses.is_empty() {
            let statuses = self.statuses.iter();
            policy = policy.statuses(statuses.filter_map(|&code| StatusCode::from_u16(code).ok()));
        }
        policy
    }
}
