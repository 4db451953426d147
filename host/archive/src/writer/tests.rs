//! Tests of the writer's promises: order, sizes, errors that are not lost, threads that end.

use std::io::{self, Cursor, Read, Write};
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// A sink that hands what it was given back at the end.
#[derive(Default)]
struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(format: Format, fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let sink = Shared::default();
    let bytes = std::sync::Arc::clone(&sink.0);
    let mut writer = Writer::create(Box::new(sink), format, WriterOptions::default()).unwrap();
    fill(&mut writer);
    writer.finish().unwrap();
    let bytes = bytes.lock().unwrap();
    bytes.clone()
}

fn new_writer(format: Format) -> Writer {
    Writer::create(Box::new(io::sink()), format, WriterOptions::default()).unwrap()
}

/// A sink that fails after some bytes, and says when it is dropped.
struct Failing {
    left: usize,
    dropped: Option<mpsc::Sender<()>>,
}

impl Write for Failing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.left < buf.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left -= buf.len();
        Ok(buf.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        if let Some(dropped) = &self.dropped {
            let _ = dropped.send(());
        }
    }
}

const FORMATS: [Format; 2] = [Format::Zip, Format::TarGz];

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

#[test]
fn gzip_header_and_tar_header_are_those_of_moodle() {
    let bytes = written(Format::TarGz, |w| w.add_bytes("course/course.xml", b"<course/>".to_vec()).unwrap());
    assert_eq!(&bytes[..10], &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    let mut tar = Vec::new();
    flate2::bufread::GzDecoder::new(&bytes[..]).read_to_end(&mut tar).unwrap();
    assert_eq!(tar.len(), 512 * 4);
    assert_eq!(&tar[..17], b"course/course.xml");
    assert_eq!(&tar[100..108], b"0000644\0");
    assert_eq!(&tar[108..124], b"0000000\x000000000\0");
    assert_eq!(&tar[124..148], b"00000000011\x0012070423400\0");
    assert_eq!(&tar[156..157], b"0");
    assert_eq!(&tar[257..265], b"ustar\x0000");
    assert!(tar[265..329].iter().all(|b| *b == 0), "no owner names");
    assert!(tar[1024..].iter().all(|b| *b == 0), "two zero blocks");
}

#[test]
fn what_does_not_compress_is_stored() {
    let bytes = written(Format::Zip, |w| {
        w.add_bytes("small.jpg", noise(5000)).unwrap();
        w.add_bytes("large.mp4", noise(2_000_000)).unwrap();
        w.add_bytes("small.xml", b"<a/>".repeat(1000)).unwrap();
        w.add_bytes("large.xml", b"<a/>".repeat(500_000)).unwrap();
    });
    let mut zip = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut methods = Vec::new();
    for i in 0..zip.len() {
        let mut file = zip.by_index(i).unwrap();
        let stored = file.compression() == ::zip::CompressionMethod::Stored;
        methods.push((file.name().unwrap().into_owned(), stored));
        io::copy(&mut file, &mut io::sink()).unwrap();
    }
    let expected = [("small.jpg", true), ("large.mp4", true), ("small.xml", false), ("large.xml", false)];
    assert_eq!(methods, expected.map(|(name, stored)| (name.to_owned(), stored)));
    let gz = written(Format::TarGz, |w| w.add_bytes("large.mp4", noise(2_000_000)).unwrap());
    assert!(gz.len() < 2_003_000, "{}", gz.len());
}

#[test]
fn a_source_of_another_size_is_an_error() {
    for format in FORMATS {
        for size in [0usize, 10, deflate::BLOCK, 3_000_000] {
            for announced in [size as u64 + 1, (size as u64).saturating_sub(1), (size as u64) * 2 + 600_000] {
                if announced == size as u64 {
                    continue;
                }
                let mut writer = new_writer(format);
                let source = Box::new(Cursor::new(vec![7; size]));
                let error = writer.add_reader("files/x", source, announced).unwrap_err();
                assert!(matches!(error, ArchiveError::SizeMismatch { .. }), "{error}");
                assert!(error.to_string().contains("files/x"), "{error}");
                let next = writer.add_bytes("b", vec![]);
                if announced <= SMALL {
                    next.unwrap();
                    writer.add_bytes("files/x", vec![1]).unwrap();
                    writer.finish().unwrap();
                } else {
                    assert!(matches!(next, Err(ArchiveError::SizeMismatch { .. })));
                    assert!(matches!(writer.finish(), Err(ArchiveError::SizeMismatch { .. })));
                }
            }
        }
    }
}

#[test]
fn an_error_of_the_sink_is_not_lost() {
    for format in FORMATS {
        for left in [0, 100, 1_000_000] {
            let (dropped, sink_dropped) = mpsc::channel();
            let sink = Failing { left, dropped: Some(dropped) };
            let mut writer = Writer::create(Box::new(sink), format, WriterOptions::default()).unwrap();
            let mut error = None;
            for i in 0..40 {
                if let Err(e) = writer.add_bytes(&format!("f{i}"), noise(300_000)) {
                    error = Some(e);
                    break;
                }
            }
            if let Some(error) = error {
                assert!(matches!(error, ArchiveError::NoSpace { .. }), "{error}");
            }
            let error = writer.finish().err().expect("the sink has failed");
            assert!(matches!(error, ArchiveError::NoSpace { .. }), "{error}");
            sink_dropped.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }
}

#[test]
fn an_abandoned_writer_lets_go_of_its_sink() {
    for format in FORMATS {
        for entries in [0, 1, 20] {
            let (dropped, sink_dropped) = mpsc::channel();
            let sink = Failing { left: usize::MAX, dropped: Some(dropped) };
            let mut writer = Writer::create(Box::new(sink), format, WriterOptions::default()).unwrap();
            for i in 0..entries {
                writer.add_bytes(&format!("f{i}"), noise(600_000)).unwrap();
            }
            writer.begin("open").unwrap();
            writer.write(&noise(700_000)).unwrap();
            drop(writer);
            sink_dropped.recv_timeout(Duration::from_secs(60)).unwrap();
        }
    }
}

/// A sink that waits for a reader, which here is gone only after the writer.
struct Blocking(mpsc::SyncSender<usize>);

impl Write for Blocking {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(buf.len()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(buf.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn dropping_does_not_wait_for_a_sink_that_blocks() {
    for format in FORMATS {
        let (sender, receiver) = mpsc::sync_channel(0);
        let mut writer = Writer::create(Box::new(Blocking(sender)), format, WriterOptions::default()).unwrap();
        writer.add_bytes("a", noise(600_000)).unwrap();
        drop(writer);
        drop(receiver);
    }
}

#[test]
fn a_failing_source_is_named() {
    struct Bad(u64);
    impl Read for Bad {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("gone"));
            }
            let n = buf.len().min(usize::try_from(self.0).unwrap());
            self.0 -= n as u64;
            Ok(n)
        }
    }
    for format in FORMATS {
        for (good, size) in [(0, 10), (5, 10), (2_000_000, 3_000_000)] {
            let mut writer = new_writer(format);
            let error = writer.add_reader("files/bad", Box::new(Bad(good)), size).unwrap_err();
            assert!(error.to_string().contains("files/bad"), "{error}");
            assert_eq!(writer.finish().is_ok(), size <= SMALL);
        }
    }
}

#[test]
fn paths_and_order_of_calls_are_checked() {
    for format in FORMATS {
        let mut writer = new_writer(format);
        assert!(matches!(writer.write(b"x"), Err(ArchiveError::Misuse(_))));
        assert!(matches!(writer.end(), Err(ArchiveError::Misuse(_))));
        for path in ["", "/a", "../a", "a//b", "a/", "a\\b"] {
            let result = writer.add_bytes(path, vec![]);
            assert!(matches!(result, Err(ArchiveError::InvalidPath { .. })), "{path:?}");
        }
        writer.add_bytes("a", vec![]).unwrap();
        assert!(matches!(writer.add_bytes("a", vec![]), Err(ArchiveError::InvalidPath { .. })));
        writer.begin("b").unwrap();
        assert!(matches!(writer.add_bytes("c", vec![]), Err(ArchiveError::Misuse(_))));
        assert!(matches!(writer.begin("c"), Err(ArchiveError::Misuse(_))));
        writer.end().unwrap();
        writer.finish().unwrap();
    }
    let mut writer = new_writer(Format::Zip);
    assert!(writer.add_bytes("ä:b", vec![]).is_err());
    writer.add_bytes("ab:c", vec![]).unwrap();
    let mut writer = new_writer(Format::Zip);
    writer.begin("a").unwrap();
    assert!(matches!(writer.finish(), Err(ArchiveError::Misuse(_))));
}

#[test]
fn a_cut_name_is_not_that_of_a_directory() {
    let path = format!("{}/{}", "a".repeat(99), "b".repeat(120));
    let bytes = written(Format::TarGz, |w| w.add_bytes(&path, b"content".to_vec()).unwrap());
    let mut archive = ::tar::Archive::new(flate2::bufread::GzDecoder::new(&bytes[..]));
    let mut entries = archive.entries().unwrap();
    let mut entry = entries.next().unwrap().unwrap();
    assert_eq!(entry.header().path_bytes().as_ref(), "a".repeat(99).as_bytes());
    assert_eq!(entry.path_bytes().as_ref(), path.as_bytes());
    assert!(entry.header().entry_type().is_file());
    let mut content = String::new();
    entry.read_to_string(&mut content).unwrap();
    assert_eq!(content, "content");
    assert!(entries.next().is_none());
}
