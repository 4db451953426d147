//! What of a build script's environment a cargo inside it may see.
//!
//! Cargo tells a build script all about the package and the flags of the outer build. A nested cargo would take much of that
//! for its own settings: the host's flags and wrappers (clippy's among them), its target directory, its job server.

use std::ffi::OsString;

/// Cargo's own settings that hold for every build of this user: where things are cached and fetched from.
const KEPT_OF_CARGO: &[&str] =
    &["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_TERM_"];

/// What cargo sets for build scripts besides `CARGO_…`, `RUSTC_…` and `DEP_…`, or reads as flags.
const DROPPED: &[&str] = &[
    "DEBUG",
    "HOST",
    "MAKEFLAGS",
    "MFLAGS",
    "NUM_JOBS",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUSTDOC_LINKER",
    "RUST_LOG",
    "TARGET",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
];

/// The variables to pass on.
pub(crate) fn kept(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    variables.into_iter().filter(|(name, _)| is_kept(&name.to_string_lossy()))
}

/// `CARGO` and `RUSTC` stay: they name the programs in force, the first that the toolchain considers.
fn is_kept(name: &str) -> bool {
    if name.starts_with("CARGO_") {
        return KEPT_OF_CARGO.iter().any(|kept| name.starts_with(kept));
    }
    !(DROPPED.contains(&name) || name.starts_with("RUSTC_") || name.starts_with("DEP_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_of_the_user_pass() {
        for kept in ["PATH", "HOME", "CARGO", "RUSTC", "CARGO_HOME", "CARGO_NET_OFFLINE", "RUSTUP_TOOLCHAIN", "TARGETS"]
        {
            assert!(is_kept(kept), "{kept}");
        }
        for dropped in [
            "CARGO_TARGET_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_MAKEFLAGS",
            "CARGO_PKG_NAME",
            "CARGO_PROFILE_RELEASE_LTO",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "TARGET",
            "DEP_Z_ROOT",
        ] {
            assert!(!is_kept(dropped), "{dropped}");
        }
    }
}
