//! Compression of whole contents and of blocks, as done by one worker thread.

use flate2::{Compress, Compression, FlushCompress};
use libdeflater::{CompressionLvl, Compressor};

/// Bytes that are compressed by one worker at a time.
pub(super) const BLOCK: usize = 512 * 1024;

/// How far back deflate refers to earlier bytes.
pub(super) const WINDOW: usize = 32 * 1024;

/// Deflate's empty last block, which ends a stream whose blocks all ended with a sync flush.
pub(super) const END_OF_STREAM: [u8; 2] = [0x03, 0x00];

/// What compresses to more than this share of its size is stored: the gain is not worth the unpacking.
const WORTHWHILE: f64 = 0.97;

/// A block is judged in pieces of this size, each by a sample from its middle.
const PIECE: usize = 64 * 1024;
const SAMPLE: usize = 8 * 1024;

/// Most bytes in one stored deflate block.
const MAX_STORED: usize = 65_535;

/// A worker's compressors, kept from one piece of work to the next.
pub(super) struct Compressors {
    whole: Compressor,
    probe: Probe,
    level: u8,
}

impl Compressors {
    /// `level` is 1 (fast) to 9 (small).
    pub(super) fn new(level: u8) -> Self {
        let level = level.clamp(1, 9);
        let whole = CompressionLvl::new(i32::from(level)).unwrap_or_default();
        Self { whole: Compressor::new(whole), probe: Probe::new(), level }
    }

    /// A complete raw deflate stream of `content`; `None` when it is not worthwhile.
    pub(super) fn whole(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        if content.is_empty() || (content.len() >= PIECE && !self.probe.any_worthwhile(content)) {
            return None;
        }
        let mut out = vec![0; self.whole.deflate_compress_bound(content.len())];
        let length = self.whole.deflate_compress(content, &mut out).ok()?;
        if !worthwhile(length, content.len()) {
            return None;
        }
        out.truncate(length);
        // A small result in a large buffer would keep the buffer until it is written.
        out.shrink_to_fit();
        Some(out)
    }

    /// Deflate blocks of `content` that end on a byte border and are not the last of their stream. `before` are the bytes
    /// (up to [`WINDOW`]) that come before it in the stream. Stretches that do not compress become stored blocks.
    pub(super) fn block(&mut self, before: &[u8], content: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(content.len() / 2 + 1024);
        let mut start = 0;
        while start < content.len() {
            let compress = self.piece_worthwhile(content, start);
            let mut end = (start + PIECE).min(content.len());
            while end < content.len() && self.piece_worthwhile(content, end) == compress {
                end = (end + PIECE).min(content.len());
            }
            let stretch = &content[start..end];
            if compress {
                let window = if start == 0 { before } else { &content[start.saturating_sub(WINDOW)..start] };
                self.compress_stretch(window, stretch, &mut out);
            } else {
                store_stretch(stretch, &mut out);
            }
            start = end;
        }
        out
    }

    fn piece_worthwhile(&mut self, content: &[u8], start: usize) -> bool {
        let piece = &content[start..(start + PIECE).min(content.len())];
        self.probe.piece_worthwhile(piece)
    }

    fn compress_stretch(&self, window: &[u8], stretch: &[u8], out: &mut Vec<u8>) {
        let rollback = out.len();
        // A new one each time: after a reset, zlib-rs's output depends on what was compressed before, and so an archive's bytes would depend
        // on which worker did what.
        let mut stream = Compress::new(Compression::new(u32::from(self.level)), false);
        // Without the window the result is a little larger, and as right.
        let _ = window.is_empty() || stream.set_dictionary(window).is_ok();
        loop {
            let used = usize::try_from(stream.total_in()).unwrap_or(usize::MAX);
            let rest = stretch.get(used..).unwrap_or_default();
            out.reserve((rest.len() / 4).max(4096));
            let result = stream.compress_vec(rest, out, FlushCompress::Sync);
            if result.is_err() {
                // Cannot happen with sound arguments; the content stored is right in any case.
                out.truncate(rollback);
                store_stretch(stretch, out);
                return;
            }
            // The flush is complete when there was room left.
            if stream.total_in() == stretch.len() as u64 && out.len() < out.capacity() {
                return;
            }
        }
    }
}

fn store_stretch(stretch: &[u8], out: &mut Vec<u8>) {
    out.reserve(stretch.len() + 5 * (stretch.len() / MAX_STORED + 1));
    for piece in stretch.chunks(MAX_STORED) {
        let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(piece);
    }
}

/// Tells by samples whether bytes are worth compressing.
pub(super) struct Probe {
    fast: Compressor,
    out: Vec<u8>,
}

impl Probe {
    pub(super) fn new() -> Self {
        // Level 0, which the library calls the fastest, does not compress at all.
        let mut fast = Compressor::new(CompressionLvl::new(1).unwrap_or_default());
        let bound = fast.deflate_compress_bound(SAMPLE);
        Self { fast, out: vec![0; bound] }
    }

    /// Judges a piece by its middle.
    fn piece_worthwhile(&mut self, piece: &[u8]) -> bool {
        let start = (piece.len() / 2).saturating_sub(SAMPLE / 2);
        let sample = &piece[start..(start + SAMPLE).min(piece.len())];
        match self.fast.deflate_compress(sample, &mut self.out) {
            Ok(length) => worthwhile(length, sample.len()),
            Err(_) => false,
        }
    }

    /// Judges a content by all its pieces: media have a header that compresses, so one good piece of many is not enough.
    pub(super) fn any_worthwhile(&mut self, content: &[u8]) -> bool {
        let mut good = 0;
        let mut all = 0;
        for piece in content.chunks(PIECE) {
            all += 1;
            good += usize::from(self.piece_worthwhile(piece));
        }
        good * 8 > all
    }
}

fn worthwhile(compressed: usize, plain: usize) -> bool {
    (compressed as f64) < (plain as f64) * WORTHWHILE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

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

    fn inflate(deflated: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(deflated).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn blocks_follow_each_other_in_one_stream() {
        let text = b"<activity id=\"7\"><name>Forum</name></activity>\n".repeat(20_000);
        let mut content = noise(100_000);
        content.extend_from_slice(&text[..600_000]);
        content.extend_from_slice(&noise(200_000));
        content.extend_from_slice(&text);
        let mut compressors = Compressors::new(6);
        for size in [1, 1000, MAX_STORED, PIECE, PIECE + 1, BLOCK] {
            let content = &content[..content.len().min(size * 5000)];
            let mut stream = Vec::new();
            let mut before: &[u8] = &[];
            for block in content.chunks(size) {
                stream.extend(compressors.block(before, block));
                before = &block[block.len().saturating_sub(WINDOW)..];
            }
            stream.extend(END_OF_STREAM);
            assert_eq!(inflate(&stream), content, "blocks of {size}");
        }
    }

    #[test]
    fn noise_is_stored_and_text_is_not() {
        let mut compressors = Compressors::new(6);
        let noise = noise(BLOCK);
        assert!(compressors.whole(&noise).is_none());
        assert!(compressors.whole(&noise[..1000]).is_none());
        assert!(compressors.whole(b"").is_none());
        let block = compressors.block(&[], &noise);
        assert!(block.len() < BLOCK + 100);
        let long_text = b"moodle ".repeat(BLOCK / 7);
        assert!(compressors.block(&[], &long_text).len() < 5000);
        assert!(compressors.whole(&long_text).is_some());
        let text = b"moodle ".repeat(1000);
        let whole = compressors.whole(&text).unwrap();
        assert!(whole.len() < 200);
        assert_eq!(inflate(&whole), text);
    }
}
