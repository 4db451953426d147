//! A live Provost: the real binary on a store of its own, driven by its command line and over HTTP.
//!
//! Whatever goes wrong here ends the test with a panic that says what was asked and what came back.

mod http;
mod rest;

pub use http::{Part, Reply, get, post_form, post_like_curl, post_multipart, request, send_bytes};
pub use rest::{Rest, between, text};

use crate::generate::{SampleSize, generate};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test gives up. Generous: it only ends tests that hang.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// A store in a temporary directory, and the binary to work on it.
pub struct Site {
    binary: PathBuf,
    folder: TempDir,
    /// Where compiled code of plugins is kept for other sites.
    kept: Option<PathBuf>,
}

impl Site {
    /// An empty one. `binary` is `env!("CARGO_BIN_EXE_provost")`, which only a test can say.
    pub fn new(binary: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { binary: binary.into(), folder, kept: None }
    }

    /// An empty one that begins with the code of plugins which others like it have compiled: that takes most of the time of a short
    /// test. What of it fits is decided by the host, as with any code that it finds compiled.
    pub fn warm(binary: &str) -> Self {
        let mut site = Self::new(binary);
        // Beside the binary, where `cargo clean` finds it.
        let kept = Path::new(binary).with_file_name("compiled-for-tests");
        copy_new(&kept, &site.data().join("compiled"));
        site.kept = Some(kept);
        site
    }

    /// The store's directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path beside the store.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command of the binary on this store.
    pub fn command<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(self.data()).args(arguments);
        command.stdin(Stdio::null()).current_dir(self.folder.path());
        command.env_remove("PROVOST_DATA").env_remove("PROVOST_LOG");
        command
    }

    /// Runs a command to its end.
    pub fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Output {
        let mut command = self.command(arguments);
        command.output().unwrap_or_else(|e| panic!("{} does not start: {e}", self.binary.display()))
    }

    /// Runs a command to its end, and says how much memory it had at most (bytes; 0 where the system does not tell).
    pub fn run_measured<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> (Output, u64) {
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.unwrap_or_else(|e| panic!("{} does not start: {e}", self.binary.display()));
        let status = format!("/proc/{}/status", child.id());
        let watch = std::thread::spawn(move || {
            let mut peak = 0;
            // A process that has ended, waited for or not, has no such line.
            while let Some(now) = fs::read_to_string(&status).ok().and_then(|status| peak_in(&status)) {
                peak = now;
                std::thread::sleep(Duration::from_millis(5));
            }
            peak
        });
        let output = child.wait_with_output().unwrap_or_else(|e| panic!("provost {}: {e}", shown(arguments)));
        (output, watch.join().unwrap_or(0))
    }

    /// What a command prints, which must succeed.
    pub fn ok<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> String {
        let output = self.run(arguments);
        let shown = shown(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "provost {shown}: {}: {said}", output.status);
        String::from_utf8(output.stdout).unwrap_or_else(|e| panic!("provost {shown}: {e}"))
    }

    /// What a command prints with `--json`.
    pub fn json<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Value {
        let mut all: Vec<&std::ffi::OsStr> = vec!["--json".as_ref()];
        all.extend(arguments.iter().map(AsRef::as_ref));
        let printed = self.ok(&all);
        serde_json::from_str(&printed).unwrap_or_else(|e| panic!("provost {}: {e}: {printed}", shown(&all)))
    }

    /// The complaint of a command that must fail: status 1, nothing on standard output.
    pub fn refused<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> String {
        let output = self.run(arguments);
        let shown = shown(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "provost {shown}: {said}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "provost {shown}");
        assert!(said.lines().any(|line| line.starts_with("error: ")), "provost {shown}: {said}");
        said
    }

    /// Imports an archive and gives the course's id.
    pub fn import(&self, archive: &Path) -> u64 {
        let printed = self.ok(&["course".as_ref(), "import".as_ref(), archive.as_os_str()]);
        printed.trim().parse().unwrap_or_else(|e| panic!("course import printed {printed:?}: {e}"))
    }

    /// A token of a user.
    pub fn token(&self, user: &str) -> String {
        self.ok(&["token", "create", "--user", user]).trim_end().to_owned()
    }

    /// Makes a course archive of a size.
    pub fn generated(&self, name: &str, size: &SampleSize) -> PathBuf {
        let path = self.path(name);
        let made = File::create(&path).and_then(|file| generate(size, 1, file));
        made.unwrap_or_else(|e| panic!("cannot make {}: {e}", path.display()));
        path
    }

    /// Starts a server on a free port. Its log goes to `serve.log` beside the store.
    pub fn serve(&self, options: &[&str]) -> Server {
        let log = File::options().create(true).append(true).open(self.path("serve.log")).expect("the server's log");
        let mut command = self.command(&["--json", "serve", "--listen", "127.0.0.1:0"]);
        command.args(options).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{} does not start: {e}", self.binary.display()));
        let out = child.stdout.take().expect("piped");
        let mut started = String::new();
        for line in BufReader::new(out).lines() {
            started += &line.unwrap_or_default();
            if started.ends_with('}') {
                break;
            }
        }
        let said: Value = serde_json::from_str(&started).unwrap_or_else(|e| {
            let log = std::fs::read_to_string(self.path("serve.log")).unwrap_or_default();
            panic!("the server printed {started:?}: {e}; its log:\n{log}")
        });
        let text = |key: &str| said[key].as_str().unwrap_or_else(|| panic!("no {key} in {said}")).to_owned();
        Server { child, url: text("url"), address: text("listening") }
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("serve.log")).unwrap_or_default()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(kept) = &self.kept {
            copy_new(&self.data().join("compiled"), kept);
        }
    }
}

/// Copies the files that are not there yet, each at once. What cannot be copied is left out: it is compiled anew.
fn copy_new(from: &Path, to: &Path) {
    let (Ok(entries), Ok(())) = (fs::read_dir(from), fs::create_dir_all(to)) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(name) = path.file_name().map(|name| to.join(name)) else { continue };
        let unfinished = tempfile::NamedTempFile::new_in(to);
        if !name.exists()
            && let Ok(unfinished) = unfinished
            && fs::copy(&path, unfinished.path()).is_ok()
        {
            // Another test may have been faster.
            let _ = unfinished.persist(name);
        }
    }
}

/// The peak of a process's memory in bytes, from `/proc/PID/status`.
fn peak_in(status: &str) -> Option<u64> {
    bytes_in(status, "VmHWM:")
}

fn bytes_in(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The memory of a process, where the system tells.
#[derive(Debug, Clone)]
pub struct Memory {
    status: PathBuf,
}

impl Memory {
    /// Bytes resident now.
    pub fn now(&self) -> Option<u64> {
        bytes_in(&fs::read_to_string(&self.status).ok()?, "VmRSS:")
    }

    /// The most bytes resident at one time.
    pub fn peak(&self) -> Option<u64> {
        peak_in(&fs::read_to_string(&self.status).ok()?)
    }
}

fn shown<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> String {
    arguments.iter().map(|a| a.as_ref().to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A server; it is killed when this is dropped.
pub struct Server {
    child: Child,
    /// Its address, for example `http://127.0.0.1:4567`.
    pub url: String,
    /// The same as host and port.
    pub address: String,
}

impl Server {
    /// Calls functions with a token.
    pub fn rest(&self, token: &str) -> Rest {
        Rest::new(&self.url, token)
    }

    /// Whether the process is still there.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Tells how much memory it has.
    pub fn memory(&self) -> Memory {
        Memory { status: format!("/proc/{}/status", self.child.id()).into() }
    }

    /// Kills it, as a power cut would (SIGKILL).
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Asks again and again until there is an answer.
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "gave up waiting until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A file of the fixtures kept beside the workspace; a message and none where they are not.
pub fn fixture(path: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let file = folder.join(path);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: no fixture {path} in ../shared/fixtures");
    None
}

/// Test guests, built with this crate.
pub mod guests {
    /// Greets in the morning, and fails as asked.
    pub const GREETER_V1: &str = concat!(env!("OUT_DIR"), "/greeter-v1.wasm");
    /// Greets in the evening; its gate refuses when configured so.
    pub const GREETER_V2: &str = concat!(env!("OUT_DIR"), "/greeter-v2.wasm");
    /// Has the id of the built-in backup plugin.
    pub const DEPUTY: &str = concat!(env!("OUT_DIR"), "/deputy.wasm");
    /// Keeps notes with contents, and follows their copies.
    pub const NOTEBOOK: &str = concat!(env!("OUT_DIR"), "/notebook.wasm");
    /// Keeps data with courses and contents, and copies them.
    pub const KEEPER: &str = concat!(env!("OUT_DIR"), "/keeper.wasm");
    /// Is told of events, and fails as configured.
    pub const WITNESS: &str = concat!(env!("OUT_DIR"), "/witness.wasm");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_end_to_end_test_is_a_target_of_the_binary_s_package() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let targets = fs::read_to_string(here.join("../host/provost/Cargo.toml")).expect("the package of the binary");
        for entry in fs::read_dir(here.join("tests")).expect("the tests") {
            let name = entry.expect("an entry").file_name().into_string().expect("a plain name");
            // Folders hold what one of the tests is made of.
            if !name.ends_with(".rs") {
                continue;
            }
            let line = format!("path = \"../../tests/tests/{name}\"");
            assert!(targets.contains(&line), "host/provost/Cargo.toml lists no test with {line}");
        }
    }
}
