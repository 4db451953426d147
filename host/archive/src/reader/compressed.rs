//! The gzip side of a tar.gz: unpacks one member after the other and knows how far it has come in the file.

use std::fs::File;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What is read from the file at a time.
const READ_SIZE: usize = 128 * 1024;

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

/// The unpacked bytes of all gzip members of a file. Checksum and length of each are verified at its end; a file that is cut short
/// gives `UnexpectedEof`.
pub(super) struct Unpacked {
    /// `None` after the end.
    decoder: Option<GzDecoder<Source>>,
    consumed_at_end: u64,
}

impl Unpacked {
    pub(super) fn new(file: File) -> Self {
        let source = Source { file, buffer: vec![0; READ_SIZE].into_boxed_slice(), start: 0, end: 0, consumed: 0 };
        Self { decoder: Some(GzDecoder::new(source)), consumed_at_end: 0 }
    }

    /// Compressed bytes used so far.
    pub(super) fn consumed(&self) -> u64 {
        match &self.decoder {
            Some(decoder) => decoder.get_ref().consumed,
            None => self.consumed_at_end,
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(decoder) = &mut self.decoder else {
                return Ok(0);
            };
            let got = decoder.read(buf)?;
            if got > 0 {
                return Ok(got);
            }
            // A member has ended and was found right.
            if let Some(decoder) = self.decoder.take() {
                let mut source = decoder.into_inner();
                self.consumed_at_end = source.consumed;
                if source.at_member()? {
                    self.decoder = Some(GzDecoder::new(source));
                }
            }
        }
    }
}
