//! Makes the seeds of the fuzz targets from the sample course: `cargo run -p provost-invariants --example seeds -- FOLDER`
//! writes `FOLDER/TARGET/NAME`. What is kept in `tests/fuzz/seeds` is the smallest set of them that reaches as much
//! code (tests/fuzz/README.md says how it is made).

mod archives;
mod documents;
mod texts;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// An input: its name, and its bytes.
type Seed = (String, Vec<u8>);

/// The sample course, unpacked.
fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/sample-course")
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: seeds FOLDER")?);
    let targets: [(&str, Vec<Seed>); 7] = [
        ("archive_reader", archives::reader()?),
        ("archive_roundtrip", archives::roundtrip()),
        ("options", texts::options()),
        ("wire_answer", texts::answers()),
        ("wire_json_body", texts::json_bodies()),
        ("wire_request", texts::requests()),
        ("xml_split", documents::all()?),
    ];
    for (target, seeds) in targets {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        let bytes: usize = seeds.iter().map(|(_, bytes)| bytes.len()).sum();
        for (name, bytes) in &seeds {
            fs::write(folder.join(name), bytes)?;
        }
        println!("{target}: {} seeds of {bytes} bytes", seeds.len());
    }
    Ok(())
}
