//! A client for the tests: requests as they are wanted, answers as they came, whatever their status.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use ureq::Agent;

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(120))).build().into()
}

fn reply(url: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Reply {
    let mut answer = answer.unwrap_or_else(|e| panic!("{url}: {e}"));
    let headers = answer.headers().iter();
    let headers = headers.map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    let (status, headers) = (answer.status().as_u16(), headers.collect());
    let body = answer.body_mut().with_config().limit(u64::MAX).read_to_vec();
    Reply { status, headers, body: body.unwrap_or_else(|e| panic!("{url}: {e}")) }
}

/// Gets a page.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = agent().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    reply(url, request.call())
}

/// Posts a form.
pub fn post_form(url: &str, fields: &[(&str, &str)]) -> Reply {
    reply(url, agent().post(url).send_form(fields.iter().copied()))
}

/// A part of a multipart form.
pub enum Part<'a> {
    /// Name and text.
    Text(&'a str, &'a str),
    /// Name, file name and content.
    File(&'a str, &'a str, &'a [u8]),
}

/// Posts a multipart form (RFC 7578).
pub fn post_multipart(url: &str, parts: &[Part<'_>]) -> Reply {
    const BOUNDARY: &str = "a-boundary-that-no-archive-contains";
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; ").bytes());
        match part {
            Part::Text(name, text) => body.extend(format!("name=\"{name}\"\r\n\r\n{text}").bytes()),
            Part::File(name, file, content) => {
                let head = format!("name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream");
                body.extend(format!("{head}\r\n\r\n").bytes());
                body.extend_from_slice(content);
            }
        }
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    reply(url, agent().post(url).header("Content-Type", content_type).send(&body[..]))
}

/// Sends `curl -X POST -H "Content-Type: application/x-www-form-urlencoded" URL`, byte for byte as curl does: no body,
/// and no length of one. The connection is closed after the answer.
pub fn post_like_curl(address: &str, path: &str) -> Reply {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
    );
    send_bytes(address, request.as_bytes())
}

/// Sends any method with headers and a body, and reads what comes byte for byte.
pub fn request(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    send_bytes(address, format!("{request}\r\n{body}").as_bytes())
}

/// Sends a request as it is; it has to ask for the connection to be closed.
pub fn send_bytes(address: &str, request: &[u8]) -> Reply {
    let first = String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned();
    let sent = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(request)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    });
    let answer = sent.unwrap_or_else(|e| panic!("{address}: {first}: {e}"));
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("no header: {answer:?}"));
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok());
    let headers = lines.filter_map(|l| l.split_once(':'));
    let headers: Vec<(String, String)> =
        headers.map(|(n, v)| (n.to_ascii_lowercase(), v.trim_start().to_owned())).collect();
    let mut body = answer[end + 4..].to_vec();
    if headers.iter().any(|(n, v)| n == "transfer-encoding" && v.eq_ignore_ascii_case("chunked")) {
        body = joined(&body).unwrap_or_else(|| panic!("{address}: {first}: broken chunks"));
    }
    Reply { status: status.unwrap_or_else(|| panic!("no status: {head}")), headers, body }
}

/// The body of chunks (RFC 9112, 7.1).
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(&chunks[..end]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        chunks = chunks.get(end + 2..)?;
        body.extend_from_slice(chunks.get(..size)?);
        chunks = chunks.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn chunks_are_joined() {
        assert_eq!(super::joined(b"4\r\nab\r\n\r\n3;x=y\r\ncde\r\n0\r\n\r\n").as_deref(), Some(&b"ab\r\ncde"[..]));
        assert_eq!(super::joined(b"5\r\nab"), None);
    }
}
