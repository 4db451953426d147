//! Settings of the site: small named values.

use super::Result;
use async_trait::async_trait;

/// What identifies and names the site.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Site {
    pub name: String,
    /// 32 hexadecimal digits, random at the store's creation.
    pub hash: String,
    /// The site's context id.
    pub system_context: u64,
}

/// Settings.
#[async_trait]
pub trait Settings: Send + Sync {
    /// The site's identity.
    async fn site(&self) -> Result<Site>;
    /// A value.
    async fn setting(&self, name: &str) -> Result<Option<String>>;
    /// Sets or (with none) removes a value.
    async fn set_setting(&self, name: &str, value: Option<&str>) -> Result<()>;
}
