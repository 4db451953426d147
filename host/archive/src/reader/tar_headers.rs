//! The headers of a tar archive: which block begins what, with the PAX and GNU ways of saying more than a header can.

use tar::{EntryType, Header};

use crate::error::{ArchiveError, Result};

/// Size of a tar block in bytes.
pub(super) const BLOCK: usize = 512;

/// What one header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file's content follows; or, if its whole name ends in a slash, this is a directory as it was before ustar.
    File,
    /// Nothing follows.
    Directory,
    /// A symbolic or hard link; nothing follows.
    Link,
    /// A device, a pipe or an unknown type, whose content is passed over.
    Special,
    /// A file with holes. Its content is not what follows.
    Sparse,
    /// PAX records for the next header follow.
    Pax,
    /// A long name for the next header follows.
    LongName,
    /// Something about the next header or the archive that does not matter here follows.
    Ignored,
}

/// A header with a right checksum.
pub(super) struct TarHeader {
    pub(super) kind: Kind,
    /// The name in this header alone.
    pub(super) name: Vec<u8>,
    /// Bytes that follow, as this header alone says.
    pub(super) size: u64,
}

/// Reads a header block that is not all zeros. `None` when the checksum is wrong.
pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Option<TarHeader>> {
    let header = Header::from_byte_slice(block);
    let Ok(stated) = header.cksum() else {
        return Ok(None);
    };
    if !checksums(block).contains(&i64::from(stated)) {
        return Ok(None);
    }
    let name = header.path_bytes().into_owned();
    let kind = match header.entry_type() {
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Link | EntryType::Symlink => Kind::Link,
        EntryType::GNUSparse => Kind::Sparse,
        EntryType::XHeader => Kind::Pax,
        EntryType::GNULongName => Kind::LongName,
        EntryType::XGlobalHeader | EntryType::GNULongLink => Kind::Ignored,
        _ => Kind::Special,
    };
    let size = header.entry_size().map_err(|error| {
        ArchiveError::corrupt(String::from_utf8_lossy(&name), format!("its tar header has no readable size ({error})"))
    })?;
    Ok(Some(TarHeader { kind, name, size }))
}

/// The sum of a header's bytes with the checksum field as spaces: unsigned as it should be, and signed as old programs wrote it.
fn checksums(block: &[u8; BLOCK]) -> [i64; 2] {
    let mut unsigned = 0;
    let mut signed = 0;
    for (i, &byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&i) { b' ' } else { byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    [unsigned, signed]
}

/// What the records before a header say about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: bool,
}

impl Extension {
    /// Takes in PAX records, each `LENGTH KEY=VALUE\n` with LENGTH counting all of the record. A value may contain line ends, which is
    /// why they are read by length (the tar library splits at line ends).
    pub(super) fn take_pax(&mut self, mut records: &[u8]) -> Result<()> {
        let damaged = || ArchiveError::corrupt("tar header", "a PAX record is damaged");
        // Some programs fill up with NULs.
        while let Some(first) = records.first()
            && *first != 0
        {
            let space = records.iter().take(20).position(|b| *b == b' ').ok_or_else(damaged)?;
            let length: usize = std::str::from_utf8(&records[..space])
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(damaged)?;
            let record = records.get(space + 1..length).ok_or_else(damaged)?;
            let record = record.strip_suffix(b"\n").ok_or_else(damaged)?;
            let equals = record.iter().position(|b| *b == b'=').ok_or_else(damaged)?;
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            match key {
                b"path" => self.name = Some(value.to_owned()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|s| s.parse().ok());
                    self.size = Some(size.ok_or_else(damaged)?);
                }
                _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
            records = &records[length..];
        }
        Ok(())
    }

    /// Takes in a GNU long name, which ends with a NUL.
    pub(super) fn take_long_name(&mut self, mut name: Vec<u8>) {
        if let Some(end) = name.iter().position(|b| *b == 0) {
            name.truncate(end);
        }
        self.name = Some(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pax_records_are_read_by_their_length() {
        let mut extension = Extension::default();
        extension.take_pax(b"16 comment=a\n b\n13 path=a\xc3\xa4b\n11 size=42\n\0\0").unwrap();
        assert_eq!(extension.name.as_deref(), Some("aäb".as_bytes()));
        assert_eq!(extension.size, Some(42));
    }

    #[test]
    fn damaged_pax_records_are_refused() {
        for records in [&b"path=a\n"[..], b"99 path=a\n", b"3 path=a\n", b"9 path=ab", b"11 size=-1\n", b"0 a=b\n"] {
            assert!(Extension::default().take_pax(records).is_err());
        }
    }

    #[test]
    fn a_wrong_checksum_is_no_header() {
        let mut header = Header::new_ustar();
        header.set_path("a/b").unwrap();
        header.set_size(7);
        header.set_cksum();
        let mut block = *header.as_bytes();
        let parsed = parse(&block).unwrap().unwrap();
        assert_eq!((parsed.kind, parsed.name, parsed.size), (Kind::File, b"a/b".to_vec(), 7));
        block[0] ^= 1;
        assert!(parse(&block).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(
            records in proptest::collection::vec(any::<u8>(), 0..200),
            block in proptest::collection::vec(any::<u8>(), BLOCK),
        ) {
            let _ = Extension::default().take_pax(&records);
            let mut block: [u8; BLOCK] = block.try_into().unwrap();
            let sum = format!("{:06o}\0 ", checksums(&block)[0]);
            block[148..156].copy_from_slice(sum.as_bytes());
            let _ = parse(&block);
        }
    }
}
