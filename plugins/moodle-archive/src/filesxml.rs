//! The files of an archive: the rows of `files.xml`, read one by one and written from kept elements (mbz-format.md 5.1 and 6).

use crate::facets::files::{FileFacets, file_facets};
use crate::layout::OwnerKind;
use crate::xml::XmlError;
use crate::xml::edit::{self, Edit};
use crate::xml::elements::Elements;
use crate::xml::fields::Fields;
use crate::xml::write::{list_head, list_tail};

/// The SHA-1 of nothing: the hash of directories and empty files.
pub const EMPTY_SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// A file as an archive shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FileRow {
    pub local: u64,
    pub context: u64,
    pub component: String,
    pub area: String,
    pub item: i64,
    /// Begins and ends with `/`.
    pub path: String,
    /// `.` for a directory.
    pub name: String,
    /// As written; not always a hash in foreign archives.
    pub contenthash: String,
    /// In bytes as written, not to be trusted.
    pub size: u64,
    pub mimetype: String,
    /// 0 for none.
    pub person: u64,
    /// The repository kind of a file that is only a link to another place.
    pub repository: Option<String>,
    /// The bytes as written, with the white space before them.
    pub element: Vec<u8>,
}

impl FileRow {
    /// Reads one from the bytes of a `file` element.
    pub fn of(element: Vec<u8>) -> Result<Self, XmlError> {
        let f = Fields::of(&element)?;
        Ok(Self {
            local: f.attribute_id("id").unwrap_or(0),
            context: f.id("contextid"),
            component: f.text("component"),
            area: f.text("filearea"),
            item: f.number("itemid"),
            path: f.text("filepath"),
            name: f.text("filename"),
            contenthash: f.text("contenthash"),
            size: f.id("filesize"),
            mimetype: f.text("mimetype"),
            person: f.id("userid"),
            repository: f.get("repositorytype").map(|v| v.into_owned()).filter(|v| !v.is_empty()),
            element,
        })
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.name == "."
    }

    /// The hash under which its content lies in the pool; `None` for directories, links, and rows whose hash is
    /// none. An empty file's content need not be there (moodle-observed.md 5).
    pub fn pool_hash(&self) -> Option<&str> {
        let plain =
            self.contenthash.len() == 40 && self.contenthash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (plain && !self.is_directory() && self.repository.is_none()).then_some(&self.contenthash)
    }

    /// Its facets. `owner` is the kind of owner whose context it lies in, where that is known.
    pub fn facets(&self, owner: Option<OwnerKind>) -> FileFacets {
        file_facets(&self.component, &self.area, self.item, owner)
    }

    /// Whether a restore takes it although no `inforef.xml` names it (mbz-format.md 5.2).
    pub fn is_taken_unlisted(&self) -> bool {
        matches!(self.component.as_str(), "user" | "group" | "grouping" | "badges" | "grade" | "question")
            || self.component.starts_with("qtype_")
    }
}

/// A row without the name of who made the file, which stands there as text.
pub fn without_author(row: &[u8]) -> Result<Vec<u8>, XmlError> {
    Ok(edit::apply(row, &[Edit::content(&["file", "author"], None)])?.bytes)
}

/// Reads `files.xml` in pieces of any size.
#[derive(Debug, Clone)]
pub struct FilesReader(Elements);

impl Default for FilesReader {
    fn default() -> Self {
        Self(Elements::new("file"))
    }
}

impl FilesReader {
    /// A reader at the start of the document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece and returns the rows it completes.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<FileRow>, XmlError> {
        self.0.feed(chunk)?;
        self.0.take().into_iter().map(FileRow::of).collect()
    }

    /// Says that the document is complete.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.0.finish()
    }
}

/// What stands before the rows of a `files.xml`. Write it, then elements, then [`tail`].
pub fn head() -> Vec<u8> {
    list_head("files")
}

/// What stands after the rows of a `files.xml`.
pub fn tail() -> Vec<u8> {
    list_tail("files")
}

#[cfg(test)]
pub(crate) fn read_all(document: &[u8]) -> Vec<FileRow> {
    let mut reader = FilesReader::new();
    let rows = reader.feed(document).unwrap();
    reader.finish().unwrap();
    rows
}

#[cfg(test)]
#[path = "filesxml_tests.rs"]
mod tests;
