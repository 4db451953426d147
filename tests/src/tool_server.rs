//! A remote tool as a real server on a socket: it answers each path as it is told to, and keeps what came.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How a request is answered.
#[derive(Debug, Clone)]
pub enum Act {
    /// With this status, headers and body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Not at all, with the connection open until the caller goes.
    Hang,
    /// Not at all, with the connection closed.
    Close,
    /// With bytes that are no HTTP.
    Garbage,
}

impl Act {
    /// An answer without headers.
    pub fn says(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(status, Vec::new(), body.into())
    }
}

/// A request that came.
#[derive(Debug, Clone, Default)]
pub struct Came {
    /// For example `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: Vec<u8>,
}

impl Came {
    /// A header that must be there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map_or_else(|| panic!("no {name} in {:?}", self.headers), |(_, value)| value.as_str())
    }
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }
    /// The value of an argument of a form; none where there is not exactly one.
    pub fn argument(&self, name: &str) -> Option<String> {
        let pairs = self.arguments();
        let mut found = pairs.into_iter().filter(|(n, _)| n == name).map(|(_, value)| value);
        found.next().filter(|_| found.next().is_none())
    }
    /// The arguments of a form.
    pub fn arguments(&self) -> Vec<(String, String)> {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decode(n), decode(v))).collect()
    }
}

#[derive(Default)]
struct Shared {
    acts: HashMap<String, Vec<Act>>,
    came: Vec<Came>,
}

/// The server. It stops with the process.
pub struct ToolServer {
    /// For example `http://127.0.0.1:40000`.
    pub url: String,
    shared: Arc<(Mutex<Shared>, Condvar)>,
}

/// Generous: it only ends tests that hang.
const PATIENCE: Duration = Duration::from_secs(180);

impl ToolServer {
    /// On a free port of the loopback.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let shared: Arc<(Mutex<Shared>, Condvar)> = Arc::default();
        let kept = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = kept.clone();
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { url, shared }
    }

    /// How requests of a path are answered: one after the other, the last one again and again. Other paths are 404.
    pub fn answers(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        let mut acts: Vec<Act> = acts.into_iter().collect();
        acts.reverse();
        self.lock().acts.insert(path.to_owned(), acts);
    }

    /// What came to a path so far.
    pub fn came(&self, path: &str) -> Vec<Came> {
        self.lock().came.iter().filter(|came| came.path == path).cloned().collect()
    }

    /// What came to a path, as soon as it is so many requests.
    pub fn wait_for(&self, path: &str, count: usize) -> Vec<Came> {
        let (mutex, changed) = &*self.shared;
        let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        let few = |shared: &mut Shared| shared.came.iter().filter(|came| came.path == path).count() < count;
        let (guard, waited) = changed.wait_timeout_while(guard, PATIENCE, few).unwrap_or_else(PoisonError::into_inner);
        let found: Vec<Came> = guard.came.iter().filter(|came| came.path == path).cloned().collect();
        assert!(!waited.timed_out(), "{path}: {} requests instead of {count}", found.len());
        found
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut stream: TcpStream, shared: &(Mutex<Shared>, Condvar)) {
    let Some(came) = read(&stream) else { return };
    let path = came.path.clone();
    let act = {
        let mut shared_now = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared_now.came.push(came);
        let acts = shared_now.acts.get_mut(&path);
        let act = acts.and_then(|acts| if acts.len() > 1 { acts.pop() } else { acts.last().cloned() });
        shared.1.notify_all();
        act
    };
    match act {
        Some(Act::Answer(status, headers, body)) => {
            let mut head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            let _ = stream.write_all((head + "\r\n").as_bytes()).and_then(|()| stream.write_all(&body));
        }
        Some(Act::Hang) => {
            // Ends when the caller closes.
            let _ = stream.read(&mut [0; 1]);
        }
        Some(Act::Garbage) => {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
        }
        Some(Act::Close) => {}
        None => {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    }
}

fn read(stream: &TcpStream) -> Option<Came> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let mut came = Came { method: words.next()?.to_owned(), path: words.next()?.to_owned(), ..Came::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        came.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = came.headers.iter().find(|(name, _)| name == "content-length");
    came.body = vec![0; length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut came.body).ok()?;
    Some(came)
}
