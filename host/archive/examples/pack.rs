//! Packs a directory: `pack DIRECTORY ARCHIVE [THREADS]`, the form taken from the name. For comparison with `tar` and `gzip`.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use provost_archive::{Format, Writer, WriterOptions};

fn files(directory: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type()?.is_dir() {
            files(&entry.path(), found)?;
        } else if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(archive)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pack DIRECTORY ARCHIVE [THREADS]".into());
    };
    let threads = arguments.next().map_or(Ok(0), |t| t.parse())?;
    let format = if archive.ends_with(".zip") { Format::Zip } else { Format::TarGz };
    let start = Instant::now();
    let directory = Path::new(&directory);
    let mut found = Vec::new();
    files(directory, &mut found)?;
    let options = WriterOptions { threads, ..WriterOptions::default() };
    let mut writer = Writer::create(Box::new(File::create(&archive)?), format, options)?;
    let mut bytes = 0;
    for path in &found {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        bytes += size;
        let name = path.strip_prefix(directory)?.to_string_lossy();
        writer.add_reader(&name, Box::new(file), size)?;
    }
    writer.finish()?;
    let packed = std::fs::metadata(&archive)?.len();
    println!("{} files, {bytes} bytes -> {packed} in {:.2?}", found.len(), start.elapsed());
    Ok(())
}
