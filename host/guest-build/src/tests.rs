use super::*;

#[test]
fn the_workspace_is_found_from_a_package_in_it() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guests = Guests::new(package, Path::new("/nowhere")).expect("in a workspace");
    assert!(guests.root.join("guest-sdk").is_dir());
    let elsewhere = tempfile::tempdir().expect("folder");
    let error = Guests::new(elsewhere.path(), elsewhere.path()).expect_err("no workspace");
    assert!(matches!(error, GuestBuildError::NoToolchain(_)), "{error}");
}

#[test]
fn the_target_directory_is_the_tagged_one() {
    let target = tempfile::tempdir().expect("folder");
    let out = target.path().join("debug/build/x-1/out");
    std::fs::create_dir_all(&out).expect("folders");
    assert_eq!(target_directory(&out), out);
    std::fs::write(target.path().join("CACHEDIR.TAG"), "").expect("file");
    assert_eq!(target_directory(&out), target.path());
}

#[cfg(unix)]
#[test]
fn the_toolchains_explanation_is_passed_on() {
    use std::os::unix::fs::PermissionsExt as _;

    let root = tempfile::tempdir().expect("folder");
    let script = root.path().join(TOOLCHAIN);
    std::fs::create_dir_all(script.parent().expect("parent")).expect("folder");
    let text = "#!/bin/sh\necho 'plugins/toolchain: nothing here can build plugins: run plugins/toolchain setup' >&2\n\
                echo \"  asked for $*, RUSTC_WRAPPER is '$RUSTC_WRAPPER'\" >&2\nexit 1\n";
    std::fs::write(&script, text).expect("script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let guests = Guests::new(root.path(), root.path()).expect("workspace");
    let error = guests.build("some-plugin").expect_err("no toolchain").to_string();
    assert!(error.contains("some-plugin was not built") && error.contains("run plugins/toolchain setup"), "{error}");
    assert!(error.contains("-p some-plugin -- --locked"), "{error}");
}

#[test]
fn compiler_errors_are_the_explanation() {
    assert_eq!(explanation("   Compiling x\nerror[E0001]: wrong\n  --> here\n"), "error[E0001]: wrong\n  --> here");
    assert_eq!(explanation("a\nb\n"), "a\nb");
    assert_eq!(explanation(""), "");
}
