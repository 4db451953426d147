//! Passwords at rest: Argon2id with its default costs (19 MiB, two passes), in the PHC form, a salt for each.
//!
//! Both functions compute for some tens of milliseconds: call them where blocking is allowed.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::{PasswordHasher, PasswordVerifier};

/// Nobody's password: who has none is checked against this, so that they take as long as others.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cHJvdm9zdG5vYm9keQ$0000000000000000000000000000000000000000000";

/// Why a password cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("the password cannot be hashed: {0}")]
pub struct PasswordError(String);

/// The hash of a password, to be kept.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|h| h.to_string()).map_err(|e| PasswordError(e.to_string()))
}

/// Whether a password is the one of the hash. Without a hash the answer is no, after the same work.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_one_passes() -> Result<(), PasswordError> {
        let kept = hash("Correct-horse.1")?;
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("Correct-horse.1", Some(&kept)));
        assert!(!verify("correct-horse.1", Some(&kept)));
        assert!(!verify("", Some(&kept)));
        assert!(!verify("x", Some("no hash")));
        assert_ne!(hash("Correct-horse.1")?, kept, "each has its salt");
        Ok(())
    }

    #[test]
    fn nobody_has_a_hash_that_is_computed() {
        assert!(PasswordHash::new(NOBODY).is_ok_and(|h| h.hash.is_some() && h.salt.is_some()));
        assert!(!verify("", None));
    }
}
