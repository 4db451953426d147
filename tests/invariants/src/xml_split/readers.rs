//! The readers of single documents: they take any document, do not depend on its pieces, and read again what was
//! written from what they read.

use provost_moodle_archive::filesxml::{self, FilesReader};
use provost_moodle_archive::manifest::Manifest;
use provost_moodle_archive::people::{self, ArchivedPerson, PeopleReader};
use provost_moodle_archive::xml::XmlError;
use provost_moodle_archive::xml::tree::Element;
use provost_moodle_archive::{columns, references, roles};

use crate::chance::Chance;

/// Gives the document to every reader.
pub(super) fn read(document: &[u8], chance: &mut Chance) {
    let rows = entries(document, chance, || {
        let mut reader = FilesReader::new();
        move |piece: Option<&[u8]>| match piece {
            Some(piece) => reader.feed(piece),
            None => reader.finish().map(|()| Vec::new()),
        }
    });
    if let Ok(rows) = &rows {
        for row in rows {
            let _ = (row.facets(None), row.is_taken_unlisted());
            assert!(row.pool_hash().is_none_or(|hash| hash.len() == 40 && !row.is_directory()));
        }
        let written = list(filesxml::head(), rows.iter().map(|row| row.element.as_slice()), filesxml::tail());
        let mut reader = FilesReader::new();
        assert_eq!(reader.feed(&written).as_ref(), Ok(rows));
        assert_eq!(reader.finish(), Ok(()));
    }
    let persons = entries(document, chance, || {
        let mut reader = PeopleReader::new();
        move |piece: Option<&[u8]>| match piece {
            Some(piece) => reader.feed(piece),
            None => reader.finish().map(|()| Vec::new()),
        }
    });
    if let Ok(persons) = &persons {
        let written = list(people::head(), persons.iter().map(|p| p.element.as_slice()), people::tail());
        let mut reader = PeopleReader::new();
        assert_eq!(reader.feed(&written).as_ref(), Ok(persons));
        assert_eq!(reader.finish(), Ok(()));
        persons.iter().for_each(anonymous);
    }
    if let Ok(read) = roles::read(document) {
        let written = roles::write(read.iter().map(|role| role.element.as_slice()));
        assert_eq!(roles::read(&written), Ok(read));
    }
    if let Ok(read) = references::read(document) {
        assert_eq!(references::read(&references::write(&read)), Ok(read));
    }
    let _ = (columns::course(document), columns::section(document), columns::block(document));
    let head = &document[..chance.below(document.len() + 1)];
    let _ = (columns::activity(document, document), columns::activity(document, head));
    let _ = columns::activity(b"<module id=\"1\"><modulename>x</modulename></module>", head);
    let tree = Element::parse(document);
    let manifest = Manifest::read(document);
    if let Ok(manifest) = &manifest {
        assert!(tree.is_ok());
        master(manifest);
    }
}

/// What is written is read, and written again it stays as it is. The first reading may still make things plain.
fn master(manifest: &Manifest) {
    let read = |document: &[u8]| match Manifest::read(document) {
        Ok(manifest) => manifest,
        Err(error) => panic!("written, but not read: {error}:\n{}", String::from_utf8_lossy(document)),
    };
    let second = read(&manifest.write()).write();
    let third = read(&second).write();
    assert_eq!(String::from_utf8_lossy(&second), String::from_utf8_lossy(&third));
}

/// Nothing of a person is left.
fn anonymous(person: &ArchivedPerson) {
    let element = match people::anonymous(person, 7) {
        Ok(element) => element,
        Err(error) => panic!("a person that was read, but not made anonymous: {error}"),
    };
    let anonymous = match ArchivedPerson::of(element) {
        Ok(anonymous) => anonymous,
        Err(error) => panic!("a person made anonymous is not read: {error}"),
    };
    assert_eq!(anonymous.local, person.local);
    assert!(matches!(anonymous.username.as_str(), "" | "anon7"), "{anonymous:?}");
    assert!(matches!(anonymous.email.as_str(), "" | "anon7@doesntexist.invalid"), "{anonymous:?}");
    assert!(matches!(anonymous.firstname.as_str(), "" | "anonfirstname7"), "{anonymous:?}");
    assert!(matches!(anonymous.lastname.as_str(), "" | "anonlastname7"), "{anonymous:?}");
    assert_eq!((anonymous.idnumber.as_str(), anonymous.first_access), ("", 0));
}

/// Reads a list of entries at once and in pieces.
fn entries<T, R>(document: &[u8], chance: &mut Chance, reader: impl Fn() -> R) -> Result<Vec<T>, XmlError>
where
    T: PartialEq + std::fmt::Debug,
    R: FnMut(Option<&[u8]>) -> Result<Vec<T>, XmlError>,
{
    let mut read = reader();
    let whole = read(Some(document)).and_then(|rows| read(None).map(|_| rows));
    let mut read = reader();
    let mut pieces = Ok(Vec::new());
    let mut rest = document;
    while let (Ok(rows), false) = (&mut pieces, rest.is_empty()) {
        let (piece, later) = rest.split_at((1 + chance.below(90)).min(rest.len()));
        rest = later;
        match read(Some(piece)) {
            Ok(more) => rows.extend(more),
            Err(error) => pieces = Err(error),
        }
    }
    let pieces = pieces.and_then(|rows| read(None).map(|_| rows));
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        // An entry that cannot be read and damage further on are both errors; which comes first is up to the pieces.
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("{whole:?} at once, {pieces:?} in pieces"),
    }
    whole
}

fn list<'a>(head: Vec<u8>, elements: impl Iterator<Item = &'a [u8]>, tail: Vec<u8>) -> Vec<u8> {
    let mut out = head;
    elements.for_each(|element| out.extend_from_slice(element));
    out.extend(tail);
    out
}
