//! Builds guests (plugins) of this workspace to components, for build scripts that embed them: `provost-builtin`'s and
//! the test suite's.
//!
//! How a guest is compiled is known to `plugins/toolchain` alone; this crate runs it in a clean environment and with a
//! target directory of its own (cargo holds a lock on the outer one while a build script runs), and makes components of
//! the modules.
//!
//! ```no_run
//! // build.rs
//! let guests = provost_guest_build::Guests::of_build_script()?;
//! guests.watch(&["plugins", "guest-sdk", "wit"]);
//! let guest = guests.build("provost-plugin-backup")?;
//! println!("{} bytes", guest.component.len());
//! # Ok::<(), provost_guest_build::GuestBuildError>(())
//! ```

mod dep_info;
mod environment;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use provost_componentize::{ComponentizeError, componentize, manifest_section};

/// Where the toolchain script lies in the workspace.
const TOOLCHAIN: &str = "plugins/toolchain";

/// Why a guest was not built.
#[derive(Debug, thiserror::Error)]
pub enum GuestBuildError {
    /// A variable that cargo gives to build scripts is missing.
    #[error("{0} is not set: this runs in a build script only")]
    NoBuildScript(&'static str),
    /// The folder is in no workspace with a guest toolchain.
    #[error("no {TOOLCHAIN} in {} or a folder above it", .0.display())]
    NoToolchain(PathBuf),
    /// The toolchain's script could not be started.
    #[error("could not run {}: {source}", script.display())]
    NotRun {
        /// The script.
        script: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The toolchain is not there or the guest has errors; its own words, which are on standard error in full.
    #[error("guest {package} was not built: {explanation}")]
    Failed {
        /// The package.
        package: String,
        /// The last lines of what the toolchain said.
        explanation: String,
    },
    /// What was built could not be read.
    #[error("could not read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What was built is no plugin.
    #[error("guest {package}: {source}")]
    NoPlugin {
        /// The package.
        package: String,
        /// Why not.
        source: ComponentizeError,
    },
}

/// A built guest.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// Its manifest (JSON), if it has one.
    pub manifest: Option<Vec<u8>>,
}

/// Builds guests of one workspace.
#[derive(Debug, Clone)]
pub struct Guests {
    root: PathBuf,
    target: PathBuf,
}

impl Guests {
    /// For the build script that is running: its workspace, and its target directory as the place for output.
    ///
    /// # Errors
    /// Outside a build script, or in a workspace without a guest toolchain.
    pub fn of_build_script() -> Result<Self, GuestBuildError> {
        let variable = |name| std::env::var_os(name).map(PathBuf::from).ok_or(GuestBuildError::NoBuildScript(name));
        let out = variable("OUT_DIR")?;
        let guests = Self::new(&variable("CARGO_MANIFEST_DIR")?, target_directory(&out))?;
        println!("cargo::rerun-if-changed={}", guests.root.join(TOOLCHAIN).display());
        println!("cargo::rerun-if-changed={}", guests.root.join("Cargo.toml").display());
        println!("cargo::rerun-if-changed={}", guests.root.join("Cargo.lock").display());
        println!("cargo::rerun-if-env-changed=RUSTUP_TOOLCHAIN");
        Ok(guests)
    }

    /// For the workspace that `folder` is in, with output below `target` (in a folder `guests`).
    ///
    /// # Errors
    /// In a workspace without a guest toolchain.
    pub fn new(folder: &Path, target: &Path) -> Result<Self, GuestBuildError> {
        folder
            .ancestors()
            .find(|above| above.join(TOOLCHAIN).is_file())
            .map(|root| Self { root: root.to_path_buf(), target: target.to_path_buf() })
            .ok_or_else(|| GuestBuildError::NoToolchain(folder.to_path_buf()))
    }

    /// Has cargo run the build script again when something in these folders of the workspace changes. For folders where
    /// new files count; files that a guest was built from are watched by [`Guests::build`].
    pub fn watch(&self, folders: &[&str]) {
        for folder in folders {
            println!("cargo::rerun-if-changed={}", self.root.join(folder).display());
        }
    }

    /// Builds a package of the workspace and makes it a component; tells cargo which files it was built from.
    ///
    /// # Errors
    /// See [`GuestBuildError`]; compiler messages go to standard error.
    pub fn build(&self, package: &str) -> Result<Guest, GuestBuildError> {
        let path = self.module(package)?;
        for source in dep_info::sources(&path.with_extension("d")) {
            println!("cargo::rerun-if-changed={}", source.display());
        }
        let module = std::fs::read(&path).map_err(|source| GuestBuildError::Unreadable { path, source })?;
        let no_plugin = |source| GuestBuildError::NoPlugin { package: package.to_owned(), source };
        let component = componentize(&module).map_err(no_plugin)?;
        let manifest = manifest_section(&component).map_err(no_plugin)?.map(<[u8]>::to_vec);
        Ok(Guest { component, manifest })
    }

    /// Runs the toolchain and gives the path of the core module it built.
    fn module(&self, package: &str) -> Result<PathBuf, GuestBuildError> {
        let script = self.root.join(TOOLCHAIN);
        let mut command = Command::new(&script);
        command.arg("build").arg("--target-dir").arg(&self.target).args(["-p", package, "--", "--locked"]);
        command.current_dir(&self.root).stdin(Stdio::null()).env_clear().envs(environment::kept(std::env::vars_os()));
        let output = command.output().map_err(|source| GuestBuildError::NotRun { script, source })?;
        let said = String::from_utf8_lossy(&output.stderr);
        eprint!("{said}");
        let paths = String::from_utf8_lossy(&output.stdout);
        match paths.lines().next_back() {
            Some(path) if output.status.success() => Ok(PathBuf::from(path)),
            _ => Err(GuestBuildError::Failed { package: package.to_owned(), explanation: explanation(&said) }),
        }
    }
}

/// The toolchain's own last words: from its first line on, or cargo's error.
fn explanation(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let from = lines
        .iter()
        .position(|line| line.starts_with("error") || line.starts_with("plugins/toolchain: nothing"))
        .unwrap_or_else(|| lines.len().saturating_sub(5));
    lines.get(from..).unwrap_or_default().join("\n")
}

/// Cargo's target directory around a build script's output folder: the nearest folder above it that cargo tagged.
fn target_directory(out: &Path) -> &Path {
    out.ancestors().find(|above| above.join("CACHEDIR.TAG").is_file()).unwrap_or(out)
}

#[cfg(test)]
mod tests;
