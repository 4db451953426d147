//! Builds the test guests: plugins that the end-to-end tests install. Needs the guest toolchain: `plugins/toolchain setup`.

use std::path::PathBuf;
use std::process::ExitCode;

use provost_guest_build::{GuestBuildError, Guests};

/// The packages, each with the name of its component in the output folder.
const PACKAGES: &[(&str, &str)] = &[
    ("provost-test-greeter-v1", "greeter-v1.wasm"),
    ("provost-test-greeter-v2", "greeter-v2.wasm"),
    ("provost-test-deputy", "deputy.wasm"),
    ("provost-test-notebook", "notebook.wasm"),
    ("provost-test-keeper", "keeper.wasm"),
    ("provost-test-witness", "witness.wasm"),
];

#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error(transparent)]
    Guest(#[from] GuestBuildError),
    #[error("OUT_DIR is not set: this runs as a build script only")]
    NoOutput,
    #[error("could not write {}: {source}", path.display())]
    NotWritten { path: PathBuf, source: std::io::Error },
}

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), BuildError> {
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).ok_or(BuildError::NoOutput)?;
    let guests = Guests::of_build_script()?;
    guests.watch(&["tests/guests", "guest-sdk", "wit"]);
    for (package, file) in PACKAGES {
        let path = out.join(file);
        let component = guests.build(package)?.component;
        std::fs::write(&path, component).map_err(|source| BuildError::NotWritten { path, source })?;
    }
    Ok(())
}
