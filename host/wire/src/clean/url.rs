//! Which texts are URLs: `http`, `https`, `ftp` and `mailto` ones, and relative ones.

/// Whether a text is a URL the type accepts. The empty text is a relative URL.
pub(super) fn is_url(text: &str) -> bool {
    if !has_only_url_characters(text) {
        return false;
    }
    match scheme(text) {
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" | "ftp" => rest.strip_prefix("//").is_some_and(is_after_slashes),
            "mailto" => rest.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
            _ => false,
        },
        None => text.strip_prefix("//").is_none_or(is_after_slashes),
    }
}

/// Splits off what stands before a `:` that comes before any `/`, `?` or `#`.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (before, after) = text.split_once(':')?;
    (!before.contains(['/', '?', '#'])).then_some((before, after))
}

fn has_only_url_characters(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let is_hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
                is_hex(bytes.next()) && is_hex(bytes.next())
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Host and port are well formed; names and passwords before the host are not allowed.
fn is_after_slashes(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = !host.is_empty() && host.split('.').all(is_label);
    is_port && (is_address || is_name)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}
