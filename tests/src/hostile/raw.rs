//! Archives written byte by byte, with whatever is wanted in their headers.

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use std::io::Write;

/// Packs bytes as gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_else(|e| panic!("gzip: {e}"))
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_else(|e| panic!("deflate: {e}"))
}

/// A tar header of a type, with a right checksum. `size` is what the header says.
pub fn tar_header(name: &[u8], kind: u8, size: u64, link: &str) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"14777777777\0");
    block[148..156].fill(b' ');
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A tar archive under way.
#[derive(Default)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    /// A tar with the files of a tree.
    pub fn of(tree: &super::Tree) -> Self {
        let mut tar = Self::default();
        for (path, bytes) in tree {
            tar.file(path, bytes);
        }
        tar
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> &mut Self {
        self.entry(path.as_bytes(), b'0', bytes, "")
    }

    /// Adds an entry of any type.
    pub fn entry(&mut self, name: &[u8], kind: u8, bytes: &[u8], link: &str) -> &mut Self {
        self.0.extend(tar_header(name, kind, bytes.len() as u64, link));
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// The whole, packed.
    pub fn packed(&self) -> Vec<u8> {
        let mut all = self.0.clone();
        all.extend([0; 1024]);
        gzip(&all)
    }
}

/// A zip archive under way.
#[derive(Default)]
pub struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
}

/// What a zip's headers say of an entry, to be changed at will.
pub struct ZipEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// General purpose flags.
    pub flags: u16,
    /// 0 stored, 8 deflated.
    pub method: u16,
    /// CRC-32 of the content.
    pub crc: u32,
    /// Unpacked size.
    pub size: u32,
    /// Unix mode.
    pub mode: u32,
    /// What lies in the archive.
    pub data: Vec<u8>,
}

impl ZipEntry {
    /// A deflated file with right headers.
    pub fn file(path: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let (crc, data) = (crc.sum(), deflate(content));
        Self { name: path.as_bytes().to_vec(), flags: 0x800, method: 8, crc, size, mode: 0o100_644, data }
    }
}

impl Zip {
    /// A zip with the files of a tree.
    pub fn of(tree: &super::Tree) -> Self {
        let mut zip = Self::default();
        for (path, bytes) in tree {
            zip.add(&ZipEntry::file(path, bytes));
        }
        zip
    }

    /// Adds an entry.
    pub fn add(&mut self, entry: &ZipEntry) -> &mut Self {
        let at = self.bytes.len() as u32;
        self.bytes.extend(b"PK\x03\x04\x14\x00");
        self.bytes.extend(Self::common(entry));
        self.bytes.extend(&entry.name);
        self.bytes.extend(&entry.data);
        self.list(entry, at)
    }

    /// Lists an entry in the directory whose data lies at an offset already written.
    pub fn list(&mut self, entry: &ZipEntry, at: u32) -> &mut Self {
        self.directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        self.directory.extend(Self::common(entry));
        self.directory.extend([0; 6]);
        self.directory.extend((entry.mode << 16).to_le_bytes());
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(&entry.name);
        self.entries = self.entries.wrapping_add(1);
        self
    }

    /// What both headers have: from the flags to the length of the extra field.
    fn common(entry: &ZipEntry) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(entry.flags.to_le_bytes());
        out.extend(entry.method.to_le_bytes());
        out.extend([0, 0, 0x21, 0x46]);
        out.extend(entry.crc.to_le_bytes());
        out.extend((entry.data.len() as u32).to_le_bytes());
        out.extend(entry.size.to_le_bytes());
        out.extend((entry.name.len() as u16).to_le_bytes());
        out.extend([0, 0]);
        out
    }

    /// The whole.
    pub fn packed(&self) -> Vec<u8> {
        let mut all = self.bytes.clone();
        let at = all.len() as u32;
        all.extend(&self.directory);
        all.extend(b"PK\x05\x06\0\0\0\0");
        all.extend(self.entries.to_le_bytes());
        all.extend(self.entries.to_le_bytes());
        all.extend((self.directory.len() as u32).to_le_bytes());
        all.extend(at.to_le_bytes());
        all.extend([0, 0]);
        all
    }
}
