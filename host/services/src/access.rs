//! Who may call: tokens and their bounds, in the order of moodle-webservices.md 1.6.

use crate::RegistryError;
use crate::capabilities::USE_REST;
use provost_store::api::{Person, PersonKey, Place, Service, Store, StoreError, Token};
use provost_wire::WireError;
use std::net::IpAddr;

/// A caller whose token was found good.
#[derive(Debug, Clone)]
pub struct Access {
    /// The person.
    pub person: Person,
    /// The service the token is for.
    pub service: Service,
    /// The token.
    pub token: Token,
}

/// Checks a token: it exists, has not expired, fits the address; its service is enabled; its person is in good standing.
///
/// # Errors
/// `invalidtoken`, `accessexception` or `wsaccessuser…`, as the protocol has them. Nothing tells apart a token that never was
/// from one that was revoked.
pub async fn authenticate(store: &dyn Store, secret: Option<&str>, address: IpAddr) -> Result<Access, WireError> {
    let Some(secret) = secret.filter(|s| !s.is_empty() && s.len() <= 128) else {
        return Err(WireError::invalid_token());
    };
    let Some((token, service)) = store.find_token(secret).await.map_err(store_error)? else {
        return Err(WireError::invalid_token());
    };
    let now = jiff::Timestamp::now().as_second();
    if token.valid_until != 0 && token.valid_until <= now {
        return Err(WireError::access_exception("the token has expired"));
    }
    if !address_fits(&token.addresses, address) {
        return Err(WireError::access_exception("the token is not for this address"));
    }
    let found = store.lookup(&[PersonKey::Id(token.person)]).await.map_err(store_error)?;
    let Some(person) = found.into_iter().next().flatten() else {
        return Err(WireError::invalid_token());
    };
    good_standing(&person)?;
    if !service.enabled {
        return Err(WireError::access_exception("the service is disabled"));
    }
    if service.restricted {
        let named = store.service_people(service.id).await.map_err(store_error)?;
        let named = named.into_iter().find(|named| named.person == person.id);
        let open =
            named.is_some_and(|n| (n.valid_until == 0 || n.valid_until > now) && address_fits(&n.addresses, address));
        if !open {
            return Err(WireError::access_exception(
                "the service is not open to this person, or not from here, or no more",
            ));
        }
    }
    let required = &service.required_capability;
    if !required.is_empty() && !store.has_capability(person.id, required, Place::Site).await.map_err(store_error)? {
        return Err(WireError::access_exception(format!("the service needs the capability {required}")));
    }
    store.touch_token(token.id).await.map_err(store_error)?;
    Ok(Access { person, service, token })
}

/// Passes when the token's owner may call functions at all.
///
/// # Errors
/// `accessexception`.
pub async fn require_rest(store: &dyn Store, access: &Access) -> Result<(), WireError> {
    if store.has_capability(access.person.id, USE_REST, Place::Site).await.map_err(store_error)? {
        return Ok(());
    }
    Err(WireError::access_exception(format!("the capability {USE_REST} is missing")))
}

/// The person whose file key this is, in good standing.
///
/// # Errors
/// `invalidkey`, `wsaccessuser…`.
pub async fn person_of_file_key(store: &dyn Store, key: &str) -> Result<Person, WireError> {
    let found = store.person_of_file_key(key).await.map_err(store_error)?;
    let person = found.ok_or_else(|| WireError::coded("invalidkey", "Incorrect key"))?;
    good_standing(&person)?;
    Ok(person)
}

fn good_standing(person: &Person) -> Result<(), WireError> {
    if person.deleted {
        return Err(refused_person("wsaccessuserdeleted", "deleted", person));
    }
    if person.suspended {
        return Err(refused_person("wsaccessusersuspended", "suspended", person));
    }
    Ok(())
}

fn refused_person(code: &str, what: &str, person: &Person) -> WireError {
    WireError::coded(code, format!("Refused web service access for {what} username: {}", person.username))
}

/// Whether the person may reach a file of an area whose context is a course's or their own.
///
/// # Errors
/// `nopermissions`, `requireloginerror`.
pub async fn require_download(
    store: &dyn Store,
    person: &Person,
    context: u64,
    capability: Option<&str>,
) -> Result<(), WireError> {
    if store.person_context(person.id).await.map_err(store_error)? == context {
        return Ok(());
    }
    let Some(course) = store.course_by_context(context).await.map_err(store_error)? else {
        return Err(WireError::file_not_found());
    };
    let Some(capability) = capability else {
        return Err(WireError::file_not_found());
    };
    require_capability(store, person, capability, Place::Course(course.id)).await
}

/// Passes when the person has the capability there.
///
/// # Errors
/// `nopermissions`.
pub async fn require_capability(
    store: &dyn Store,
    person: &Person,
    capability: &str,
    place: Place,
) -> Result<(), WireError> {
    if store.has_capability(person.id, capability, place).await.map_err(store_error)? {
        return Ok(());
    }
    let label = store.capability_label(capability).await.map_err(store_error)?;
    Err(WireError::no_permissions(label.as_deref().unwrap_or(capability)))
}

/// Passes when the person may enter the course.
///
/// # Errors
/// `requireloginerror`.
pub async fn require_course(store: &dyn Store, person: &Person, course: u64) -> Result<(), WireError> {
    if provost_runtime::may_enter(store, person.id, course).await.map_err(store_error)? {
        return Ok(());
    }
    Err(WireError::require_login(""))
}

/// A store's failure on the wire: the text goes to the log, not to the client.
pub fn store_error(error: StoreError) -> WireError {
    match error {
        StoreError::NotFound { kind, .. } => WireError::record_not_found(kind),
        StoreError::Busy => WireError::coded("retrylater", "The site is busy; try again"),
        other => {
            tracing::error!(error = %other, "the store failed");
            WireError::coded("failed", "The site could not answer").with_debuginfo(other.to_string())
        }
    }
}

/// A registry's failure on the wire.
pub fn registry_error(error: RegistryError) -> WireError {
    match error {
        RegistryError::Store(error) => store_error(error),
        other => {
            tracing::error!(error = %other, "the plugin registry failed");
            WireError::coded("failed", "The site could not answer").with_debuginfo(other.to_string())
        }
    }
}

/// Whether an address is in a comma list of addresses and ranges; an empty list takes any. What cannot be read takes
/// nothing.
pub(crate) fn address_fits(list: &str, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let mut entries = list.split(',').map(str::trim).filter(|e| !e.is_empty()).peekable();
    if entries.peek().is_none() {
        return true;
    }
    entries.any(|entry| match entry.parse::<ipnet::IpNet>() {
        Ok(range) => range.contains(&address),
        Err(_) => entry.parse::<IpAddr>().is_ok_and(|one| one == address),
    })
}

/// Whether a list of addresses and ranges can be read; the first entry that cannot is named.
pub fn check_addresses(list: &str) -> Result<(), String> {
    let entries = list.split(',').map(str::trim).filter(|e| !e.is_empty());
    for entry in entries {
        if entry.parse::<ipnet::IpNet>().is_err() && entry.parse::<IpAddr>().is_err() {
            return Err(format!("{entry:?} is neither an address nor a range such as 192.0.2.0/24"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let v4: IpAddr = "192.0.2.7".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.7".parse().unwrap();
        for (list, fits) in [
            ("", true),
            (" , ", true),
            ("192.0.2.7", true),
            ("192.0.2.0/24, 10.0.0.1", true),
            ("10.0.0.0/8", false),
            ("nonsense", false),
            ("2001:db8::/32", false),
        ] {
            assert_eq!(address_fits(list, v4), fits, "{list}");
            assert_eq!(address_fits(list, mapped), fits, "{list}");
        }
        assert!(check_addresses("10.0.0.0/8,::1").is_ok());
        assert!(check_addresses("10.0.0.0/99").is_err());
    }
}
