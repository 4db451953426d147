//! Tests of the generator.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::compare::counts;
use crate::unpacked::Unpacked;
use crate::validate::validate;
use std::io::Cursor;

fn made(size: SampleSize, seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    generate(&size, seed, &mut out).unwrap();
    out
}

#[test]
fn courses_of_all_shapes_are_valid() {
    for (activities, people, log_rows, files) in
        [(0, 0, 0, 0), (1, 1, 1, 1), (37, 5, 40, 23), (25, 0, 3, 7), (0, 2, 2, 3), (12, 30, 0, 0)]
    {
        let size = SampleSize { activities, people, log_rows, files, file_bytes: 3000, compressible_share: 0.5 };
        let archive = Unpacked::read(Cursor::new(made(size, 7))).unwrap();
        assert_eq!(validate(&archive), [], "{size:?}");
        let counted = counts(&archive, &archive);
        let of = |what: &str| counted.iter().find(|c| c.what == what).map_or(0, |c| c.left);
        assert_eq!(of("activities"), activities as usize);
        assert_eq!(of("people"), people as usize);
        assert_eq!(of("log rows"), log_rows as usize);
        assert_eq!(archive.pool.len(), files as usize);
    }
}

#[test]
fn seed_and_share_decide_the_bytes() {
    let size =
        SampleSize { activities: 3, people: 3, log_rows: 9, files: 4, file_bytes: 40_000, compressible_share: 0.0 };
    assert_eq!(made(size, 1), made(size, 1));
    assert_ne!(made(size, 1), made(size, 2));
    let text = SampleSize { compressible_share: 1.0, ..size };
    assert!(made(text, 1).len() * 2 < made(size, 1).len());
    let empty = SampleSize { file_bytes: 0, ..size };
    let archive = Unpacked::read(Cursor::new(made(empty, 1))).unwrap();
    assert_eq!(validate(&archive), []);
}
