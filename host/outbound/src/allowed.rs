//! Servers that an operator allows by name.

use std::fmt;
use std::str::FromStr;

/// Servers that may be called wherever they are, and without TLS: `tool.example`, `tool.example:8080`, `127.0.0.1:8080`, `[::1]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Server>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    /// In lower case; an IPv6 address without its brackets.
    host: String,
    /// None for every port.
    port: Option<u16>,
}

/// A text that names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no server: write a name or an address, and a port where only that one is meant, for example tool.example:8080"
)]
pub struct NotAServer(pub String);

impl Allowed {
    /// Those servers.
    ///
    /// # Errors
    /// The first one that is none.
    pub fn new<T: AsRef<str>>(servers: impl IntoIterator<Item = T>) -> Result<Self, NotAServer> {
        servers.into_iter().map(|server| server.as_ref().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it names this server. `host` may have the brackets that an IPv6 address has in URLs.
    #[must_use]
    pub fn names(&self, host: &str, port: u16) -> bool {
        let host = bare(host);
        self.0.iter().any(|s| s.host.eq_ignore_ascii_case(host) && s.port.is_none_or(|p| p == port))
    }
}

/// Without brackets, and without the dot that ends a full name.
pub(crate) fn bare(host: &str) -> &str {
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host))
}

impl FromStr for Server {
    type Err = NotAServer;

    fn from_str(text: &str) -> Result<Self, NotAServer> {
        let wrong = || NotAServer(text.to_owned());
        let authority: http::uri::Authority = text.parse().map_err(|_| wrong())?;
        let host = authority.host();
        // What `Authority` also takes: users, and ports that are none.
        let rest = text.strip_prefix(host).ok_or_else(wrong)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().map_err(|_| wrong())?),
            None if rest.is_empty() => None,
            None => return Err(wrong()),
        };
        if bare(host).is_empty() {
            return Err(wrong());
        }
        Ok(Self { host: bare(host).to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, server) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let host = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
            match server.port {
                Some(port) => write!(f, "{comma}{host}:{port}")?,
                None => write!(f, "{comma}{host}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_with_and_without_a_port() {
        let allowed = Allowed::new(["Tool.Example:8080", "other.example", "[::1]:80", "127.0.0.1"]).unwrap();
        assert!(allowed.names("tool.example", 8080) && allowed.names("TOOL.example.", 8080));
        assert!(!allowed.names("tool.example", 443) && !allowed.names("a.tool.example", 8080));
        assert!(allowed.names("other.example", 1) && allowed.names("[::1]", 80) && !allowed.names("[::1]", 81));
        assert!(allowed.names("127.0.0.1", 9));
        assert!(!Allowed::default().names("tool.example", 443));
        assert_eq!(allowed.to_string(), "tool.example:8080, other.example, [::1]:80, 127.0.0.1");
    }

    #[test]
    fn what_is_no_server() {
        for text in
            ["", "http://a.example", "a.example/x", "u@a.example", "a.example:x", "a.example:70000", ":80", "a b"]
        {
            assert_eq!(Allowed::new([text]), Err(NotAServer(text.into())), "{text}");
        }
    }
}
