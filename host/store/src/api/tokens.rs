//! Tokens of web-service clients: hashed at rest, bound to a service, a person, an expiry and an address range
//! (moodle-webservices.md 1.6).

use super::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A service: a named set of functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Service {
    pub id: u64,
    pub shortname: String,
    pub name: String,
    pub enabled: bool,
    /// Whether tokens of it may download and upload files.
    pub download_files: bool,
    pub upload_files: bool,
    /// The functions in it; none means every function of the loaded plugins.
    pub functions: Option<Vec<String>>,
    /// What a person needs, on the site, to use it; empty for nothing.
    pub required_capability: String,
    /// Whether only people who were named for it may use it.
    pub restricted: bool,
}

/// Somebody named for a restricted service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ServicePerson {
    pub person: u64,
    /// 0 for ever.
    pub valid_until: i64,
    /// As of a token.
    pub addresses: String,
}

/// A token as it can be shown: never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Token {
    pub id: u64,
    pub person: u64,
    pub service: u64,
    pub name: String,
    /// 0 for ever.
    pub valid_until: i64,
    /// Comma list of addresses and ranges (`192.168.0.0/16`, `2001:db8::/32`); empty for any.
    pub addresses: String,
    pub created: i64,
    pub last_used: i64,
}

/// A token to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewToken {
    pub person: u64,
    pub service: u64,
    pub name: String,
    pub valid_until: i64,
    pub addresses: String,
}

/// Tokens and services.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The services. One with short name `provost` and every function is there from the beginning.
    async fn services(&self) -> Result<Vec<Service>>;
    /// Adds or (same short name) overwrites one; its id. `id` is ignored.
    async fn put_service(&self, service: Service) -> Result<u64>;
    /// Adds a service unless there is one of that short name; what an operator changed stays.
    async fn declare_service(&self, service: Service) -> Result<()>;
    /// Who was named for a service.
    async fn service_people(&self, service: u64) -> Result<Vec<ServicePerson>>;
    /// Names somebody for a service (or changes how), or (none) takes them off. Errors: `NotFound` (service, person).
    async fn set_service_person(&self, service: u64, person: u64, how: Option<ServicePerson>) -> Result<()>;
    /// The token that a login hands out: the same one until it is revoked or has expired. Errors: `NotFound` (person, service).
    async fn login_token(&self, person: u64, service: u64) -> Result<String>;
    /// Makes a token and returns the secret (32 lowercase hexadecimal digits, 128 random bits), the only time it is
    /// known, and its row's id.
    async fn create_token(&self, token: NewToken) -> Result<(String, u64)>;
    /// The token with this secret, found by its hash, whatever its expiry or addresses say.
    async fn find_token(&self, secret: &str) -> Result<Option<(Token, Service)>>;
    /// All of them, newest first.
    async fn tokens(&self) -> Result<Vec<Token>>;
    /// Revokes one. False when there was none.
    async fn revoke_token(&self, id: u64) -> Result<bool>;
    /// Notes that it was used, and its person seen (at most once a minute is written).
    async fn touch_token(&self, id: u64) -> Result<()>;
}
