//! What is written into an archive is read back as it was.

use std::io::{Cursor, Seek};

use arbitrary::{Arbitrary, Unstructured};
use provost_archive::{ArchiveError, Format, Limits, Reader, Writer, WriterOptions};

/// Bytes of all contents of one archive at most, so that an input is done quickly.
const MOST_BYTES: usize = 1300 << 10;

/// An archive to be written.
#[derive(Debug, Arbitrary)]
struct Plan {
    zip: bool,
    level: u8,
    threads: u8,
    mtime: u32,
    entries: Vec<PlannedEntry>,
}

#[derive(Debug, Arbitrary)]
struct PlannedEntry {
    path: String,
    way: Way,
    /// Repeated `times` times.
    pattern: Vec<u8>,
    times: u16,
}

/// Which calls add an entry.
#[derive(Debug, Arbitrary)]
enum Way {
    Bytes,
    Source,
    /// A source with fewer or more bytes than announced, which is refused.
    Lying(i8),
    Pieces(u16),
}

/// Writes the archive that `data` describes and reads it.
///
/// # Panics
/// When an invariant does not hold.
pub fn archive_roundtrip(data: &[u8]) {
    let Ok(plan) = Plan::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let Ok(file) = tempfile::tempfile() else {
        panic!("no temporary file");
    };
    let Ok(sink) = file.try_clone() else {
        panic!("the temporary file cannot be opened again");
    };
    let format = if plan.zip { Format::Zip } else { Format::TarGz };
    let options = WriterOptions {
        threads: usize::from(plan.threads % 3 + 1),
        level: plan.level % 9 + 1,
        mtime: plan.mtime.into(),
        ..WriterOptions::default()
    };
    let written = match write(Box::new(sink), format, options, &plan.entries) {
        Ok(written) => written,
        Err(error) => panic!("not written: {error:?}"),
    };
    let read = match read(file) {
        Ok((read_format, read)) => {
            assert_eq!(read_format, format);
            read
        }
        Err(error) => panic!("written, but not read: {error:?}"),
    };
    assert_eq!(written.len(), read.len());
    for ((path, content), (read_path, read_content)) in written.iter().zip(&read) {
        assert_eq!(path, read_path);
        assert!(content == read_content, "{path}: another content");
    }
}

type Files = Vec<(String, Vec<u8>)>;

fn write(
    sink: provost_archive::Sink,
    format: Format,
    options: WriterOptions,
    entries: &[PlannedEntry],
) -> Result<Files, ArchiveError> {
    let mut writer = Writer::create(sink, format, options)?;
    let mut written = Files::new();
    let mut left = MOST_BYTES;
    for entry in entries.iter().take(40) {
        let times = usize::from(entry.times).min(left.checked_div(entry.pattern.len()).unwrap_or(0));
        let content = entry.pattern.repeat(times);
        left -= content.len();
        let path = entry.path.as_str();
        let added = match &entry.way {
            Way::Bytes => writer.add_bytes(path, content.clone()),
            Way::Source => writer.add_reader(path, Box::new(Cursor::new(content.clone())), content.len() as u64),
            Way::Lying(by) => lie(&mut writer, path, &content, *by),
            Way::Pieces(size) => pieces(&mut writer, path, &content, usize::from(*size) + 1),
        };
        match added {
            Ok(()) => written.push((entry.path.clone(), content)),
            Err(ArchiveError::InvalidPath { .. }) => {}
            Err(ArchiveError::SizeMismatch { .. }) if matches!(entry.way, Way::Lying(_)) => {}
            Err(error) => return Err(error),
        }
    }
    writer.finish()?;
    Ok(written)
}

fn pieces(writer: &mut Writer, path: &str, content: &[u8], size: usize) -> Result<(), ArchiveError> {
    writer.begin(path)?;
    for piece in content.chunks(size) {
        writer.write(piece)?;
    }
    writer.end()
}

/// Announces another size than the source has, which must be found out. The archive is then as it was, the content being small.
fn lie(writer: &mut Writer, path: &str, content: &[u8], by: i8) -> Result<(), ArchiveError> {
    let small = content[..content.len().min(100_000)].to_vec();
    let length = small.len() as u64;
    let announced = match length.saturating_add_signed(by.into()) {
        same if same == length => length + 1,
        other => other,
    };
    match writer.add_reader(path, Box::new(Cursor::new(small)), announced) {
        Ok(()) => panic!("{path}: announced with {announced} bytes, which it does not have"),
        Err(error) => Err(error),
    }
}

fn read(mut file: std::fs::File) -> Result<(Format, Files), ArchiveError> {
    if file.rewind().is_err() {
        panic!("the temporary file cannot be read");
    }
    let mut reader = Reader::open(file, &std::env::temp_dir(), Limits::default())?;
    let mut files = Files::new();
    let mut buffer = vec![0; 50_000];
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        loop {
            let got = reader.read(&mut buffer)?;
            if got == 0 {
                break;
            }
            content.extend_from_slice(&buffer[..got]);
        }
        assert_eq!(content.len() as u64, entry.size);
        files.push((entry.path, content));
    }
    assert_eq!(reader.skipped_count(), 0, "wrote what it does not read: {:?}", reader.skipped());
    Ok((reader.format(), files))
}
