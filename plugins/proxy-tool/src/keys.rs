//! Keys: those that sign for one tool or site, and the site's own pair for LTI.

use crate::kept;
use crate::random::{self, Host};
use provost_guest::clock;
use provost_guest::prelude::*;
use provost_proxy_wire::jwt::PrivateKey;
use provost_proxy_wire::signature::Key;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a key goes on signing beside its successor, seconds.
pub const OVERLAP: i64 = 24 * 3600;
/// Keys at one time.
const MOST: usize = 8;

/// A key of a tool or site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnKey {
    /// `whsec_…`, `whsk_…` or `whpk_…`.
    pub key: String,
    /// Until when it is in use; none for ever.
    #[serde(default)]
    pub until: Option<i64>,
}

/// The keys in use, as those that sign and check.
pub fn active(keys: &[OwnKey]) -> Result<Vec<Key>> {
    let now = clock::now();
    let mut active = Vec::new();
    for own in keys.iter().filter(|own| own.until.is_none_or(|until| until > now)) {
        active.push(Key::parse(&own.key).map_err(|e| Error::failed(e.to_string()))?);
    }
    Ok(active)
}

/// A new key of this version (`v1`, `v1a`).
pub fn generate(version: &str) -> Result<String> {
    match version {
        "v1" => Ok(Key::symmetric(&random::array())),
        "v1a" => Ok(Key::private(&random::array())),
        _ => Err(Error::invalid(format!("signature: {version:?} is neither v1 nor v1a"))),
    }
}

/// Adds a key, which the others give way to after a while.
pub fn rotate(keys: &mut Vec<OwnKey>, key: String) {
    let now = clock::now();
    keys.retain(|own| own.until.is_none_or(|until| until > now));
    for own in keys.iter_mut() {
        own.until = Some(own.until.map_or(now + OVERLAP, |until| until.min(now + OVERLAP)));
    }
    keys.insert(0, OwnKey { key, until: None });
    keys.truncate(MOST);
}

/// What the other side is told of a key: the secret it shares, or the public half.
pub fn told(key: &str) -> Result<String> {
    let parsed = Key::parse(key).map_err(|e| Error::invalid(e.to_string()))?;
    Ok(parsed.public().unwrap_or_else(|| key.to_owned()))
}

const LTI: &str = "lti/key";

#[derive(Serialize, Deserialize)]
struct Pair {
    pem: String,
    created: i64,
}

/// The site's own pair for LTI; made at the first call, which takes a while.
pub fn lti() -> Result<PrivateKey> {
    if let Some(pair) = lti_if_there()? {
        return Ok(pair);
    }
    let failed = |error: provost_proxy_wire::jwt::TokenError| Error::failed(error.to_string());
    let new = PrivateKey::generate(&mut Host::default()).map_err(failed)?;
    let pair = Pair { pem: new.to_pem().map_err(failed)?, created: clock::now() };
    if kept::put_new(LTI, &pair)? {
        return Ok(new);
    }
    // Somebody else was faster.
    lti_if_there()?.ok_or_else(|| Error::new(ErrorKind::RetryLater, "key", "the key is just being made"))
}

fn lti_if_there() -> Result<Option<PrivateKey>> {
    let Some(pair) = kept::get::<Pair>(LTI)? else { return Ok(None) };
    PrivateKey::from_pem(&pair.pem).map(Some).map_err(|e| Error::failed(e.to_string()))
}

/// The site's key set.
pub fn key_set() -> Result<Value> {
    let keys: Vec<Value> = lti_if_there()?.iter().map(PrivateKey::public).collect();
    Ok(serde_json::json!({ "keys": keys }))
}
