//! The gzip side of a tar.gz: unpacks one member after the other and knows how far it has come in the file.

use std::fs::File;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};

/// What is read from the file at a time.
const READ_SIZE: usize = 128 * 1024;

/// Bytes unpacked at a time, and how many times that is unpacked ahead.
const CHUNK: usize = 128 * 1024;
const CHUNKS_AHEAD: usize = 6;

/// A buffered file that counts what was taken from it and can show its next two bytes.
struct Source {
    file: File,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    consumed: u64,
}

impl Source {
    /// Whether another gzip member follows. Anything else is ignored, as zlib's own reader (and so Moodle) does.
    fn at_member(&mut self) -> io::Result<bool> {
        while self.end - self.start < 2 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let got = read_some(&mut self.file, &mut self.buffer[self.end..])?;
            if got == 0 {
                return Ok(false);
            }
            self.end += got;
        }
        Ok(self.buffer[self.start..self.end].starts_with(&[0x1f, 0x8b]))
    }
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = read_some(&mut self.file, &mut self.buffer)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.end - self.start);
        self.start += amount;
        self.consumed += amount as u64;
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let n = available.len().min(buf.len());
        buf[..n].copy_from_slice(&available[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// A stretch of unpacked bytes.
struct Chunk {
    bytes: Vec<u8>,
    /// Compressed bytes used up to its end.
    consumed: u64,
}

/// The unpacked bytes of all gzip members of a file. Checksum and length of each are verified at its end; a file that is cut short
/// gives `UnexpectedEof`.
///
/// A thread unpacks a little ahead, while what was unpacked is being used.
pub(super) struct Unpacked {
    /// What the thread has unpacked; a chunk without bytes is the end.
    chunks: Receiver<io::Result<Chunk>>,
    /// Buffers that the thread can use again.
    spent: Sender<Vec<u8>>,
    current: Chunk,
    /// How far the current chunk was read.
    at: usize,
    ended: bool,
}

impl Unpacked {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let source = Source { file, buffer: vec![0; READ_SIZE].into_boxed_slice(), start: 0, end: 0, consumed: 0 };
        let (ahead, chunks) = mpsc::sync_channel(CHUNKS_AHEAD);
        let (spent, used) = mpsc::channel();
        // It ends when nobody takes what it unpacks.
        std::thread::Builder::new().name("archive-unpack".into()).spawn(move || unpack(source, &ahead, &used))?;
        let current = Chunk { bytes: Vec::new(), consumed: 0 };
        Ok(Self { chunks, spent, current, at: 0, ended: false })
    }

    /// Compressed bytes used for what was read so far, give or take a chunk.
    pub(super) fn consumed(&self) -> u64 {
        self.current.consumed
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let next = self.chunks.recv().map_err(|_| io::Error::other("the thread that unpacks has ended"))??;
        self.ended = next.bytes.is_empty();
        self.at = 0;
        let spent = std::mem::replace(&mut self.current, next);
        // When the thread is gone, it needs no buffer.
        let _ = self.spent.send(spent.bytes);
        Ok(())
    }
}

impl Read for Unpacked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.at == self.current.bytes.len() && !self.ended {
            self.next_chunk()?;
        }
        let left = &self.current.bytes[self.at..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.at += n;
        Ok(n)
    }
}

/// Unpacks all members, chunk by chunk, until the end, an error, or until nobody wants any more.
fn unpack(source: Source, ahead: &SyncSender<io::Result<Chunk>>, used: &Receiver<Vec<u8>>) {
    let mut decoder = Some(GzDecoder::new(source));
    let mut consumed = 0;
    loop {
        let mut bytes = used.try_recv().unwrap_or_default();
        bytes.resize(CHUNK, 0);
        let (filled, result) = fill(&mut decoder, &mut consumed, &mut bytes);
        bytes.truncate(filled);
        // What came before an error is good.
        let is_last = bytes.is_empty();
        if (!is_last || result.is_ok()) && ahead.send(Ok(Chunk { bytes, consumed })).is_err() {
            return;
        }
        if let Err(error) = result {
            // Whoever would hear of it may be gone.
            let _ = ahead.send(Err(error));
            return;
        }
        if is_last {
            return;
        }
    }
}

/// Unpacks into a buffer until it is full or the end is reached, at which the decoder is gone. Says how much there is before
/// an error, if there is one.
fn fill(decoder: &mut Option<GzDecoder<Source>>, consumed: &mut u64, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while filled < buffer.len() {
        let Some(member) = decoder else { break };
        let got = match member.read(&mut buffer[filled..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return (filled, Err(error)),
            Ok(got) => got,
        };
        filled += got;
        *consumed = member.get_ref().consumed;
        if got > 0 {
            continue;
        }
        // A member has ended and was found right.
        if let Some(member) = decoder.take() {
            let mut source = member.into_inner();
            *consumed = source.consumed;
            match source.at_member() {
                Ok(true) => *decoder = Some(GzDecoder::new(source)),
                Ok(false) => {}
                Err(error) => return (filled, Err(error)),
            }
        }
    }
    (filled, Ok(()))
}
