//! Many clients that ask a live server over and over, each on a connection of its own that is kept.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

/// How many connections may be tried at one time: more than this would overrun the queue of those that wait for the server.
const CONNECTING: usize = 64;

/// How clients ask.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How many clients.
    pub clients: usize,
    /// How long a client waits after an answer; with none it asks again at once.
    pub pause: Duration,
    /// For how long they ask. Each asks at least once.
    pub time: Duration,
}

/// What clients found.
#[derive(Debug, Default)]
pub struct Found {
    /// How long each answer took, shortest first.
    pub latencies: Vec<Duration>,
    /// From the first request to the last answer, connecting left out.
    pub taken: Duration,
    /// What was wrong, the first hundred.
    pub errors: Vec<String>,
    /// How often something was wrong.
    pub failed: usize,
}

impl Found {
    /// The time within which a share of the answers came, 0 to 1; of none, none.
    pub fn percentile(&self, share: f64) -> Duration {
        // The cast loses nothing but the fraction: a share is at most 1.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = (self.latencies.len() as f64 * share.clamp(0.0, 1.0)).ceil() as usize;
        self.latencies.get(at.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// Answers in a second.
    pub fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss)]
        let answers = self.latencies.len() as f64;
        answers / self.taken.as_secs_f64().max(f64::EPSILON)
    }

    fn take(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.failed += other.failed;
        self.errors.extend(other.errors);
        self.errors.truncate(100);
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)];
        write!(f, "{} answers, {:.0} a second", self.latencies.len(), self.rate())?;
        for (name, share) in shares {
            write!(f, ", {name} {:.1} ms", self.percentile(share).as_secs_f64() * 1e3)?;
        }
        write!(f, ", {} errors", self.failed)
    }
}

/// Lets clients ask a server at `address` (host and port) for what `target` says at the moment, as long as `load` says.
/// `check` is given each answer, and says what is wrong with it.
///
/// # Errors
/// When clients cannot be run at all. What goes wrong with an answer is among what is found.
pub fn run(
    address: &str,
    load: Load,
    target: impl Fn() -> String + Send + Sync + 'static,
    check: impl Fn(u16, &[u8]) -> Result<(), String> + Send + Sync + 'static,
) -> std::io::Result<Found> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (target, check) = (Arc::new(target), Arc::new(check));
    let connecting = Arc::new(tokio::sync::Semaphore::new(CONNECTING));
    let start = Arc::new(Barrier::new(load.clients + 1));
    runtime.block_on(async {
        let mut clients = tokio::task::JoinSet::new();
        for number in 0..load.clients {
            let (target, check, address) = (target.clone(), check.clone(), address.to_owned());
            let (connecting, start) = (connecting.clone(), start.clone());
            clients.spawn(async move {
                let connected = {
                    let _turn = connecting.acquire().await;
                    connect(&address).await
                };
                start.wait().await;
                let mut found = Found::default();
                match connected {
                    Ok(mut sender) => client(&mut sender, &address, load, number, &*target, &*check, &mut found).await,
                    Err(error) => fail(&mut found, format!("connecting: {error}")),
                }
                found
            });
        }
        start.wait().await;
        let begun = Instant::now();
        let mut all = Found::default();
        while let Some(found) = clients.join_next().await {
            match found {
                Ok(found) => all.take(found),
                Err(error) => fail(&mut all, error.to_string()),
            }
        }
        all.taken = begun.elapsed();
        all.latencies.sort_unstable();
        Ok(all)
    })
}

type Sender = SendRequest<Empty<Bytes>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn connect(address: &str) -> Result<Sender, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with its sender; what goes wrong, the sender says.
    tokio::spawn(connection);
    Ok(sender)
}

async fn client(
    sender: &mut Sender,
    address: &str,
    load: Load,
    number: usize,
    target: &impl Fn() -> String,
    check: &impl Fn(u16, &[u8]) -> Result<(), String>,
    found: &mut Found,
) {
    let begun = Instant::now();
    if !load.pause.is_zero() {
        // Clients that wait between requests do not begin all at one moment.
        #[allow(clippy::cast_possible_truncation)]
        let late = load.pause.mul_f64(number as f64 / load.clients.max(1) as f64);
        tokio::time::sleep(late).await;
    }
    loop {
        let asked = Instant::now();
        match ask(sender, address, &target()).await {
            Ok((status, body)) => {
                found.latencies.push(asked.elapsed());
                if let Err(wrong) = check(status, &body) {
                    fail(found, wrong);
                }
            }
            Err(error) => {
                fail(found, error.to_string());
                match connect(address).await {
                    Ok(new) => *sender = new,
                    Err(error) => return fail(found, format!("connecting again: {error}")),
                }
            }
        }
        if begun.elapsed() + load.pause >= load.time {
            return;
        }
        tokio::time::sleep(load.pause).await;
    }
}

async fn ask(sender: &mut Sender, address: &str, target: &str) -> Result<(u16, Bytes), Failure> {
    sender.ready().await?;
    let request = Request::get(target).header(HOST, address).body(Empty::new())?;
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

fn fail(found: &mut Found, error: String) {
    found.failed += 1;
    if found.errors.len() < 100 {
        found.errors.push(error);
    }
}

/// Raises the number of files this process and its children may have open as far as the system lets it, and says how many that
/// are; none where the system does not tell.
pub fn raise_open_files() -> Option<u64> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok()?;
        let (now, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        Some(now)
    }
    #[cfg(not(unix))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let of = |n: u64| Found { latencies: (1..=n).map(Duration::from_millis).collect(), ..Found::default() };
        assert_eq!(of(100).percentile(0.5), Duration::from_millis(50));
        assert_eq!(of(100).percentile(0.99), Duration::from_millis(99));
        assert_eq!(of(100).percentile(1.0), Duration::from_millis(100));
        assert_eq!(of(1).percentile(0.5), Duration::from_millis(1));
        assert_eq!(of(0).percentile(0.5), Duration::ZERO);
    }
}
