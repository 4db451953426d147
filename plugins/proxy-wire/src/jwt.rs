//! Signed tokens (JWS compact, RS256) and the keys for them, as LTI 1.3 wants them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use rsa::rand_core::CryptoRngCore;
use rsa::sha2::{Digest as _, Sha256};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{BigUint, RsaPrivateKey, RsaPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Bits of a new key.
pub const BITS: usize = 2048;
/// Fewer bits are not believed, more take too long.
const BITS_BELIEVED: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The most that a token may have, bytes.
const MAX_TOKEN: usize = 32 << 10;

/// A private key, with the name under which its public half is published.
pub struct PrivateKey {
    kid: String,
    key: RsaPrivateKey,
}

/// Why there is no key or token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The key is none, or too short.
    #[error("the key is none that signs")]
    Key,
    /// The text is no signed token.
    #[error("no token")]
    NoToken,
    /// Signed with another algorithm than RS256.
    #[error("not signed with RS256")]
    Algorithm,
    /// No published key has the name that the token gives.
    #[error("signed with a key that is not published")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("the signature does not hold")]
    Signature,
}

impl PrivateKey {
    /// A new key. Takes seconds.
    ///
    /// # Errors
    /// Of the random numbers.
    pub fn generate(random: &mut impl CryptoRngCore) -> Result<Self, TokenError> {
        let key = RsaPrivateKey::new(random, BITS).map_err(|_| TokenError::Key)?;
        Ok(Self { kid: thumbprint(&key), key })
    }

    /// A key as [`PrivateKey::to_pem`] printed it.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn from_pem(pem: &str) -> Result<Self, TokenError> {
        let key = RsaPrivateKey::from_pkcs8_pem(pem).map_err(|_| TokenError::Key)?;
        Ok(Self { kid: thumbprint(&key), key })
    }

    /// As text, PKCS #8.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn to_pem(&self) -> Result<String, TokenError> {
        self.key.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|_| TokenError::Key)
    }

    /// Its name: the thumbprint of RFC 7638.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as it stands in a key set (RFC 7517).
    #[must_use]
    pub fn public(&self) -> Value {
        let (n, e) = numbers(&self.key);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": n, "e": e })
    }

    /// Signs claims. The random numbers hide how long the signing took.
    ///
    /// # Errors
    /// [`TokenError::Key`].
    pub fn sign(&self, claims: &Value, random: &mut impl CryptoRngCore) -> Result<String, TokenError> {
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.kid });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encode(&head), encode(claims));
        let key = SigningKey::<Sha256>::new(self.key.clone());
        let signature = key.try_sign_with_rng(random, text.as_bytes()).map_err(|_| TokenError::Key)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }
}

fn numbers(key: &impl rsa::traits::PublicKeyParts) -> (String, String) {
    let encode = |number: &BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
    (encode(key.n()), encode(key.e()))
}

fn thumbprint(key: &RsaPrivateKey) -> String {
    let (n, e) = numbers(key);
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)))
}

/// The published keys of somebody (RFC 7517). Those that do not sign with RSA are passed over.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<(Option<String>, RsaPublicKey)>);

#[derive(Deserialize)]
struct Published {
    keys: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// [`TokenError::Key`] for what is none.
    pub fn read(json: &[u8]) -> Result<Self, TokenError> {
        let published: Published = serde_json::from_slice(json).map_err(|_| TokenError::Key)?;
        Ok(Self(published.keys.iter().filter_map(public_key).collect()))
    }

    /// The claims of a token that one of the keys signed.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str) -> Result<Value, TokenError> {
        let mut parts = token.splitn(4, '.');
        let (Some(head), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::NoToken);
        };
        if token.len() > MAX_TOKEN {
            return Err(TokenError::NoToken);
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::NoToken);
        let said: Head = serde_json::from_slice(&decode(head)?).map_err(|_| TokenError::NoToken)?;
        if said.alg != "RS256" || said.crit.is_some() {
            return Err(TokenError::Algorithm);
        }
        let named: Vec<_> = self.0.iter().filter(|(kid, _)| said.kid.is_none() || *kid == said.kid).collect();
        if named.is_empty() {
            return Err(TokenError::UnknownKey);
        }
        let signature = Signature::try_from(decode(signature)?.as_slice()).map_err(|_| TokenError::Signature)?;
        let text = &token.as_bytes()[..head.len() + 1 + claims.len()];
        let holds = |key: &RsaPublicKey| VerifyingKey::<Sha256>::new(key.clone()).verify(text, &signature).is_ok();
        if !named.iter().any(|(_, key)| holds(key)) {
            return Err(TokenError::Signature);
        }
        serde_json::from_slice(&decode(claims)?).map_err(|_| TokenError::NoToken)
    }
}

fn public_key(key: &Map<String, Value>) -> Option<(Option<String>, RsaPublicKey)> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let signs = text("kty") == Some("RSA") && text("use").is_none_or(|u| u == "sig");
    if !signs || text("alg").is_some_and(|alg| alg != "RS256") {
        return None;
    }
    let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok().map(|bytes| BigUint::from_bytes_be(&bytes));
    let key = RsaPublicKey::new_with_max_size(number("n")?, number("e")?, *BITS_BELIEVED.end()).ok()?;
    let believed = BITS_BELIEVED.contains(&key.n().bits());
    believed.then(|| (text("kid").map(str::to_owned), key))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::any_json::any_json;
    use proptest::prelude::*;
    use rand_core::{CryptoRng, RngCore};

    /// Numbers that are the same in every run.
    pub(crate) struct Counted(pub u64);

    impl RngCore for Counted {
        fn next_u32(&mut self) -> u32 {
            self.next_u64() as u32
        }
        fn next_u64(&mut self) -> u64 {
            self.0 += 1;
            let digest = Sha256::digest(self.0.to_le_bytes());
            u64::from_le_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]])
        }
        fn fill_bytes(&mut self, to: &mut [u8]) {
            for chunk in to.chunks_mut(8) {
                let bytes = self.next_u64().to_le_bytes();
                chunk.copy_from_slice(&bytes[..chunk.len()]);
            }
        }
        fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), rand_core::Error> {
            self.fill_bytes(to);
            Ok(())
        }
    }
    impl CryptoRng for Counted {}

    fn set(keys: &[&PrivateKey]) -> KeySet {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_signed_is_believed() {
        let random = &mut Counted(1);
        let (key, other) = (PrivateKey::generate(random).unwrap(), PrivateKey::generate(random).unwrap());
        let again = PrivateKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!((again.kid(), again.public()), (key.kid(), key.public()));
        let claims = json!({ "iss": "https://lms.example", "n": 1 });
        let token = again.sign(&claims, random).unwrap();
        assert_eq!(set(&[&key, &other]).verify(&token), Ok(claims.clone()));
        assert_eq!(set(&[&other]).verify(&token), Err(TokenError::UnknownKey));
        assert_eq!(set(&[]).verify(&token), Err(TokenError::UnknownKey));

        let parts: Vec<&str> = token.split('.').collect();
        let forged = URL_SAFE_NO_PAD.encode(json!({ "iss": "https://lms.example", "n": 2 }).to_string());
        let forged = format!("{}.{forged}.{}", parts[0], parts[2]);
        assert_eq!(set(&[&key]).verify(&forged), Err(TokenError::Signature));
        for alg in ["none", "HS256", "RS512"] {
            let head = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "kid": key.kid() }).to_string());
            let forged = format!("{head}.{}.{}", parts[1], parts[2]);
            assert_eq!(set(&[&key]).verify(&forged), Err(TokenError::Algorithm), "{alg}");
        }
        for text in ["", "a.b", "a.b.c", &format!("{token}.x"), &token[1..], &"x".repeat(MAX_TOKEN + 1)] {
            assert!(set(&[&key]).verify(text).is_err());
        }
        // Signed by another key under this one's name.
        let mut stolen = other.public();
        stolen["kid"] = key.kid().into();
        let stolen = KeySet::read(json!({ "keys": [stolen] }).to_string().as_bytes()).unwrap();
        assert_eq!(stolen.verify(&token), Err(TokenError::Signature));
    }

    #[test]
    fn keys_that_are_not_believed() {
        for json in ["", "{}", "[]", r#"{"keys":1}"#] {
            assert!(KeySet::read(json.as_bytes()).is_err());
        }
        let keys = json!({ "keys": [{ "kty": "EC" }, { "kty": "RSA", "n": "AQAB", "e": "AQAB" }, { "kty": "RSA" }] });
        assert_eq!(KeySet::read(keys.to_string().as_bytes()).unwrap().0.len(), 0);
        assert!(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(keys: Vec<u8>, json in any_json(), token in "[A-Za-z0-9_.=-]{0,60}", parts: [Vec<u8>; 3]) {
            let _ = KeySet::read(&keys);
            let mut set = vec![KeySet(Vec::new())];
            set.extend(KeySet::read(json!({ "keys": [json.clone()] }).to_string().as_bytes()));
            let odd = json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(&parts[0]), "e": URL_SAFE_NO_PAD.encode(&parts[1]) });
            set.extend(KeySet::read(json!({ "keys": [odd] }).to_string().as_bytes()));
            let head = URL_SAFE_NO_PAD.encode(json!({ "alg": "RS256" }).to_string());
            let parts = parts.map(|part| URL_SAFE_NO_PAD.encode(part));
            let almost = format!("{head}.{}.{}", URL_SAFE_NO_PAD.encode(json.to_string()), parts[2]);
            for text in [&token, &parts.join("."), &almost] {
                for keys in &set {
                    prop_assert!(keys.verify(text).is_err());
                }
            }
        }
    }
}
