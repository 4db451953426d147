//! The legacy MAC (proxy-tool-events.md 9.3): a digest over the values of the arguments and a shared secret.
//!
//! It is weak, and there for tools that have nothing else. Nothing separates the values, so that what one loses at its end its
//! neighbour may gain at its beginning without a change of the MAC (`newId=_2` with `oldId=0_1` is `newId=_20` with `oldId=_1`), and
//! its usual digest is MD5. New tools use [`crate::signature`].
//!
//! `nonce` has neighbours too, so that a request that was overheard can be made to look new (`nonce=n1` as `nonce=n` with `nonsense=1`).
//! Its MAC stays the same: whoever takes requests remembers the MACs beside the nonces.

use crate::legacy::same_name;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

/// The digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// What tools expect that say nothing.
    #[default]
    Md5,
    /// SHA-1.
    Sha1,
}

/// The name of the argument that carries the MAC, and has no part in it.
pub const MAC: &str = "mac";

/// Arguments that make a request the one it is. Whoever overheard it could give them other values if they had no part in the MAC, and
/// send it again as a new one.
const ALWAYS_COUNT: &[&str] = &["action", "event_id", MAC, "nonce", "timestamp"];

/// Whether an argument may be left out of the MAC. Spellings are not told apart.
#[must_use]
pub fn may_be_exempt(name: &str) -> bool {
    !name.is_empty() && !ALWAYS_COUNT.iter().any(|counts| same_name(counts, name))
}

/// The MAC of arguments, but for those named in `exempt`. Names are sorted by their bytes; values of the same name stay in order.
#[must_use]
pub fn mac(arguments: &[(String, String)], exempt: &[String], secret: &str, algorithm: Algorithm) -> String {
    let counts = |name: &str| name != MAC && !exempt.iter().any(|e| e == name);
    let mut counted: Vec<&(String, String)> = arguments.iter().filter(|(name, _)| counts(name)).collect();
    counted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let text: String = counted.iter().map(|(_, value)| value.as_str()).chain([secret]).collect();
    match algorithm {
        Algorithm::Md5 => STANDARD.encode(Md5::digest(text)),
        Algorithm::Sha1 => STANDARD.encode(Sha1::digest(text)),
    }
}

/// Whether arguments carry the MAC they should. Takes the same time however much of it is right. A name that stands twice leaves
/// open which value is meant, and nothing holds without a secret.
#[must_use]
pub fn holds(arguments: &[(String, String)], exempt: &[String], secret: &str, algorithm: Algorithm) -> bool {
    let mut names: Vec<&str> = arguments.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if secret.is_empty() || names.windows(2).any(|two| two[0] == two[1]) {
        return false;
    }
    let Some((_, given_mac)) = arguments.iter().find(|(name, _)| name == MAC) else { return false };
    mac(arguments, exempt, secret, algorithm).as_bytes().ct_eq(given_mac.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The arguments of the reference's vector, in no order.
    fn vector() -> Vec<(String, String)> {
        [
            ("type", "exact"),
            ("oldId", "_10_1"),
            ("newId", "_20_1"),
            ("oldCourseId", "_3_1"),
            ("newCourseId", "_4_1"),
            ("external_content_id", "ext-5"),
            ("ourguid", "g-77"),
            ("timestamp", "1700000000000"),
            ("nonce", "n1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn vectors_of_the_reference() {
        assert_eq!(mac(&vector(), &[], "s3cret", Algorithm::Md5), "LcYMx8Ii5zJ8avX/gFzrrA==");
        assert_eq!(mac(&vector(), &[], "s3cret", Algorithm::Sha1), "IVRAqFj2To7plLAUcfDO1ywZ/Lc=");
    }

    #[test]
    fn names_are_sorted_by_bytes_and_some_exempt() {
        let mut more = vector();
        more.push(("Zone".into(), "before all of lower case".into()));
        assert_ne!(mac(&more, &[], "s3cret", Algorithm::Md5), mac(&vector(), &[], "s3cret", Algorithm::Md5));
        assert_eq!(mac(&more, &["Zone".into()], "s3cret", Algorithm::Md5), "LcYMx8Ii5zJ8avX/gFzrrA==");
        let sorted = |a: &str, b: &str| {
            let arguments = [("a".to_owned(), a.to_owned()), ("B".to_owned(), b.to_owned())];
            mac(&arguments, &[], "", Algorithm::Md5)
        };
        assert_eq!(sorted("2", "1"), STANDARD.encode(Md5::digest("12")));
    }

    #[test]
    fn what_makes_a_request_new_is_never_exempt() {
        for name in ["nonce", "timestamp", "mac", "event_id", "action", "Nonce", "time_stamp", "eventId", ""] {
            assert!(!may_be_exempt(name), "{name}");
        }
        assert!(may_be_exempt("top_Submit") && may_be_exempt("locale"));
    }

    /// The weakness that the reference names: it is part of the wire, and is here so that nobody takes the MAC for more.
    #[test]
    fn values_can_slide_between_neighbours() {
        let with = |new_id: &str, old_id: &str| {
            let arguments = [("newId".to_owned(), new_id.to_owned()), ("oldId".to_owned(), old_id.to_owned())];
            mac(&arguments, &[], "s3cret", Algorithm::Md5)
        };
        assert_eq!(with("_2", "0_1"), with("_20", "_1"));
    }

    #[test]
    fn what_does_not_hold() {
        let mut sent = vector();
        assert!(!holds(&sent, &[], "s3cret", Algorithm::Md5));
        sent.push((MAC.into(), "LcYMx8Ii5zJ8avX/gFzrrA==".into()));
        assert!(holds(&sent, &[], "s3cret", Algorithm::Md5));
        assert!(!holds(&sent, &[], "s3cret", Algorithm::Sha1) && !holds(&sent, &[], "S3cret", Algorithm::Md5));
        // Values of one name are joined as if they were one.
        let mut split = sent.clone();
        split.retain(|(name, _)| name != "nonce");
        split.extend([("nonce".into(), "n".into()), ("nonce".into(), "1".into())]);
        assert_eq!(mac(&split, &[], "s3cret", Algorithm::Md5), mac(&sent, &[], "s3cret", Algorithm::Md5));
        assert!(!holds(&split, &[], "s3cret", Algorithm::Md5));
        let mut open = vector();
        open.push((MAC.into(), mac(&vector(), &[], "", Algorithm::Md5)));
        assert!(!holds(&open, &[], "", Algorithm::Md5));
        // A second one leaves open which is meant.
        sent.push((MAC.into(), "LcYMx8Ii5zJ8avX/gFzrrA==".into()));
        assert!(!holds(&sent, &[], "s3cret", Algorithm::Md5));
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_changes_do(mut names in proptest::collection::btree_map("[a-zA-Z_]{1,8}", "[ -~é]{0,9}", 1..8), secret in "[ -~]{1,12}") {
            names.remove(MAC);
            prop_assume!(!names.is_empty());
            let arguments: Vec<(String, String)> = names.into_iter().collect();
            let made = mac(&arguments, &[], &secret, Algorithm::Sha1);
            let mut turned = arguments.clone();
            turned.reverse();
            turned.push((MAC.into(), made));
            prop_assert!(holds(&turned, &[], &secret, Algorithm::Sha1));
            turned[0].1.push('x');
            prop_assert!(!holds(&turned, &[], &secret, Algorithm::Sha1));
        }
    }
}
