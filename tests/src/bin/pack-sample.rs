//! Writes the sample course to `tests/fixtures/`: the readable tree and the packed archive.

use anyhow::Context;
use provost_tests::sample;
use std::fs;

fn main() -> anyhow::Result<()> {
    let directory = sample::tree_directory();
    if directory.is_dir() {
        fs::remove_dir_all(&directory).context("removing the old tree")?;
    }
    for (path, bytes) in sample::readable_tree() {
        let file = directory.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        fs::write(&file, bytes).with_context(|| file.display().to_string())?;
    }
    let file = sample::packed_file();
    let mut packed = Vec::new();
    sample::pack(&mut packed)?;
    fs::write(&file, &packed).with_context(|| file.display().to_string())?;
    println!("{}: {} bytes", file.display(), packed.len());
    Ok(())
}
