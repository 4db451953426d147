//! Reads recordings. Three forms: a raw request whose body is folded at 64 columns, a command line of curl, and a status
//! polled over time.

use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::path::Path;

/// Columns at which the body of a raw request is folded.
const FOLDED_AT: usize = 64;

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The file's name without endings, and `.xml` or `.json` where there is one of each.
    pub name: String,
    /// What was asked.
    pub request: Request,
    /// What came back.
    pub response: Response,
}

/// A request; names stand for host and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query, encoded.
    pub path: String,
    /// Headers that are not curl's own.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Body,
}

/// What a request sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// Text, a form unless a header says otherwise.
    Text(String),
    /// A multipart form.
    Multipart {
        /// Names and texts.
        fields: Vec<(String, String)>,
        /// Names and file names.
        files: Vec<(String, String)>,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The values of a header, as one.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

impl Request {
    /// The function it calls, from its body or its path.
    pub fn function(&self) -> Option<String> {
        let body = match &self.body {
            Body::Text(text) => text.as_str(),
            _ => "",
        };
        if let Some((_, rest)) = body.split_once("\"methodname\":\"") {
            return rest.split_once('"').map(|(name, _)| name.to_owned());
        }
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let pairs = body.split('&').chain(query.split('&'));
        pairs.filter_map(|pair| pair.strip_prefix("wsfunction=")).map(str::to_owned).next()
    }
}

/// All recordings in a folder but timelines, by name.
///
/// # Errors
/// When the folder cannot be read, or a recording is of no known form: the message names it.
pub fn read_all(folder: &Path) -> Result<Vec<Recording>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let file = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if file.ends_with("_timeline.txt") {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| file.clone())?;
        let name = file.strip_suffix(".txt").unwrap_or(&file).to_owned();
        found.push(read(&name, &bytes).with_context(|| file)?);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// The answers of a timeline, in order.
///
/// # Errors
/// When the file cannot be read or has another form.
pub fn timeline(file: &Path) -> Result<Vec<Vec<u8>>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let answer = |line: &str| {
        let (at, answer) = line.split_once("s ").ok_or_else(|| anyhow!("no time in {line:?}"))?;
        at.parse::<f64>().with_context(|| line.to_owned())?;
        Ok(answer.as_bytes().to_vec())
    };
    text.lines().filter(|line| !line.is_empty()).map(answer).collect()
}

fn read(name: &str, bytes: &[u8]) -> Result<Recording> {
    if bytes.starts_with(b"HTTP/") {
        // Of this one only the answer was kept; its name says what was asked.
        let response = response(bytes)?;
        let etag = response.header("etag").ok_or_else(|| anyhow!("neither a request nor an ETag"))?;
        let headers = vec![("If-None-Match".to_owned(), etag)];
        let request = Request { method: "GET".to_owned(), path: String::new(), headers, body: Body::None };
        return Ok(Recording { name: name.to_owned(), request, response });
    }
    let mark = b"\n--- response";
    let at = bytes.windows(mark.len()).position(|w| w == mark).ok_or_else(|| anyhow!("no answer"))?;
    let asked = std::str::from_utf8(&bytes[..at])?;
    let answered = &bytes[at + 1..];
    let line_end = answered.iter().position(|b| *b == b'\n').unwrap_or(answered.len());
    let response = response(answered.get(line_end + 1..).unwrap_or_default())?;
    let request = if let Some((_, raw)) = asked.split_once("--- raw request\n") {
        raw_request(raw)?
    } else if let Some(line) = asked.lines().find(|line| line.starts_with("curl ")) {
        curl(line)?
    } else {
        described(asked)?
    };
    Ok(Recording { name: name.to_owned(), request, response })
}

fn response(bytes: &[u8]) -> Result<Response> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|s| s.parse().ok());
    let status = status.ok_or_else(|| anyhow!("no status in {first:?}"))?;
    let headers = lines.filter_map(|l| l.split_once(':'));
    let headers = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect();
    Ok(Response { status, headers, body: body.as_bytes().to_vec() })
}

fn raw_request(raw: &str) -> Result<Request> {
    let (head, folded) = raw.split_once("\n\n").ok_or_else(|| anyhow!("no end of the request's header"))?;
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path)) = (first.next(), first.next()) else { bail!("no request line in {head:?}") };
    let headers = lines.filter_map(|l| l.split_once(": "));
    let own = ["host", "user-agent", "accept", "content-length"];
    let headers = headers.filter(|(n, _)| !own.contains(&n.to_ascii_lowercase().as_str()));
    let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let mut body = String::new();
    for line in folded.lines() {
        // Names of tokens are shorter than tokens: a line may have become shorter, never longer.
        if line.chars().count() > FOLDED_AT {
            bail!("a line of more than {FOLDED_AT} columns: {line:?}");
        }
        body += line;
    }
    let body = if body.is_empty() { Body::None } else { Body::Text(body) };
    Ok(Request { method: method.to_owned(), path: path.to_owned(), headers, body })
}

/// A command line whose words are not quoted; options stand before the address.
fn curl(line: &str) -> Result<Request> {
    let at = line.rfind(" http://").ok_or_else(|| anyhow!("no address in {line:?}"))?;
    let address = line[at + 1..].trim_end().trim_end_matches(" -g");
    let path = address.strip_prefix("http://").and_then(|a| a.find('/').map(|slash| &a[slash..]));
    let path = path.ok_or_else(|| anyhow!("no path in {address:?}"))?.to_owned();
    let mut method = None;
    let mut headers = Vec::new();
    let mut data = Vec::new();
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    let options = line[..at].strip_prefix("curl -i").ok_or_else(|| anyhow!("no -i in {line:?}"))?;
    for option in options.split(" -").skip(1) {
        let (letter, value) = option.split_at(1);
        let value = value.trim_start();
        match letter {
            "I" => method = Some("HEAD".to_owned()),
            "X" => method = Some(value.to_owned()),
            "d" => data.push(value.to_owned()),
            "H" => {
                let (name, value) = value.split_once(": ").ok_or_else(|| anyhow!("no header in {value:?}"))?;
                headers.push((name.to_owned(), value.to_owned()));
            }
            "F" => match value.split_once('=') {
                Some((name, file)) if file.starts_with('@') => {
                    let file = file.rsplit(['/', '@']).next().unwrap_or_default();
                    files.push((name.to_owned(), file.to_owned()));
                }
                Some((name, text)) => fields.push((name.to_owned(), text.to_owned())),
                None => bail!("no field in {value:?}"),
            },
            _ => bail!("the option -{letter} of {line:?}"),
        }
    }
    let body = match (data.is_empty(), fields.is_empty() && files.is_empty()) {
        (true, true) => Body::None,
        (false, true) => Body::Text(data.join("&")),
        (true, false) => Body::Multipart { fields, files },
        (false, false) => bail!("-d and -F in {line:?}"),
    };
    if matches!(body, Body::Text(_)) && !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
        headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
    }
    let usual = if body == Body::None { "GET" } else { "POST" };
    Ok(Request { method: method.unwrap_or_else(|| usual.to_owned()), path, headers, body })
}

/// A line such as `POST http://HOST/PATH (cookie session)`, and the body on the next.
fn described(asked: &str) -> Result<Request> {
    let mut lines = asked.lines().skip(1);
    let first = lines.next().unwrap_or_default();
    let (method, address) = first.split_once(" http://").ok_or_else(|| anyhow!("no request in {first:?}"))?;
    let address = address.split(' ').next().unwrap_or_default();
    let path = address.find('/').map_or("/", |slash| &address[slash..]);
    let body: String = lines.collect();
    let body = if body.is_empty() { Body::None } else { Body::Text(body) };
    Ok(Request { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_raw_request_is_unfolded() {
        let text = "### x [json] token=admin\nPOST http://h/p\n# form: a=1\n--- raw request\nPOST /p HTTP/1.1\nHost: h\n\
                    Content-Length: 9\nContent-Type: application/x-www-form-urlencoded\n\nwstoken=TOKEN_ADMIN&a=1\n&b=2\n\
                    --- response (headers+body)\nHTTP/1.1 200 OK\nA: 1\nA: 2\n\n{\"x\":1}\n";
        let recording = read("x", text.as_bytes()).unwrap();
        assert_eq!(recording.request.body, Body::Text("wstoken=TOKEN_ADMIN&a=1&b=2".to_owned()));
        let header = ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned());
        assert_eq!(recording.request.headers, [header]);
        assert_eq!(recording.response.header("a").as_deref(), Some("1, 2"));
        assert_eq!(recording.response.body, b"{\"x\":1}\n");
    }

    #[test]
    fn command_lines_of_curl() {
        let request = curl("curl -i -F token=T -F file_2=@tmp/üp 2.bin http://h/webservice/upload.php").unwrap();
        let fields = vec![("token".to_owned(), "T".to_owned())];
        let files = vec![("file_2".to_owned(), "üp 2.bin".to_owned())];
        assert_eq!(request.body, Body::Multipart { fields, files });
        let request = curl("curl -i http://h/p?wsfunction=f&options[ids][0]=2 -g").unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/p?wsfunction=f&options[ids][0]=2"));
        assert_eq!(request.function().as_deref(), Some("f"));
        let request = curl("curl -i -H If-None-Match: \"x\" http://h/p").unwrap();
        assert_eq!(request.headers, [("If-None-Match".to_owned(), "\"x\"".to_owned())]);
        assert_eq!(curl("curl -i -I http://h/p").unwrap().method, "HEAD");
        assert!(curl("curl -i -Z http://h/p").is_err());
    }
}
