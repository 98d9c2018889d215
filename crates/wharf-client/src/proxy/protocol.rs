use std::fmt;

/// What is spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP; `http://` in the URL of a proxy.
    Http,
    /// HTTP over TLS: `https://`.
    Https,
    /// SOCKS4: `socks4://` or `socks://`. The name of the target is looked up here, and has to have an IPv4 address.
    Socks4,
    /// SOCKS4a: `socks4a://`. The proxy looks up the name of the target.
    Socks4a,
    /// SOCKS5 (RFC 1928): `socks5://`. The name of the target is looked up here.
    Socks5,
    /// SOCKS5: `socks5h://`. The proxy looks up the name of the target.
    Socks5h,
}

impl Protocol {
    /// Reads the scheme of the URL of a proxy.
    pub(super) fn of(scheme: &str) -> Result<Self, String> {
        let protocol = match scheme.to_ascii_lowercase().as_str() {
            "http" => Self::Http,
            "https" => Self::Https,
            "socks4" | "socks" => Self::Socks4,
            "socks4a" => Self::Socks4a,
            "socks5" => Self::Socks5,
            "socks5h" => Self::Socks5h,
            other => return Err(format!("the scheme `{other}` is not supported")),
        };
        if protocol.is_socks() && !cfg!(feature = "socks") {
            return Err(format!("the scheme `{scheme}` needs the feature `socks`"));
        }
        Ok(protocol)
    }

    pub(super) fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            _ => 1080, // of curl, for HTTP too
        }
    }

    /// Tells whether the proxy speaks SOCKS, so that it never sees a request, only a stream.
    #[must_use]
    pub fn is_socks(self) -> bool {
        !matches!(self, Self::Http | Self::Https)
    }

    /// Tells whether the proxy has to be given an address, as it does not look up names.
    #[must_use]
    pub fn wants_address(self) -> bool {
        matches!(self, Self::Socks4 | Self::Socks5)
    }
}

impl fmt::Display for Protocol {
    /// Prints the scheme.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        })
    }
}
