//! Builds the built-in plugins for embedding. Needs the guest toolchain: `plugins/toolchain setup`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use provost_guest_build::{GuestBuildError, Guests};

/// The packages that are embedded, in the order in which the host loads them.
const PACKAGES: &[&str] = &[
    "provost-plugin-moodle-services",
    "provost-plugin-backup",
    "provost-plugin-restore",
    "provost-plugin-duplicate",
    "provost-plugin-items",
    "provost-plugin-proxy-tool",
    "provost-plugin-event-services",
];

#[derive(Debug, thiserror::Error)]
enum EmbedError {
    #[error(transparent)]
    Guest(#[from] GuestBuildError),
    #[error("OUT_DIR is not set: this runs as a build script only")]
    NoOutput,
    #[error("plugin {0} has no manifest (custom section `provost:manifest`)")]
    NoManifest(&'static str),
    #[error("plugin {0}: its manifest is no JSON object with an `id`")]
    NoId(&'static str),
    #[error("could not write {}: {source}", path.display())]
    NotWritten { path: PathBuf, source: std::io::Error },
}

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), EmbedError> {
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).ok_or(EmbedError::NoOutput)?;
    let guests = Guests::of_build_script()?;
    guests.watch(&["plugins", "guest-sdk", "wit"]);
    let mut list = String::from("&[\n");
    for &package in PACKAGES {
        let guest = guests.build(package)?;
        let manifest = guest.manifest.ok_or(EmbedError::NoManifest(package))?;
        let id = id_of(&manifest).ok_or(EmbedError::NoId(package))?;
        let file = out.join(format!("{package}.wasm"));
        write(&file, &guest.component)?;
        // Writing to a string cannot fail.
        let _ = writeln!(list, "    BuiltIn {{ id: {id:?}, component: include_bytes!({file:?}) }},");
    }
    list.push_str("]\n");
    write(&out.join("plugins.rs"), list.as_bytes())
}

fn id_of(manifest: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("id")?.as_str().map(str::to_owned)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), EmbedError> {
    std::fs::write(path, bytes).map_err(|source| EmbedError::NotWritten { path: path.to_path_buf(), source })
}
