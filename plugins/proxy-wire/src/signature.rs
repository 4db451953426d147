//! Signatures of Standard Webhooks 1.0 (proxy-tool-events.md 9.3): the headers `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_compact::{KeyPair, PublicKey, SecretKey, Seed, Signature};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How far a sender's clock may be from the receiver's, seconds.
pub const TOLERANCE: i64 = 300;
/// The most signatures that are looked at.
const MAX_SIGNATURES: usize = 16;

const SYMMETRIC: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// A key that signs, or checks, or does both.
#[derive(Clone)]
pub enum Key {
    /// `whsec_`: `v1`, HMAC-SHA-256.
    Symmetric(Vec<u8>),
    /// `whsk_`: `v1a`, Ed25519.
    Private(Box<KeyPair>),
    /// `whpk_`: checks what the private one signed.
    Public(PublicKey),
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key: {0}")]
pub struct NoKey(pub &'static str);

impl Key {
    /// Reads a key in its usual form, a prefix and Base64.
    ///
    /// # Errors
    /// [`NoKey`]. A symmetric key has 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        let bytes = |base64: &str| STANDARD.decode(base64).map_err(|_| NoKey("what follows the prefix is not Base64"));
        if let Some(rest) = text.strip_prefix(SYMMETRIC) {
            let key = bytes(rest)?;
            return match key.len() {
                24..=64 => Ok(Self::Symmetric(key)),
                _ => Err(NoKey("a symmetric key has 24 to 64 bytes")),
            };
        }
        if let Some(rest) = text.strip_prefix(PRIVATE) {
            let key = bytes(rest)?;
            let pair = match key.len() {
                // The seed alone, or with the public key behind it.
                32 => Seed::from_slice(&key).map(KeyPair::from_seed),
                _ => SecretKey::from_slice(&key).map(|sk| KeyPair { pk: sk.public_key(), sk }),
            };
            // Signing with halves of two pairs would give the private one away.
            if key.len() == 64
                && Seed::from_slice(&key[..32]).is_ok_and(|seed| *KeyPair::from_seed(seed).pk != key[32..])
            {
                return Err(NoKey("the halves of the private key do not belong together"));
            }
            return pair
                .map(|pair| Self::Private(Box::new(pair)))
                .map_err(|_| NoKey("a private key has 32 or 64 bytes"));
        }
        if let Some(rest) = text.strip_prefix(PUBLIC) {
            let key = PublicKey::from_slice(&bytes(rest)?);
            return key.map(Self::Public).map_err(|_| NoKey("a public key has 32 bytes"));
        }
        Err(NoKey("it begins with whsec_, whsk_ or whpk_"))
    }

    /// A symmetric key of random bytes, as text.
    #[must_use]
    pub fn symmetric(random: &[u8; 32]) -> String {
        format!("{SYMMETRIC}{}", STANDARD.encode(random))
    }

    /// A private key of random bytes, as text.
    #[must_use]
    pub fn private(random: &[u8; 32]) -> String {
        format!("{PRIVATE}{}", STANDARD.encode(random))
    }

    /// What others check a private key's signatures with, as text.
    #[must_use]
    pub fn public(&self) -> Option<String> {
        match self {
            Self::Private(pair) => Some(format!("{PUBLIC}{}", STANDARD.encode(*pair.pk))),
            Self::Public(key) => Some(format!("{PUBLIC}{}", STANDARD.encode(**key))),
            Self::Symmetric(_) => None,
        }
    }

    fn sign(&self, text: &[u8]) -> Option<String> {
        match self {
            Self::Symmetric(key) => Some(format!("v1,{}", STANDARD.encode(hmac(key, text)?))),
            Self::Private(pair) => Some(format!("v1a,{}", STANDARD.encode(*pair.sk.sign(text, None)))),
            Self::Public(_) => None,
        }
    }

    fn checks(&self, version: &str, signature: &[u8], text: &[u8]) -> bool {
        match (self, version) {
            (Self::Symmetric(key), "v1") => hmac(key, text).is_some_and(|right| right.ct_eq(signature).into()),
            (Self::Private(pair), "v1a") => checks(&pair.pk, signature, text),
            (Self::Public(key), "v1a") => checks(key, signature, text),
            _ => false,
        }
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    // HMAC takes keys of every length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(text);
    Some(mac.finalize().into_bytes().to_vec())
}

fn checks(key: &PublicKey, signature: &[u8], text: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify(text, &signature).is_ok())
}

/// Id, time and body, as they are signed.
fn signed_text(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body].concat()
}

/// The header `webhook-signature`: one signature for each key that signs, so that keys can be changed without a gap.
#[must_use]
pub fn sign(keys: &[Key], id: &str, timestamp: i64, body: &[u8]) -> String {
    let text = signed_text(id, timestamp, body);
    let signatures: Vec<String> = keys.iter().filter_map(|key| key.sign(&text)).collect();
    signatures.join(" ")
}

/// Why what came is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header is missing or is not what it should be.
    #[error("the header {0} is missing or wrong")]
    Header(&'static str),
    /// Sent too long ago, or from a clock that is wrong.
    #[error("the time of sending is more than 5 minutes off")]
    Time,
    /// No signature is one of the keys'.
    #[error("no signature holds")]
    Signature,
}

/// Checks what came with these three headers, at `now`; the id, under which a second one is the same thing.
///
/// # Errors
/// [`Unverified`].
pub fn verify<'a>(keys: &[Key], headers: [Option<&'a str>; 3], body: &[u8], now: i64) -> Result<&'a str, Unverified> {
    let [id, timestamp, signatures] = headers;
    let id = id.filter(|id| !id.is_empty() && id.len() <= 255).ok_or(Unverified::Header("webhook-id"))?;
    let timestamp =
        timestamp.and_then(|text| text.parse::<i64>().ok()).ok_or(Unverified::Header("webhook-timestamp"))?;
    let signatures = signatures.ok_or(Unverified::Header("webhook-signature"))?;
    if now.abs_diff(timestamp) > TOLERANCE.unsigned_abs() {
        return Err(Unverified::Time);
    }
    let text = signed_text(id, timestamp, body);
    let mut holds = false;
    for signature in signatures.split(' ').take(MAX_SIGNATURES) {
        let Some((version, base64)) = signature.split_once(',') else { continue };
        let Ok(bytes) = STANDARD.decode(base64) else { continue };
        // Every key is tried, so that time tells nothing of which one it was.
        holds |= keys.iter().fold(false, |any, key| any | key.checks(version, &bytes, &text));
    }
    if holds { Ok(id) } else { Err(Unverified::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    const BODY: &[u8] = br#"{"type":"content.copied","timestamp":"2025-01-01T00:00:00Z","data":{"newId":"_20_1"}}"#;
    const SIGNED: &str = "v1,lQlzrleMKMSWKvW2AkjIjTyUr3qVPRn7Xza8FgeVNaw=";

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn vector_of_the_reference() {
        assert_eq!(sign(&[key(KEY)], "msg_0001", 1_735_689_600, BODY), SIGNED);
        let headers = [Some("msg_0001"), Some("1735689600"), Some(SIGNED)];
        for now in [1_735_689_600, 1_735_689_300, 1_735_689_900] {
            assert_eq!(verify(&[key(KEY)], headers, BODY, now), Ok("msg_0001"));
        }
        for now in [1_735_689_299, 1_735_689_901, i64::MIN, i64::MAX] {
            assert_eq!(verify(&[key(KEY)], headers, BODY, now), Err(Unverified::Time));
        }
        assert_eq!(verify(&[key(KEY)], headers, b"{}", 1_735_689_600), Err(Unverified::Signature));
        assert_eq!(verify(&[], headers, BODY, 1_735_689_600), Err(Unverified::Signature));
    }

    #[test]
    fn keys_are_changed_without_a_gap() {
        let (old, new) = (key(&Key::symmetric(&[1; 32])), key(&Key::symmetric(&[2; 32])));
        let both = sign(&[old.clone(), new.clone()], "id", 5, b"x");
        assert_eq!(both.split(' ').count(), 2);
        for one in [&old, &new] {
            assert!(verify(std::slice::from_ref(one), [Some("id"), Some("5"), Some(&both)], b"x", 5).is_ok());
            let single = sign(std::slice::from_ref(one), "id", 5, b"x");
            assert!(verify(&[old.clone(), new.clone()], [Some("id"), Some("5"), Some(&single)], b"x", 5).is_ok());
        }
    }

    #[test]
    fn private_keys_sign_for_public_ones() {
        let private = key(&Key::private(&[7; 32]));
        let public = key(&private.public().unwrap());
        let signed = sign(std::slice::from_ref(&private), "id", 5, b"x");
        assert!(signed.starts_with("v1a,"));
        let headers = [Some("id"), Some("5"), Some(signed.as_str())];
        assert!(verify(std::slice::from_ref(&public), headers, b"x", 5).is_ok());
        assert_eq!(verify(std::slice::from_ref(&public), headers, b"y", 5), Err(Unverified::Signature));
        assert_eq!(sign(&[public], "id", 5, b"x"), "");
        // A signature of the one sort is none of the other.
        let disguised = signed.replace("v1a,", "v1,");
        let headers = [Some("id"), Some("5"), Some(disguised.as_str())];
        assert_eq!(verify(&[private], headers, b"x", 5), Err(Unverified::Signature));
    }

    /// RFC 8032, 7.1, test 2.
    #[test]
    fn vector_of_ed25519() {
        let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let seed: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&seed[2 * i..2 * i + 2], 16).unwrap()).collect();
        let pair = KeyPair::from_seed(Seed::from_slice(&seed).unwrap());
        let signature: String = pair.sk.sign([0x72], None).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(signature.starts_with("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"));
    }

    #[test]
    fn what_is_no_key() {
        for text in [
            "",
            "whsec_",
            "whsec_!!",
            "whsec_MDEyMw==",
            "whsk_MDEyMw==",
            "whpk_MDEyMw==",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        ] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
        let long = format!("whsec_{}", STANDARD.encode([0; 65]));
        assert!(Key::parse(&long).is_err());
    }

    #[test]
    fn headers_that_are_missing() {
        for headers in [
            [None, Some("5"), Some(SIGNED)],
            [Some(""), Some("5"), Some(SIGNED)],
            [Some("id"), None, Some(SIGNED)],
            [Some("id"), Some("5x"), Some(SIGNED)],
            [Some("id"), Some("5"), None],
        ] {
            assert!(matches!(verify(&[key(KEY)], headers, BODY, 5), Err(Unverified::Header(_))));
        }
        assert_eq!(verify(&[key(KEY)], [Some("id"), Some("5"), Some("v1 ,, x,")], BODY, 5), Err(Unverified::Signature));
    }

    /// Of the reference implementation of Standard Webhooks.
    #[test]
    fn vector_of_v1a() {
        let key = key("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
        let signed = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
        let body = br#"{"test": 2432232314}"#;
        let headers = [Some("msg_p5jXN8AQM9LWM0D4loKWxJek"), Some("1614265330"), Some(signed)];
        assert!(verify(std::slice::from_ref(&key), headers, body, 1_614_265_330).is_ok());
        assert_eq!(verify(&[key], headers, b"{}", 1_614_265_330), Err(Unverified::Signature));
    }

    proptest! {
        #[test]
        fn nothing_panics(
            text in "(whsec_|whsk_|whpk_)?[ -~]{0,100}",
            bytes: Vec<u8>,
            headers: [Option<String>; 3],
            list in "(v1,|v1a,|v2,| |,|[A-Za-z0-9+/=]{0,90}){0,9}",
            now: i64,
        ) {
            let _ = Key::parse(&text);
            let parsed = ["whsec_", "whsk_", "whpk_"].map(|prefix| Key::parse(&format!("{prefix}{}", STANDARD.encode(&bytes))));
            let keys: Vec<Key> = parsed.into_iter().flatten().chain([key(KEY), key(&Key::private(&[9; 32]))]).collect();
            let given = [headers[0].as_deref(), headers[1].as_deref(), headers[2].as_deref()];
            prop_assert!(verify(&keys, given, &bytes, now).is_err());
            prop_assert!(verify(&keys, [Some("id"), Some("5"), Some(&list)], &bytes, 5).is_err());
        }

        #[test]
        fn what_is_signed_holds_and_nothing_else(id in "[a-z0-9-]{1,40}", at in 0i64..9_999_999_999, body: Vec<u8>, other: Vec<u8>) {
            let keys = [key(KEY), key(&Key::private(&[9; 32]))];
            let signed = sign(&keys, &id, at, &body);
            let headers = [Some(id.as_str()), None, Some(signed.as_str())];
            let time = at.to_string();
            let with_time = [headers[0], Some(time.as_str()), headers[2]];
            prop_assert!(verify(&keys[..1], with_time, &body, at).is_ok());
            prop_assert!(verify(&keys[1..], with_time, &body, at).is_ok());
            if other != body {
                prop_assert!(verify(&keys, with_time, &other, at).is_err());
            }
            let later = (at + 1).to_string();
            prop_assert!(verify(&keys, [headers[0], Some(&later), headers[2]], &body, at).is_err());
        }
    }
}
